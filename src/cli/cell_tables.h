/// \file
/// A run with single cells while it goes on, and its tables: cells, fields, profile by depth.
#ifndef ST_CLI_CELL_TABLES_H
#define ST_CLI_CELL_TABLES_H

#include "base/table.h"
#include "stroma/agents.h"

#define MIN_PER_DAY 1440.0

typedef struct st_cell_run {
    st_ctx* ctx;
    const char* dir;
    st_tissue_plan* plan;
    st_agents_plan* cells_plan;
    st_tissue* tissue;
    st_agents* agents;
    st_checkpoint* checkpoint;
    st_text cells, fields, profile;
    double* output_min;
    char** vtu;
    int output_count;
} st_cell_run;

/// Heads of all tables.
void st_cell_tables_begin(st_cell_run* run);
/// One row of cells, of fields; as many of the profile as it has slices.
void st_cell_tables_add_cells(st_cell_run* run, double day);
void st_cell_tables_add_fields(st_cell_run* run, double day);
st_status st_cell_tables_add_profile(st_cell_run* run, double day);

/// Is a state of the model one of cells in the tissue?
bool st_cell_tables_has(const st_cell_run* run, int state);
int st_cell_tables_states(const st_cell_run* run);
const char* st_cell_tables_state(const st_cell_run* run, int state);

#endif
