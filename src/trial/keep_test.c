// What a stopped run leaves of a person comes back to the last bit; cut or changed bytes are told.
#include "keep.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED   41u
#define SCORES 10
#define STAYS  60
#define STUDY  ST_SOURCE_DIR "/test/determinism/small.yaml"
#define MODELS ST_SOURCE_DIR "/models"

/// Numbers of all kinds: missing, equal to others, zero, infinite.
static double number(const st_random_key* key, uint64_t draw)
{
    const double u = st_random_uniform(key, 2 * draw);

    return u < 0.2    ? NAN
           : u < 0.3  ? 0.0
           : u < 0.35 ? INFINITY
                      : st_random_normal(key, 2 * draw + 1);
}

static void draw(uint64_t id, st_stay* stay, st_score* score)
{
    static const char* const names[] = {"harvest", "", "culture, second try", "needle"};
    const st_random_key key = {SEED, ST_STREAM_TEST, id, 0};

    memset(stay, 0, sizeof *stay); // padding too: it is compared
    stay->arm = 1;
    stay->slot = (int)id;
    stay->left_day = number(&key, 0);
    stay->dose_cells = number(&key, 1);
    stay->is_placed = id % 2 == 0;
    stay->step_count = (int)(id % (ST_DOSE_STEP_LIMIT + 1));
    for (int k = 0; k < stay->step_count; ++k) {
        stay->step[k].name = names[k % 4];
        stay->step[k].cells = number(&key, 10 + (uint64_t)k);
        stay->step[k].day = number(&key, 30 + (uint64_t)k);
    }
    stay->event_bits = id % 3 == 0 ? 0 : st_random_bits(&key, 200);
    stay->later_count = (int)(id % (ST_STAY_LATER_LIMIT + 1));
    for (int k = 0; k < stay->later_count; ++k) {
        stay->later[k].day = number(&key, 60 + (uint64_t)k);
    }
    stay->failure_day = INFINITY;
    if (id % 5 == 0) {
        stay->is_failed = true;
        strcpy(stay->message, "the sham course stopped at day 3");
    }
    for (int i = 0; i < SCORES; ++i) {
        const uint64_t at = 300 + 20 * (uint64_t)i;
        st_score* s = &score[i];
        s->measured = number(&key, at);
        s->value = number(&key, at + 1);
        s->sham = number(&key, at + 2);
        s->untreated = number(&key, at + 3);
        s->first = i % 2 == 0 ? s->value : number(&key, at + 4);
        s->analysed = i % 3 == 0 ? s->measured : number(&key, at + 5);
        s->planned = i % 4 == 0 ? s->sham : number(&key, at + 6);
    }
}

typedef struct scene {
    st_ctx* ctx;
    st_study* study;
    st_trace trace;
    st_keep keep;
    size_t end[STAYS]; ///< of each stay in the bytes
} scene;

static void open_scene(scene* s)
{
    st_score score[SCORES];
    st_stay stay;

    *s = (scene){.ctx = st_ctx_create()};
    s->keep.ctx = s->ctx;
    assert_int_equal(st_study_load(s->ctx, STUDY, MODELS, &s->study), ST_OK);
    assert_int_equal(st_trace_init(s->ctx, s->study, &s->trace), ST_OK);
    for (uint64_t id = 0; id < STAYS; ++id) {
        draw(id, &stay, score);
        if (id == 7) { // one with a course over time
            double* course = st_trace_open(&s->trace, stay.arm, stay.slot);
            course[0] = 12.5;
        }
        assert_int_equal(st_keep_stay(&s->keep, &stay, score, SCORES, &s->trace), ST_OK);
        s->end[id] = s->keep.length;
    }
}

static void close_scene(scene* s)
{
    st_keep_clear(&s->keep);
    st_trace_clear(s->ctx, &s->trace);
    st_study_destroy(s->study);
    assert_int_equal(st_ctx_bytes_in_use(s->ctx), 0);
    st_ctx_destroy(s->ctx);
}

static void people_come_back_to_the_last_bit(void** state)
{
    scene s;
    st_arena names;
    const unsigned char* at;

    (void)state;
    open_scene(&s);
    st_arena_init(&names, s.ctx);
    at = s.keep.byte;
    s.trace.value[0] = 0.0;
    for (uint64_t id = 0; id < STAYS; ++id) {
        st_score wanted_score[SCORES], score[SCORES];
        st_stay wanted, stay;
        draw(id, &wanted, wanted_score);
        assert_true(st_keep_take(&at, s.keep.byte + s.keep.length, &names, s.study, &stay, score,
                                 SCORES, &s.trace));
        for (int k = 0; k < wanted.step_count; ++k) {
            assert_string_equal(stay.step[k].name, wanted.step[k].name);
            stay.step[k].name = wanted.step[k].name;
        }
        assert_memory_equal(&stay, &wanted, sizeof stay);
        assert_memory_equal(score, wanted_score, sizeof score);
    }
    assert_true(at == s.keep.byte + s.keep.length);
    assert_true(st_trace_values(&s.trace, 1, 7)[0] == 12.5);
    st_arena_clear(&names);
    close_scene(&s);
}

// Every shorter length, and one changed byte anywhere: refused or other numbers, never a crash.
static void cut_and_changed_bytes_are_borne(void** state)
{
    scene s;
    st_arena names;
    st_score score[SCORES];
    st_stay stay;

    (void)state;
    open_scene(&s);
    for (size_t length = 0; length < s.end[0]; ++length) {
        unsigned char* cut = malloc(length + 1); // its end is guarded under the address sanitizer
        const unsigned char* at = cut;
        assert_non_null(cut);
        memcpy(cut, s.keep.byte, length);
        st_arena_init(&names, s.ctx);
        assert_false(
            st_keep_take(&at, cut + length, &names, s.study, &stay, score, SCORES, &s.trace));
        st_arena_clear(&names);
        free(cut);
    }
    for (size_t i = 0; i < s.end[1] - s.end[0]; ++i) {
        const unsigned char* at = s.keep.byte + s.end[0];
        s.keep.byte[s.end[0] + i] ^= 0x10;
        st_arena_init(&names, s.ctx);
        (void)st_keep_take(&at, s.keep.byte + s.keep.length, &names, s.study, &stay, score, SCORES,
                           &s.trace);
        assert_true(at <= s.keep.byte + s.keep.length);
        st_arena_clear(&names);
        s.keep.byte[s.end[0] + i] ^= 0x10;
    }
    close_scene(&s);
}

/// Nothing given later, no plan, nothing missing: three of seven numbers repeat another.
static void what_repeats_takes_no_room(void** state)
{
    const st_score usual = {40.0,           41.0, 45.0, 50.0, .first = 41.0, .analysed = 40.0,
                            .planned = 45.0};
    const st_score other = {40.0,           41.0, 45.0, 50.0, .first = 42.0, .analysed = 43.0,
                            .planned = 44.0};
    scene s;
    st_stay stay;
    st_score unused[SCORES];
    size_t before, small, large;

    (void)state;
    open_scene(&s);
    draw(1, &stay, unused);
    before = s.keep.length;
    assert_int_equal(st_keep_stay(&s.keep, &stay, NULL, 0, &s.trace), ST_OK);
    before = s.keep.length - before; // of the stay alone
    small = s.keep.length;
    assert_int_equal(st_keep_stay(&s.keep, &stay, &usual, 1, &s.trace), ST_OK);
    small = s.keep.length - small - before;
    large = s.keep.length;
    assert_int_equal(st_keep_stay(&s.keep, &stay, &other, 1, &s.trace), ST_OK);
    large = s.keep.length - large - before;
    assert_int_equal(small, (1 + 4) * sizeof(double)); // a mask and four numbers
    assert_int_equal(large, (1 + 7) * sizeof(double));
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_repeats_takes_no_room),
        cmocka_unit_test(people_come_back_to_the_last_bit),
        cmocka_unit_test(cut_and_changed_bytes_are_borne),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
