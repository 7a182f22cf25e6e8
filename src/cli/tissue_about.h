/// \file
/// What a tissue run was: about.csv, and values.csv with every value that went in. With the other
/// tables they hold all that the page of a tissue run needs. docs/tissue.md
#ifndef ST_CLI_TISSUE_ABOUT_H
#define ST_CLI_TISSUE_ABOUT_H

#include "base/table.h"
#include "stroma/agents.h"
#include "stroma/tissue.h"

/// Adds a row of a table of this form: what, value, unit.
void st_tissue_about_row(st_text* csv, const char* what, const char* value, const char* unit);
/// Adds head and rows of about.csv, all but the hash.
void st_tissue_about_add(st_text* csv, const st_tissue_plan* plan, const st_tissue* tissue);
/// Adds rows of a run with cells: seed, profile, cells.
void st_tissue_about_add_cells(st_text* csv, const st_tissue_plan* plan,
                               const st_agents_plan* cells_plan, st_agents* agents);
/// Adds values.csv: the values of the file and those of its model, as written, with source or
/// reason.
void st_tissue_about_add_values(st_text* csv, const st_tissue_plan* plan);

#endif
