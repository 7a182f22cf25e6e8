/// \file
/// The contextual response: more is done and known, more is suggested.                  [PAT-6]
#include "base/base.h"
#include "stroma/patient.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char MODEL[] = "model: Test\n"
                            "parameters:\n"
                            "  tau: { value: 30 day, assumed: test }\n"
                            "variables:\n"
                            "  suggestion: { start: 0, unit: 1, rate: -suggestion / tau }\n"
                            "  pain: { start: 0, unit: vas, rate: -pain / tau }\n"
                            "context:\n"
                            "  into: %s\n"
                            "  injection: { value: 2, assumed: test }\n"
                            "  harvest: { value: 1.2, range: %s, assumed: test }\n"
                            "  open: { value: 1.5, source: test }\n"
                            "  none: { value: 0, assumed: test }\n";

static st_status open_text(st_ctx* ctx, const char* into, const char* range, st_model** model,
                           st_context_rules** rules)
{
    char text[2048];
    snprintf(text, sizeof text, MODEL, into, range);
    const st_status parsed = st_model_parse(ctx, "model.yaml", text, strlen(text), NULL, model);
    for (int k = 0; k < st_ctx_message_count(ctx); ++k) {
        print_message("%s\n", st_ctx_message(ctx, k));
    }
    assert_int_equal(parsed, ST_OK);
    return st_context_rules_read(ctx, *model, rules);
}

static void test_amounts(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_model* model = NULL;
    st_context_rules* rules = NULL;
    assert_int_equal(open_text(ctx, "suggestion", "1..1.5", &model, &rules), ST_OK);
    assert_int_equal(st_context_rules_state(rules), st_model_find_state(model, "suggestion"));
    const struct {
        st_context_setting setting;
        double amount;
    } cases[] = {
        {{.is_open = false, .has_injection = false, .has_harvest = false}, 0.0},
        {{.is_open = true, .has_injection = false, .has_harvest = false}, 0.0},
        {{.is_open = false, .has_injection = true, .has_harvest = false}, 2.0},
        {{.is_open = false, .has_injection = true, .has_harvest = true}, 2.4},
        {{.is_open = true, .has_injection = true, .has_harvest = false}, 3.0},
        {{.is_open = true, .has_injection = true, .has_harvest = true}, 3.6},
    };
    for (int k = 0; k < 6; ++k) {
        assert_true(fabs(st_context_rules_amount(rules, &cases[k].setting) - cases[k].amount) <
                    1e-12);
    }
    st_context_rules_destroy(rules);
    st_model_destroy(model);
    assert_true(st_ctx_bytes_in_use(ctx) == 0);
    st_ctx_destroy(ctx);
}

static void check_refused(const char* into, const char* range, const char* where)
{
    st_ctx* const ctx = st_ctx_create();
    st_model* model = NULL;
    st_context_rules* rules = NULL;
    assert_int_equal(open_text(ctx, into, range, &model, &rules), ST_ERR_INPUT);
    assert_null(rules);
    assert_non_null(strstr(st_ctx_message(ctx, 0), where));
    st_model_destroy(model);
    assert_true(st_ctx_bytes_in_use(ctx) == 0);
    st_ctx_destroy(ctx);
}

static void test_bad_tables(void** state)
{
    (void)state;
    check_refused("belief", "1..1.5", "context.into: found belief");
    check_refused("pain", "1..1.5", "context.into: found pain in vas");
    check_refused("suggestion", "1.3..1.5", "context.harvest.range");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_bad_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
