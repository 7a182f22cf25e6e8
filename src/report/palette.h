/// \file
/// Private: which colour and dash tell an arm apart on every figure of the page.
#ifndef ST_REPORT_PALETTE_H
#define ST_REPORT_PALETTE_H

#include "report/figures.h"
#include "report/findings.h"

/// 0 (grey) for arms that are their own control, 1 ... ST_FIGURE_COLOURS for the others in turn.
int st_palette_colour(const st_findings* f, int arm);
/// 0, 1, 2: solid, dashed, dotted, when the colours have been used up.
int st_palette_dash(const st_findings* f, int arm);

#endif
