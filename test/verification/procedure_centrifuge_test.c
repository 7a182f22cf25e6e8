/// \file
/// The centrifuge against measurement, all protocols with one set of parameters: platelet-rich
/// plasma (case 4), marrow buffy coat (case 6), density media (case 7). PRO-13 to PRO-21. The table
/// of bands, computed values and misses is docs/procedures-validation.md; this test prints its
/// rows.
#include "procedure/scene.h"

#include "procedure/product.h"

static void print_row(const char* what, double found, double lo, double hi)
{
    print_message("  %-58s %8.4g   %g ... %g   %s\n", what, found, lo, hi,
                  found >= lo && found <= hi ? "inside" : "OUTSIDE");
}

static const st_tube* tube_named(const scene* s, const char* name)
{
    for (int i = 0; i < s->catalogue->tube_count; i++) {
        if (strcmp(s->catalogue->tube[i].name, name) == 0) {
            return &s->catalogue->tube[i];
        }
    }
    fail_msg("no tube '%s'", name);
    return NULL;
}

/// Median blood with one part of citrate to nine.
static st_product blood_of(const scene* s, double volume_mL)
{
    const st_procedure_values* v = &s->catalogue->values;
    const double blood_mL = 0.9 * volume_mL;
    st_product b = {.volume_mL = volume_mL, .additive_mL = volume_mL - blood_mL};
    b.count[ST_CLASS_RBC] = blood_mL * v->blood_rbc.value;
    b.count[ST_CLASS_PLATELET] = blood_mL * v->blood_platelet.value;
    b.count[ST_CLASS_NEUTROPHIL] = blood_mL * v->blood_neutrophil.value;
    b.count[ST_CLASS_LYMPHOCYTE] = blood_mL * v->blood_lymphocyte.value;
    b.count[ST_CLASS_MONOCYTE] = blood_mL * v->blood_monocyte.value;
    b.plasma_mL = blood_mL * (1 - v->blood_rbc.value * v->blood_rbc_volume.value * 1e-12);
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        b.viable[k] = 1;
    }
    return b;
}

static st_spin spin_of(const scene* s, const char* tube, double field_xg, double minutes,
                       st_keep keep)
{
    return (st_spin){.is_physics = true,
                     .tube = tube_named(s, tube),
                     .field_xg = field_xg,
                     .time_h = minutes / 60,
                     .brake = ST_BRAKE_SOFT,
                     .keep = keep};
}

static st_spin_told spin(scene* s, const st_spin* spin, st_product* sample)
{
    const st_step_luck luck = {1, 1};
    st_spin_told told;
    assert_int_equal(st_spin_perform_told(s->ctx, s->catalogue, spin, &luck, sample, &told, NULL),
                     ST_OK);
    return told;
}

typedef struct platelets {
    double first, total, fold;
} platelets;

/// Soft spin, plasma down to `margin_mm` above the red cells, hard spin, lower third.
static platelets two_spins(scene* s, const char* tube, double volume_mL, double field1, double min1,
                           double margin_mm, double field2, double min2)
{
    const st_product before = blood_of(s, volume_mL);
    st_product sample = before;
    st_spin soft = spin_of(s, tube, field1, min1, ST_KEEP_PLASMA);
    soft.margin_mm = margin_mm;
    const double first = spin(s, &soft, &sample).recovery[ST_CLASS_PLATELET];
    st_spin hard = spin_of(s, tube, field2, min2, ST_KEEP_LOWER);
    hard.volume_share = 1.0 / 3;
    (void)spin(s, &hard, &sample);
    const double total = sample.count[ST_CLASS_PLATELET] / before.count[ST_CLASS_PLATELET];
    return (platelets){first, total, total * before.volume_mL / sample.volume_mL};
}

// Case 4: three protocols of platelet-rich plasma fall into their bands with one K(G).
static void platelet_protocols_fall_into_their_bands(void** state)
{
    (void)state;
    scene s = scene_begin();
    const platelets perez = two_spins(&s, "3.5 mL tube", 3.5, 100, 10, 2, 400, 10);
    const platelets tall = two_spins(&s, "8.5 mL tube", 8.5, 100, 10, 2, 400, 10);
    const platelets muthu = two_spins(&s, "cone 15 mL", 10, 100, 15, 0, 1600, 20);
    const platelets jo = two_spins(&s, "10 mL tube", 10, 900, 5, 0, 1500, 15);
    print_row("platelets, 3.5 mL, 100 g 10 min + 400 g 10 min", perez.total, 0.70, 0.80);
    print_row("  fold (about 5)", perez.fold, 4.5, 5.5);
    print_row("platelets, 10 mL, 100 g 15 min + 1600 g 20 min", muthu.total, 0.86, 0.99);
    print_row("  fold", muthu.fold, 5.6, 7.2);
    print_row("platelets, 900 g 5 min, into plasma", jo.first, 0.889, 0.951);
    print_row("platelets, then 1500 g 15 min", jo.total / jo.first, 0.743, 0.943);
    print_row("platelets, 8.5 mL tube (less than 3.5 mL tube)", tall.total, 0, perez.total);
    assert_within(perez.total, 0.70, 0.80);
    assert_within(perez.fold, 4.5, 5.5);
    assert_within(muthu.total, 0.86, 0.99);
    assert_within(muthu.fold, 6.4 - 0.8, 6.4 + 0.8);
    assert_within(jo.first, 0.920 - 0.031, 0.920 + 0.031);
    assert_true(tall.total < perez.total);
    // the second spin of Jo is a known miss: by physics nothing is lost, 84 +- 10 % was read
    assert_true(jo.total / jo.first > 0.943);
    // no loss in the hard spin that grows with field or time meets both bands: at least this much
    // must be lost at 1500 g in 15 min, and at most that much at 1600 g in 20 min
    const double jo_loses = 1 - 0.943 / (jo.total / jo.first);
    const double muthu_may_lose = 1 - 0.86 / muthu.total;
    print_message("lost in the hard spin: Jo at least %.3f, Muthu at most %.3f\n", jo_loses,
                  muthu_may_lose);
    assert_true(jo_loses > muthu_may_lose);
    scene_end(&s);
}

typedef struct unknown {
    const char* name;
    double bore, viscosity, margin_mm, rbc; ///< factors, and mm added to the margin
} unknown;

// What no protocol told (tube, temperature, height of the cut) and how donors differ: how far it
// moves the platelets recovered. None of it alone takes a recovery out of its band.
static void unknowns_move_the_bands(void** state)
{
    static const unknown row[] = {
        {"as assumed", 1, 1, 0, 1},          {"bore - 10 %", 0.9, 1, 0, 1},
        {"bore + 10 %", 1.1, 1, 0, 1},       {"5 C warmer", 1, 0.89, 0, 1},
        {"5 C colder", 1, 1.13, 0, 1},       {"cut 0.5 mm lower", 1, 1, -0.5, 1},
        {"cut 0.5 mm higher", 1, 1, 0.5, 1}, {"hematocrit - 9 %", 1, 1, 0, 0.91},
        {"hematocrit + 9 %", 1, 1, 0, 1.09}};
    static const double band[3][2] = {{0.70, 0.80}, {0.86, 0.99}, {0.889, 0.951}};
    (void)state;
    print_message("  %-20s %8s %8s %8s\n", "", "3.5 mL", "10 mL", "900 g");
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        scene s = scene_begin();
        st_procedure_values* v = &s.catalogue->values;
        v->centrifuge_plasma_viscosity.value *= row[i].viscosity;
        v->blood_rbc.value *= row[i].rbc;
        for (int t = 0; t < s.catalogue->tube_count; t++) {
            s.catalogue->tube[t].bore_m *= row[i].bore;
        }
        const double m = row[i].margin_mm;
        const double found[3] = {two_spins(&s, "3.5 mL tube", 3.5, 100, 10, 2 + m, 400, 10).total,
                                 two_spins(&s, "cone 15 mL", 10, 100, 15, m, 1600, 20).total,
                                 two_spins(&s, "10 mL tube", 10, 900, 5, m, 1500, 15).first};
        print_message("  %-20s %8.3f %8.3f %8.3f\n", row[i].name, found[0], found[1], found[2]);
        for (int k = 0; k < 3; k++) {
            assert_within(found[k], band[k][0], band[k][1]);
        }
        scene_end(&s);
    }
}

// A kit whose speed is told in turns per minute without a radius: 4 mL of plasma from 13.5 mL after
// 1500 turns for 5 min. Over all radii that a bench has, 12 to 20 cm, the field hardly matters.
static void a_kit_without_a_radius(void** state)
{
    (void)state;
    scene s = scene_begin();
    double least = INFINITY, most = 0;
    for (double radius = 0.12; radius < 0.201; radius += 0.04) {
        const double turn = 2 * 3.14159265358979 * 1500 / 60;
        st_spin soft = spin_of(&s, "cone 15 mL", turn * turn * radius / 9.80665, 5, ST_KEEP_PLASMA);
        soft.margin_mm = 12.3; // leaves 4 mL of the upper plasma
        st_product sample = blood_of(&s, 13.5);
        const st_spin_told told = spin(&s, &soft, &sample);
        print_message("  %.0f g: %.2f mL, platelets x %.2f, white cells x %.4f\n", soft.field_xg,
                      told.out_mL, told.fold[ST_CLASS_PLATELET], told.fold[ST_CLASS_NEUTROPHIL]);
        least = fmin(least, told.fold[ST_CLASS_PLATELET]);
        most = fmax(most, told.fold[ST_CLASS_PLATELET]);
        assert_within(told.out_mL, 3.7, 4.3);
        assert_true(told.fold[ST_CLASS_NEUTROPHIL] < 0.31); // 0.14 +- 0.17
    }
    // 1.47 +- 0.18 was read: missed over the sample with its citrate, met over the blood alone
    assert_true(least > 1.65);
    assert_within(0.9 * 0.5 * (least + most), 1.29, 1.66);
    assert_within(most / least, 1, 1.15);
    scene_end(&s);
}

// PRO-21: platelets activated by the field.
static void platelets_are_activated_by_the_field(void** state)
{
    (void)state;
    scene s = scene_begin();
    const st_procedure_values* v = &s.catalogue->values;
    assert_within(st_centrifuge_activation(v, 100), 0.11, 0.15);
    assert_within(st_centrifuge_activation(v, 250), 0.11, 0.15);
    assert_near(st_centrifuge_activation(v, 2000), 0.43, 1e-9);
    assert_true(st_centrifuge_activation(v, 1e4) < 1);
    scene_end(&s);
}

/// 125 mL of marrow from a median donor.
static st_product marrow_of(scene* s)
{
    st_procedure_values* v = &s->catalogue->values;
    st_amount* const spread[] = {
        &v->marrow_cfu_f,   &v->marrow_nucleated, &v->marrow_depletion_volume, &v->blood_rbc,
        &v->blood_platelet, &v->blood_neutrophil, &v->blood_lymphocyte,        &v->blood_monocyte};
    for (size_t i = 0; i < sizeof spread / sizeof spread[0]; i++) {
        spread[i]->ln_sigma = 0;
    }
    const st_harvest harvest = {.source = ST_SOURCE_MARROW,
                                .site = &s->catalogue->site[1],
                                .draw_count = 23,
                                .draw_mL = 5,
                                .additive_mL = 10};
    const st_donor donor = {.age_y = 40};
    const st_step_luck luck = {1, 1};
    st_product sample;
    st_harvest_perform(s->catalogue, &harvest, &donor, &luck, &sample);
    return sample;
}

// Case 6: the buffy coat of 125 mL of marrow in a bag, 12.5 % of the volume.
static void marrow_buffy_coat(void** state)
{
    (void)state;
    scene s = scene_begin();
    const st_product before = marrow_of(&s);
    assert_near(before.volume_mL, 125, 1e-12);
    st_product sample = before;
    s.catalogue->values.inject_cell_density.value = 1063.5; // colony-forming cells of the marrow
    st_spin hard = spin_of(&s, "bag 250 mL", 4000, 10, ST_KEEP_BUFFY);
    hard.margin_mm = s.catalogue->values.centrifuge_margin_buffy.value;
    hard.volume_share = 0.125;
    const st_spin_told told = spin(&s, &hard, &sample);
    double in = 0, out = 0;
    for (int k = ST_CLASS_NEUTROPHIL; k <= ST_CLASS_IMMATURE; k++) {
        in += before.count[k];
        out += sample.count[k];
    }
    const double* r = told.recovery;
    print_row("marrow buffy coat 12.5 %: nucleated cells", out / in, 0.56, 0.72);
    const double granulocytes =
        (sample.count[ST_CLASS_NEUTROPHIL] + sample.count[ST_CLASS_IMMATURE]) /
        (before.count[ST_CLASS_NEUTROPHIL] + before.count[ST_CLASS_IMMATURE]);
    print_row("  granulocytes, mature and immature", granulocytes, 0.38, 0.54);
    print_row("    mature alone", r[ST_CLASS_NEUTROPHIL], 0.38, 0.54);
    print_row("  red cells", r[ST_CLASS_RBC], 0.04, 0.08);
    print_row("  colony-forming cells (CFU-GM)", r[ST_CLASS_CFU_F], 0.85, 0.97);
    print_row("  mononuclear cells: lymphocytes", r[ST_CLASS_LYMPHOCYTE], 0.85, 0.97);
    print_row("  platelets (bulk marrow: fold 6.2 +- 2.2 times 0.16)", r[ST_CLASS_PLATELET], 0.6,
              1);
    assert_within(out / in, 0.56, 0.72);
    assert_within(granulocytes, 0.38, 0.54);
    assert_within(r[ST_CLASS_RBC], 0.04, 0.08);
    assert_within(r[ST_CLASS_LYMPHOCYTE], 0.85, 0.97);
    assert_within(r[ST_CLASS_CFU_F], 0.97, 1.0); // a known miss: 0.91 +- 0.06 was read
    // folds of case 6, exact
    assert_near(0.64 / 0.125, 5.12, 1e-12);
    assert_near(st_spin_recovery(5.12, 12.5, 100), 0.64, 1e-12);
    assert_near(0.701 / 0.17657, 3.970, 1e-4);
    scene_end(&s);
}

// PRO-20, case 7: which marrow cells float on 1.077 g/mL. Without spread of density: exact.
static void density_media_sort_cells(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_procedure_values* v = &s.catalogue->values;
    const st_cushion* ficoll = &s.catalogue->cushion[0];
    assert_near(ficoll->density, 1077, 1e-12);
    const struct {
        double density;
        bool floats;
    } cell[] = {{1062.4, true},  {1063.5, true},  {1066.1, true},  {1068.1, true}, {1073.4, true},
                {1077.6, false}, {1079.9, false}, {1086.4, false}, {1090.4, false}};
    const double spread = v->centrifuge_density_spread.value;
    for (size_t i = 0; i < sizeof cell / sizeof cell[0]; i++) {
        v->centrifuge_density_spread.value = 0;
        const double exact = st_centrifuge_floating(v, cell[i].density, 10e-6, ficoll->density,
                                                    ficoll->viscosity, ficoll->depth_m, 540, 1e9);
        assert_true(exact == (cell[i].floats ? 1.0 : 0.0));
        v->centrifuge_density_spread.value = spread;
        const double smeared =
            st_centrifuge_floating(v, cell[i].density, 10e-6, ficoll->density, ficoll->viscosity,
                                   ficoll->depth_m, 540, 1200);
        assert_true(smeared > 0 && smeared < 1);
        assert_int_equal(smeared > 0.5, cell[i].floats || cell[i].density < 1077.7);
    }
    // a short spin leaves heavy cells on top
    assert_true(st_centrifuge_floating(v, 1098, 5.56e-6, 1077, 4e-3, 0.01, 540, 10) > 0.9);
    assert_true(st_centrifuge_floating(v, 1098, 5.56e-6, 1077, 4e-3, 0.01, 540, 3600) < 0.01);
    scene_end(&s);
}

static const st_layer* layer_named(const scene* s, const char* name)
{
    for (int i = 0; i < s->catalogue->layer_count; i++) {
        if (strcmp(s->catalogue->layer[i].name, name) == 0) {
            return &s->catalogue->layer[i];
        }
    }
    return NULL;
}

// Case 7, measured: MSC of a buffy coat, a gel tube and Ficoll, at equal mononuclear cells.
static void msc_are_lost_on_gradients(void** state)
{
    (void)state;
    scene s = scene_begin();
    const double ficoll = layer_named(&s, "mononuclear layer")->recovery[ST_CLASS_CFU_F].value;
    const double gel = layer_named(&s, "gel tube layer")->recovery[ST_CLASS_CFU_F].value;
    const double buffy = layer_named(&s, "buffy coat")->recovery[ST_CLASS_CFU_F].value;
    assert_within(buffy / ficoll, 3.8, 4.2);
    assert_within(gel / ficoll, 1.7, 1.9);
    assert_near(layer_named(&s, "gel tube layer")->recovery[ST_CLASS_LYMPHOCYTE].value,
                layer_named(&s, "mononuclear layer")->recovery[ST_CLASS_LYMPHOCYTE].value, 1e-12);
    // in physics the loss is a value of the medium: density alone keeps MSC
    const st_product before = marrow_of(&s);
    st_product on_ficoll = before, coat = before;
    st_spin gradient = {.is_physics = true, .field_xg = 540, .time_h = 20.0 / 60};
    gradient.cushion = &s.catalogue->cushion[0];
    gradient.volume_mL = 10;
    const st_spin_told f = spin(&s, &gradient, &on_ficoll);
    st_spin hard = spin_of(&s, "bag 250 mL", 4000, 10, ST_KEEP_BUFFY);
    hard.margin_mm = 1;
    hard.volume_share = 0.125;
    const st_spin_told b = spin(&s, &hard, &coat);
    print_row("MSC, buffy coat over Ficoll, physics",
              b.recovery[ST_CLASS_CFU_F] / f.recovery[ST_CLASS_CFU_F], 3.5, 4.5);
    print_row("mononuclear cells on Ficoll (0.75-0.92)", f.recovery[ST_CLASS_LYMPHOCYTE], 0.75,
              0.92);
    print_row("granulocytes on Ficoll (0.07-0.19)", f.recovery[ST_CLASS_NEUTROPHIL], 0, 0.19);
    print_row("red cells on Ficoll (0.01-0.02)", f.recovery[ST_CLASS_RBC], 0, 0.02);
    assert_within(b.recovery[ST_CLASS_CFU_F] / f.recovery[ST_CLASS_CFU_F], 3.5, 4.5);
    assert_true(f.recovery[ST_CLASS_RBC] < 0.02 && f.recovery[ST_CLASS_NEUTROPHIL] < 0.19);
    assert_within(f.recovery[ST_CLASS_LYMPHOCYTE], 0.75, 0.92);
    assert_within(f.recovery[ST_CLASS_NEUTROPHIL], 0.07, 0.19);
    scene_end(&s);
}

// PRO-17: three times as many cells move recovery and interface by a per cent or two.
static void answers_do_not_hang_on_the_grid(void** state)
{
    (void)state;
    scene s = scene_begin();
    const st_product blood = blood_of(&s, 10);
    double volume[2], recovery[2][ST_CLASS_COUNT];
    for (int g = 0; g < 2; g++) {
        const st_centrifuge_def def = {tube_named(&s, "cone 15 mL"), 100, 900, ST_BRAKE_SOFT,
                                       g == 0 ? ST_CENTRIFUGE_CELLS : 3 * ST_CENTRIFUGE_CELLS};
        st_draw draw = {.keep = ST_KEEP_PLASMA};
        st_centrifuge c;
        assert_int_equal(st_centrifuge_run(s.ctx, &s.catalogue->values, &def, &blood, NULL, &c),
                         ST_OK);
        assert_int_equal(st_centrifuge_draw(s.ctx, &c, &draw, recovery[g]), ST_OK);
        volume[g] = draw.volume_mL;
        st_centrifuge_clear(&c);
    }
    print_message("plasma %.4f -> %.4f mL, platelets %.4f -> %.4f\n", volume[0], volume[1],
                  recovery[0][ST_CLASS_PLATELET], recovery[1][ST_CLASS_PLATELET]);
    assert_near(volume[0], volume[1], 0.02);
    assert_near(recovery[0][ST_CLASS_PLATELET], recovery[1][ST_CLASS_PLATELET], 0.02);
    scene_end(&s);
}

// Platelets: a longer soft spin first gains plasma, then loses platelets onto the red cells.
static void soft_spins_have_an_optimum(void** state)
{
    (void)state;
    scene s = scene_begin();
    double best = 0, best_field = 0, last = 0;
    for (double field = 50; field < 4000; field *= 1.6) {
        st_product sample = blood_of(&s, 8.5);
        st_spin soft = spin_of(&s, "8.5 mL tube", field, 10, ST_KEEP_PLASMA);
        soft.margin_mm = 2;
        last = spin(&s, &soft, &sample).recovery[ST_CLASS_PLATELET];
        best_field = last > best ? field : best_field;
        best = last > best ? last : best;
    }
    print_message("platelets in plasma: best %.3f at %.0f g, %.3f at the highest field\n", best,
                  best_field, last);
    assert_within(best_field, 60, 1000);
    assert_true(last < 0.9 * best);
    scene_end(&s);
}

// PRO-18: the rotor rises, holds and falls; a hard brake stirs the buffy coat.
static void rotors_rise_and_fall(void** state)
{
    (void)state;
    assert_near(st_centrifuge_speed(15, 30, 600, 60), 0.25, 1e-12); // field at half the speed
    assert_near(st_centrifuge_speed(300, 30, 600, 60), 1, 1e-12);
    assert_near(st_centrifuge_speed(630, 30, 600, 60), 0.25, 1e-12);
    assert_true(st_centrifuge_speed(660, 30, 600, 60) == 0);
    assert_near(st_centrifuge_speed(10, 30, 5, 10), 1.0 / 144, 1e-12); // braked before it was up
    scene s = scene_begin();
    double red[2];
    for (int i = 0; i < 2; i++) { // plasma 0.5 mm above the red cells: a hard brake stirs some up
        st_product sample = blood_of(&s, 8.5);
        st_spin soft = spin_of(&s, "8.5 mL tube", 300, 10, ST_KEEP_PLASMA);
        soft.brake = i == 0 ? ST_BRAKE_SOFT : ST_BRAKE_HARD;
        soft.margin_mm = 0.5;
        red[i] = spin(&s, &soft, &sample).recovery[ST_CLASS_RBC];
    }
    print_message("red cells in plasma: soft brake %.4f, hard brake %.4f\n", red[0], red[1]);
    assert_true(red[1] > 1.5 * red[0]);
    scene_end(&s);
}

// PRO-19: what is drawn off and what stays make the whole; a deeper cut takes more of everything.
static void draws_divide_the_tube(void** state)
{
    (void)state;
    scene s = scene_begin();
    const st_product blood = blood_of(&s, 10);
    const st_centrifuge_def def = {tube_named(&s, "cone 15 mL"), 300, 600, ST_BRAKE_SOFT, 100};
    st_centrifuge c;
    assert_int_equal(st_centrifuge_run(s.ctx, &s.catalogue->values, &def, &blood, NULL, &c), ST_OK);
    double last[ST_CLASS_COUNT] = {0};
    for (double margin = 4e-3; margin > -4e-3; margin -= 1e-3) {
        double above[ST_CLASS_COUNT], below[ST_CLASS_COUNT];
        st_draw plasma = {.keep = ST_KEEP_PLASMA, .margin_m = margin};
        assert_int_equal(st_centrifuge_draw(s.ctx, &c, &plasma, above), ST_OK);
        st_draw rest = {.keep = ST_KEEP_LOWER, .volume_mL = 10 - plasma.volume_mL};
        assert_int_equal(st_centrifuge_draw(s.ctx, &c, &rest, below), ST_OK);
        for (int k = 0; k <= ST_CLASS_MONOCYTE; k++) {
            assert_near(above[k] + below[k], 1, 1e-9);
            assert_true(above[k] >= last[k]);
            last[k] = above[k];
        }
    }
    st_draw coat = {.keep = ST_KEEP_BUFFY, .margin_m = 1e-3, .volume_mL = 1};
    double recovery[ST_CLASS_COUNT];
    assert_int_equal(st_centrifuge_draw(s.ctx, &c, &coat, recovery), ST_OK);
    assert_true(recovery[ST_CLASS_LYMPHOCYTE] > 0.5 && recovery[ST_CLASS_RBC] < 0.2);
    st_centrifuge_clear(&c);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(platelet_protocols_fall_into_their_bands),
        cmocka_unit_test(unknowns_move_the_bands),
        cmocka_unit_test(a_kit_without_a_radius),
        cmocka_unit_test(platelets_are_activated_by_the_field),
        cmocka_unit_test(marrow_buffy_coat),
        cmocka_unit_test(density_media_sort_cells),
        cmocka_unit_test(msc_are_lost_on_gradients),
        cmocka_unit_test(answers_do_not_hang_on_the_grid),
        cmocka_unit_test(soft_spins_have_an_optimum),
        cmocka_unit_test(rotors_rise_and_fall),
        cmocka_unit_test(draws_divide_the_tube),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
