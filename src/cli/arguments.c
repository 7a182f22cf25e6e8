#include "arguments.h"

#include "base/doc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Most workers that a user may ask for.
#define THREAD_LIMIT 1024
/// Most parts that a run may be cut into.
#define PART_LIMIT 100000
/// Most stochastic runs, and most steps that a state of typical size may be worth.
#define RUNS_LIMIT  100000
#define CELLS_LIMIT 1e12

typedef struct option_info {
    st_option bit;
    const char* name;
    const char* short_name; ///< NULL = none
    const char* value;      ///< what it wants, for messages; NULL = nothing
} option_info;

static const option_info OPTIONS[] = {
    {ST_OPTION_OUTPUT, "--output", "-o", "a folder"},
    {ST_OPTION_VARIANT, "--variant", NULL, "the name of a variant of the model"},
    {ST_OPTION_THREADS, "--threads", NULL, "a whole number from 1 to 1024"},
    {ST_OPTION_SEED, "--seed", NULL, "a whole number from 0 to 18446744073709551615"},
    {ST_OPTION_FORCE, "--force", NULL, NULL},
    {ST_OPTION_QUIET, "--quiet", "-q", NULL},
    {ST_OPTION_HELP, "--help", "-h", NULL},
    {ST_OPTION_SHARD, "--shard", NULL, "a part such as 3/8"},
    {ST_OPTION_UNTIL, "--until", NULL, "a time such as 28d"},
    {ST_OPTION_EVERY, "--every", NULL, "a time such as 1d"},
    {ST_OPTION_SET, "--set", NULL, "name=value"},
    {ST_OPTION_ENGINE, "--engine", NULL, "population or ssa"},
    {ST_OPTION_CELLS, "--cells", NULL, "a number above 0 and at most 1e12"},
    {ST_OPTION_RUNS, "--runs", NULL, "a whole number from 1 to 100000"},
    {ST_OPTION_COMPARE, "--compare", NULL, "the folder of another run"},
    {ST_OPTION_PDF, "--pdf", NULL, "a file"},
    {ST_OPTION_FIGURES, "--figures", NULL, "a folder"},
    {ST_OPTION_TABLES, "--tables", NULL, "a folder"},
    {ST_OPTION_JSON, "--json", NULL, NULL},
    {ST_OPTION_UNITS, "--units", NULL, NULL},
    {ST_OPTION_MODEL, "--model", NULL, "a shipped model or a model file"},
    {ST_OPTION_POSTERIOR, "--posterior", NULL, "a table of parameter draws"},
    {ST_OPTION_TRAIN, "--train", NULL, "an evidence table"},
    {ST_OPTION_DRAWS, "--draws", NULL, "a whole number from 2 to 100000"},
    {ST_OPTION_PEOPLE, "--people", NULL, "a whole number from 64 to 1000000"},
    {ST_OPTION_KEEP_GOING, "--keep-going", NULL, NULL},
    {ST_OPTION_SCREEN, "--screen", NULL, NULL},
    {ST_OPTION_PATIENT, "--patient", NULL, "a whole number from 0 to 1000000000"},
};
#define OPTION_COUNT ((int)(sizeof OPTIONS / sizeof OPTIONS[0]))

static const option_info* find_option(const st_command* command, const char* word, size_t length)
{
    for (int i = 0; i < OPTION_COUNT; ++i) {
        const option_info* info = &OPTIONS[i];
        const char* names[2] = {info->name, info->short_name};
        for (int k = 0; k < 2; ++k) {
            if (names[k] && strlen(names[k]) == length && !strncmp(names[k], word, length) &&
                (command->options & info->bit)) {
                return info;
            }
        }
    }
    return NULL;
}

static bool fail_unknown(const st_command* command, const char* word, char* why, size_t why_size)
{
    const char* known[OPTION_COUNT];
    int count = 0;
    for (int i = 0; i < OPTION_COUNT; ++i) {
        if (command->options & OPTIONS[i].bit) {
            known[count++] = OPTIONS[i].name;
        }
    }
    const char* nearest = st_name_nearest(word, known, count);
    if (nearest) {
        snprintf(why, why_size, "unknown option '%s'; did you mean '%s'?", word, nearest);
    } else {
        snprintf(why, why_size, "unknown option '%s'", word);
    }
    return false;
}

/// A whole decimal number in [0, limit]; no sign, no blank, nothing behind it.
static bool read_whole(const char* text, uint64_t limit, uint64_t* out)
{
    if (!*text || strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    errno = 0;
    const unsigned long long value = strtoull(text, NULL, 10);
    if (errno != 0 || value > limit) {
        return false;
    }
    *out = value;
    return true;
}

/// A decimal number in (0, limit], nothing behind it.
static bool read_positive(const char* text, double limit, double* out)
{
    char* end;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value > 0.0 && value <= limit)) {
        return false;
    }
    *out = value;
    return true;
}

static bool take_set(const char* value, st_arguments* out)
{
    const char* equals = strchr(value, '=');
    if (!equals || equals == value || equals[1] == '\0' || out->set_count == ST_SET_LIMIT) {
        return false;
    }
    out->set[out->set_count++] = value;
    return true;
}

/// "3/8": the third of eight parts.
static bool take_shard(const char* value, st_arguments* out)
{
    const char* slash = strchr(value, '/');
    char first[16];
    uint64_t part = 0;
    uint64_t count = 0;
    if (!slash || (size_t)(slash - value) >= sizeof first) {
        return false;
    }
    memcpy(first, value, (size_t)(slash - value));
    first[slash - value] = '\0';
    if (!read_whole(first, PART_LIMIT, &part) || !read_whole(slash + 1, PART_LIMIT, &count) ||
        part == 0 || part > count) {
        return false;
    }
    out->part = (int)part - 1;
    out->part_count = (int)count;
    return true;
}

static bool take_value(const option_info* info, const char* value, st_arguments* out)
{
    uint64_t number = 0;
    switch (info->bit) {
    case ST_OPTION_OUTPUT:
        out->output = value;
        return *value != '\0';
    case ST_OPTION_VARIANT:
        out->variant = value;
        return *value != '\0';
    case ST_OPTION_THREADS:
        if (!read_whole(value, THREAD_LIMIT, &number) || number == 0) {
            return false;
        }
        out->threads = (int)number;
        return true;
    case ST_OPTION_SEED:
        return read_whole(value, UINT64_MAX, &out->seed);
    case ST_OPTION_SHARD:
        return take_shard(value, out);
    case ST_OPTION_UNTIL:
        out->until = value;
        return *value != '\0';
    case ST_OPTION_EVERY:
        out->every = value;
        return *value != '\0';
    case ST_OPTION_SET:
        return take_set(value, out);
    case ST_OPTION_ENGINE:
        out->engine = value;
        return strcmp(value, "population") == 0 || strcmp(value, "ssa") == 0;
    case ST_OPTION_CELLS:
        return read_positive(value, CELLS_LIMIT, &out->cells);
    case ST_OPTION_RUNS:
        if (!read_whole(value, RUNS_LIMIT, &number) || number == 0) {
            return false;
        }
        out->runs = (int)number;
        return true;
    case ST_OPTION_COMPARE:
        out->compare = value;
        return *value != '\0';
    case ST_OPTION_PDF:
        out->pdf = value;
        return *value != '\0';
    case ST_OPTION_FIGURES:
        out->figures = value;
        return *value != '\0';
    case ST_OPTION_TABLES:
        out->tables = value;
        return *value != '\0';
    case ST_OPTION_MODEL:
        out->model = value;
        return *value != '\0';
    case ST_OPTION_POSTERIOR:
        out->posterior = value;
        return *value != '\0';
    case ST_OPTION_TRAIN:
        out->train = value;
        return *value != '\0';
    case ST_OPTION_DRAWS:
        out->draws = read_whole(value, 100000, &number) ? (int)number : 0;
        return out->draws >= 2;
    case ST_OPTION_PEOPLE:
        out->people = read_whole(value, 1000000, &number) ? (int)number : 0;
        return out->people >= 64;
    case ST_OPTION_PATIENT:
        out->patient = read_whole(value, 1000000000, &number) ? (int)number : -1;
        return out->patient >= 0;
    case ST_OPTION_SCREEN:
    case ST_OPTION_KEEP_GOING:
    case ST_OPTION_FORCE:
    case ST_OPTION_QUIET:
    case ST_OPTION_HELP:
    case ST_OPTION_JSON:
    case ST_OPTION_UNITS:
        break;
    }
    return false;
}

/// Takes the option at word[*at]; moves *at over a value that stands in the next word.
static bool read_option(const st_command* command, int count, char* const* word, int* at,
                        st_arguments* out, char* why, size_t why_size)
{
    const char* text = word[*at];
    const char* equals = strncmp(text, "--", 2) == 0 ? strchr(text, '=') : NULL;
    const size_t length = equals ? (size_t)(equals - text) : strlen(text);
    const option_info* info = find_option(command, text, length);
    if (!info) {
        return fail_unknown(command, text, why, why_size);
    }
    if (out->given & info->bit & ~(unsigned)ST_OPTION_SET) {
        snprintf(why, why_size, "%s was given twice", info->name);
        return false;
    }
    out->given |= (unsigned)info->bit;
    if (!info->value) {
        if (equals) {
            snprintf(why, why_size, "%s takes no value, found '%s'", info->name, equals + 1);
        }
        return !equals;
    }
    const char* value = equals ? equals + 1 : NULL;
    if (!value && *at + 1 < count) {
        value = word[++*at];
    }
    if (!value) {
        snprintf(why, why_size, "%s: expected %s behind it", info->name, info->value);
        return false;
    }
    if (!take_value(info, value, out)) {
        snprintf(why, why_size, "%s: found '%s', expected %s", info->name, value, info->value);
        return false;
    }
    return true;
}

bool st_arguments_read(const st_command* command, int count, char* const* word, st_arguments* out,
                       char* why, size_t why_size)
{
    *out = (st_arguments){0};
    bool only_operands = false; // after "--"
    for (int at = 0; at < count; ++at) {
        const char* text = word[at];
        if (!only_operands && strcmp(text, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && text[0] == '-' && text[1] != '\0') {
            if (!read_option(command, count, word, &at, out, why, why_size)) {
                return false;
            }
        } else if (out->file) {
            snprintf(why, why_size, "one %s at a time; found '%s' and '%s'", command->operand,
                     out->file, text);
            return false;
        } else {
            out->file = text;
        }
    }
    if (out->given & ST_OPTION_HELP) {
        return true;
    }
    if (!out->file || !*out->file) {
        snprintf(why, why_size, "which file? expected stroma %s %s", command->name,
                 command->operand);
        return false;
    }
    return true;
}
