#include "procedure/centrifuge/centrifuge.h"

#include "procedure/constants.h"

#include "base/maths.h"
#include "base/random.h"

#include <math.h>

static const double COURANT = 0.4;
/// The shortest and longest time over which the rotor's speed is held, s and share of the spin.
static const double RAMP_STEP_S = 1.0;
static const double LONGEST_SHARE = 1.0 / 40.0;

const char* const ST_BRAKE_NAME[ST_BRAKE_COUNT] = {"none", "soft", "hard"};
const char* const ST_KEEP_NAME[ST_KEEP_COUNT] = {"plasma", "buffy coat", "lower part"};

st_settle_law st_centrifuge_law(const st_procedure_values* v, bool is_washed)
{
    return (st_settle_law){.fluid_density = v->centrifuge_plasma_density.value,
                           .viscosity = v->centrifuge_plasma_viscosity.value,
                           .exponent = v->centrifuge_hindered_exponent.value,
                           .packing = v->spin_packing.value,
                           .packing_power = v->centrifuge_packing_power.value,
                           .aggregate_rest = is_washed ? 1.0 : v->centrifuge_aggregate_rest.value,
                           .aggregate_field = v->centrifuge_aggregate_field.value,
                           .aggregate_power = v->centrifuge_aggregate_power.value};
}

double st_centrifuge_diameter(const st_procedure_values* v, st_cell_class cell_class)
{
    const double diameter[ST_CLASS_COUNT] = {
        [ST_CLASS_RBC] = st_pow(6e-18 / ST_PI * v->blood_rbc_volume.value, 1.0 / 3.0), // from fL
        [ST_CLASS_PLATELET] = v->centrifuge_platelet_diameter.value,
        [ST_CLASS_NEUTROPHIL] = v->centrifuge_granulocyte_diameter.value,
        [ST_CLASS_LYMPHOCYTE] = v->centrifuge_lymphocyte_diameter.value,
        [ST_CLASS_MONOCYTE] = v->centrifuge_monocyte_diameter.value,
        [ST_CLASS_IMMATURE] = v->centrifuge_granulocyte_diameter.value,
        [ST_CLASS_CFU_F] = v->inject_native_cell_diameter.value,
        [ST_CLASS_MSC] = v->inject_native_cell_diameter.value,
        [ST_CLASS_OTHER] = v->centrifuge_monocyte_diameter.value};
    return diameter[cell_class];
}

double st_centrifuge_density(const st_procedure_values* v, st_cell_class cell_class)
{
    const double density[ST_CLASS_COUNT] = {
        [ST_CLASS_RBC] = v->centrifuge_rbc_density.value,
        [ST_CLASS_PLATELET] = v->centrifuge_platelet_density.value,
        [ST_CLASS_NEUTROPHIL] = v->centrifuge_neutrophil_density.value,
        [ST_CLASS_LYMPHOCYTE] = v->centrifuge_lymphocyte_density.value,
        [ST_CLASS_MONOCYTE] = v->centrifuge_monocyte_density.value,
        [ST_CLASS_IMMATURE] = v->centrifuge_immature_density.value,
        [ST_CLASS_CFU_F] = v->inject_cell_density.value,
        [ST_CLASS_MSC] = v->inject_cell_density.value,
        [ST_CLASS_OTHER] = v->centrifuge_monocyte_density.value};
    return density[cell_class];
}

/// Kinds of the sample: red cells as one; platelets in three sizes, white cells in three densities
/// (Gauss-Hermite nodes of their spread).
static int make_kinds(const st_procedure_values* v, const st_product* sample, st_centrifuge* out,
                      st_settle_kind* kind)
{
    static const double node[ST_NORMAL_NODES] = ST_NORMAL_NODE;
    static const double weight[ST_NORMAL_NODES] = ST_NORMAL_WEIGHT;
    int count = 0;
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        const st_cell_class class_ = (st_cell_class)k;
        const double diameter = st_centrifuge_diameter(v, class_);
        const double density = st_centrifuge_density(v, class_);
        const bool is_red = k == ST_CLASS_RBC;
        const bool is_platelet = k == ST_CLASS_PLATELET;
        const double share = sample->count[k] * ST_PI / 6.0 * diameter * diameter * diameter * 1e6 /
                             sample->volume_mL;
        out->first[k] = count;
        out->class_volume[k] = share * sample->volume_mL * 1e-6;
        for (int i = is_red ? 1 : 0; sample->count[k] > 0.0 && i < (is_red ? 2 : ST_NORMAL_NODES);
             i++) {
            const double spread = is_red || is_platelet ? 0.0 : v->centrifuge_density_spread.value;
            const double size =
                is_platelet ? st_exp(v->centrifuge_platelet_diameter.ln_sigma * node[i]) : 1.0;
            kind[count++] =
                (st_settle_kind){.diameter_m = diameter * size,
                                 .density = density + spread * node[i],
                                 .lead = is_platelet ? v->centrifuge_platelet_lead.value : 0.0,
                                 .is_red = is_red,
                                 .volume_share = share * (is_red ? 1.0 : weight[i])};
        }
        out->kinds[k] = count - out->first[k];
    }
    return count;
}

double st_centrifuge_speed(double time_s, double acceleration_s, double spin_s, double brake_s)
{
    const double driven = time_s < spin_s ? time_s : spin_s; // the motor is on until then
    double speed = driven < acceleration_s ? driven / acceleration_s : 1.0; //           [PRO-18]
    if (time_s > spin_s) {
        speed *= brake_s > 0.0 ? 1.0 - (time_s - spin_s) / brake_s : 0.0;
    }
    return speed > 0.0 ? speed * speed : 0.0;
}

/// A red layer is seen when red cells are more than a hundredth of the sample.
static bool is_red_seen(const st_settle* s)
{
    return s->red >= 0 && s->kind[s->red].volume_share > 0.01;
}

/// One column of the picture: mean share of red cells, platelets and white cells by height.
static void take_picture(const st_centrifuge* c, double time, st_spin_picture* picture)
{
    const st_settle* s = &c->settle;
    if (picture == NULL || picture->time_count >= ST_PICTURE_TIMES) {
        return;
    }
    const int t = picture->time_count++;
    picture->time_s[t] = time;
    const double per = (double)s->column.count / ST_PICTURE_HEIGHTS;
    for (int h = 0; h < ST_PICTURE_HEIGHTS; h++) {
        int cell = (int)((h + 0.5) * per);
        cell = cell < s->column.count ? cell : s->column.count - 1;
        double white = 0.0, platelet = 0.0;
        for (int k = 0; k < ST_CLASS_COUNT; k++) {
            for (int i = 0; i < c->kinds[k] && k != ST_CLASS_RBC; i++) {
                *(k == ST_CLASS_PLATELET ? &platelet : &white) += s->phi[c->first[k] + i][cell];
            }
        }
        picture->red[t][h] = s->red >= 0 ? s->phi[s->red][cell] : 0.0;
        picture->platelet[t][h] = platelet;
        picture->white[t][h] = white;
    }
    picture->interface_mm[t] = (double)NAN;
    if (is_red_seen(s)) {
        const double level = st_settle_level(s, s->red, 0.5 * s->kind[s->red].volume_share);
        picture->interface_mm[t] = 1e3 * (s->column.bottom_m - level);
    }
}

/// Turns the rotor from start to standstill.
static st_status turn(st_ctx* ctx, const st_procedure_values* v, const st_centrifuge_def* def,
                      st_spin_picture* picture, st_centrifuge* c)
{
    const double brake[ST_BRAKE_COUNT] = {v->centrifuge_stop_none.value,
                                          v->centrifuge_stop_soft.value,
                                          v->centrifuge_stop_hard.value};
    const double start_s = v->centrifuge_acceleration.value;
    const double stop_s = brake[def->brake];
    const double end_s = def->time_s + stop_s;
    const double plateau = def->field_xg * ST_STANDARD_GRAVITY / c->settle.column.bottom_m;
    double time = 0.0;
    take_picture(c, time, picture);
    while (time < end_s) {
        const double next_picture =
            picture != NULL ? end_s * picture->time_count / (ST_PICTURE_TIMES - 1) : end_s;
        const double held = LONGEST_SHARE * end_s; // not longer than this at one speed
        double limit = end_s - time < held ? end_s - time : held;
        const bool is_steady = time >= start_s && time < def->time_s;
        limit = is_steady && def->time_s - time < limit ? def->time_s - time : limit;
        limit = is_steady || limit < RAMP_STEP_S ? limit : RAMP_STEP_S;
        limit = next_picture > time && next_picture - time < limit ? next_picture - time : limit;
        const double spin = plateau * st_centrifuge_speed(time + 0.5 * (is_steady ? 0.0 : limit),
                                                          start_s, def->time_s, stop_s);
        time += st_settle_step(&c->settle, spin, limit, COURANT);
        if (end_s - time < 1e-9 * end_s) {
            time = end_s;
        }
        if (picture != NULL && time >= next_picture * (1.0 - 1e-9)) {
            take_picture(c, time, picture);
        }
        if (c->settle.steps > 2000000 || st_ctx_should_stop(ctx)) {
            return st_ctx_should_stop(ctx)
                       ? ST_ERR_INTERRUPTED
                       : ST_FAIL(ctx, ST_ERR_NUMERIC, "centrifuge: stuck at %g s of %g s", time,
                                 end_s);
        }
    }
    return ST_OK;
}

st_status st_centrifuge_run(st_ctx* ctx, const st_procedure_values* v, const st_centrifuge_def* def,
                            const st_product* sample, st_spin_picture* picture, st_centrifuge* out)
{
    st_settle_kind kind[ST_SETTLE_KINDS];
    *out = (st_centrifuge){.settle = {.ctx = NULL}};
    const st_settle_law law = st_centrifuge_law(v, false);
    const int kinds = make_kinds(v, sample, out, kind);
    if (kinds == 0) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "centrifuge: there are no cells in the sample");
    }
    ST_TRY(st_settle_init(ctx, def->tube, sample->volume_mL * 1e-6, def->cells, &law, kind, kinds,
                          &out->settle));
    if (picture != NULL) {
        *picture = (st_spin_picture){
            .height_mm = 1e3 * (out->settle.column.bottom_m - out->settle.column.top_m)};
    }
    const st_status status = turn(ctx, v, def, picture, out);
    if (status != ST_OK) {
        st_centrifuge_clear(out);
        return status;
    }
    const double stir[ST_BRAKE_COUNT] = {0.0, v->centrifuge_stir_soft.value,
                                         v->centrifuge_stir_hard.value};
    st_settle_stir(&out->settle, stir[def->brake]);
    const st_settle* s = &out->settle;
    out->interface_m = s->column.bottom_m;
    if (is_red_seen(s)) {
        out->interface_m = st_settle_level(s, s->red, 0.5 * s->kind[s->red].volume_share);
        out->has_interface = out->interface_m < s->column.bottom_m;
    }
    return ST_OK;
}

void st_centrifuge_clear(st_centrifuge* centrifuge)
{
    st_settle_clear(&centrifuge->settle);
}

double st_centrifuge_activation(const st_procedure_values* v, double field_xg)
{
    // hazard linear in the field, through both measurements                              [PRO-21]
    const double low = -st_log(1.0 - v->centrifuge_activation_low.value);
    const double high = -st_log(1.0 - v->centrifuge_activation_high.value);
    const double f1 = v->centrifuge_activation_low_field.value;
    const double f2 = v->centrifuge_activation_high_field.value;
    const double hazard = low + (high - low) * (field_xg - f1) / (f2 - f1);
    return hazard > 0.0 ? 1.0 - st_exp(-hazard) : 0.0;
}

double st_centrifuge_floating(const st_procedure_values* v, double cell_density,
                              double cell_diameter, double medium_density, double medium_viscosity,
                              double medium_depth, double field_xg, double time_s)
{
    static const double node[ST_NORMAL_NODES] = ST_NORMAL_NODE;
    static const double weight[ST_NORMAL_NODES] = ST_NORMAL_WEIGHT;
    const double spread = v->centrifuge_density_spread.value;
    double floating = 0.0;
    // a normal spread of density: what is lighter than the medium ...                    [PRO-20]
    if (spread > 0.0) {
        floating = st_normal_cdf((medium_density - cell_density) / spread);
    } else {
        floating = cell_density < medium_density ? 1.0 : 0.0;
    }
    // ... and, of the heavier rest, what had no time to pass the layer
    double slow = 0.0, heavy = 0.0;
    for (int i = 0; i < ST_NORMAL_NODES; i++) {
        const double excess = cell_density + spread * node[i] - medium_density;
        if (excess > 0.0) {
            const double speed = cell_diameter * cell_diameter * excess * field_xg *
                                 ST_STANDARD_GRAVITY / (18.0 * medium_viscosity);
            slow += weight[i] * st_exp(-time_s * speed / medium_depth);
            heavy += weight[i];
        }
    }
    return floating + (heavy > 0.0 ? (1.0 - floating) * slow / heavy : 0.0);
}
