#include "tissue_ranges.h"

#include <math.h>
#include <stdio.h>

void st_tissue_ranges_add_heads(st_text* csv, const st_tissue_plan* plan, const char* prefix)
{
    for (int m = 1; m <= st_tissue_plan_medium_count(plan); m++) {
        if (!st_tissue_plan_is_bath(plan, m)) {
            const char* medium = st_tissue_plan_medium(plan, m);
            st_text_addf(csv, ",%s%s_lowest_M,%s%s_highest_M", prefix, medium, prefix, medium);
        }
    }
}

void st_tissue_ranges_add(st_text* csv, const st_tissue_plan* plan, const st_tissue* tissue,
                          int field)
{
    float lowest[ST_MEDIUM_LIMIT + 1];
    float highest[ST_MEDIUM_LIMIT + 1];
    for (int m = 0; m <= ST_MEDIUM_LIMIT; m++) {
        lowest[m] = INFINITY;
        highest[m] = -INFINITY;
    }
    for (int b = 0; b < st_tissue_brick_count(tissue); b++) {
        const uint8_t* medium = st_tissue_brick_media(tissue, b);
        const float* level = st_tissue_brick_levels(tissue, field, b);
        for (int v = 0; v < 512; v++) {
            lowest[medium[v]] = fminf(lowest[medium[v]], level[v]);
            highest[medium[v]] = fmaxf(highest[medium[v]], level[v]);
        }
    }
    for (int m = 1; m <= st_tissue_plan_medium_count(plan); m++) {
        if (st_tissue_plan_is_bath(plan, m)) {
            continue;
        }
        if (st_tissue_medium_voxel_count(tissue, m) > 0) {
            st_text_addf(csv, ",%.9g,%.9g", (double)lowest[m], (double)highest[m]);
        } else {
            st_text_add(csv, ",,");
        }
    }
}
