// MOD-10: models out of several files, and variants.
#include "stroma/model.h"

#include "base/base.h"
#include "base/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct desk {
    st_ctx* ctx;
    char folder[32];
    const char* files[8];
    int file_count;
} desk;

static desk open_desk(void)
{
    desk d = {.ctx = st_ctx_create(), .folder = "parts-XXXXXX"};
    assert_non_null(mkdtemp(d.folder));
    return d;
}

static void put(desk* d, const char* name, const char* text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", d->folder, name);
    assert_int_equal(st_file_write(d->ctx, path, text, strlen(text)), ST_OK);
    d->files[d->file_count++] = name;
}

static st_status load(desk* d, const char* name, const char* variant, st_model** out)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", d->folder, name);
    return st_model_load(d->ctx, path, variant, out);
}

static void close_desk(desk* d)
{
    for (int i = 0; i < d->file_count; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", d->folder, d->files[i]);
        unlink(path);
    }
    rmdir(d->folder);
    assert_int_equal(st_ctx_bytes_in_use(d->ctx), 0);
    st_ctx_destroy(d->ctx);
}

/// The message without the folder's random name.
static void assert_message(const desk* d, int index, const char* expected)
{
    assert_true(index < st_ctx_message_count(d->ctx));
    const char* message = st_ctx_message(d->ctx, index);
    assert_int_equal(strncmp(message, d->folder, strlen(d->folder)), 0);
    assert_string_equal(message + strlen(d->folder) + 1, expected);
}

#define PLACES "places: { fluid: { volume: { value: 10 mL, assumed: test } } }\n"

static void parts_become_one_model(void** state)
{
    (void)state;
    desk d = open_desk();
    put(&d, "base.yaml", "part: Base\nparameters: { k: { value: 0.5 1/day, assumed: test } }\n");
    put(&d, "cytokines.yaml",
        "part: Cytokines\ninclude: base.yaml\n"
        "substrates: { tnf: { in: { fluid: { value: 2 nM, assumed: test } }, decay: k } }\n");
    put(&d, "cells.yaml",
        "part: Cells\ninclude: [base.yaml]\n"
        "cells: { m: { in: { fluid: 0 }, behaviours: { die: 2 * k } } }\n");
    put(&d, "knee.yaml", "model: Knee\ninclude: [cytokines.yaml, cells.yaml]\n" PLACES);
    st_model* model = NULL;
    assert_int_equal(load(&d, "knee.yaml", NULL, &model), ST_OK);
    assert_string_equal(st_model_title(model), "Knee");
    assert_int_equal(st_model_state_count(model), 2);
    assert_int_equal(st_model_parameter_count(model), 3); // base.yaml is taken once
    assert_int_equal(st_model_source_count(model), 4);
    const char* name;
    size_t length;
    bool has_cells = false;
    for (int i = 0; i < 4; i++) {
        const char* text = st_model_source(model, i, &name, &length);
        assert_int_equal(strlen(text), length);
        has_cells = has_cells || strstr(name, "/cells.yaml") != NULL;
    }
    assert_true(has_cells);
    const uint64_t hash = st_model_hash(model);
    st_model_destroy(model);
    put(&d, "base.yaml", "part: Base\nparameters: { k: { value: 0.6 1/day, assumed: test } }\n");
    assert_int_equal(load(&d, "knee.yaml", NULL, &model), ST_OK);
    assert_true(st_model_hash(model) != hash); // an included byte counts
    st_model_destroy(model);
    close_desk(&d);
}

static void mistakes_are_told_where_they_were_written(void** state)
{
    (void)state;
    desk d = open_desk();
    put(&d, "part.yaml",
        "part: Part\nsubstrates:\n  tnf: { in: { fluid: 2 nM } }\n  il6: { in: { fluit: 0 } }\n");
    put(&d, "main.yaml",
        "model: Main\ninclude: part.yaml\n" PLACES "substrates: { tnf: { in: { fluid: 0 } } }\n");
    st_model* model = NULL;
    assert_int_equal(load(&d, "main.yaml", NULL, &model), ST_ERR_INPUT);
    assert_null(model);
    char expected[256];
    snprintf(expected, sizeof expected,
             "main.yaml:4:15: substrates.tnf: 'tnf' is also in %s/part.yaml:3; leave one of them "
             "out ('without:')",
             d.folder);
    assert_message(&d, 0, expected);
    assert_message(&d, 1,
                   "part.yaml:4:16: substrates.il6.in.fluit: found 'fluit', expected a place; did "
                   "you mean 'fluid'?");
    assert_message(&d, 2,
                   "part.yaml:3:23: substrates.tnf.in.fluid: found '2 nM' without origin, expected "
                   "{ value: 2 nM, source: ... } or { value: 2 nM, assumed: ... }");
    assert_int_equal(st_ctx_mistake_count(d.ctx), 3);
    close_desk(&d);
}

static void circles_are_refused(void** state)
{
    (void)state;
    desk d = open_desk();
    put(&d, "a.yaml", "model: A\ninclude: b.yaml\n" PLACES);
    put(&d, "b.yaml", "part: B\ninclude: ./c.yaml\n");
    put(&d, "c.yaml", "part: C\ninclude: [x/../b.yaml]\n");
    put(&d, "self.yaml", "model: Self\ninclude: self.yaml\n" PLACES);
    st_model* model = NULL;
    assert_int_equal(load(&d, "a.yaml", NULL, &model), ST_ERR_INPUT);
    assert_message(
        &d, 0, "c.yaml:2:11: include[0]: found 'x/../b.yaml', which includes this file in turn");
    st_ctx_clear_messages(d.ctx);
    assert_int_equal(load(&d, "self.yaml", NULL, &model), ST_ERR_INPUT);
    assert_message(&d, 0,
                   "self.yaml:2:10: include: found 'self.yaml', which includes this file in turn");
    close_desk(&d);
}

static void a_part_without_a_title_is_refused(void** state)
{
    (void)state;
    desk d = open_desk();
    put(&d, "part.yaml", "parameters: { k: { value: 1, assumed: test } }\n");
    put(&d, "list.yaml", "- a\n");
    put(&d, "broken.yaml", "a: [\n");
    put(&d, "main.yaml", "model: Main\ninclude: [part.yaml, list.yaml, broken.yaml]\n" PLACES);
    st_model* model = NULL;
    assert_int_equal(load(&d, "main.yaml", NULL, &model), ST_ERR_INPUT);
    assert_message(&d, 0, "part.yaml:1:1: found neither 'part' nor 'model', expected a title");
    assert_message(&d, 1, "list.yaml:1:1: found a list, expected a map");
    assert_int_equal(strncmp(st_ctx_message(d.ctx, 2) + strlen(d.folder) + 1, "broken.yaml:", 12),
                     0);
    close_desk(&d);
}

static void lack_of_memory_while_including_is_survived(void** state)
{
    (void)state;
    desk d = open_desk();
    put(&d, "part.yaml", "part: P\nparameters: { k: { value: 1 1/day, assumed: test } }\n");
    put(&d, "main.yaml",
        "model: Main\ninclude: part.yaml\nvariables: { u: { start: 0, unit: '1', rate: k } }\n"
        "variants: { v: { replace: { variables.u.rate: 2 * k } } }\n");
    for (int64_t n = 1; n < 120; n++) {
        st_model* model = NULL;
        st_ctx_fail_allocation(d.ctx, n);
        const st_status status = load(&d, "main.yaml", "v", &model);
        st_ctx_fail_allocation(d.ctx, 0);
        assert_true((status == ST_OK) == (model != NULL));
        assert_true(status == ST_OK || st_ctx_message_count(d.ctx) > 0);
        st_model_destroy(model);
        st_ctx_clear_messages(d.ctx);
    }
    close_desk(&d);
}

/// d u/d day at the start of a variant of one text.
static double rate_of(const char* text, const char* variant)
{
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    const st_status status = st_model_parse(ctx, "m", text, strlen(text), variant, &model);
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        print_error("%s\n", st_ctx_message(ctx, i));
    }
    assert_int_equal(status, ST_OK);
    double slot[64] = {0};
    double reg[256];
    double output[16];
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        slot[st_model_state_count(model) + i] = st_model_parameter(model, i)->value;
    }
    st_tape_run_scalar(st_model_initial_tape(model), slot, reg, output);
    memcpy(slot, output, (size_t)st_model_state_count(model) * sizeof *slot);
    st_tape_run_scalar(st_model_rate_tape(model), slot, reg, output);
    const double rate = output[st_model_find_state(model, "c@a")];
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
    return rate;
}

static void variants_switch_replace_and_add(void** state)
{
    (void)state;
    static const char text[] =
        "model: Variants\n"
        "parameters: { k: { value: 0.5 1/day, assumed: test } }\n"
        "places: { a: { volume: { value: 1 mL, assumed: test } } }\n"
        "substrates: { s: { in: { a: { value: 3 uM, assumed: test } } } }\n"
        "cells:\n"
        "  c:\n"
        "    in: { a: { value: 100 cells, assumed: test } }\n"
        "    behaviours: { divide: k, die: { value: 0.1 1/day, assumed: test } }\n"
        "rules:\n"
        "  - { name: up, cell: c, signal: s, increases: divide, toward: 1 1/day, half_max: 3 uM,\n"
        "      assumed: test }\n"
        "variants:\n"
        "  slow: { set: { k: 0.2 1/day } }\n"
        "  no-rule: { without: [rules.up] }\n"
        "  immortal: { without: [cells.c.behaviours.die] }\n"
        "  faster-death: { replace: { cells.c.behaviours.die: { value: 0.3 1/day, assumed: t e s t "
        "} } }\n"
        "  other-rule:\n"
        "    replace:\n"
        "      rules.up: { cell: c, signal: s, decreases: divide, toward: 0 1/day, half_max: 1 "
        "uM,\n"
        "                  assumed: test }\n"
        "  more:\n"
        "    add:\n"
        "      rules:\n"
        "        - { cell: c, signal: s, increases: die, toward: 0.5 1/day, half_max: 3 uM, "
        "assumed: test }\n"
        "      events: [ { at: 1 day, set: { c@a: 0 } } ]\n";
    assert_true(fabs(rate_of(text, NULL) - 100 * (0.75 - 0.1)) < 1e-9);
    assert_true(fabs(rate_of(text, "slow") - 100 * (0.6 - 0.1)) < 1e-9);
    assert_true(fabs(rate_of(text, "no-rule") - 100 * (0.5 - 0.1)) < 1e-9);
    assert_true(fabs(rate_of(text, "immortal") - 100 * 0.75) < 1e-9);
    assert_true(fabs(rate_of(text, "faster-death") - 100 * (0.75 - 0.3)) < 1e-9);
    assert_true(fabs(rate_of(text, "other-rule") - 100 * (0.5 * 0.25 - 0.1)) < 1e-9);
    assert_true(fabs(rate_of(text, "more") - 100 * (0.75 - 0.3)) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_become_one_model),
        cmocka_unit_test(mistakes_are_told_where_they_were_written),
        cmocka_unit_test(circles_are_refused),
        cmocka_unit_test(a_part_without_a_title_is_refused),
        cmocka_unit_test(lack_of_memory_while_including_is_survived),
        cmocka_unit_test(variants_switch_replace_and_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
