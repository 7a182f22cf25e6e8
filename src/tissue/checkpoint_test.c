// A tissue's state through its checkpoint file and back. [TIS-14]

#include "tissue/scene.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH "checkpoint_test.sqlite.part"

static const st_shape BALL = {
    .kind = ST_SHAPE_BALL, .centre_um = {400, 400, 400}, .size_um = {350}};

/// A ball that takes up, with a matrix state that wears where there is substrate.
static void begin(scene* s, const char* name)
{
    scene_begin(s, (const int[3]){40, 40, 40}, 20.0, &BALL, 1, NULL);
    s->rates[1] = (st_medium_rates){.diffusivity_um2_per_min = 500.0,
                                    .decay_per_min = 0.01,
                                    .uptake_max_M_per_min = 1e-8,
                                    .uptake_half_M = 1e-6};
    s->def.name = name;
    s->def.tolerance = 1e-2;
    scene_hold(s, 0, 2e-6);
    scene_add(s);
    st_matrix_def def = st_default_matrix_def();
    def.name = "collagen";
    def.start[1] = 1.0;
    int id;
    scene_check(s, st_tissue_add_matrix(s->ctx, s->tissue, &def, &id));
}

static void go_on(scene* s, double minutes)
{
    scene_check(s, st_tissue_advance(s->ctx, s->tissue, minutes));
    for (int b = 0; b < st_tissue_brick_count(s->tissue); b++) {
        const float* level = st_tissue_brick_levels(s->tissue, 0, b);
        double* collagen = st_tissue_brick_matrix(s->tissue, 0, b);
        for (int v = 0; v < 512; v++) {
            collagen[v] *= 1.0 - 1e3 * (double)level[v];
        }
    }
}

static void a_state_comes_back_bit_by_bit(void** state)
{
    (void)state;
    unlink(PATH);
    scene whole;
    begin(&whole, "substrate");
    go_on(&whole, 10.0);
    st_checkpoint* c = NULL;
    scene_check(&whole, st_checkpoint_open(whole.ctx, PATH, "this run", &c));
    assert_false(st_checkpoint_has_state(c));
    const char* const text[2] = {"head\r\n1,2\r\n", ""};
    scene_check(&whole, st_checkpoint_save(whole.ctx, c, whole.tissue, 6, text, 2, NULL));
    go_on(&whole, 15.0);
    scene_check(&whole, st_checkpoint_save(whole.ctx, c, whole.tissue, 7, text, 2, NULL));
    const uint64_t then = st_tissue_hash(whole.tissue);

    // While it is open, nobody else gets in.
    st_ctx* other = st_ctx_create();
    st_checkpoint* second = NULL;
    assert_int_equal(st_checkpoint_open(other, PATH, "this run", &second), ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(other, 0), "another run"));
    st_checkpoint_close(c, false);
    assert_int_equal(st_checkpoint_open(other, PATH, "another run of mine", &second), ST_ERR_INPUT);
    assert_null(second);
    assert_int_equal(st_ctx_bytes_in_use(other), 0);
    st_ctx_destroy(other);
    go_on(&whole, 20.0);

    scene again;
    begin(&again, "substrate");
    scene_check(&again, st_checkpoint_open(again.ctx, PATH, "this run", &c));
    assert_true(st_checkpoint_has_state(c));
    int64_t number = 0;
    char* back[2];
    scene_check(&again, st_checkpoint_load(again.ctx, c, again.tissue, &number, back, 2, NULL));
    assert_int_equal(number, 7);
    assert_string_equal(back[0], text[0]);
    assert_string_equal(back[1], "");
    assert_true(st_tissue_hash(again.tissue) == then);
    go_on(&again, 20.0);
    assert_true(st_tissue_hash(again.tissue) == st_tissue_hash(whole.tissue));
    const st_field_ledger a = st_tissue_ledger(whole.tissue, 0);
    const st_field_ledger b = st_tissue_ledger(again.tissue, 0);
    assert_true(a.uptake == b.uptake && a.in == b.in && a.step_count == b.step_count &&
                a.cycle_count == b.cycle_count);
    print_message("uptake %.17g fmol in both, %lld steps\n", a.uptake, (long long)a.step_count);
    for (int i = 0; i < 2; i++) {
        st_free(again.ctx, back[i]);
    }

    // Another tissue does not take it.
    scene stranger;
    begin(&stranger, "something else");
    assert_int_equal(st_checkpoint_load(stranger.ctx, c, stranger.tissue, &number, back, 2, NULL),
                     ST_ERR_INPUT);
    assert_true(scene_end(&stranger));
    st_checkpoint_close(c, false);
    scene_check(&again, st_checkpoint_begin(again.ctx, PATH, "another run", &c));
    assert_false(st_checkpoint_has_state(c)); // it was given up
    st_checkpoint_close(c, true);
    assert_true(access(PATH, F_OK) != 0);
    assert_true(scene_end(&again));
    assert_true(scene_end(&whole));
}

static void what_is_no_checkpoint_is_refused(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_checkpoint* c = NULL;
    FILE* file = fopen(PATH, "wb");
    for (int i = 0; i < 100; i++) {
        fprintf(file, "this is a text and no database\n");
    }
    fclose(file);
    assert_int_equal(st_checkpoint_open(ctx, PATH, "x", &c), ST_ERR_INPUT);
    unlink(PATH);
    assert_int_equal(st_checkpoint_open(ctx, "no/such/folder/x.part", "x", &c), ST_ERR_FILE);
    assert_null(c);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_comes_back_bit_by_bit),
        cmocka_unit_test(what_is_no_checkpoint_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
