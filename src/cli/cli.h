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
    ST_OPTION_UNTIL = 1 << 7,
    ST_OPTION_EVERY = 1 << 8,
    ST_OPTION_SET = 1 << 9, ///< may be given again and again
    ST_OPTION_ENGINE = 1 << 10,
    ST_OPTION_CELLS = 1 << 11,
    ST_OPTION_RUNS = 1 << 12,
    ST_OPTION_JSON = 1 << 13,
    ST_OPTION_UNITS = 1 << 14,
    ST_OPTION_SHARD = 1 << 15,
    ST_OPTION_COMPARE = 1 << 16,
    ST_OPTION_PDF = 1 << 17,
    ST_OPTION_FIGURES = 1 << 18,
    ST_OPTION_TABLES = 1 << 19,
    ST_OPTION_MODEL = 1 << 20,
    ST_OPTION_POSTERIOR = 1 << 21,
    ST_OPTION_TRAIN = 1 << 22,
    ST_OPTION_DRAWS = 1 << 23,
    ST_OPTION_PEOPLE = 1 << 24,
    ST_OPTION_KEEP_GOING = 1 << 25,
    ST_OPTION_SCREEN = 1 << 26,
    ST_OPTION_PATIENT = 1 << 27,
} st_option;

/// Most values that --set may change.
#define ST_SET_LIMIT 64

/// What was typed after the command. Texts are borrowed from argv.
typedef struct st_arguments {
    unsigned given;       ///< options that were given, st_option bits
    const char* file;     ///< the one operand
    const char* output;   ///< -o, NULL when not given
    const char* variant;  ///< --variant, NULL when not given
    int threads;          ///< --threads, 0 = one per CPU
    uint64_t seed;        ///< --seed
    int part, part_count; ///< --shard 3/8: part 2 (from 0) of 8
    const char* until;    ///< --until, a time with its unit
    const char* every;    ///< --every, a time with its unit
    const char* engine;   ///< --engine
    double cells;         ///< --cells, above 0
    int runs;             ///< --runs, 1 or more
    int set_count;
    const char* set[ST_SET_LIMIT]; ///< --set, "name=value"
    const char* model;             ///< --model, NULL when not given
    const char* posterior;         ///< --posterior, NULL when not given
    const char* train;             ///< --train, NULL when not given
    const char* compare;           ///< --compare, a folder
    const char* pdf;               ///< --pdf, a file
    const char* figures;           ///< --figures, a folder
    const char* tables;            ///< --tables, a folder
    int draws;                     ///< --draws
    int people;                    ///< --people
    int patient;                   ///< --patient
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
extern const st_command ST_REPORT_COMMAND;
extern const st_command ST_PREPARE_COMMAND;
extern const st_command ST_MERGE_COMMAND;
extern const st_command ST_BENCH_COMMAND;
extern const st_command ST_VALIDATE_COMMAND;
extern const st_command ST_SIMULATE_COMMAND;
extern const st_command ST_DESCRIBE_COMMAND;
extern const st_command ST_ZOOM_COMMAND;

#endif
