/// \file
/// Private: what the answer hangs on, from the rows of the table `influence`.           [TRI-50]
#ifndef ST_REPORT_LEVERAGE_H
#define ST_REPORT_LEVERAGE_H

#include "base/table.h"
#include "report/findings.h"

/// How far a value moves the primary contrast; 0 when it could not be computed.
double st_leverage_size(const st_influence_row* row);

/// The row of a value; NULL when there is none.
const st_influence_row* st_leverage_of(const st_findings* f, const st_finding_parameter* parameter);

/// True for a value without a source.
bool st_leverage_is_assumed(const st_findings* f, const st_influence_row* row);

/// Positions of the rows, largest effect first, into `order` [influence_count].
void st_leverage_sort(const st_findings* f, int* order);

/// The sentence for the top of the page; nothing when there is no share to tell.
void st_leverage_sentence(const st_findings* f, st_text* out);

#endif
