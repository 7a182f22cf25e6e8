/// \file
/// An evidence table as rows of numbers and texts, each row judged on its own.
#ifndef ST_TRIAL_EVIDENCE_H
#define ST_TRIAL_EVIDENCE_H

#include "base/base.h"
#include "base/table.h"

/// One row of the table. Texts are borrowed from the table; an empty number is NAN.
typedef struct st_evidence_row {
    int line;
    const char *trial, *arm, *label, *design, *blinding, *control, *joint, *condition, *severity;
    const char *intervention, *scale, *dose_note, *source, *locator;
    bool is_pooled, is_paid;
    bool lower_is_better;
    bool is_median;                                   ///< the locator says MEDIAN
    bool is_check;                                    ///< the locator says `check:`
    double dose, n, age, age_sd, bmi, bmi_sd, female; ///< cells, people, y, kg/m^2, percent
    double month, mean, sd, ci_lo, ci_hi, change, change_sd, responder;
    const char* fault; ///< why the row is refused, NULL when it is sound
} st_evidence_row;

typedef struct st_evidence {
    st_arena arena;
    st_table* table; ///< owned
    char* text;      ///< bytes as read, owned
    size_t length;
    st_evidence_row* row;
    int row_count;
    int faulty_count;
} st_evidence;

/// Words that `intervention` may hold, NULL-terminated.
extern const char* const ST_EVIDENCE_INTERVENTIONS[];

/// Reads a table. Without `keep_going` every faulty row is reported with its line and the status is
/// ST_ERR_INPUT; with it the rows carry their fault. A missing column or a broken record is always
/// refused.
st_status st_evidence_load(st_ctx* ctx, const char* path, bool keep_going, st_evidence* out);
/// The same from text, which is copied.
st_status st_evidence_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                            bool keep_going, st_evidence* out);
void st_evidence_clear(st_ctx* ctx, st_evidence* evidence);

#endif
