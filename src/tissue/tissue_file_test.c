// Tissue files and NIfTI label maps: what is read, what is refused and how.

#include "base/doc.h"
#include "base/table.h"
#include "stroma/model.h"
#include "stroma/tissue.h"
#include "tissue/label_map.h"

#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char GOOD[] =
    "tissue: A test\n"
    "box: { from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1 mm], voxel: 50 um }\n"
    "media:\n  gel:\n  fluid: { bath: true }\n"
    "geometry:\n"
    "  - { medium: fluid, box: { from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1 mm] } }\n"
    "  - { medium: gel, ball: { at: [0.5 mm, 0.5 mm, 0.5 mm], radius: 400 um } }\n"
    "fields:\n"
    "  oxygen:\n"
    "    in: { gel: { diffusivity: { value: 2e-9 m2/s, assumed: x }, start: { value: 10 uM, "
    "assumed: x } } }\n"
    "    boundaries:\n"
    "      - { at: fluid, kind: fixed, level: { value: 20 uM, assumed: x } }\n"
    "run: { until: 10 min, every: 5 min }\n";

static st_status load(st_ctx* ctx, const char* text, st_tissue_plan** plan)
{
    char path[] = "tissue_file_XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    const st_status status = st_tissue_plan_load(ctx, path, plan);
    unlink(path);
    return status;
}

static void a_file_becomes_a_tissue(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_tissue_plan* plan = NULL;
    assert_int_equal(load(ctx, GOOD, &plan), ST_OK);
    assert_int_equal(st_tissue_plan_medium_count(plan), 2);
    st_tissue* t = NULL;
    assert_int_equal(st_tissue_plan_build(ctx, plan, 1, &t), ST_OK);
    // The ball's volume, and walls that lead to the fluid alone.
    const double mm3 = (double)st_tissue_voxel_count(t) * 125000e-9;
    assert_true(fabs(mm3 / (4.0 / 3.0 * 3.14159265 * 0.064) - 1.0) < 0.02);
    assert_true(st_tissue_region_face_count(t, 2) > 1000);
    assert_int_equal(st_tissue_region_face_count(t, 0), 0);
    assert_int_equal(st_tissue_medium(t, (const int[3]){0, 0, 0}), 0);
    assert_int_equal(st_tissue_medium(t, (const int[3]){10, 10, 10}), 1);
    assert_true(fabs(st_tissue_level_M(t, 0, (const int[3]){10, 10, 10}) / 10e-6 - 1.0) < 1e-6);
    assert_int_equal(st_tissue_advance(ctx, t, 10.0), ST_OK);
    assert_true(fabs(st_tissue_level_M(t, 0, (const int[3]){10, 10, 10}) / 20e-6 - 1.0) < 1e-2);
    st_tissue_destroy(t);
    st_tissue_plan_destroy(plan);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static const char MODEL[] = "model: Oxygen in a gel\n"
                            "places:\n  gel: { volume: { value: 2 mL, assumed: 'made up here' } }\n"
                            "substrates:\n"
                            "  oxygen:\n"
                            "    in: { gel: { value: 80 uM, assumed: 'made up here' } }\n"
                            "    decay: { value: 3 1/day, assumed: 'made up here' }\n"
                            "    supply: { value: 10 uM/day, assumed: 'made up here' }\n"
                            "cells:\n"
                            "  chondrocyte:\n"
                            "    in: { gel: { value: 4e6 cells, assumed: 'made up here' } }\n"
                            "    behaviours:\n"
                            "      consume.oxygen: { value: 10 fmol/cell/h, half: { value: 5 uM, "
                            "assumed: 'made up here' }, assumed: 'made up here' }\n";

// The same rates, once from a model file and once written out, give the same levels. [TIS-9]
static void the_model_file_gives_the_same_rates(void** state)
{
    (void)state;
    char name[] = "tissue_model_XXXXXX";
    const int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_true(write(fd, MODEL, strlen(MODEL)) == (ssize_t)strlen(MODEL));
    close(fd);
    static const char head[] =
        "tissue: A test\n"
        "box: { from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1 mm], voxel: 125 um }\n"
        "geometry:\n"
        "  - { medium: gel, box: { from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1 mm] } }\n"
        "run: { until: 60 min, every: 60 min }\n";
    char text[2][4096];
    snprintf(text[0], sizeof text[0],
             "%smodel: %s\nmedia:\n  gel: { place: gel }\n"
             "fields:\n  oxygen:\n    in: { gel: { diffusivity: { value: 2e-9 m2/s, assumed: x } } "
             "}\n",
             head, name);
    snprintf(text[1], sizeof text[1],
             "%smedia:\n  gel:\n"
             "fields:\n  oxygen:\n    in:\n      gel:\n"
             "        diffusivity: { value: 2e-9 m2/s, assumed: x }\n"
             "        start: { value: 80 uM, assumed: x }\n"
             "        decay: { value: 3 1/day, assumed: x }\n"
             "        supply: { value: 10 uM/day, assumed: x }\n"
             "        uptake: { cells: { value: 2e6 cells/mL, assumed: x }, per_cell: { value: 10 "
             "fmol/cell/h, assumed: x }, half: { value: 5 uM, assumed: x } }\n",
             head);
    double level[2];
    for (int i = 0; i < 2; i++) {
        st_ctx* ctx = st_ctx_create();
        st_tissue_plan* plan = NULL;
        const st_status status = load(ctx, text[i], &plan);
        if (status != ST_OK) {
            print_message("%s\n", st_ctx_message(ctx, 0));
        }
        assert_int_equal(status, ST_OK);
        st_tissue* t = NULL;
        assert_int_equal(st_tissue_plan_build(ctx, plan, 1, &t), ST_OK);
        assert_int_equal(st_tissue_advance(ctx, t, 60.0), ST_OK);
        level[i] = st_tissue_level_M(t, 0, (const int[3]){4, 4, 4});
        st_tissue_destroy(t);
        st_tissue_plan_destroy(plan);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
    unlink(name);
    print_message("from the model %.9g M, written out %.9g M\n", level[0], level[1]);
    assert_true(level[1] < 75e-6 && level[1] > 30e-6);
    assert_true(fabs(level[0] / level[1] - 1.0) < 1e-6);
}

static const char REACTING[] =
    "model: Binding beside decay and cells\n"
    "places:\n  gel: { volume: { value: 2 mL, assumed: 'made up here' } }\n"
    "parameters: { k_on: { value: 0.05 1/uM/day, assumed: 'made up here' } }\n"
    "substrates:\n"
    "  drug:\n"
    "    in: { gel: { value: 80 uM, assumed: 'made up here' } }\n"
    "    decay: { value: 3 1/day, assumed: 'made up here' }\n"
    "  target: { in: { gel: { value: 60 uM, assumed: 'made up here' } } }\n"
    "  pair: { in: { gel: 0 } }\n"
    "reactions:\n"
    "  - { name: bind, in: gel, consume: { drug: 1, target: 1 }, produce: { pair: 1 }, rate: k_on "
    "* drug * target }\n"
    "cells:\n"
    "  chondrocyte:\n"
    "    in: { gel: { value: 4e6 cells, assumed: 'made up here' } }\n"
    "    behaviours:\n"
    "      consume.target: { value: 10 fmol/cell/h, half: { value: 5 uM, assumed: 'made up here' "
    "}, assumed: 'made up here' }\n";

static void write_file(char* name, const char* text)
{
    const int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

// The model's own rates, by many small steps of Heun's method.
static void march(const st_model* model, double minutes, double* level)
{
    const st_tape* tape = st_model_rate_tape(model);
    const int n = st_model_state_count(model);
    double* input = calloc((size_t)tape->input_count, sizeof *input);
    double* reg = calloc((size_t)tape->register_count, sizeof *reg);
    double k[2][16];
    assert_true(n <= 16);
    double* at = input + n;
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        *at++ = st_model_parameter(model, i)->value;
    }
    const st_tape* start = st_model_initial_tape(model);
    double* other = calloc((size_t)start->register_count, sizeof *other);
    st_tape_run_scalar(start, input, other, level);
    free(other);
    const int steps = 20000;
    const double h = minutes / 1440.0 / steps;
    for (int s = 0; s < steps; s++) {
        memcpy(input, level, (size_t)n * sizeof *input);
        st_tape_run_scalar(tape, input, reg, k[0]);
        for (int i = 0; i < n; i++) {
            input[i] = level[i] + h * k[0][i];
        }
        st_tape_run_scalar(tape, input, reg, k[1]);
        for (int i = 0; i < n; i++) {
            level[i] += 0.5 * h * (k[0][i] + k[1][i]);
        }
    }
    free(input);
    free(reg);
}

// Everywhere the same levels: tissue must do what the population engine's equations do. [TIS-12]
static void reactions_come_from_the_model_file(void** state)
{
    (void)state;
    char name[] = "tissue_model_XXXXXX";
    write_file(name, REACTING);
    static const char* const fields[3] = {"drug", "target", "pair"};
    char text[4096];
    snprintf(text, sizeof text,
             "tissue: A test\n"
             "box: { from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1 mm], voxel: 125 um }\n"
             "geometry:\n"
             "  - { medium: gel, box: { from: [0 mm, 0 mm, 0 mm], to: [1 mm, 1 mm, 1 mm] } }\n"
             "run: { until: 60 min, every: 60 min }\n"
             "model: %s\nmedia:\n  gel: { place: gel }\nfields:\n"
             "  drug: { tolerance: 1e-5, in: { gel: { diffusivity: { value: 2e-10 m2/s, assumed: x "
             "} } } }\n"
             "  target: { tolerance: 1e-5, in: { gel: { diffusivity: { value: 1e-11 m2/s, assumed: "
             "x } } } }\n"
             "  pair: { tolerance: 1e-5, in: { gel: { diffusivity: { value: 1e-11 m2/s, assumed: x "
             "} } } }\n",
             name);
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    const st_status loaded = st_model_load(ctx, name, NULL, &model);
    if (loaded != ST_OK) {
        print_message("%s\n", st_ctx_message(ctx, 0));
    }
    assert_int_equal(loaded, ST_OK);
    double level[16];
    march(model, 120.0, level);
    st_tissue_plan* plan = NULL;
    const st_status status = load(ctx, text, &plan);
    if (status != ST_OK) {
        print_message("%s\n", st_ctx_message(ctx, 0));
    }
    assert_int_equal(status, ST_OK);
    st_tissue* t = NULL;
    assert_int_equal(st_tissue_plan_build(ctx, plan, 1, &t), ST_OK);
    assert_int_equal(st_tissue_advance(ctx, t, 120.0), ST_OK);
    for (int f = 0; f < 3; f++) {
        char key[32];
        snprintf(key, sizeof key, "%s@gel", fields[f]);
        const double expected = level[st_model_find_state(model, key)] * 1e-6;
        const double found = st_tissue_level_M(t, f, (const int[3]){4, 4, 4});
        print_message("%s: tissue %.7g M, equations %.7g M\n", key, found, expected);
        assert_true(fabs(found / expected - 1.0) < 1e-4);
    }
    st_tissue_destroy(t);
    st_tissue_plan_destroy(plan);
    st_model_destroy(model);
    unlink(name);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// Replaces one piece of the good file and expects one message with a word in it.
static void expect_mistake(const char* from, const char* to, const char* word)
{
    char text[4096];
    const char* at = strstr(GOOD, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
    st_ctx* ctx = st_ctx_create();
    st_tissue_plan* plan = NULL;
    assert_int_equal(load(ctx, text, &plan), ST_ERR_INPUT);
    assert_null(plan);
    print_message("%s\n", st_ctx_message(ctx, 0));
    assert_non_null(strstr(st_ctx_message(ctx, 0), word));
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void mistakes_are_named_where_they_are(void** state)
{
    (void)state;
    expect_mistake("medium: gel", "medium: gell", "did you mean 'gel'");
    expect_mistake("voxel: 50 um", "voxel: 0 um", "box.voxel");
    expect_mistake("voxel: 50 um", "voxel: 30 um", "whole number");
    expect_mistake("2e-9 m2/s", "2e-9 m/s", "diffusivity");
    expect_mistake(", assumed: x }, start", " }, start", "source");
    expect_mistake("ball:", "bal:", "bal");
    expect_mistake("at: fluid", "at: gel", "is solved");
    expect_mistake("radius: 400 um", "radius: -1 um", "radius");
    expect_mistake("{ gel: { diff", "{ fluid: { diff", "fluid");
    expect_mistake("until: 10 min", "until: 10 mm", "until");
}

// --- NIfTI
// --------------------------------------------------------------------------------------

typedef struct image {
    unsigned char byte[352 + 24];
} image;

static void put_short(image* i, size_t at, int value)
{
    const int16_t x = (int16_t)value;
    memcpy(i->byte + at, &x, 2);
}

static void put_float(image* i, size_t at, double value)
{
    const float x = (float)value;
    memcpy(i->byte + at, &x, 4);
}

// 2 x 3 x 4 bytes; x runs to the left in the file, as scanners often write it.
static image make_image(void)
{
    image i = {{0}};
    const int32_t size = 348;
    memcpy(i.byte, &size, 4);
    memcpy(i.byte + 344, "n+1", 4);
    put_short(&i, 40, 3);
    put_short(&i, 42, 2);
    put_short(&i, 44, 3);
    put_short(&i, 46, 4);
    put_short(&i, 70, 2);
    put_float(&i, 108, 352);
    i.byte[123] = 2;
    put_short(&i, 254, 1);
    put_float(&i, 280, -0.5);
    put_float(&i, 292, 10.0);
    put_float(&i, 300, 0.4);
    put_float(&i, 320, 0.7);
    for (int k = 0; k < 24; k++) {
        i.byte[352 + k] = (unsigned char)k;
    }
    return i;
}

static void label_maps_are_turned_the_right_way(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    const image i = make_image();
    st_nifti n;
    assert_int_equal(st_label_map_parse(ctx, "a.nii", i.byte, sizeof i.byte, &n), ST_OK);
    assert_int_equal(n.size[0], 2);
    assert_int_equal(n.size[2], 4);
    assert_true(fabs(n.voxel_um[0] - 500.0) < 1e-3 && fabs(n.voxel_um[2] - 700.0) < 1e-3);
    assert_true(fabs(n.origin_um[0] - 9250.0) < 1e-3); // last middle 9.5 mm, half a voxel less
    assert_int_equal(n.label[0], 1);                   // the file's first voxel lies on the right
    assert_int_equal(n.label[1], 0);
    assert_int_equal(n.label[2], 3);
    st_free(ctx, n.label);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void expect_refusal(const image* i, size_t length, const char* word)
{
    st_ctx* ctx = st_ctx_create();
    st_nifti n;
    assert_int_equal(st_label_map_parse(ctx, "a.nii", i->byte, length, &n), ST_ERR_INPUT);
    print_message("%s\n", st_ctx_message(ctx, 0));
    assert_non_null(strstr(st_ctx_message(ctx, 0), word));
    assert_null(n.label);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void label_maps_that_cannot_be_trusted_are_refused(void** state)
{
    (void)state;
    image i = make_image();
    put_short(&i, 254, 0);
    expect_refusal(&i, sizeof i.byte, "does not say how it lies");
    i = make_image();
    put_float(&i, 296, 0.1); // the x row leans into y
    expect_refusal(&i, sizeof i.byte, "within 1 degree");
    i = make_image();
    put_float(&i, 320, 70.0);
    expect_refusal(&i, sizeof i.byte, "voxel edge 70000");
    i = make_image();
    put_short(&i, 252, 1); // a quaternion that says the opposite handedness
    for (int k = 0; k < 4; k++) {
        put_float(&i, 76 + 4 * (size_t)k, 1.0);
    }
    expect_refusal(&i, sizeof i.byte, "handedness");
    i = make_image();
    put_short(&i, 70, 128);
    expect_refusal(&i, sizeof i.byte, "datatype 128");
    i = make_image();
    put_float(&i, 112, 0.5);
    expect_refusal(&i, sizeof i.byte, "holds 0.5");
    i = make_image();
    expect_refusal(&i, sizeof i.byte - 1, "cut short");
    expect_refusal(&i, 100, "shorter");
    i.byte[0] = 0;
    expect_refusal(&i, sizeof i.byte, "no NIfTI-1");
}

// The knee atlas of the Osteoarthritis Initiative, when it lies in a folder beside the sources.
static bool find_atlas(char* path, size_t size)
{
    glob_t found;
    const bool is_there =
        glob(ST_SOURCE_DIR "/../*/data/knee-atlas/atlas_tc.nii.gz", 0, NULL, &found) == 0;
    if (is_there) {
        snprintf(path, size, "%s", found.gl_pathv[0]);
        globfree(&found);
    }
    return is_there;
}

static void knee_atlas_has_its_volume(void** state)
{
    (void)state;
    char path[4096];
    if (!find_atlas(path, sizeof path)) {
        print_message("the atlas is not there\n");
        skip();
    }
    st_ctx* ctx = st_ctx_create();
    st_nifti n;
    const st_status status = st_label_map_load(ctx, "", path, &n);
    if (status != ST_OK) {
        print_message("%s\n", st_ctx_message(ctx, 0));
    }
    assert_int_equal(status, ST_OK);
    size_t count = 0;
    const size_t all = (size_t)n.size[0] * (size_t)n.size[1] * (size_t)n.size[2];
    for (size_t k = 0; k < all; k++) {
        count += n.label[k] != 0;
    }
    const double mL = (double)count * n.voxel_um[0] * n.voxel_um[1] * n.voxel_um[2] * 1e-12;
    print_message("tibial atlas: %d x %d x %d voxels of %.1f x %.1f x %.1f um, %.2f mL\n",
                  n.size[0], n.size[1], n.size[2], n.voxel_um[0], n.voxel_um[1], n.voxel_um[2], mL);
    assert_true(fabs(mL - 3.44) < 0.01);
    st_label_map labels = {.medium = n.label, .size = {n.size[0], n.size[1], n.size[2]}};
    st_tissue_def def = st_default_tissue_def();
    def.labels = &labels;
    for (int k = 0; k < 3; k++) {
        def.size[k] = n.size[k];
        def.voxel_um[k] = n.voxel_um[k];
        def.origin_um[k] = n.origin_um[k];
    }
    st_tissue* t = NULL;
    assert_int_equal(st_tissue_create(ctx, &def, &t), ST_OK);
    assert_true(st_tissue_voxel_count(t) == (int64_t)count);
    st_medium_rates rates[ST_MEDIUM_LIMIT + 1] = {0};
    const double zero[1] = {0.0};
    const double one[1] = {1e-6};
    rates[1].diffusivity_um2_per_min = 1e5;
    rates[1].decay_per_min = 0.01;
    const st_boundary wall = {
        .region = 0, .kind = ST_BOUNDARY_FIXED, .knot_count = 1, .knot_min = zero, .knot_M = one};
    st_field_def field = st_default_field_def();
    field.name = "oxygen";
    field.rates = rates;
    field.boundary = &wall;
    field.boundary_count = 1;
    field.mode = ST_FIELD_STEADY;
    int id;
    assert_int_equal(st_tissue_add_field(ctx, t, &field, &id), ST_OK);
    assert_int_equal(st_tissue_solve_steady(ctx, t, id), ST_OK);
    const st_field_ledger l = st_tissue_ledger(t, id);
    print_message("steady in %lld cycles, %.3g to %.3g M, %.0f bytes per voxel of tissue\n",
                  (long long)l.cycle_count, l.lowest_M, l.highest_M,
                  (double)st_tissue_bytes(t) / (double)count);
    assert_true(l.lowest_M > 0.5e-6 && l.highest_M < 1.0001e-6);
    st_tissue_destroy(t);
    st_free(ctx, n.label);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_a_tissue),
        cmocka_unit_test(the_model_file_gives_the_same_rates),
        cmocka_unit_test(reactions_come_from_the_model_file),
        cmocka_unit_test(mistakes_are_named_where_they_are),
        cmocka_unit_test(label_maps_are_turned_the_right_way),
        cmocka_unit_test(label_maps_that_cannot_be_trusted_are_refused),
        cmocka_unit_test(knee_atlas_has_its_volume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
