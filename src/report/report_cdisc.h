/// \file
/// Private: the run as CDISC analysis datasets. Every row is marked as simulated. docs/report.md.
#ifndef ST_REPORT_CDISC_H
#define ST_REPORT_CDISC_H

#include <stddef.h>

/// A CSV file and the query that fills it.
typedef struct st_report_table {
    const char *file, *sql;
} st_report_table;

/// TS, ADSL, ADQS, ADAE, ADTTE.
const st_report_table* st_report_cdisc_tables(size_t* count);

#endif
