/// \file
/// Private: the files of a validation.
#ifndef ST_REPORT_VALIDATE_FILES_H
#define ST_REPORT_VALIDATE_FILES_H

#include "stroma/report.h"

#include "base/table.h"

/// Writes the SQLite file: validate_store.c.
st_status st_validate_store_write(st_ctx* ctx, const char* path, const st_validation* validation);

/// The page: validate_page.c.
void st_validate_page_write(st_ctx* ctx, st_text* out, const st_validation* validation);

#endif
