#include "procedure/scene.h"

// Every value of the shipped catalogue has a unit and says where it is from.
static void every_value_has_unit_and_origin(void** state)
{
    (void)state;
    scene s = scene_begin();
    const int count = st_catalogue_value_count(s.catalogue);
    int sourced = 0;
    assert_true(count > 100);
    for (int i = 0; i < count; i++) {
        const st_catalogue_value* value = st_catalogue_value_at(s.catalogue, i);
        assert_true(strlen(value->name) > 0 && strlen(value->unit) > 0);
        assert_true(isfinite(value->value));
        assert_true((value->source == NULL) != (value->assumed == NULL));
        const char* origin = value->source != NULL ? value->source : value->assumed;
        assert_true(origin != NULL && strlen(origin) > 3);
        sourced += value->source != NULL;
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(value->name, st_catalogue_value_at(s.catalogue, j)->name);
        }
    }
    assert_within((double)sourced / count, 0.3, 1.0);
    assert_int_equal(st_catalogue_source_count(s.catalogue), 2);
    for (int i = 0; i < 2; i++) {
        const char* name = NULL;
        size_t length = 0;
        const char* text = st_catalogue_source(s.catalogue, i, &name, &length);
        assert_true(length > 1000 && strlen(text) == length);
        assert_non_null(strstr(name, i == 0 ? "procedures.yaml" : "products.yaml"));
    }
    scene_end(&s);
}

// Units are converted when read: bores are in mm, durations in minutes, drugs in mg.
static void units_are_converted(void** state)
{
    (void)state;
    scene s = scene_begin();
    assert_near(s.catalogue->values.harvest_duration.value, 0.5, 1e-12);
    assert_near(s.catalogue->values.blood_rbc_volume.value, 90, 1e-12);
    assert_near(s.catalogue->values.inject_cultured_cell_diameter.value, 19.8e-6, 1e-12);
    assert_near(s.catalogue->values.marrow_cfu_f.ln_sigma, log(2.23), 1e-12);
    assert_near(s.catalogue->values.marrow_nucleated.ln_sigma, sqrt(log(1.25)), 1e-12);
    assert_near(s.catalogue->values.expand_senescence.sd, 4, 1e-12);
    for (int i = 0; i < s.catalogue->gauge_count; i++) {
        assert_within(s.catalogue->gauge[i].bore_m, 0.1e-3, 2e-3);
    }
    for (int i = 0; i < s.catalogue->ware_count; i++) {
        const st_ware* ware = &s.catalogue->ware[i];
        if (strcmp(ware->name, "triamcinolone") == 0) {
            assert_near(ware->part[0].amount.value, 0.040, 1e-12);
            assert_false(ware->part[0].is_per_mL);
        }
    }
    scene_end(&s);
}

typedef struct mistake {
    const char *file, *from, *to;
    const char* says;
} mistake;

// A mistake in a shipped file is named with its place, and nothing is loaded.
static void mistakes_are_named(void** state)
{
    static const mistake mistakes[] = {
        {"procedures.yaml", "  lag: { value: 24 h,", "  leg: { value: 24 h,", "expand.leg"},
        {"procedures.yaml", "  lag: { value: 24 h, assumed", "  # lag: { value: 24 h, assumed",
         "expand"},
        {"procedures.yaml", "value: 24 h,", "value: 24 mL,", "expand.lag.value: found '24 mL'"},
        {"procedures.yaml", "value: 24 h,", "value: -24 h,", "expand.lag.value"},
        {"procedures.yaml", "value: 24 h,", "value: 24 h, spread: 10 %,", "expand.lag.spread"},
        {"procedures.yaml", "spread: factor 2.23,", "spread: factor 0.5,", "marrow.cfu_f.spread"},
        {"procedures.yaml", "spread: factor 1.65,", "spread: 3 mL,",
         "marrow.depletion_volume.spread"},
        {"procedures.yaml", "value: 2 min, assumed", "value: 2 min, source: x, assumed",
         "inject.waiting: found both"},
        {"procedures.yaml", "  21 G:", "  21 g:", "expected a gauge such as '21 G'"},
        {"procedures.yaml", "rate: 3.5 %, interval: 2..5 %", "rate: 6 %, interval: 2..5 %",
         "adverse_events[2].interval"},
        {"procedures.yaml", "per: injection, applies_to: [msc]", "per: inject, applies_to: [msc]",
         "adverse_events[3].per: found 'inject'"},
        {"procedures.yaml", "name: harvest_minor", "name: harvest_major", "a second time"},
        {"procedures.yaml", "\nsites:", "\nsite:", "site"},
        {"procedures.yaml", "share_lymphocyte: { value: 15 %", "share_lymphocyte: { value: 90 %",
         "add up to"},
        {"products.yaml", "value: 40 mg, source", "value: 40 mmHg, source",
         "products.triamcinolone.parts.triamcinolone.value"},
        {"products.yaml", "  saline:", "  salt_water:", "found no product 'saline'"},
        {"products.yaml", "carrier: true", "carrier: maybe", "products.saline.carrier"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const mistake* m = &mistakes[i];
        st_ctx* ctx = st_ctx_create();
        st_catalogue* catalogue = NULL;
        char* dir = scene_changed(ctx, m->file, m->from, m->to);
        assert_int_equal(st_catalogue_load(ctx, dir, &catalogue), ST_ERR_INPUT);
        assert_null(catalogue);
        assert_true(scene_says(ctx, m->says));
        assert_true(scene_says(ctx, m->file));
        scene_remove(dir);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

static void missing_files_are_reported(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_catalogue* catalogue = NULL;
    assert_int_equal(st_catalogue_load(ctx, "no-such-folder", &catalogue), ST_ERR_FILE);
    assert_null(catalogue);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// Whichever allocation fails, the load fails cleanly.
static void lack_of_memory_is_survived(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_catalogue* catalogue = NULL;
    int64_t failed = 0;
    for (int64_t n = 1;; n += n < 40 ? 1 : 37) {
        st_ctx_clear_messages(ctx);
        st_ctx_fail_allocation(ctx, n);
        const st_status status = st_catalogue_load(ctx, SCENE_MODELS, &catalogue);
        st_ctx_fail_allocation(ctx, 0);
        if (status == ST_OK) {
            break;
        }
        assert_int_equal(status, ST_ERR_MEMORY);
        assert_null(catalogue);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        failed++;
    }
    assert_true(failed > 5);
    st_catalogue_destroy(catalogue);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_unit_and_origin),
        cmocka_unit_test(units_are_converted),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(missing_files_are_reported),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
