// The same cells for any number of workers, any cut into bricks, any order of insertion, across
// save and restore; what bad input meets.   CEL-4 CEL-7 CEL-9

#include "cells/cells_scene.h"

#include "base/base.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEED 4711
#define LIFE 24 // commits

/// Packed tissue with common steps; the same, sparse tissue and clumps among walkers in islands.
typedef enum scene { PACKED, CROWDED, SPARSE, CLUMPS, SCENE_COUNT } scene;

typedef struct world {
    cell_scene s;
    int age, kind, mass;
    double dt_min;
    st_relax_report sum; ///< over all days; largest island of any
} world;

static const st_cell_type TYPES[2] = {{.name = "msc", CELL_SCENE_USUAL},
                                      {.name = "chondrocyte",
                                       .volume_um3 = 1500.0,
                                       .repulsion_um_per_min = 8.0,
                                       .adhesion_um_per_min = 0.2,
                                       .reach = 1.4,
                                       .wall_um_per_min = 5.0,
                                       .mobility = 0.5,
                                       .division_distance = 0.7}};

static void build(world* w, int workers, const int shift[3], st_cells_method method, scene what)
{
    const st_shape ball = {.kind = ST_SHAPE_BALL, .centre_um = {160, 150, 170}, .size_um = {140}};
    const st_paint paint = {.shape = &ball, .medium = 1};
    w->sum = (st_relax_report){0};
    cell_scene_tissue(&w->s, 16, 20.0, &paint, 1, shift);
    static const double affinity[4] = {1.0, 0.5, 0.5, 1.0};
    w->s.def.type = TYPES;
    w->s.def.type_count = 2;
    w->s.def.affinity = affinity;
    w->s.def.worker_count = workers;
    w->s.def.method = method;
    w->s.def.fixed_step_min = 0.05; // births at one place part fast
    w->s.def.rest_speed_um_per_min = 1e-3;
    w->s.def.island_limit = what == PACKED ? 0 : w->s.def.island_limit;
    w->s.def.seed = SEED;
    cell_scene_create(&w->s);
    const st_column_def age = {
        .name = "age_min", .kind = ST_COLUMN_DOUBLE, .birth = ST_COLUMN_ZERO};
    const st_column_def kind = {.name = "phase", .kind = ST_COLUMN_UINT32, .initial = 3};
    const st_column_def mass = {
        .name = "charge_fmol", .kind = ST_COLUMN_FLOAT, .birth = ST_COLUMN_HALVE, .initial = 8.0};
    cell_scene_check(&w->s, st_cells_add_column(w->s.ctx, w->s.cells, &age, &w->age));
    cell_scene_check(&w->s, st_cells_add_column(w->s.ctx, w->s.cells, &kind, &w->kind));
    cell_scene_check(&w->s, st_cells_add_column(w->s.ctx, w->s.cells, &mass, &w->mass));
}

static void populate(world* w, int count)
{
    w->dt_min = 6.0;
    for (int t = 0; t < 2; t++) {
        cell_scene_check(&w->s, st_cells_scatter(w->s.ctx, w->s.cells, t, 1, count / 2));
    }
    cell_scene_check(&w->s, st_cells_commit(w->s.ctx, w->s.cells));
}

// Few cells that walk for hours; among them, on demand, balls of 13 that touch.
static void populate_scene(world* w, scene what)
{
    populate(w, what < SPARSE ? 700 : 90);
    w->dt_min = what < SPARSE ? 6.0 : 45.0;
    for (int i = 0; what == CLUMPS && i < 3; i++) {
        const st_cells_ball ball = {.centre_um = {100.0 + 60.0 * i, 110.0 + 40.0 * i, 170.0},
                                    .radius_um = 17.0,
                                    .spacing_um = 15.0,
                                    .shift_um = 1.0};
        cell_scene_check(&w->s, st_cells_pack(w->s.ctx, w->s.cells, 0, &ball));
    }
}

// A day in a cell's life: it ages, grows, walks, divides, changes, dies, calls others.
static st_status live(void* arg, int brick, int64_t first, int64_t last, int worker)
{
    (void)brick;
    world* w = arg;
    st_cells* cells = w->s.cells;
    st_ctx* ctx = st_cells_worker_ctx(cells, worker);
    const uint64_t step = st_cells_commit_count(cells);
    for (int64_t s = first; s < last; s++) {
        const st_random_key key = {SEED, ST_STREAM_TEST, st_cells_id(cells, s), step};
        const double u = st_random_uniform(&key, 0);
        st_cells_doubles(cells, w->age)[s] += 6.0;
        st_cells_walk(cells, s, step, 6.0, st_cells_type_of(cells, s) ? 0.0 : 0.05, 20.0);
        st_neighbour near[8];
        const int around = st_cells_near(cells, s, 18.0, near, 8);
        st_cells_words(cells, w->kind)[s] = (uint32_t)around;
        if (u < 0.06 && st_cells_volume(cells, s) > 1200.0) {
            st_division d = st_default_division();
            d.daughter_type = u < 0.01 ? 1 : -1;
            ST_TRY(st_cells_divide(ctx, cells, worker, s, &d));
        } else if (u < 0.09) {
            ST_TRY(st_cells_remove(ctx, cells, worker, s));
        } else if (u < 0.11) {
            ST_TRY(st_cells_become(ctx, cells, worker, s, 1 - st_cells_type_of(cells, s)));
        } else if (u < 0.12) {
            const double value[3] = {1.0, 2.0, 3.0};
            st_cell_birth b = {.type = 0, .order = st_cells_id(cells, s), .value = value};
            st_cells_position(cells, s, b.at_um);
            ST_TRY(st_cells_add(ctx, cells, worker, &b)); // at exactly the same place
        } else if (u < 0.5) {
            st_cells_set_volume(cells, s, 1.05 * st_cells_volume(cells, s));
        }
    }
    return ST_OK;
}

static void day(world* w)
{
    cell_scene_check(&w->s, st_cells_each(w->s.ctx, w->s.cells, live, w));
    cell_scene_check(&w->s, st_cells_commit(w->s.ctx, w->s.cells));
    st_relax_report r;
    cell_scene_check(&w->s, st_cells_relax(w->s.ctx, w->s.cells, w->dt_min, &r));
    w->sum.island_count += r.island_count;
    w->sum.lone_count += r.lone_count;
    w->sum.largest_island =
        r.largest_island > w->sum.largest_island ? r.largest_island : w->sum.largest_island;
}

static uint64_t end(world* w)
{
    const uint64_t hash = st_cells_hash(w->s.cells);
    assert_true(cell_scene_end(&w->s));
    return hash;
}

static uint64_t whole_life(int workers, const int shift[3], st_cells_method method, scene what)
{
    world w;
    build(&w, workers, shift, method, what);
    populate_scene(&w, what);
    for (int i = 0; i < LIFE; i++) {
        day(&w);
    }
    print_message("%d workers, shift %d: %lld cells, %lld islands of up to %lld, hash %016llx\n",
                  workers, shift ? shift[0] : 0, (long long)st_cells_count(w.s.cells),
                  (long long)w.sum.island_count, (long long)w.sum.largest_island,
                  (unsigned long long)st_cells_hash(w.s.cells));
    assert_true((what == PACKED) == (w.sum.island_count == 0));
    return end(&w);
}

static void workers_and_bricks_do_not_show(void** state)
{
    (void)state;
    static const int shift[3] = {3, 6, 1};
    for (int method = 0; method < ST_CELLS_METHOD_COUNT; method++) {
        const uint64_t one = whole_life(1, NULL, (st_cells_method)method, PACKED);
        static const int workers[3] = {2, 3, 8};
        for (int i = 0; i < 3; i++) {
            assert_true(whole_life(workers[i], NULL, (st_cells_method)method, PACKED) == one);
        }
        assert_true(whole_life(2, shift, (st_cells_method)method, PACKED) == one);
    }
}

// Nor where cells fall into islands, by walls or in the open, alone or in clumps.
static void workers_and_bricks_do_not_show_in_islands(void** state)
{
    (void)state;
    static const int shift[3] = {3, 6, 1};
    for (int what = CROWDED; what < SCENE_COUNT; what++) {
        const uint64_t one = whole_life(1, NULL, ST_CELLS_ADAPTIVE, (scene)what);
        static const int workers[3] = {2, 3, 8};
        for (int i = 0; i < 3; i++) {
            assert_true(whole_life(workers[i], NULL, ST_CELLS_ADAPTIVE, (scene)what) == one);
        }
        assert_true(whole_life(2, shift, ST_CELLS_ADAPTIVE, (scene)what) == one);
    }
}

// Lists are only a way of not looking twice.
static void the_skin_does_not_show(void** state)
{
    (void)state;
    uint64_t hash[SCENE_COUNT][3];
    static const double skin[3] = {2.0, 0.1, 9.0};
    for (int n = 0; n < 3 * SCENE_COUNT; n++) {
        const scene what = (scene)(n / 3);
        world w;
        build(&w, 2, NULL, ST_CELLS_ADAPTIVE, what);
        st_cells_destroy(w.s.cells);
        w.s.def.skin_um = skin[n % 3];
        w.s.def.type = TYPES;
        cell_scene_create(&w.s);
        populate_scene(&w, what);
        for (uint64_t k = 0; k < 20; k++) {
            for (int64_t s = 0; what >= SPARSE && s < st_cells_count(w.s.cells); s++) {
                st_cells_walk(w.s.cells, s, k, 6.0, s % 3 == 0 ? 0.05 : 0.0, 20.0);
            }
            cell_scene_check(&w.s, st_cells_relax(w.s.ctx, w.s.cells, 6.0, NULL));
            if (what >= SPARSE) { // slots are sorted before they are used
                cell_scene_check(&w.s, st_cells_commit(w.s.ctx, w.s.cells));
            }
        }
        hash[what][n % 3] = end(&w);
    }
    for (int what = 0; what < SCENE_COUNT; what++) {
        assert_true(hash[what][0] == hash[what][1] && hash[what][0] == hash[what][2]);
    }
}

static void go_on_after_restore(world* from, world* to)
{
    void* bytes;
    size_t length;
    st_ctx* ctx = from->s.ctx;
    cell_scene_check(&from->s, st_cells_save_head(ctx, from->s.cells, &bytes, &length));
    cell_scene_check(&to->s, st_cells_restore_begin(to->s.ctx, to->s.cells, bytes, length));
    assert_int_equal(st_cells_restore_end(to->s.ctx, to->s.cells), ST_ERR_INPUT);
    st_free(ctx, bytes);
    for (int b = st_tissue_brick_count(from->s.tissue) - 1; b >= 0; b--) {
        cell_scene_check(&from->s, st_cells_save_brick(ctx, from->s.cells, b, &bytes, &length));
        if (length > 0) {
            ((char*)bytes)[length / 2] ^= 4;
            assert_int_equal(st_cells_restore_brick(to->s.ctx, to->s.cells, bytes, length),
                             ST_ERR_INPUT);
            ((char*)bytes)[length / 2] ^= 4;
            cell_scene_check(&to->s, st_cells_restore_brick(to->s.ctx, to->s.cells, bytes, length));
        }
        st_free(ctx, bytes);
    }
    cell_scene_check(&to->s, st_cells_restore_end(to->s.ctx, to->s.cells));
}

static void restored_cells_go_on_as_if_never_stopped(void** state)
{
    (void)state;
    for (int n = 0; n < ST_CELLS_METHOD_COUNT + SCENE_COUNT - 1; n++) {
        const bool is_packed = n < ST_CELLS_METHOD_COUNT;
        const st_cells_method method = is_packed ? (st_cells_method)n : ST_CELLS_ADAPTIVE;
        world a;
        world b;
        const scene what = is_packed ? PACKED : (scene)(n + 1 - ST_CELLS_METHOD_COUNT);
        build(&a, 2, NULL, method, what);
        populate_scene(&a, what);
        for (int i = 0; i < 9; i++) {
            day(&a);
        }
        build(&b, 3, NULL, method, what);
        b.dt_min = a.dt_min;
        go_on_after_restore(&a, &b);
        assert_true(st_cells_hash(a.s.cells) == st_cells_hash(b.s.cells));
        for (int i = 0; i < 6; i++) {
            day(&a);
            day(&b);
            assert_true(st_cells_hash(a.s.cells) == st_cells_hash(b.s.cells));
        }
        assert_true(end(&a) == end(&b));
    }
}

// Lists hold those awake; sleepers that wake later, all at once, see their neighbours as in lists
// made anew: with more rows than the list had room for.
static void sleepers_get_their_lists_when_they_wake(void** state)
{
    (void)state;
    world w[2];
    for (int i = 0; i < 2; i++) {
        w[i] = (world){0};
        cell_scene_tissue(&w[i].s, 32, 20.0, NULL, 0, NULL);
        w[i].s.def.worker_count = i + 2;
        cell_scene_create(&w[i].s);
    }
    st_cells* cells = w[0].s.cells;
    const st_cells_ball ball = {
        .centre_um = {320.0, 320.0, 320.0}, .radius_um = 270.0, .spacing_um = 16.0242};
    cell_scene_check(&w[0].s, st_cells_pack(w[0].s.ctx, cells, 0, &ball));
    cell_scene_check(&w[0].s, st_cells_relax(w[0].s.ctx, cells, 300.0, NULL));
    st_cells_set_volume(cells, 7, 1.1 * st_cells_volume(cells, 7));
    st_relax_report report;
    cell_scene_check(&w[0].s, st_cells_relax(w[0].s.ctx, cells, 0.5, &report));
    assert_true(report.awake_count > 0 && report.awake_count < 200);
    assert_int_equal(report.list_count, 1);
    go_on_after_restore(&w[0], &w[1]);
    for (int i = 0; i < 2; i++) {
        cells = w[i].s.cells;
        assert_true(st_cells_count(cells) > 20000);
        for (int64_t slot = 0; slot < st_cells_count(cells); slot++) {
            st_cells_wake(cells, slot);
        }
        cell_scene_check(&w[i].s, st_cells_relax(w[i].s.ctx, cells, 0.5, &report));
        assert_int_equal(report.list_count, i); // the first needed none
    }
    assert_true(end(&w[0]) == end(&w[1]));
}

// Division halves volume and what is to be halved, keeps the centre, gives one new id.
static void division_conserves(void** state)
{
    (void)state;
    world w;
    build(&w, 2, NULL, ST_CELLS_ADAPTIVE, CROWDED);
    st_cell_birth birth = {.at_um = {160.0, 150.0, 170.0}, .volume_um3 = 3001.7};
    cell_scene_check(&w.s, st_cells_add(w.s.ctx, w.s.cells, 0, &birth));
    cell_scene_check(&w.s, st_cells_commit(w.s.ctx, w.s.cells));
    const double volume = st_cells_volume(w.s.cells, 0);
    st_cells_doubles(w.s.cells, w.age)[0] = 77.0;
    double before[3];
    st_cells_position(w.s.cells, 0, before);
    const st_division d = {.axis = {0.0, 3.0, 4.0}, .daughter_type = 1};
    cell_scene_check(&w.s, st_cells_divide(w.s.ctx, w.s.cells, 1, 0, &d));
    cell_scene_check(&w.s, st_cells_commit(w.s.ctx, w.s.cells));
    assert_int_equal(st_cells_count(w.s.cells), 2);
    assert_int_equal(st_cells_type_cell_count(w.s.cells, 1), 1);
    const int64_t mother = st_cells_find(w.s.cells, 1);
    const int64_t daughter = st_cells_find(w.s.cells, 2);
    assert_true(mother >= 0 && daughter >= 0);
    assert_true(st_cells_volume(w.s.cells, mother) == 0.5 * volume);
    assert_true(st_cells_volume(w.s.cells, daughter) == 0.5 * volume);
    double at[2][3];
    st_cells_position(w.s.cells, mother, at[0]);
    st_cells_position(w.s.cells, daughter, at[1]);
    double square = 0.0;
    for (int k = 0; k < 3; k++) {
        assert_true(fabs(0.5 * (at[0][k] + at[1][k]) - before[k]) < 1e-6);
        square += (at[1][k] - at[0][k]) * (at[1][k] - at[0][k]);
    }
    const double contact =
        st_cells_radius(w.s.cells, mother) + st_cells_radius(w.s.cells, daughter);
    assert_true(fabs(sqrt(square) - 0.5 * contact) < 1e-4);
    assert_true(fabs((at[1][2] - at[0][2]) * 3.0 - (at[1][1] - at[0][1]) * 4.0) < 1e-4);
    const float* mass = st_cells_floats(w.s.cells, w.mass);
    const double* age = st_cells_doubles(w.s.cells, w.age);
    assert_true(mass[mother] == 4.0f && mass[daughter] == 4.0f);
    assert_true(age[mother] == 77.0 && age[daughter] == 0.0);
    (void)end(&w);
}

static void expect(world* w, st_status status, const char* words)
{
    assert_int_equal(status, ST_ERR_INPUT);
    assert_int_equal(st_ctx_message_count(w->s.ctx), 1);
    print_message("%s\n", st_ctx_message(w->s.ctx, 0));
    assert_non_null(strstr(st_ctx_message(w->s.ctx, 0), words));
    st_ctx_clear_messages(w->s.ctx);
}

static void bad_input_is_refused_with_numbers(void** state)
{
    (void)state;
    world w;
    build(&w, 1, NULL, ST_CELLS_ADAPTIVE, CROWDED);
    st_ctx* ctx = w.s.ctx;
    st_cells* cells = w.s.cells;
    populate(&w, 100);
    const uint64_t hash = st_cells_hash(cells);
    st_cell_birth birth = {.at_um = {-3.0, 10.0, 10.0}};
    expect(&w, st_cells_add(ctx, cells, 0, &birth), "(-3, 10, 10) um lies outside the box");
    birth.at_um[0] = (double)NAN;
    expect(&w, st_cells_add(ctx, cells, 0, &birth), "outside the box");
    birth.at_um[0] = 10.0;
    expect(&w, st_cells_add(ctx, cells, 0, &birth), "outside the tissue");
    birth.type = 2;
    expect(&w, st_cells_add(ctx, cells, 0, &birth), "type 2 is unknown, expected 0 to 1");
    expect(&w, st_cells_become(ctx, cells, 0, 5, -1), "type -1 is unknown");
    expect(&w, st_cells_remove(ctx, cells, 0, 100), "slot 100: expected 0 to 99");
    expect(&w, st_cells_relax(ctx, cells, (double)NAN, NULL), "dt = nan");
    expect(&w, st_cells_relax(ctx, cells, 0.0, NULL), "dt = 0");
    cell_scene_check(&w.s, st_cells_remove(ctx, cells, 0, 5));
    expect(&w, st_cells_relax(ctx, cells, 1.0, NULL), "events wait");
    cell_scene_check(&w.s, st_cells_remove(ctx, cells, 0, 5));
    expect(&w, st_cells_commit(ctx, cells), "twice in one commit");
    assert_true(st_cells_hash(cells) == hash);
    cell_scene_check(&w.s, st_cells_scatter(ctx, cells, 0, 1, 6000));
    expect(&w, st_cells_commit(ctx, cells), "do not fit");
    assert_int_equal(st_cells_count(cells), 100);
    assert_true(st_cells_hash(cells) == hash);
    st_cells_drive(cells)[7] = (float)INFINITY;
    expect(&w, st_cells_relax(ctx, cells, 1.0, NULL), "1 cells have a drive");
    const st_column_def late = {.name = "late"};
    int index;
    expect(&w, st_cells_add_column(ctx, cells, &late, &index), "after the first cell");
    (void)end(&w);
}

static void wrong_definitions_are_refused(void** state)
{
    (void)state;
    cell_scene s;
    cell_scene_tissue(&s, 4, 20.0, NULL, 0, NULL);
    for (int i = 0; i < 10; i++) {
        st_cells_def def = s.def;
        st_cell_type type = CELL_SCENE_TYPE;
        static const double wrong[4] = {1.0, 0.5, 0.25, 1.0};
        def.type = &type;
        type.volume_um3 = i == 0 ? 0.0 : i == 1 ? (double)NAN : type.volume_um3;
        type.reach = i == 2 ? 0.9 : type.reach;
        type.mobility = i == 3 ? 1.5 : type.mobility;
        type.name = i == 4 ? "" : type.name;
        def.type_count = i == 5 ? 0 : 1;
        def.position_error_um = i == 6 ? -1.0 : def.position_error_um;
        def.cookie = i == 7 ? 0 : def.cookie;
        def.cell_limit = i == 8 ? 0 : def.cell_limit;
        st_cell_type both[2] = {type, type};
        both[1].name = "other";
        if (i == 9) {
            def.type = both;
            def.type_count = 2;
            def.affinity = wrong;
        }
        st_cells* cells = NULL;
        assert_int_equal(st_cells_create(s.ctx, &def, &cells), ST_ERR_INPUT);
        assert_null(cells);
        assert_int_equal(st_ctx_message_count(s.ctx), 1);
        st_ctx_clear_messages(s.ctx);
    }
    assert_true(cell_scene_end(&s));
}

// Steps beyond what forces allow are refused, with the way that they would take.
static void too_long_fixed_steps_are_refused(void** state)
{
    (void)state;
    cell_scene s;
    cell_scene_tissue(&s, 8, 20.0, NULL, 0, NULL);
    s.def.method = ST_CELLS_FIXED;
    s.def.fixed_step_min = 5.0;
    cell_scene_create(&s);
    cell_scene_add(&s, 0, 80.0, 80.0, 80.0);
    cell_scene_add(&s, 0, 82.0, 80.0, 80.0);
    cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
    assert_int_equal(st_cells_relax(s.ctx, s.cells, 10.0, NULL), ST_ERR_NUMERIC);
    assert_non_null(strstr(st_ctx_message(s.ctx, 0), "a step of 5 min would move a cell by"));
    st_ctx_clear_messages(s.ctx);
    assert_true(cell_scene_end(&s));
}

// Whatever allocation fails: a status, nothing leaks, nothing crashes.
static void out_of_memory_is_survived(void** state)
{
    (void)state;
    for (int64_t n = 1; n < 200; n++) {
        cell_scene s;
        cell_scene_tissue(&s, 8, 20.0, NULL, 0, NULL);
        st_ctx_fail_allocation(s.ctx, n);
        st_status status = st_cells_create(s.ctx, &s.def, &s.cells);
        if (status == ST_OK) {
            status = st_cells_scatter(s.ctx, s.cells, 0, 1, 300);
        }
        if (status == ST_OK) {
            status = st_cells_commit(s.ctx, s.cells);
        }
        if (status == ST_OK) {
            status = st_cells_relax(s.ctx, s.cells, 1.0, NULL);
        }
        st_ctx_fail_allocation(s.ctx, 0);
        assert_true(status == ST_OK || status == ST_ERR_MEMORY);
        assert_true(cell_scene_end(&s));
        if (status == ST_OK) {
            assert_true(n > 20);
            return;
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_and_bricks_do_not_show),
        cmocka_unit_test(workers_and_bricks_do_not_show_in_islands),
        cmocka_unit_test(the_skin_does_not_show),
        cmocka_unit_test(restored_cells_go_on_as_if_never_stopped),
        cmocka_unit_test(sleepers_get_their_lists_when_they_wake),
        cmocka_unit_test(division_conserves),
        cmocka_unit_test(bad_input_is_refused_with_numbers),
        cmocka_unit_test(wrong_definitions_are_refused),
        cmocka_unit_test(too_long_fixed_steps_are_refused),
        cmocka_unit_test(out_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
