/// \file
/// Private: define.xml beside the CDISC datasets.
#ifndef ST_REPORT_DEFINE_H
#define ST_REPORT_DEFINE_H

#include "report/query.h"

/// Writes `folder`/define.xml (Define-XML 2.0): every dataset of st_report_cdisc_tables() with its
/// variables as they stand in the files, their labels and types.
st_status st_report_define(st_query* query, const char* folder);

#endif
