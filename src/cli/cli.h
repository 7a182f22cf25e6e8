/// \file
/// The command line: what a command is, and what it answers to the shell. One file per command;
/// they wire the rooms and contain no science.
#ifndef ST_CLI_CLI_H
#define ST_CLI_CLI_H

#include "stroma/base.h"

/// What the shell gets back.
enum {
    ST_EXIT_DONE = 0,
    ST_EXIT_INPUT = 2,
    ST_EXIT_NUMERIC = 3,
    ST_EXIT_FILE = 4,
    ST_EXIT_INTERRUPTED = 130,
};

/// Options a command may take, as bits.
typedef enum st_option {
    ST_OPTION_OUTPUT = 1 << 0,
    ST_OPTION_VARIANT = 1 << 1,
    ST_OPTION_THREADS = 1 << 2,
    ST_OPTION_SEED = 1 << 3,
    ST_OPTION_FORCE = 1 << 4,
    ST_OPTION_QUIET = 1 << 5,
    ST_OPTION_HELP = 1 << 6,
} st_option;

/// What was typed after the command. Texts are borrowed from argv.
typedef struct st_arguments {
    unsigned given;      ///< options that were given, st_option bits
    const char* file;    ///< the one operand
    const char* output;  ///< -o, NULL when not given
    const char* variant; ///< --variant, NULL when not given
    int threads;         ///< --threads, 0 = one per CPU
    uint64_t seed;       ///< --seed
} st_arguments;

typedef struct st_command {
    const char* name;
    const char* operand; ///< "STUDY.yaml"
    const char* about;   ///< one line
    const char* help;    ///< the rest of `stroma <name> --help`
    unsigned options;    ///< st_option bits
    int (*perform)(st_ctx* ctx, const st_arguments* arguments); ///< gives the exit status
} st_command;

extern const st_command ST_CHECK_COMMAND;
extern const st_command ST_RUN_COMMAND;

#endif
