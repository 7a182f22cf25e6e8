#include "procedure/preparation/preparation.h"

#include <math.h>

/// The median donor after one source on age.
static st_status ask(st_ctx* ctx, const st_preparation* p, st_preparation_plain* plain,
                     const st_age_relation* relation, st_rival* out)
{
    const st_age_relation* kept = plain->recipe.harvest.age_relation;
    const st_donor donor = st_preparation_donor_middle(p);
    st_dose dose;
    st_journey journey;
    plain->recipe.harvest.age_relation = relation;
    const st_status status =
        st_recipe_perform_told(ctx, &plain->recipe, &donor, p->seed, 0, &dose, &journey, NULL);
    plain->recipe.harvest.age_relation = kept;
    *out = (st_rival){.name = relation->name,
                      .is_used = relation == kept,
                      .dose = (double)NAN,
                      .cfu_f_per_mL = (double)NAN,
                      .days = (double)NAN};
    if (status == ST_ERR_NUMERIC) { // the median donor of this source cannot make the product
        st_ctx_clear_messages(ctx);
        return ST_OK;
    }
    ST_TRY(status);
    out->dose = st_preparation_dose(&plain->recipe, &dose);
    out->cfu_f_per_mL = journey.harvested.count[ST_CLASS_CFU_F] / journey.harvested.volume_mL;
    out->days = dose.preparation_days;
    return ST_OK;
}

st_status st_preparation_rivals(st_ctx* ctx, const st_preparation* preparation,
                                st_preparation_plain* plain, st_preparation_result* result)
{
    const st_catalogue* c = preparation->catalogue;
    if (preparation->recipe->harvest.source != ST_SOURCE_MARROW) {
        return ST_OK;
    }
    result->rival = st_alloc(ctx, (size_t)c->age_relation_count, sizeof *result->rival);
    if (result->rival == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < c->age_relation_count; i++) {
        ST_TRY(ask(ctx, preparation, plain, &c->age_relation[i], &result->rival[i]));
        result->rival_count++;
    }
    return ST_OK;
}
