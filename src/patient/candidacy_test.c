#include "base/base.h"
#include "stroma/patient.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CRITERIA ST_SOURCE_DIR "/models/candidacy/knee-cells.yaml"
#define PEOPLE   ST_SOURCE_DIR "/models/people/oai-symptomatic.yaml"
#define PERSON   ST_SOURCE_DIR "/examples/person/person.yaml"

static int find(const st_candidacy* candidacy, const char* name)
{
    for (int i = 0; i < st_candidacy_count(candidacy); i++) {
        if (strcmp(st_candidacy_at(candidacy, i)->name, name) == 0) {
            return i;
        }
    }
    fail_msg("no criterion '%s'", name);
    return -1;
}

/// Loads a person from text; NULL when refused.
static st_person_file* person_of(st_ctx* ctx, const st_candidacy* candidacy, const char* text)
{
    char path[] = "candidacy_test.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    const size_t length = strlen(text);
    assert_true(write(fd, text, length) == (ssize_t)length);
    close(fd);
    st_person_file* person = NULL;
    st_person_file_load(ctx, candidacy, path, &person);
    unlink(path);
    return person;
}

static void the_shipped_person_is_told_what_comes_first(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_candidacy* c = NULL;
    st_person_file* p = NULL;
    assert_int_equal(st_candidacy_load(ctx, CRITERIA, &c), ST_OK);
    assert_int_equal(st_person_file_load(ctx, c, PERSON, &p), ST_OK);
    assert_int_equal(st_candidacy_judge(c, find(c, "active_infection"), p), ST_VERDICT_MET);
    assert_int_equal(st_candidacy_judge(c, find(c, "anticoagulants"), p), ST_VERDICT_ASK);
    assert_int_equal(st_candidacy_judge(c, find(c, "steroid_recent"), p), ST_VERDICT_LATER);
    assert_int_equal(st_candidacy_judge(c, find(c, "surgery_recent"), p), ST_VERDICT_UNKNOWN);
    assert_int_equal(st_candidacy_judge(c, find(c, "exercise_first"), p), ST_VERDICT_FIRST);
    assert_int_equal(st_candidacy_judge(c, find(c, "grade_high"), p), ST_VERDICT_MET);
    assert_int_equal(st_candidacy_verdict(c, p), ST_VERDICT_LATER);
    st_person_file_destroy(p);
    st_candidacy_destroy(c);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void every_criterion_has_a_reason_and_an_origin(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_candidacy* c = NULL;
    assert_int_equal(st_candidacy_load(ctx, CRITERIA, &c), ST_OK);
    assert_true(st_candidacy_count(c) >= 15);
    for (int i = 0; i < st_candidacy_count(c); i++) {
        const st_criterion_info* info = st_candidacy_at(c, i);
        assert_true(strlen(info->why) > 10);
        assert_true((info->source != NULL) != (info->assumed != NULL));
        assert_true(strlen(st_candidacy_words(c, info->verdict)) > 5);
    }
    st_candidacy_destroy(c);
    st_ctx_destroy(ctx);
}

static void one_stop_outweighs_all(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_candidacy* c = NULL;
    assert_int_equal(st_candidacy_load(ctx, CRITERIA, &c), ST_OK);
    st_person_file* p = person_of(ctx, c,
                                  "person: someone\nage: 85 y\nkl: 4\nbmi: 36 kg/m^2\n"
                                  "facts: { cancer: yes, exercise_tried: unknown }\n"
                                  "since: { steroid_in_joint: never, knee_surgery: 200 days }\n");
    assert_non_null(p);
    assert_int_equal(st_candidacy_verdict(c, p), ST_VERDICT_STOP);
    assert_int_equal(st_candidacy_judge(c, find(c, "age"), p), ST_VERDICT_ASK);
    assert_int_equal(st_candidacy_judge(c, find(c, "weight"), p), ST_VERDICT_FIRST);
    assert_int_equal(st_candidacy_judge(c, find(c, "steroid_recent"), p), ST_VERDICT_MET);
    assert_int_equal(st_candidacy_judge(c, find(c, "surgery_recent"), p), ST_VERDICT_MET);
    assert_int_equal(st_candidacy_judge(c, find(c, "exercise_first"), p), ST_VERDICT_UNKNOWN);
    assert_int_equal(st_candidacy_judge(c, find(c, "pain_low"), p), ST_VERDICT_UNKNOWN);
    st_person_file_destroy(p);
    st_candidacy_destroy(c);
    st_ctx_destroy(ctx);
}

static void bounds_belong_to_the_side_that_is_written(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_candidacy* c = NULL;
    assert_int_equal(st_candidacy_load(ctx, CRITERIA, &c), ST_OK);
    st_person virtual_person = {.id = 1};
    st_people* people = NULL;
    assert_int_equal(st_people_load(ctx, PEOPLE, &people), ST_OK);
    virtual_person.value[ST_PERSON_BMI] = 35.0;
    virtual_person.value[ST_PERSON_KL] = 3.0;
    const int weight = find(c, "weight");
    assert_int_equal(st_candidacy_judge_virtual(c, weight, people, 1, &virtual_person),
                     ST_VERDICT_FIRST);
    virtual_person.value[ST_PERSON_BMI] = 34.9;
    assert_int_equal(st_candidacy_judge_virtual(c, weight, people, 1, &virtual_person),
                     ST_VERDICT_MET);
    assert_int_equal(
        st_candidacy_judge_virtual(c, find(c, "grade_high"), people, 1, &virtual_person),
        ST_VERDICT_MET);
    st_people_destroy(people);
    st_candidacy_destroy(c);
    st_ctx_destroy(ctx);
}

/// As many people as the file says are turned away by a fact, the same ones every time. [PAT-7]
static void virtual_people_have_facts(void** state)
{
    (void)state;
    enum { COUNT = 20000 };
    st_ctx* ctx = st_ctx_create();
    st_candidacy* c = NULL;
    st_people* people = NULL;
    assert_int_equal(st_candidacy_load(ctx, CRITERIA, &c), ST_OK);
    assert_int_equal(st_people_load(ctx, PEOPLE, &people), ST_OK);
    for (int i = 0; i < st_candidacy_count(c); ++i) {
        const int fact = st_people_fact_find(people, st_candidacy_subject(c, i));
        int refused = 0;
        assert_true(st_candidacy_can_ask(c, i, people));
        for (uint64_t id = 1; id <= COUNT; ++id) {
            st_person person;
            st_people_draw(people, 77, id, &person);
            const st_verdict verdict = st_candidacy_judge_virtual(c, i, people, 77, &person);
            assert_int_equal(verdict, st_candidacy_judge_virtual(c, i, people, 77, &person));
            assert_true(verdict != ST_VERDICT_UNKNOWN);
            refused += verdict != ST_VERDICT_MET;
        }
        if (fact >= 0 && !st_people_fact_at(people, fact)->is_since) {
            const double share = st_people_fact_at(people, fact)->share;
            const bool wanted = strcmp(st_candidacy_at(c, i)->name, "exercise_first") == 0;
            const double expected = wanted ? 1.0 - share : share;
            assert_true(fabs((double)refused / COUNT - expected) <
                        4.0 * sqrt(expected * (1.0 - expected) / COUNT) + 1e-9);
        } else if (fact >= 0) { // only recent ones
            assert_true(refused > 0 &&
                        (double)refused / COUNT < st_people_fact_at(people, fact)->share);
        }
    }
    st_people_destroy(people);
    st_candidacy_destroy(c);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void mistakes_are_named(void** state)
{
    (void)state;
    static const struct {
        const char* text;
        const char* says;
    } bad[] = {
        {"person: x\nage: 62\n", ":2:6: age: found '62', expected"},
        {"person: x\nkl: 5\n", ":2:5: kl: found '5', expected"},
        {"person: x\nfacts: { canser: yes }\n",
         "facts.canser: unknown key; did you mean 'cancer'?"},
        {"person: x\nfacts: { cancer: maybe }\n", "found 'maybe', expected true or false"},
        {"person: x\nsince: { knee_surgery: 3 mL }\n", "found '3 mL' (volume), expected"},
        {"person: x\nsex: f\n", "found 'f', expected one of male, female"},
        {"age: 3 y\n", "person: missing"},
    };
    st_ctx* ctx = st_ctx_create();
    st_candidacy* c = NULL;
    assert_int_equal(st_candidacy_load(ctx, CRITERIA, &c), ST_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(person_of(ctx, c, bad[i].text));
        assert_true(st_ctx_message_count(ctx) >= 1);
        if (strstr(st_ctx_message(ctx, 0), bad[i].says) == NULL) {
            fail_msg("said '%s', expected '%s'", st_ctx_message(ctx, 0), bad[i].says);
        }
        st_ctx_clear_messages(ctx);
    }
    st_candidacy_destroy(c);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_person_is_told_what_comes_first),
        cmocka_unit_test(every_criterion_has_a_reason_and_an_origin),
        cmocka_unit_test(one_stop_outweighs_all),
        cmocka_unit_test(bounds_belong_to_the_side_that_is_written),
        cmocka_unit_test(virtual_people_have_facts),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
