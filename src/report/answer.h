/// \file
/// Private: the answer of a run in three plain sentences: the range and the mean beyond control,
/// where the change comes from, and what was not shown.
#ifndef ST_REPORT_ANSWER_H
#define ST_REPORT_ANSWER_H

#include "base/table.h"
#include "report/findings.h"

#define ST_ANSWER_SENTENCES 3

/// What an interval of a difference says.
typedef enum st_answer_sign {
    ST_ANSWER_UNKNOWN,       ///< no number
    ST_ANSWER_INCLUDES_ZERO, ///< no clear difference
    ST_ANSWER_BETTER,        ///< the whole interval is better than the control
    ST_ANSWER_WORSE,
} st_answer_sign;

st_answer_sign st_answer_judge(const st_instrument_info* measure, const st_contrast_row* contrast);

/// Arms that the answer is about: those with cells that have a control, else all that have one.
/// `arms` holds arm_count places; gives how many.
int st_answer_arms(const st_findings* f, int* arms);

/// Plain UTF-8, not yet escaped. `sentence` is an array of initialised texts.
void st_answer_compose(const st_findings* f, st_text* sentence);

#endif
