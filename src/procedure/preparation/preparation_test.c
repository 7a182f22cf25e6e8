#include "procedure/scene.h"

#include "procedure/preparation/preparation.h"

#define STEPS_TABLE                                                                                \
    "steps:\n"                                                                                     \
    "  - harvest: { source: marrow, site: posterior crest, draws: 12 x 5 mL, anticoagulant: 6 "    \
    "mL }\n"                                                                                       \
    "  - spin: { keep: buffy coat, volume: 7 mL }\n"                                               \
    "  - inject: { needle: 20 G, volume: 6 mL, guided_by: ultrasound }\n"

/// Writes a file into the working folder and loads it.
static st_preparation* load(st_ctx* ctx, const char* text)
{
    char name[] = "preparation-XXXXXX";
    const int file = mkstemp(name);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    st_preparation* p = NULL;
    const st_status status = st_preparation_load(ctx, name, SCENE_MODELS, &p);
    unlink(name);
    assert_int_equal(status == ST_OK, p != NULL);
    return p;
}

static st_preparation* load_good(st_ctx* ctx, const char* text)
{
    st_preparation* p = load(ctx, text);
    print_messages(ctx);
    assert_non_null(p);
    return p;
}

static const st_quantity* quantity_of(const st_preparation_result* r, const char* name)
{
    for (int i = 0; i < r->quantity_count; i++) {
        if (strcmp(r->quantity[i].name, name) == 0) {
            return &r->quantity[i];
        }
    }
    fail_msg("no quantity '%s'", name);
    return NULL;
}

static const st_lever* lever_of(const st_preparation_result* r, const char* name)
{
    for (int i = 0; i < r->lever_count; i++) {
        if (strcmp(r->lever[i].name, name) == 0) {
            return &r->lever[i];
        }
    }
    return NULL;
}

// A concentrate: dose, losses, bands and levers hang together.
static void a_concentrate_is_told(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_preparation* p = load_good(
        ctx, "preparation: Concentrate\ndonor: { age: 58 y, sex: female }\ndonors: 4000\nseed: 3\n"
             "measured:\n"
             "  - { what: nucleated_recovery, band: 56..72 %, source: batch buffy coat }\n"
             "  - { what: rbc_fold, band: 100..200, source: nobody }\n" STEPS_TABLE);
    st_preparation_result* r = NULL;
    assert_int_equal(st_preparation_run(ctx, p, 1, &r), ST_OK);
    assert_string_equal(st_preparation_title(p), "Concentrate");
    assert_string_equal(r->dose_label, "CFU-F");
    assert_int_equal(r->donors, 4000);
    assert_int_equal(r->failed, 0);
    assert_within((double)r->misplaced / 4000, 0.03, 0.055); // 95.8 % are placed
    assert_near(r->placed, 0.958, 1e-9);
    assert_true(r->placed_lo < 0.958 && r->placed_hi > 0.958);
    assert_true(r->dose_q05 < r->dose_q25 && r->dose_q25 < r->dose_q50 &&
                r->dose_q75 < r->dose_q95);
    assert_int_equal(r->loss_count, 5);
    for (int i = 1; i < r->loss_count; i++) { // cells only get fewer
        assert_true(r->loss[i].cells_q50 <= r->loss[i - 1].cells_q50);
    }
    assert_int_equal(r->measured_count, 2);
    assert_true(r->measured[0].is_inside && !r->measured[1].is_inside);
    assert_near(r->measured[0].computed, quantity_of(r, "nucleated_recovery")->q50, 1e-12);
    assert_int_equal(quantity_of(r, "gel_time")->count, 0); // there is no gel
    assert_int_equal(r->picture[0].time_count, 0);          // a table has no picture
    const st_lever* colony = lever_of(r, "marrow.cfu_f");
    assert_non_null(colony);
    assert_within(colony->dose_hi * colony->dose_lo, 0.9, 1.1);
    assert_within(colony->dose_hi, 2, 2.5); // factor 2.23 between donors
    assert_null(lever_of(r, "expand.doubling_time"));
    assert_int_equal(r->rival_count, 4); // sources on age do not agree, and it is told
    double least = INFINITY, most = 0;
    for (int i = 0; i < r->rival_count; i++) {
        assert_int_equal(r->rival[i].is_used, i == 0);
        least = fmin(least, r->rival[i].dose);
        most = fmax(most, r->rival[i].dose);
    }
    assert_within(most / least, 1.2, 2);
    for (int i = 1; i < r->lever_count; i++) { // largest first
        const double a =
            fmax(fabs(log(r->lever[i - 1].dose_lo)), fabs(log(r->lever[i - 1].dose_hi)));
        const double b = fmax(fabs(log(r->lever[i].dose_lo)), fabs(log(r->lever[i].dose_hi)));
        assert_true(a >= b - 1e-12);
    }
    st_preparation_result_destroy(ctx, r);
    st_preparation_destroy(p);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// Same file, same bytes, whoever works on it.
static void workers_do_not_matter(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_preparation* p = load_good(
        ctx, "preparation: Plasma\ndonor: { age: 20..50 y, sex: male }\ndonors: 20\nseed: 7\n"
             "detail: physics\n"
             "steps:\n"
             "  - harvest: { source: blood, volume: 3.15 mL, anticoagulant: 0.35 mL }\n"
             "  - spin: { tube: 3.5 mL tube, field: 100 xg, time: 3 min, keep: plasma +- 0.5 mm }\n"
             "  - spin: { tube: 3.5 mL tube, field: 400 xg, time: 3 min, keep: lower part, volume: "
             "33 % }\n");
    st_preparation_result* one = NULL;
    assert_int_equal(st_preparation_run(ctx, p, 1, &one), ST_OK);
    {
        const int workers = 3;
        st_preparation_result* many = NULL;
        assert_int_equal(st_preparation_run(ctx, p, workers, &many), ST_OK);
        assert_int_equal(many->quantity_count, one->quantity_count);
        for (int i = 0; i < one->quantity_count; i++) {
            const double* a = &one->quantity[i].mean;
            const double* b = &many->quantity[i].mean;
            assert_memory_equal(a, b, 4 * sizeof *a);
        }
        assert_int_equal(many->lever_count, one->lever_count);
        for (int i = 0; i < one->lever_count; i++) {
            assert_memory_equal(&one->lever[i].dose_lo, &many->lever[i].dose_lo,
                                2 * sizeof(double));
        }
        assert_memory_equal(one->picture, many->picture, 2 * sizeof *one->picture);
        st_preparation_result_destroy(ctx, many);
    }
    // what the picture shows is what was drawn off: plasma above, red cells below
    const st_spin_picture* picture = &one->picture[0];
    const int end = picture->time_count - 1;
    assert_true(picture->time_count > 20 && one->picture_count == 2);
    assert_true(picture->red[end][0] < 1e-6);
    assert_true(picture->red[end][ST_PICTURE_HEIGHTS - 1] > 0.6);
    assert_true(picture->interface_mm[end] < picture->interface_mm[0]);
    assert_within(quantity_of(one, "platelet_recovery")->q50, 20, 100);
    assert_string_equal(one->dose_label, "platelets");
    st_preparation_result_destroy(ctx, one);
    st_preparation_destroy(p);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// Bad files are refused by name, each with one line.
static void mistakes_of_a_file_are_named(void** state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"preparation: x\ndonors: 10\n" STEPS_TABLE, "donor"},
        {"preparation: x\ndonor: { age: 58 y, sex: female }\n", "steps"},
        {"preparation: x\ndonor: { age: -3 y, sex: female }\n" STEPS_TABLE, "donor.age"},
        {"preparation: x\ndonor: { age: 58 y, sex: both }\n" STEPS_TABLE, "donor.sex"},
        {"preparation: x\ndonor: { age: 58 y, sex: male, smoker: a bit }\n" STEPS_TABLE,
         "donor.smoker"},
        {"preparation: x\ndonor: { age: 70..50 y, sex: male }\n" STEPS_TABLE, "donor.age"},
        {"preparation: x\ndonor: { age: 58 y, sex: male }\ndonors: 0\n" STEPS_TABLE, "donors"},
        {"preparation: x\ndonor: { age: 58 y, sex: male }\ndonros: 5\n" STEPS_TABLE, "donros"},
        {"preparation: x\ndonor: { age: 58 y, sex: male }\nmeasured:\n  - { what: luck, band: "
         "1..2, "
         "source: s }\n" STEPS_TABLE,
         "measured[0].what"},
        {"preparation: x\ndonor: { age: 58 y, sex: male }\nmeasured:\n  - { what: volume, band: "
         "1..2 g, source: s }\n" STEPS_TABLE,
         "measured[0].band"},
        {"preparation: x\ndonor: { age: 58 y, sex: male }\nsteps: []\n",
         "expected a list that begins with `harvest`"},
        {"preparation: x\ndonor: { age: 58 y, sex: male }\nsteps:\n  - harvest: { source: blood, "
         "volume: 10 mL }\n  - spin: { keep: lower part, volume: 20 mL }\n",
         "expected less than the 10 mL that are spun"},
        {"preparation: x\ndonor: { age: 58 y, sex: male }\nsteps:\n  - harvest: { source: blood, "
         "volume: 10 mL }\n  - spin: { keep: lower part, volume: 3 mL, field: -100 xg }\n",
         "spin.field: found '-100 xg'"},
    };
    (void)state;
    st_ctx* ctx = st_ctx_create();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        st_ctx_clear_messages(ctx);
        assert_null(load(ctx, bad[i].text));
        assert_true(scene_says(ctx, bad[i].says));
        if (st_ctx_mistake_count(ctx) != 1) {
            print_messages(ctx);
            fail_msg("%d messages for %s", st_ctx_mistake_count(ctx), bad[i].text);
        }
    }
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// A donor whose red cells do not fit the product is counted and left out.
static void impossible_donors_are_counted(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_preparation* p = load_good(
        ctx, "preparation: x\ndonor: { age: 58 y, sex: male }\ndonors: 300\nsteps:\n"
             "  - harvest: { source: blood, volume: 10 mL }\n"
             "  - spin: { keep: lower part, volume: 4.3 mL }\n"); // 95 % of the red cells: 4.2 mL
    st_preparation_result* r = NULL;
    const st_status status = st_preparation_run(ctx, p, 2, &r);
    print_messages(ctx);
    if (status == ST_OK) {
        assert_true(r->uncomputed > 20 && r->uncomputed < 300);
        assert_int_equal(quantity_of(r, "volume")->count, 300 - r->uncomputed);
        st_preparation_result_destroy(ctx, r);
    } else { // the median donor is one of them: said so
        assert_int_equal(status, ST_ERR_NUMERIC);
        assert_true(scene_says(ctx, "cannot make"));
    }
    st_preparation_destroy(p);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// Running out of memory anywhere is survived.
static void lack_of_memory_is_survived(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    bool is_done = false;
    static const char text[] =
        "preparation: x\ndonor: { age: 58 y, sex: male }\ndonors: 10\n"
        "measured: [ { what: volume, band: 1..9 mL, source: s } ]\n" STEPS_TABLE;
    char name[] = "preparation-XXXXXX";
    const int file = mkstemp(name);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    for (int64_t n = 1; n < 400000 && !is_done; n = n < 20 ? n + 1 : n + n / 4) {
        st_ctx_clear_messages(ctx);
        st_preparation* p = NULL;
        st_preparation_result* r = NULL;
        st_ctx_fail_allocation(ctx, n);
        st_status status = st_preparation_load(ctx, name, SCENE_MODELS, &p);
        if (status == ST_OK) {
            status = st_preparation_run(ctx, p, 1, &r);
        }
        is_done = status == ST_OK;
        assert_true(is_done || status == ST_ERR_MEMORY);
        st_preparation_result_destroy(ctx, r);
        st_preparation_destroy(p);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    }
    assert_true(is_done);
    unlink(name);
    st_ctx_fail_allocation(ctx, 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_concentrate_is_told),
        cmocka_unit_test(workers_do_not_matter),
        cmocka_unit_test(mistakes_of_a_file_are_named),
        cmocka_unit_test(impossible_donors_are_counted),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
