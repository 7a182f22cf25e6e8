/// \file
/// Private: a tissue file once read.
#ifndef ST_TISSUE_PLAN_H
#define ST_TISSUE_PLAN_H

#include "base/doc.h"
#include "stroma/model.h"
#include "stroma/tissue.h"

#define ST_PLAN_FIELD_LIMIT 64
#define ST_PLAN_SLICE_LIMIT 64
#define ST_PLAN_PAINT_LIMIT 256

typedef struct st_plan_field {
    const char* name;
    st_bridge bridge;
    st_medium_rates rates[ST_MEDIUM_LIMIT + 1];
    st_boundary boundary[ST_REGION_COUNT];
    int boundary_count;
    double initial_M[ST_MEDIUM_LIMIT + 1];
    st_field_mode mode;
    double tolerance, steady_tolerance;
} st_plan_field;

struct st_tissue_plan {
    st_ctx* ctx;
    st_arena arena;
    st_doc* doc;
    const char* title;
    const char* identity;
    double low_um[3], high_um[3], voxel_um[3];
    bool has_box;
    const char* medium[ST_MEDIUM_LIMIT + 1];
    bool is_bath[ST_MEDIUM_LIMIT + 1];
    const char* place[ST_MEDIUM_LIMIT + 1]; ///< of the model, or NULL
    st_model* model;                        ///< or NULL
    int medium_count;
    st_paint paint[ST_PLAN_PAINT_LIMIT];
    int paint_count;
    st_label_map labels;
    uint8_t* label_bytes;
    st_plan_field* field;
    int field_count;
    st_slice_plan slice[ST_PLAN_SLICE_LIMIT];
    int slice_count;
    double until_min, every_min;
    bool writes_vtk, writes_vtu;
    int value_count, assumed_count;
};

/// Index of a medium by name, 0 = reported.
int st_plan_medium(st_ctx* ctx, const st_tissue_plan* plan, const st_node* node);
/// Three lengths in um.
bool st_plan_point(st_ctx* ctx, const st_node* node, double out[3]);

/// Reads `geometry:` into paints: plan_shape.c.
void st_plan_shape_read_all(st_ctx* ctx, st_tissue_plan* plan, const st_node* list);
/// Reads `fields:`: plan_field.c.
void st_plan_field_read_all(st_ctx* ctx, st_tissue_plan* plan, const st_node* map);

/// What the model's state `field@place` does when all others keep their start: plan_model.c. `node`
/// is where mistakes are reported.
bool st_plan_model_rates(st_ctx* ctx, const st_tissue_plan* plan, const st_node* node,
                         const char* field, int medium, st_medium_rates* rates, double* initial_M);

/// Does a reaction of the model change the state?
bool st_plan_model_reacts(const st_model* model, int state);
/// Gives the tissue the model's reactions, place by place: plan_react.c.
st_status st_plan_react_add(st_ctx* ctx, const st_tissue_plan* plan, st_tissue* tissue);

#endif
