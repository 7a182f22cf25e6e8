/// \file
/// Private: sums that are kept while a run writes its people, so that a page over many people is
/// made from few rows: response over time, twins, subgroups. docs/equations/report.md.
#ifndef ST_REPORT_STORE_TALLY_H
#define ST_REPORT_STORE_TALLY_H

#include "report/store.h"

/// Made when the run begins; the store owns it.
st_status st_store_tally_create(st_ctx* ctx, const st_study* study, st_store_tally** out);
void st_store_tally_destroy(st_ctx* ctx, st_store_tally* tally); // NULL is allowed

/// A person, and the readings that follow it: all visits of one arm.
void st_store_tally_person(st_store_tally* tally, const st_person_row* row);
void st_store_tally_reading(st_store_tally* tally, const st_reading_row* row);

/// Writes the tables response, twin and subgroup.
st_status st_store_tally_write(st_ctx* ctx, st_store_tally* tally, st_store* store);

#endif
