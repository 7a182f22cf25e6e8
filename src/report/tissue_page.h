/// \file
/// Private: the page of a tissue run, in parts. Each function adds whole sections, or nothing where
/// the run has nothing to tell.
#ifndef ST_REPORT_TISSUE_PAGE_H
#define ST_REPORT_TISSUE_PAGE_H

#include "report/tissue_story.h"
#include "report/words.h"

/// Style of stills and their legends, beside that of every page.
const char* st_tissue_page_style(void);

/// How times are told: in minutes, hours or days, whichever suits the length of the run.
typedef struct st_tissue_clock {
    double per_day;
    const char *one, *many; ///< "day", "days"
} st_tissue_clock;

st_tissue_clock st_tissue_page_clock(const st_tissue_story* s);
st_words st_tissue_page_time(const st_tissue_story* s, int output); ///< "day 6"
/// Round ticks for the axis of time, or of any other range; gives their number (at most 16).
int st_tissue_page_ticks(double lo, double hi, double tick[16]);

/// Levels in the power of a thousand that suits `highest_M`: value x factor is in `unit`.
typedef struct st_tissue_unit {
    double factor;
    const char* unit;
} st_tissue_unit;

st_tissue_unit st_tissue_page_unit(double highest_M);
double st_tissue_page_highest(const st_tissue_story* s, const st_tissue_quantity* q);

/// Two texts as one, in the arena; where memory is out "", and the page fails.
const char* st_tissue_page_text(st_text* out, st_arena* arena, const char* a, const char* b);

/// Colour and dash of a kind of cell in figures.
int st_tissue_page_colour(int kind);
int st_tissue_page_dash(int kind);
/// Largest count of a kind over the run.
double st_tissue_page_most(const st_tissue_story* s, int kind);
/// Kinds that had cells at an output, those with most first, in `kind` [kind_count]; their number.
int st_tissue_page_present(const st_tissue_story* s, int* kind);

// tissue_page_cells.c
void st_tissue_page_cells_answer(st_text* out, const st_tissue_story* s);
void st_tissue_page_cells_section(st_text* out, const st_tissue_story* s);
void st_tissue_page_cells_zoom(st_text* out, const st_tissue_story* s);
// tissue_page_depth.c
void st_tissue_page_depth_section(st_text* out, const st_tissue_story* s);
// tissue_page_fields.c
void st_tissue_page_fields_answer(st_text* out, const st_tissue_story* s);
void st_tissue_page_fields_section(st_text* out, const st_tissue_story* s);
// tissue_page_basis.c
void st_tissue_page_basis_section(st_text* out, const st_tissue_story* s);
// tissue_page_stills.c
void st_tissue_page_stills_section(st_text* out, const st_tissue_story* s);
void st_tissue_page_stills_slices(st_text* out, const st_tissue_story* s);
/// The last still of a run with its legend, for another page; nothing when it is not there.
void st_tissue_page_stills_last(st_text* out, const st_tissue_story* s);

#endif
