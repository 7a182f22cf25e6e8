/// \file
/// The tables of a store. One statement list, so that docs/store.md and the code can be compared.
#ifndef ST_REPORT_SCHEMA_H
#define ST_REPORT_SCHEMA_H

#include "base/base.h"

/// Version of the layout: raised whenever a table or column changes its meaning.
#define ST_SCHEMA_VERSION 3
/// Marks the file as one of ours in SQLite's header ("STRO").
#define ST_SCHEMA_APPLICATION 0x5354524f

/// Tables that rows are inserted into.
typedef enum st_schema_table {
    ST_TABLE_ABOUT,
    ST_TABLE_SOURCE_FILE,
    ST_TABLE_PARAMETER,
    ST_TABLE_QUANTITY,
    ST_TABLE_INSTRUMENT,
    ST_TABLE_ARM,
    ST_TABLE_VISIT,
    ST_TABLE_PUBLISHED,
    ST_TABLE_PERSON,
    ST_TABLE_READING,
    ST_TABLE_DOSE_STEP,
    ST_TABLE_COURSE,
    ST_TABLE_OUTCOME,
    ST_TABLE_CONTRAST,
    ST_TABLE_SPLIT,
    ST_TABLE_EVENT,
    ST_TABLE_SCREENING,
    ST_TABLE_FAILURE,
    ST_TABLE_PERSON_EVENT,
    ST_TABLE_RESPONSE,
    ST_TABLE_TWIN,
    ST_TABLE_SUBGROUP,
    ST_TABLE_LATER,
    ST_TABLE_ANALYSIS,
    ST_TABLE_SURVIVAL,
    ST_TABLE_INFLUENCE,
    ST_TABLE_PREPARED,
    ST_TABLE_TUBE,
    ST_TABLE_RESPONDER,
    ST_TABLE_ADHERENCE,
    ST_TABLE_COUNT
} st_schema_table;

/// Name of a table and the types of its columns in order: i integer, d real, t text.
const char* st_schema_table_name(st_schema_table table);
const char* st_schema_table_types(st_schema_table table);

/// CREATE statement. Every table is WITHOUT ROWID, so its rows lie in the order of its primary key
/// and a plain dump is canonical.
const char* st_schema_table_sql(st_schema_table table);

#endif
