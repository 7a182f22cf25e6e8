/// \file
/// Private: the map `cells` of a tissue file once read.
#ifndef ST_AGENTS_AGENTS_PLAN_H
#define ST_AGENTS_AGENTS_PLAN_H

#include "base/base.h"
#include "base/doc.h"
#include "stroma/agents.h"

#define ST_PLACE_LIMIT 256
/// Volume of a ball over the cube of its diameter.
#define ST_BALL 0.52359877559829887

/// Cells to be placed.
typedef struct st_place_entry {
    const char* state;
    int64_t number; ///< -1 = by density
    double density; ///< cells/um^3
    double at_min;
    const st_shape* shape; ///< NULL = all of the state's place
    const st_node* node;   ///< where the file says so
} st_place_entry;

struct st_agents_plan {
    st_ctx* ctx;
    st_arena arena;
    st_tissue_plan* tissue_plan; ///< borrowed
    const st_model* model;       ///< the tissue plan's
    st_agents_def def;
    st_agent_type* type;
    int type_count;
    double fibre[ST_MEDIUM_LIMIT + 1][3];
    bool has_fibre[ST_MEDIUM_LIMIT + 1];
    st_place_entry* place;
    int place_count;
    st_profile_plan profile;
    double *parameter, *input, *start;
    int course_count;
    double *course_day, *course;
    double* course_input; ///< [course_count][inputs], NULL = no input has a column
};

/// Number of a medium by name, 0 = none.
int st_agents_plan_medium(const st_agents_plan* plan, const char* name);

#endif
