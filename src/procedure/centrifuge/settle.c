#include "procedure/centrifuge/settle.h"

#include "procedure/constants.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

/// Below this part of its share at the start a kind does not set the step.
#define TRACE 1e-2

double st_settle_speed(const st_settle_law* law, const st_settle_kind* kind, double field)
{
    return kind->diameter_m * kind->diameter_m * (kind->density - law->fluid_density) * field *
           ST_STANDARD_GRAVITY / (18.0 * law->viscosity); //                                [PRO-14]
}

double st_settle_aggregation(const st_settle_law* law, double field)
{
    if (!(law->aggregate_rest > 1.0)) {
        return 1.0;
    }
    const double ratio = st_pow(field / law->aggregate_field, law->aggregate_power);
    return 1.0 + (law->aggregate_rest - 1.0) / (1.0 + ratio); //                          [PRO-16]
}

double st_settle_crowding(const st_settle_law* law, double phi)
{
    if (phi >= 1.0 || (law->packing_power > 0.0 && phi >= law->packing)) {
        return 0.0;
    }
    const double free = st_pow(1.0 - phi, law->exponent - 2.0); //                        [PRO-15]
    return law->packing_power > 0.0 ? free * (1.0 - st_pow(phi / law->packing, law->packing_power))
                                    : free;
}

st_status st_settle_init(st_ctx* ctx, const st_tube* tube, double volume_m3, int cells,
                         const st_settle_law* law, const st_settle_kind* kind, int kind_count,
                         st_settle* out)
{
    ST_ASSERT(kind_count >= 1 && kind_count <= ST_SETTLE_KINDS);
    *out = (st_settle){.ctx = ctx, .law = *law, .kind_count = kind_count, .red = -1};
    double share = 0.0;
    for (int k = 0; k < kind_count; k++) {
        out->kind[k] = kind[k];
        share += kind[k].volume_share;
        out->red = kind[k].is_red ? k : out->red;
    }
    const double most = law->packing_power > 0.0 ? law->packing : 1.0;
    if (!(share < most)) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC,
                       "centrifuge: cells fill %.3g %% of the sample, more than can be packed",
                       100.0 * share);
    }
    ST_TRY(st_column_init(ctx, tube, volume_m3, cells, &out->column));
    const size_t stride = ((size_t)cells + ST_LANES) / ST_LANES * ST_LANES; // faces 0 ... cells
    double* at = st_alloc(ctx, (size_t)(6 * kind_count + 9) * stride, sizeof *at);
    if (at == NULL) {
        st_column_clear(ctx, &out->column);
        return ST_ERR_MEMORY;
    }
    out->block = at;
    double** const array[] = {out->phi, out->kept, out->flux, out->above, out->below, out->slip};
    for (int a = 0; a < 6; a++) {
        for (int k = 0; k < kind_count; k++, at += stride) {
            array[a][k] = at;
        }
    }
    double** const plain[] = {&out->pull,    &out->aggregation, &out->total,
                              &out->density, &out->crowd,       &out->full,
                              &out->back,    &out->exponent,    &out->power};
    for (int a = 0; a < 9; a++, at += stride) {
        *plain[a] = at;
    }
    for (size_t j = 0; j < stride; j++) {
        out->exponent[j] = law->exponent - 2.0;
        out->power[j] = law->packing_power;
        out->aggregation[j] = 1.0;
    }
    for (int k = 0; k < kind_count; k++) {
        for (int i = 0; i < cells; i++) {
            out->phi[k][i] = kind[k].volume_share;
        }
    }
    out->aggregation_spin = -1.0;
    return ST_OK;
}

void st_settle_clear(st_settle* settle)
{
    if (settle->ctx != NULL) {
        st_free(settle->ctx, settle->block);
        st_column_clear(settle->ctx, &settle->column);
        *settle = (st_settle){0};
    }
}

/// Smaller of two slopes, 0 at an extremum. Written without a branch, as all inner loops here.
static inline double minmod(double a, double b)
{
    const double fa = fabs(a);
    const double fb = fabs(b);
    return (copysign(0.5, a) + copysign(0.5, b)) * (fa < fb ? fa : fb);
}

static inline double positive_part(double x)
{
    return 0.5 * (x + fabs(x)); // exact
}

/// Straight lines inside the cells, limited so that no new extremum appears.
static void reconstruct(const double* restrict phi, int count, double* restrict above,
                        double* restrict below)
{
    above[1] = phi[0]; // flat in the first and the last cell
    for (int i = 1; i < count - 1; i++) {
        const double slope = 0.5 * minmod(phi[i] - phi[i - 1], phi[i + 1] - phi[i]);
        below[i] = phi[i] - slope;
        above[i + 1] = phi[i] + slope;
    }
    below[count - 1] = phi[count - 1];
}

/// What depends on the field alone: centrifugal pull at the faces, and how red cells cluster in it.
static void update_pull(st_settle* s, double spin)
{
    if (s->aggregation_spin == spin) {
        return;
    }
    s->aggregation_spin = spin;
    for (int j = 1; j < s->column.count; j++) {
        s->pull[j] = spin * (s->column.top_m + j * s->column.cell_m) / (18.0 * s->law.viscosity);
        if (s->red >= 0) {
            s->aggregation[j] = st_settle_aggregation(
                &s->law, 18.0 * s->law.viscosity * s->pull[j] / ST_STANDARD_GRAVITY);
        }
    }
}

/// Crowding at the faces, from the state below them: total, mixture density, factor.       [PRO-15]
static void update_crowd(st_settle* s)
{
    const int count = s->column.count;
    for (int j = 1; j < count; j++) {
        s->total[j] = 0.0;
        s->density[j] = 0.0;
    }
    for (int k = 0; k < s->kind_count; k++) {
        const double excess = s->kind[k].density - s->law.fluid_density;
        const double* restrict below = s->below[k];
        for (int j = 1; j < count; j++) {
            s->total[j] += below[j];
            s->density[j] += excess * below[j]; // above that of the liquid
        }
    }
    const bool has_limit = s->law.packing_power > 0.0;
    for (int j = 1; j < count; j++) {
        const double free = 1.0 - s->total[j];
        s->crowd[j] = free > 0.0 ? free : 0.0;
        const double full = has_limit ? s->total[j] / s->law.packing : 0.0;
        s->full[j] = full < 1.0 ? full : 1.0;
    }
    for (int j = 0; j < count; j += ST_LANES) {
        st_pow_lanes(s->crowd + j, s->exponent + j, s->crowd + j);
        if (has_limit) {
            st_pow_lanes(s->full + j, s->power + j, s->full + j);
        }
    }
    for (int j = 1; j < count; j++) {
        s->crowd[j] *= 1.0 - s->full[j];
    }
}

/// Speeds against the liquid, and the liquid that all of them push back.             [PRO-14, 15]
static void update_slip(st_settle* s)
{
    const int count = s->column.count;
    memset(s->back, 0, (size_t)count * sizeof *s->back);
    for (int pass = 0; pass < 2; pass++) { // red cells first: others follow what they squeeze out
        for (int k = 0; k < s->kind_count; k++) {
            if ((k == s->red) != (pass == 0)) {
                continue;
            }
            const st_settle_kind* kind = &s->kind[k];
            const double size = kind->diameter_m * kind->diameter_m;
            const double excess = kind->density - s->law.fluid_density;
            const double lead = s->red >= 0 ? kind->lead : 0.0;
            const double* restrict below = s->below[k];
            const double* restrict red = s->below[s->red >= 0 ? s->red : k];
            const double* restrict red_slip = s->slip[s->red >= 0 ? s->red : k];
            double* restrict slip = s->slip[k];
            if (kind->is_red) {
                for (int j = 1; j < count; j++) {
                    slip[j] = size * (excess - s->density[j]) * s->pull[j] * s->crowd[j] *
                              s->aggregation[j];
                }
            } else {
                for (int j = 1; j < count; j++) {
                    slip[j] = size * (excess - s->density[j]) * s->pull[j] * s->crowd[j] -
                              lead * red[j] * red_slip[j];
                }
            }
            for (int j = 1; j < count; j++) {
                s->back[j] += below[j] * slip[j];
            }
        }
    }
}

/// Room for what rises into the cells above the faces: 1, and 0 in one that is packed.
static void update_room(st_settle* s, double* restrict room)
{
    const double packing = s->law.packing_power > 0.0 ? s->law.packing : 1.0;
    for (int j = 1; j < s->column.count; j++) {
        room[j] = 0.0;
    }
    for (int k = 0; k < s->kind_count; k++) {
        const double* restrict phi = s->phi[k];
        for (int j = 1; j < s->column.count; j++) {
            room[j] += phi[j - 1];
        }
    }
    for (int j = 1; j < s->column.count; j++) {
        double power = room[j] < packing ? room[j] / packing : 1.0;
        for (int i = 0; i < 6; i++) {
            power *= power; // to the 64: felt in the last few per cent
        }
        room[j] = 1.0 - power;
    }
}

/// Fluxes through the faces, m^3/s.
static void update_flux(st_settle* s)
{
    const int count = s->column.count;
    const double* restrict area = s->column.area;
    const double* restrict back = s->back;
    double* restrict room = s->density; // of the mixture: no longer needed
    update_room(s, room);
    for (int k = 0; k < s->kind_count; k++) {
        const double* restrict above = s->above[k];
        const double* restrict below = s->below[k];
        const double* restrict slip = s->slip[k];
        double* restrict flux = s->flux[k];
        for (int j = 1; j < count; j++) {
            const double speed = slip[j] - back[j];
            // concentration from where it comes, speed from where it goes: a full cell takes no
            // more
            const double down = positive_part(speed);
            const double up = speed - down;
            flux[j] = area[j] * (above[j] * down + below[j] * up * room[j]);
        }
        flux[0] = 0.0; // the free surface and the bottom let nothing through
        flux[count] = 0.0;
    }
}

/// The fastest wave in cells per second.                                                 [PRO-17]
static double fastest_wave(st_settle* s)
{
    enum { PARTS = 4 }; // independent maxima, so that the processor need not wait for each
    const int count = s->column.count;
    const double* volume = s->column.volume;
    double* restrict narrow = s->full; // no longer needed
    double fastest = 0.0;
    if (s->red >= 0) { // the speed of red cells falls where they crowd: that is a wave as well
        const double* above = s->above[s->red];
        const double* slip = s->slip[s->red];
        for (int j = 1; j < count; j++) {
            const double free = 1.0 - s->total[j];
            const double crowd = s->law.exponent / (free > 0.01 ? free : 0.01) +
                                 s->law.packing_power * s->full[j] / (1.01 - s->full[j]);
            const double thin = volume[j] < volume[j - 1] ? volume[j] : volume[j - 1];
            const double wave =
                fabs(slip[j] - s->back[j]) * above[j] * crowd * s->column.area[j] / thin;
            fastest = wave > fastest ? wave : fastest;
        }
    }
    for (int j = 1; j < count; j++) {
        narrow[j] = s->column.area[j] / (volume[j] < volume[j - 1] ? volume[j] : volume[j - 1]);
    }
    double most[PARTS] = {fastest, 0.0, 0.0, 0.0};
    for (int k = 0; k < s->kind_count; k++) {
        const double* restrict above = s->above[k];
        const double* restrict below = s->below[k];
        const double* restrict slip = s->slip[k];
        const double* restrict back = s->back;
        const double trace = TRACE * s->kind[k].volume_share;
        for (int j = 1; j < count; j++) {
            const double speed = slip[j] - back[j];
            const double there = speed > 0.0 ? above[j] : below[j];
            const double wave = there > trace ? fabs(speed) * narrow[j] : 0.0;
            most[j % PARTS] = wave > most[j % PARTS] ? wave : most[j % PARTS];
        }
    }
    for (int i = 0; i < PARTS; i++) {
        fastest = most[i] > fastest ? most[i] : fastest;
    }
    return fastest;
}

static void update_rates(st_settle* s)
{
    for (int k = 0; k < s->kind_count; k++) {
        reconstruct(s->phi[k], s->column.count, s->above[k], s->below[k]);
    }
    update_crowd(s);
    update_slip(s);
    update_flux(s);
}

/// phi += dt (in - out)/volume. Nothing leaves a cell that is not in it.
static void advance(st_settle* s, double dt)
{
    static const double TINY = 1e-300;
    const int count = s->column.count;
    const double* restrict volume = s->column.volume;
    double* restrict share = s->crowd; // of what wants to leave; no longer needed
    double* restrict limited = s->full;
    for (int k = 0; k < s->kind_count; k++) {
        double* restrict phi = s->phi[k];
        const double* restrict flux = s->flux[k];
        for (int i = 0; i < count; i++) {
            const double leaving =
                dt * (positive_part(flux[i + 1]) + positive_part(-flux[i])) + TINY;
            const double there = phi[i] * volume[i] + TINY;
            share[i] = there / (leaving > there ? leaving : there);
        }
        limited[0] = 0.0;
        limited[count] = 0.0;
        for (int j = 1; j < count; j++) {
            const double down = positive_part(flux[j]);
            limited[j] = down * share[j - 1] + (flux[j] - down) * share[j];
        }
        for (int i = 0; i < count; i++) {
            const double next = phi[i] + dt * (limited[i] - limited[i + 1]) / volume[i];
            phi[i] = next > 1e-30 ? next : 0.0; // rounding only; keeps denormal numbers out
        }
    }
}

double st_settle_step(st_settle* settle, double spin, double limit, double courant)
{
    const size_t bytes = (size_t)settle->column.count * sizeof(double);
    update_pull(settle, spin);
    update_rates(settle);
    const double fastest = fastest_wave(settle);
    const double dt = fastest * limit > courant ? courant / fastest : limit;
    for (int k = 0; k < settle->kind_count; k++) {
        memcpy(settle->kept[k], settle->phi[k], bytes);
    }
    advance(settle, dt); // two stages, their mean: second order in time
    update_rates(settle);
    advance(settle, dt);
    for (int k = 0; k < settle->kind_count; k++) {
        double* restrict phi = settle->phi[k];
        const double* restrict kept = settle->kept[k];
        for (int i = 0; i < settle->column.count; i++) {
            phi[i] = 0.5 * (phi[i] + kept[i]);
        }
    }
    settle->steps++;
    return dt;
}

double st_settle_level(const st_settle* settle, int kind, double level)
{
    const double* phi = settle->phi[kind];
    const st_column* c = &settle->column;
    for (int i = 0; i < c->count; i++) {
        if (phi[i] >= level) {
            if (i == 0) {
                return c->top_m;
            }
            const double part = (level - phi[i - 1]) / (phi[i] - phi[i - 1]);
            return c->radius[i - 1] + part * c->cell_m;
        }
    }
    return c->bottom_m;
}

void st_settle_stir(st_settle* settle, double length)
{
    const st_column* c = &settle->column;
    const double reach = length / c->cell_m;
    // diffusion over sqrt(2 D t) = length, in explicit steps that stay positive
    const double wanted = 0.5 * reach * reach;
    const int steps = (int)ceil(wanted / 0.2);
    const double share = steps > 0 ? wanted / steps : 0.0;
    for (int step = 0; step < steps; step++) {
        for (int k = 0; k < settle->kind_count; k++) {
            double* phi = settle->phi[k];
            double* flux = settle->flux[k];
            flux[0] = 0.0;
            flux[c->count] = 0.0;
            for (int j = 1; j < c->count; j++) {
                const double narrow =
                    c->volume[j] < c->volume[j - 1] ? c->volume[j] : c->volume[j - 1];
                flux[j] = share * narrow * (phi[j - 1] - phi[j]);
            }
            for (int i = 0; i < c->count; i++) {
                phi[i] += (flux[i] - flux[i + 1]) / c->volume[i];
            }
        }
    }
}

double st_settle_volume(const st_settle* settle, int kind)
{
    return st_column_content_above(&settle->column, settle->phi[kind],
                                   settle->column.bottom_m + settle->column.cell_m);
}
