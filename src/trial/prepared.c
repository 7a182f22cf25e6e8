#include "prepared.h"

#include "arm.h"
#include "statistics.h"
#include "stay.h"

#include <math.h>

/// People of an arm that are looked at: enough for a 90 % range; fewer where spins are computed as
/// physics, which takes a thousand times longer.
#define PEOPLE         256
#define PEOPLE_PHYSICS 32

typedef struct look {
    st_crew* crew;
    const st_recipe* recipe;
    st_entrant* who; ///< [count]
    int count, quantity_count;
    double* value; ///< [quantity][count]
    double* middle;
    st_spin_picture* picture; ///< [ST_JOURNEY_SPINS]
} look;

/// One person's preparation, once more: the same draws as in the trial. An st_crew_fn.
static st_status look_at(st_crew* crew, st_worker* worker, int64_t item, void* arg)
{
    const look* l = arg;
    const st_person* person = &l->who[item].person;
    const st_donor donor = st_arm_donor(person);
    double quantity[256];
    st_dose dose;
    st_journey journey;

    ST_ASSERT(l->quantity_count <= (int)(sizeof quantity / sizeof quantity[0]));
    const st_status status = st_recipe_perform_told(worker->ctx, l->recipe, &donor, crew->seed,
                                                    person->id, &dose, &journey, NULL);
    if (status == ST_ERR_NUMERIC) { // the run has reported it
        st_ctx_clear_messages(worker->ctx);
        for (int q = 0; q < l->quantity_count; ++q) {
            l->value[(size_t)q * (size_t)l->count + (size_t)item] = NAN;
        }
        return ST_OK;
    }
    ST_TRY(status);
    st_story_measure(l->recipe, &dose, &journey, quantity);
    for (int q = 0; q < l->quantity_count; ++q) {
        l->value[(size_t)q * (size_t)l->count + (size_t)item] = quantity[q];
    }
    return ST_OK;
}

static st_status emit_quantity(const look* l, const st_story* story, int arm, int quantity,
                               int* position, const st_sink* sink)
{
    const char *label, *unit;
    double* value = l->value + (size_t)quantity * (size_t)l->count;
    st_prepared_row row = {.arm = arm, .middle = l->middle[quantity]};
    int known = 0;

    row.name = st_story_about(quantity, &label, &unit);
    row.label = label;
    row.unit = unit;
    for (int i = 0; i < l->count; ++i) {
        if (!isnan(value[i])) {
            value[known++] = value[i];
        }
    }
    if (known == 0 && isnan(row.middle)) {
        return ST_OK; // not part of this preparation
    }
    st_statistics_sort(value, known);
    row.people = known;
    row.q05 = st_statistics_quantile(value, known, 0.05);
    row.q50 = st_statistics_quantile(value, known, 0.50);
    row.q95 = st_statistics_quantile(value, known, 0.95);
    for (int nth = 0;; ++nth) {
        const bool has_band =
            st_story_band(story, l->recipe, quantity, nth, &row.band_lo, &row.band_hi, &row.source);
        if (!has_band && nth > 0) {
            return ST_OK;
        }
        if (!has_band) {
            row.band_lo = NAN;
            row.band_hi = NAN;
            row.source = NULL;
        }
        row.position = (*position)++;
        ST_TRY(sink->row(sink->self, l->crew->ctx, ST_ROW_PREPARED, &row));
    }
}

static st_status emit_tubes(const look* l, int arm, const st_sink* sink)
{
    for (int spin = 0; spin < ST_JOURNEY_SPINS; ++spin) {
        const st_spin_picture* p = &l->picture[spin];
        for (int t = 0; p->time_count > 1 && t < p->time_count; ++t) {
            const st_tube_row row = {.arm = arm,
                                     .spin = spin,
                                     .step = t,
                                     .time_s = p->time_s[t],
                                     .height_mm = p->height_mm,
                                     .interface_mm = p->interface_mm[t],
                                     .red = p->red[t],
                                     .platelet = p->platelet[t],
                                     .white = p->white[t]};
            ST_TRY(sink->row(sink->self, l->crew->ctx, ST_ROW_TUBE, &row));
        }
    }
    return ST_OK;
}

/// The donor in the middle first: it tells whether spins are physics.
static st_status tell_arm(look* l, const st_story* story, int arm, const st_sink* sink)
{
    st_ctx* ctx = l->crew->ctx;
    const st_donor middle = st_arm_middle_donor(l->who, l->count);
    const int before = st_ctx_mistake_count(ctx);
    int position = 0;
    st_dose dose;
    st_journey journey;
    const st_status status =
        st_story_middle(ctx, l->recipe, &middle, l->crew->seed, &dose, &journey, l->picture);

    if (status == ST_ERR_NUMERIC) { // no such donor can give this product: nothing to tell
        if (before == 0) {
            st_ctx_clear_messages(ctx);
        }
        return ST_OK;
    }
    ST_TRY(status);
    st_story_measure(l->recipe, &dose, &journey, l->middle);
    for (int i = 0; i < journey.spin_count; ++i) {
        if (journey.spin[i].is_physics && l->count > PEOPLE_PHYSICS) {
            l->count = PEOPLE_PHYSICS;
        }
    }
    ST_TRY(st_crew_run(l->crew, l->count, look_at, l));
    for (int q = 0; q < l->quantity_count; ++q) {
        ST_TRY(emit_quantity(l, story, arm, q, &position, sink));
    }
    return emit_tubes(l, arm, sink);
}

/// The first people of an arm.
static st_status choose_people(look* l, st_screening* screening, int arm)
{
    const bool is_twin = l->crew->study->arm[arm].info.is_twin;

    l->count = 0;
    for (int64_t i = 0; i < screening->entrant_count && l->count < PEOPLE; i += ST_ENTRANTS_BLOCK) {
        const int64_t left = screening->entrant_count - i;
        const int64_t count = left < ST_ENTRANTS_BLOCK ? left : ST_ENTRANTS_BLOCK;
        const st_entrant* entrant = st_entrants_at(&screening->people, i, count);
        if (entrant == NULL) {
            return ST_ERR_MEMORY;
        }
        for (int64_t k = 0; k < count && l->count < PEOPLE; ++k) {
            if (entrant[k].arm == arm || is_twin) {
                l->who[l->count++] = entrant[k];
            }
        }
    }
    return ST_OK;
}

static st_status emit_arms(look* l, st_screening* screening, const st_sink* sink)
{
    const st_study* study = l->crew->study;

    for (int arm = 0; arm < study->arm_count; ++arm) {
        if (!st_stay_has_harvest(&study->arm[arm])) {
            continue;
        }
        l->recipe = study->arm[arm].recipe;
        ST_TRY(choose_people(l, screening, arm));
        for (int spin = 0; spin < ST_JOURNEY_SPINS; ++spin) {
            l->picture[spin].time_count = 0;
        }
        if (l->count > 0) {
            ST_TRY(tell_arm(l, study->story, arm, sink));
        }
    }
    return ST_OK;
}

st_status st_prepared_emit(st_crew* crew, st_screening* screening, const st_sink* sink)
{
    st_ctx* ctx = crew->ctx;
    look l = {.crew = crew, .quantity_count = st_story_count()};
    const size_t quantities = (size_t)l.quantity_count;
    st_status status = ST_ERR_MEMORY;

    l.who = st_alloc(ctx, PEOPLE, sizeof *l.who);
    l.value = st_alloc(ctx, quantities * PEOPLE, sizeof *l.value);
    l.middle = st_alloc(ctx, quantities, sizeof *l.middle);
    l.picture = st_alloc(ctx, ST_JOURNEY_SPINS, sizeof *l.picture);
    if (l.who != NULL && l.value != NULL && l.middle != NULL && l.picture != NULL) {
        status = emit_arms(&l, screening, sink);
    }
    st_free(ctx, l.picture);
    st_free(ctx, l.middle);
    st_free(ctx, l.value);
    st_free(ctx, l.who);
    return status;
}
