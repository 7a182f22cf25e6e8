// The document door with files that are almost right: shipped models and the cases of test/bad,
// changed at random. The same draws on every machine; libFuzzer goes on where this stops.
#include "door.h"

#include "base/random.h"
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 10000
#define ROOM   (1u << 17)

static const char* const SEEDS[] = {
    "test/bad/model_cases.txt",
    "examples/language/sbml-by-hand.yaml",
    "examples/language/physicell-rules.yaml",
    "models/verification/baker2017.yaml",
};
#define SEED_COUNT (sizeof SEEDS / sizeof SEEDS[0])

static const char* const WORDS[] = {
    "[",        "]",          "{",          "}",           ": ",     "- ",         "\n",
    "  ",       "\"",         "'",          "#",           "&a ",    "*a",         "!x ",
    "1e308",    "-1",         "0",          "nan",         "1 mL",   "1e-30 nM",   "hill(",
    "exp(",     "^",          "/ 0",        "@",           ".",      "time",       "in: ",
    "value: ",  "include: ",  "stages: 64", "when: a > b", "rules:", "cells:",     "\xff",
    "\xe2\x80", "density.",   "become.",    "set: ",       "plan: ", "dead: true", "%",
    "1 1/day",  "model: x\n",
};
#define WORD_COUNT (sizeof WORDS / sizeof WORDS[0])

static uint32_t below(const st_random_key* key, uint64_t* draw, uint32_t limit)
{
    return (uint32_t)(st_random_uniform(key, (*draw)++) * limit);
}

/// Changes the text once: a byte, a piece left out, doubled or moved, a word put in.
static size_t mutate(char* text, size_t length, const st_random_key* key, uint64_t* draw)
{
    const uint32_t at = below(key, draw, (uint32_t)length + 1u);
    uint32_t span = 1u + below(key, draw, 40u);
    span = at + span > length ? (uint32_t)(length - at) : span;
    char piece[64];
    memcpy(piece, text + at, span);
    switch (below(key, draw, 4)) {
    case 0:
        if (at < length) {
            text[at] = (char)(text[at] ^ (1 << below(key, draw, 8)));
        }
        return length;
    case 1:
        memmove(text + at, text + at + span, length - at - span);
        return length - span;
    case 2: {
        const uint32_t to = below(key, draw, (uint32_t)length + 1u);
        memmove(text + to + span, text + to, length - to);
        memcpy(text + to, piece, span);
        return length + span;
    }
    default: {
        const char* word = WORDS[below(key, draw, WORD_COUNT)];
        const size_t size = strlen(word);
        memmove(text + at + size, text + at, length - at);
        memcpy(text + at, word, size);
        return length + size;
    }
    }
}

static void almost_right_files_do_no_harm(void** state)
{
    (void)state;
    char* text = malloc(ROOM);
    st_ctx* ctx = st_ctx_create();
    char* seed[SEED_COUNT];
    size_t length[SEED_COUNT];
    assert_true(text != NULL && ctx != NULL);
    for (size_t i = 0; i < SEED_COUNT; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", ST_SOURCE_DIR, SEEDS[i]);
        assert_int_equal(st_file_read(ctx, path, ROOM / 2, &seed[i], &length[i]), ST_OK);
        char* cases = strstr(seed[i], "\n==== "); // only the model without mistakes
        length[i] = cases != NULL ? (size_t)(cases - seed[i]) : length[i];
    }
    print_message("seed 1, %d rounds\n", ROUNDS);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const st_random_key key = {.seed = 1, .stream = ST_STREAM_TEST, .id = round};
        uint64_t draw = 0;
        const uint32_t which = below(&key, &draw, SEED_COUNT);
        const uint32_t changes = 1u + below(&key, &draw, 6);
        size_t size = length[which];
        memcpy(text, seed[which], size);
        for (uint32_t i = 0; i < changes; i++) {
            size = mutate(text, size, &key, &draw);
        }
        st_fuzz_door((const uint8_t*)text, size);
    }
    for (size_t i = 0; i < SEED_COUNT; i++) {
        st_free(ctx, seed[i]);
    }
    st_ctx_destroy(ctx);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(almost_right_files_do_no_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
