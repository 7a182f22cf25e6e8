/// The program: finds the command, hands it its arguments, answers with its exit status.

#include "arguments.h"
#include "cli.h"

#include "base/doc.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const st_command* const COMMANDS[] = {
    &ST_CHECK_COMMAND, &ST_DESCRIBE_COMMAND, &ST_PREPARE_COMMAND, &ST_SIMULATE_COMMAND,
    &ST_RUN_COMMAND,   &ST_REPORT_COMMAND,   &ST_MERGE_COMMAND,   &ST_VALIDATE_COMMAND,
    &ST_ZOOM_COMMAND,  &ST_BENCH_COMMAND};
#define COMMAND_COUNT ((int)(sizeof COMMANDS / sizeof COMMANDS[0]))

/// Set by SIGINT and SIGTERM, watched by long calls. A handler needs something global.
static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

/// The first signal asks for an orderly end; a second one ends the program at once.
static void watch_signals(st_ctx* ctx)
{
    struct sigaction action = {.sa_handler = ask_stop, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    // A reader that went away is seen as a failed write, so that the run can clean up.
    signal(SIGPIPE, SIG_IGN);
    st_ctx_watch(ctx, &stop_asked);
}

static void print_help(FILE* out)
{
    fputs("stroma: mesenchymal stem-cell therapy of joints, computed\n\n", out);
    for (int i = 0; i < COMMAND_COUNT; ++i) {
        fprintf(out, "stroma %s %s\n    %s\n%s", COMMANDS[i]->name, COMMANDS[i]->operand,
                COMMANDS[i]->about, COMMANDS[i]->help);
    }
    fputs("stroma --help, stroma --version\n\n"
          "Exit status: 0 done, 2 bad input, 3 numeric failure, 4 file or disk, 130 interrupted.\n"
          "STROMA_MODELS names the folder with the models when it is not the shipped one.\n"
          "For research, teaching and trial design; not medical advice.\n",
          out);
}

static const st_command* find_command(const char* name)
{
    for (int i = 0; i < COMMAND_COUNT; ++i) {
        if (strcmp(COMMANDS[i]->name, name) == 0) {
            return COMMANDS[i];
        }
    }
    return NULL;
}

/// One line: what is wrong, and where to look.
static int fail_usage(const char* who, const char* why)
{
    const size_t length = strlen(why);
    const bool is_question = length > 0 && why[length - 1] == '?';
    fprintf(stderr, "%s: %s%s try stroma --help\n", who, why, is_question ? "" : ";");
    return ST_EXIT_INPUT;
}

static int fail_unknown(const char* word)
{
    const char* known[COMMAND_COUNT + 2];
    char why[512];
    int count = 0;
    for (int i = 0; i < COMMAND_COUNT; ++i) {
        known[count++] = COMMANDS[i]->name;
    }
    known[count++] = "--help";
    known[count++] = "--version";
    const char* kind = word[0] == '-' ? "option" : "command";
    const char* nearest = st_name_nearest(word, known, count);
    if (nearest) {
        snprintf(why, sizeof why, "unknown %s '%s'; did you mean '%s'?", kind, word, nearest);
    } else {
        snprintf(why, sizeof why, "unknown %s '%s'", kind, word);
    }
    return fail_usage("stroma", why);
}

static int perform(const st_command* command, int count, char* const* word)
{
    st_arguments arguments;
    char why[512];
    if (!st_arguments_read(command, count, word, &arguments, why, sizeof why)) {
        char who[64];
        snprintf(who, sizeof who, "stroma %s", command->name);
        return fail_usage(who, why);
    }
    if (arguments.given & ST_OPTION_HELP) {
        printf("stroma %s %s\n    %s\n%s", command->name, command->operand, command->about,
               command->help);
        return ST_EXIT_DONE;
    }
    st_ctx* ctx = st_ctx_create();
    if (!ctx) {
        fputs("stroma: out of memory\n", stderr);
        return ST_EXIT_FILE;
    }
    watch_signals(ctx);
    const int status = command->perform(ctx, &arguments);
    st_ctx_destroy(ctx);
    return status;
}

static int dispatch(int count, char** word)
{
    if (count < 2) {
        print_help(stderr);
        return ST_EXIT_INPUT;
    }
    if (strcmp(word[1], "--help") == 0 || strcmp(word[1], "-h") == 0) {
        print_help(stdout);
        return ST_EXIT_DONE;
    }
    if (strcmp(word[1], "--version") == 0) {
        printf("stroma %s\n", st_version());
        return ST_EXIT_DONE;
    }
    const st_command* command = find_command(word[1]);
    return command ? perform(command, count - 2, word + 2) : fail_unknown(word[1]);
}

/// True when standard output is a pipe that nobody reads any more.
static bool has_reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int main(int argc, char** argv)
{
    const int status = dispatch(argc, argv);
    // An answer that did not reach its reader is a failure too (a full disk behind `>`). Of a
    // reader that had enough (`| head`) nothing is said.
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (!has_reader_left()) {
            fputs("stroma: could not write to standard output\n", stderr);
        }
        return status == ST_EXIT_DONE ? ST_EXIT_FILE : status;
    }
    return status;
}
