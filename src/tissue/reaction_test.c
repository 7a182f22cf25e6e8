// Chemistry between fields: closed forms, conservation, order of the alternation, sameness.
// [TIS-12] [TIS-13]

#include "tissue/scene.h"

#include "stroma/model.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BIND                                                                                       \
    "model: Binding\n"                                                                             \
    "parameters:\n"                                                                                \
    "  k_on: { value: 2 1/nM/day, assumed: 'made up here' }\n"                                     \
    "  k_off: { value: %s, assumed: 'made up here' }\n"                                            \
    "places:\n  gel: { volume: { value: 1 mL, assumed: 'made up here' } }\n"                       \
    "substrates:\n"                                                                                \
    "  drug: { in: { gel: { value: 3 nM, assumed: 'made up here' } } }\n"                          \
    "  target: { in: { gel: { value: 3 nM, assumed: 'made up here' } } }\n"                        \
    "  pair: { in: { gel: 0 } }\n"                                                                 \
    "reactions:\n"                                                                                 \
    "  - { name: bind, in: gel, consume: { drug: 1, target: 1 }, produce: { pair: 1 }, rate: "     \
    "k_on * drug * target - k_off * pair }\n"

static const char* const NAMES[3] = {"drug", "target", "pair"};

typedef struct chemistry {
    scene s;
    st_model* model;
    int field[3];
    int carrier[16];
    st_reaction_def def;
} chemistry;

static st_model* parse(st_ctx* ctx, const char* k_off)
{
    char text[2048];
    st_model* model = NULL;
    snprintf(text, sizeof text, BIND, k_off);
    const st_status status = st_model_parse(ctx, "binding.yaml", text, strlen(text), NULL, &model);
    for (int i = 0; status != ST_OK && i < st_ctx_message_count(ctx); i++) {
        print_message("%s\n", st_ctx_message(ctx, i));
    }
    assert_int_equal(status, ST_OK);
    return model;
}

/// Three fields in a box or shape; diffusivities differ. Levels are the caller's.
static void begin(chemistry* c, const int n[3], double h_um, const st_shape* shape, int workers,
                  const char* k_off, const double D[3], double tolerance)
{
    scene_begin(&c->s, n, h_um, shape, workers, NULL);
    c->model = parse(c->s.ctx, k_off);
    for (int i = 0; i < 16; i++) {
        c->carrier[i] = -1;
    }
    for (int i = 0; i < 3; i++) {
        char state[32];
        snprintf(state, sizeof state, "%s@gel", NAMES[i]);
        c->s.rates[1].diffusivity_um2_per_min = D[i];
        c->s.def.name = NAMES[i];
        c->s.def.mode = ST_FIELD_AUTO;
        c->s.def.tolerance = tolerance;
        c->s.def.solver_tolerance = 1e-2 * tolerance;
        scene_add(&c->s);
        c->field[i] = c->s.field;
        c->carrier[st_model_find_state(c->model, state)] = c->s.field;
    }
    c->def = st_default_reaction_def();
    c->def.model = c->model;
    c->def.medium = 1;
    c->def.field = c->carrier;
}

static void end(chemistry* c)
{
    st_model_destroy(c->model);
    assert_true(scene_end(&c->s));
}

static void fill(chemistry* c, const int n[3], double (*level)(int field, const int at[3]))
{
    for (int i = 0; i < n[0] * n[1] * n[2]; i++) {
        const int at[3] = {i % n[0], i / n[0] % n[1], i / n[0] / n[1]};
        for (int f = 0; f < 3 && st_tissue_medium(c->s.tissue, at); f++) {
            scene_check(&c->s,
                        st_tissue_set_level(c->s.ctx, c->s.tissue, c->field[f], at, level(f, at)));
        }
    }
}

static double even(int field, const int at[3])
{
    (void)at;
    return field < 2 ? 3e-9 : 0.0;
}

// A + B -> C from equal levels: a = a0 / (1 + k a0 t).
static void binding_follows_its_closed_form(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    static const double D[3] = {100.0, 100.0, 100.0};
    chemistry c;
    begin(&c, n, 20.0, NULL, 1, "0 1/day", D, 1e-4);
    fill(&c, n, even);
    c.def.solver_tolerance = 1e-7;
    scene_check(&c.s, st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def));
    for (int i = 1; i <= 4; i++) {
        scene_check(&c.s, st_tissue_advance(c.s.ctx, c.s.tissue, 360.0 * i));
        const double found = st_tissue_level_M(c.s.tissue, c.field[1], (const int[3]){3, 4, 5});
        const double exact = 3e-9 / (1.0 + 2.0 * 3.0 * 0.25 * i);
        print_message("binding: %.9f nM, exact %.9f\n", found * 1e9, exact * 1e9);
        assert_true(fabs(found / exact - 1.0) < 1e-5);
    }
    end(&c);
}

// Drug on the left, target on the right: they meet in the middle.
static double apart(int field, const int at[3])
{
    if (field == 2) {
        return 0.0;
    }
    return (field == 0) == (at[0] < 12) ? 3e-9 : 0.5e-9;
}

static const st_shape OUTER = {
    .kind = ST_SHAPE_BALL, .centre_um = {240, 240, 240}, .size_um = {230}};
static const st_shape INNER = {
    .kind = ST_SHAPE_BALL, .centre_um = {240, 240, 240}, .size_um = {100}};
static const st_shape SHELL = {.kind = ST_SHAPE_SUBTRACT, .a = &OUTER, .b = &INNER};

static uint64_t run_shell(int workers, double conserved[2])
{
    const int n[3] = {24, 24, 24};
    static const double D[3] = {500.0, 30.0, 5.0};
    chemistry c;
    begin(&c, n, 20.0, &SHELL, workers, "3 1/day", D, 1e-3);
    fill(&c, n, apart);
    scene_check(&c.s, st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def));
    scene_check(&c.s, st_tissue_advance(c.s.ctx, c.s.tissue, 200.0));
    st_field_ledger l[3];
    for (int i = 0; i < 3; i++) {
        l[i] = st_tissue_ledger(c.s.tissue, c.field[i]);
        assert_true(l[i].lowest_M >= 0.0);
        assert_true(fabs(st_tissue_balance_error(&l[i])) < 1e-7);
        assert_false(st_tissue_field_choice(c.s.tissue, c.field[i]).is_steady);
    }
    print_message("shell, %d workers: %.3e fmol bound, %lld steps; ledger %.1e\n", workers,
                  l[2].amount, (long long)l[0].step_count, st_tissue_balance_error(&l[2]));
    assert_true(l[2].reacted > 0.0 && l[0].reacted < 0.0);
    for (int i = 0; i < 2; i++) {
        conserved[i] = (l[i].amount + l[2].amount) / l[i].start - 1.0;
    }
    const uint64_t hash = st_tissue_hash(c.s.tissue);
    end(&c);
    return hash;
}

static void what_is_bound_is_not_lost_and_workers_change_no_byte(void** state)
{
    (void)state;
    double conserved[2];
    const uint64_t one = run_shell(1, conserved);
    print_message("drug + pair changed by %.1e, target + pair by %.1e\n", conserved[0],
                  conserved[1]);
    assert_true(fabs(conserved[0]) < 1e-8 && fabs(conserved[1]) < 1e-8);
    assert_true(run_shell(2, conserved) == one);
    assert_true(run_shell(3, conserved) == one);
    assert_true(run_shell(8, conserved) == one);
}

// The same without a jump, which would lower the order of any method.
static double smoothly_apart(int field, const int at[3])
{
    const double wave = cos(3.14159265358979 * (at[0] + 0.5) / 24.0);
    return field == 2 ? 0.0 : 1.75e-9 + (field == 0 ? 1.25e-9 : -1.25e-9) * wave;
}

/// Levels of all three fields along a line after 100 min, with `step_min` 0 = by error control.
static int64_t run_line(double step_min, double tolerance, double out[3][24])
{
    const int n[3] = {24, 8, 8};
    static const double D[3] = {50.0, 10.0, 2.0};
    chemistry c;
    begin(&c, n, 10.0, NULL, 2, "20 1/day", D, step_min > 0.0 ? 1e-6 : tolerance);
    fill(&c, n, smoothly_apart);
    c.def.step_min = step_min;
    c.def.tolerance = tolerance;
    scene_check(&c.s, st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def));
    scene_check(&c.s, st_tissue_advance(c.s.ctx, c.s.tissue, 100.0));
    for (int f = 0; f < 3; f++) {
        for (int x = 0; x < 24; x++) {
            out[f][x] = st_tissue_level_M(c.s.tissue, c.field[f], (const int[3]){x, 4, 4});
        }
    }
    const int64_t steps = st_tissue_ledger(c.s.tissue, c.field[0]).step_count;
    end(&c);
    return steps;
}

static double worst(double a[3][24], double b[3][24])
{
    double most = 0.0;
    for (int f = 0; f < 3; f++) {
        for (int x = 0; x < 24; x++) {
            most = fmax(most, fabs(a[f][x] - b[f][x]) / 3e-9);
        }
    }
    return most;
}

static void the_alternation_is_of_second_order(void** state)
{
    (void)state;
    double reference[3][24];
    double found[3][24];
    double error[3];
    (void)run_line(1.5625, 1e-3, reference);
    for (int i = 0; i < 3; i++) {
        (void)run_line(25.0 / (1 << i), 1e-3, found);
        error[i] = worst(found, reference);
        print_message("alternation of %g min: error %.2e, order %.2f\n", 25.0 / (1 << i), error[i],
                      i ? log2(error[i - 1] / error[i]) : 0.0);
    }
    assert_true(log2(error[0] / error[2]) / 2.0 > 1.7);
    double last = 1.0;
    for (double tolerance = 1e-1; tolerance > 5e-4; tolerance *= 0.1) {
        const int64_t steps = run_line(0.0, tolerance, found);
        const double e = worst(found, reference);
        print_message("tolerance %.0e: error %.2e in %lld steps of diffusion\n", tolerance, e,
                      (long long)steps);
        assert_true(e < tolerance && e < last);
        last = e;
    }
}

// A reaction a million times faster than the diffusion: no blow-up, nothing below zero.
static void fast_reactions_come_to_rest(void** state)
{
    (void)state;
    const int n[3] = {24, 8, 8};
    static const double D[3] = {50.0, 10.0, 2.0};
    chemistry c;
    begin(&c, n, 10.0, NULL, 1, "1e6 1/day", D, 1e-3);
    fill(&c, n, apart);
    scene_check(&c.s, st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def));
    scene_check(&c.s, st_tissue_advance(c.s.ctx, c.s.tissue, 60.0));
    const int at[3] = {12, 4, 4};
    double level[3];
    for (int i = 0; i < 3; i++) {
        level[i] = st_tissue_level_M(c.s.tissue, c.field[i], at) * 1e9;
        assert_true(st_tissue_ledger(c.s.tissue, c.field[i]).lowest_M >= 0.0);
    }
    const double held = 2.0 * level[0] * level[1] / 1e6;
    print_message("fast release: pair %.4e nM, at rest %.4e nM\n", level[2], held);
    assert_true(fabs(level[2] / held - 1.0) < 0.02);
    end(&c);
}

static void what_cannot_be_solved_is_refused_by_name(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    static const double D[3] = {100.0, 100.0, 100.0};
    chemistry c;
    begin(&c, n, 20.0, NULL, 1, "0 1/day", D, 1e-3);
    const int pair = st_model_find_state(c.model, "pair@gel");
    c.carrier[pair] = -1;
    assert_int_equal(st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def), ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(c.s.ctx, 0), "pair@gel"));
    c.carrier[pair] = 7; // no such field
    assert_int_equal(st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def), ST_ERR_INPUT);
    c.carrier[pair] = c.field[0]; // taken
    assert_int_equal(st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def), ST_ERR_INPUT);
    c.s.def.mode = ST_FIELD_STEADY;
    c.s.def.name = "at rest";
    c.s.rates[1].decay_per_min = 0.1;
    scene_add(&c.s);
    c.carrier[pair] = c.s.field;
    assert_int_equal(st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def), ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(c.s.ctx, 3), "at rest"));
    c.carrier[pair] = c.field[2];
    c.def.tolerance = NAN;
    assert_int_equal(st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def), ST_ERR_INPUT);
    c.def.tolerance = 1e-3;
    assert_int_equal(st_tissue_add_reactions(c.s.ctx, c.s.tissue, &c.def), ST_OK);
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binding_follows_its_closed_form),
        cmocka_unit_test(what_is_bound_is_not_lost_and_workers_change_no_byte),
        cmocka_unit_test(the_alternation_is_of_second_order),
        cmocka_unit_test(fast_reactions_come_to_rest),
        cmocka_unit_test(what_cannot_be_solved_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
