/// \file
/// Private: what the folder of a tissue run says, in memory: the tables that `stroma run` of a
/// tissue file and `stroma zoom` write (docs/tissue.md, docs/agents.md), as plain numbers.
#ifndef ST_REPORT_TISSUE_STORY_H
#define ST_REPORT_TISSUE_STORY_H

#include "base/table.h"
#include "stroma/report.h"

/// One kind of cell: a state of the model, or of its stages.
typedef struct st_tissue_kind {
    const char* name;
    const char* label;      ///< without the place where all kinds lie in one
    int colour;             ///< of stills: st_agents_view_colour()
    const double* count;    ///< [time_count]
    const double* expected; ///< of a zoom: [time_count], NAN where not told; NULL = none
} st_tissue_kind;

/// A field or a matrix over time. Levels in M; matrices in their unit.
typedef struct st_tissue_quantity {
    const char* name;
    const char* unit;         ///< of a matrix; "" of a field
    const double* lowest;     ///< [time_count]; NULL of a matrix
    const double* highest;    ///< the same
    const double* mean;       ///< [medium_count][time_count], NAN where a medium has no tissue
    const double *low, *high; ///< of a field, the same: range in each medium
    const double* balance;    ///< [time_count] balance error, NAN where not told; NULL of a matrix
    const double* amount;     ///< [ST_TISSUE_AMOUNTS][time_count] fmol, without cells; or NULL
    bool is_steady;
    double relaxation_min; ///< NAN: not told
} st_tissue_quantity;

/// Columns of the ledger of a run without cells, in this order.
#define ST_TISSUE_AMOUNTS 8
extern const char* const st_tissue_story_amounts[ST_TISSUE_AMOUNTS];

enum {
    ST_TISSUE_BIRTHS,
    ST_TISSUE_DEATHS,
    ST_TISSUE_CHANGES,
    ST_TISSUE_ARRIVALS,
    ST_TISSUE_DEPARTURES,
    ST_TISSUE_EVENTS
};
extern const char* const st_tissue_story_events[ST_TISSUE_EVENTS];

typedef struct st_tissue_story {
    st_ctx* ctx;
    const char* dir; ///< borrowed
    st_arena arena;
    bool is_full; ///< while it is read: memory was out
    st_table *about, *values, *cells, *fields, *profile, *expected, *zoom; ///< NULL = none
    int time_count;
    const double* day;                     ///< [time_count]
    st_tissue_kind* kind;                  ///< [kind_count]
    int kind_count;                        ///< 0: a run of fields alone
    const char* only_place;                ///< of all kinds; NULL: they lie in several
    const double* total;                   ///< [time_count] cells of all kinds
    const double* event[ST_TISSUE_EVENTS]; ///< [time_count] since the start
    st_tissue_quantity* field;
    int field_count;
    st_tissue_quantity* matrix;
    int matrix_count;
    const char** medium; ///< [medium_count]
    double* volume_mL;   ///< [medium_count]
    int medium_count;
    int value_count, assumed_count;
} st_tissue_story;

/// Reads a folder. ST_ERR_FILE or ST_ERR_INPUT with one message when it is none of a finished
/// tissue run. `dir` is borrowed.
st_status st_tissue_story_load(st_ctx* ctx, const char* dir, st_tissue_story* out);
void st_tissue_story_clear(st_tissue_story* story);

/// A row of about.csv or of zoom.csv, "" when it is not there.
const char* st_tissue_story_about(const st_tissue_story* story, const char* what);
double st_tissue_story_number(const st_tissue_story* story, const char* what); ///< NAN: none
const char* st_tissue_story_zoom(const st_tissue_story* story, const char* what);

#endif
