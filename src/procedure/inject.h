/// \file
/// The injection: loading, the syringe, the needle, the joint.
#ifndef ST_PROCEDURE_INJECT_H
#define ST_PROCEDURE_INJECT_H

#include "procedure/needle.h"
#include "procedure/step.h"

/// How the needle or cannula gets into the joint.
typedef enum st_route {
    ST_ROUTE_PERCUTANEOUS,
    ST_ROUTE_ARTHROSCOPIC,
    ST_ROUTE_OPEN,
    ST_ROUTE_COUNT
} st_route;
extern const char* const ST_ROUTE_NAME[ST_ROUTE_COUNT];

typedef struct st_inject {
    st_route route;
    const st_ware* product; ///< a ready product, or NULL: the sample is injected
    const st_ware* carrier; ///< fills up the sample, or NULL
    double carrier_mL;      ///< 0 without carrier
    double volume_mL;       ///< in the syringe
    const st_gauge* gauge;
    const st_joint* joint;
    st_guidance guidance;
    double rate_mL_per_min;
    bool is_physics; ///< leak by pressure, accuracy as uncertain as its counts
} st_inject;

/// Flow in the needle at the setting's rate.
st_needle_flow st_inject_flow(const st_procedure_values* values, const st_inject* inject);

/// Share of cells of a diameter (m) that stays on the syringe's wall.                 [PRO-9]
double st_inject_settled(const st_procedure_values* values, const st_inject* inject,
                         double cell_diameter);

/// Brings the sample to the volume of the injection: part of it, or filled up with carrier.
void st_inject_load(const st_inject* inject, st_product* sample);

void st_inject_syringe(const st_catalogue* catalogue, const st_inject* inject, st_product* sample);
void st_inject_needle(const st_catalogue* catalogue, const st_inject* inject,
                      const st_step_luck* luck, st_product* sample);

/// Share of what leaves the needle that stays in the joint: 0 when the tip was elsewhere. [PRO-12]
double st_inject_arriving(const st_catalogue* catalogue, const st_inject* inject,
                          const st_step_luck* luck);

#endif
