/// \file
/// Lowest and highest level of a field in each medium.
#ifndef ST_CLI_TISSUE_RANGES_H
#define ST_CLI_TISSUE_RANGES_H

#include "base/table.h"
#include "stroma/tissue.h"

/// Adds the heads of two columns per medium that is solved, of a field (`prefix` "oxygen_") or of
/// any ("").
void st_tissue_ranges_add_heads(st_text* csv, const st_tissue_plan* plan, const char* prefix);
/// Adds their values, M; empty where a medium has no tissue.
void st_tissue_ranges_add(st_text* csv, const st_tissue_plan* plan, const st_tissue* tissue,
                          int field);

#endif
