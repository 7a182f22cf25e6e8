/// \file
/// Private: the zooms beside a trial's store, as a section of its page.
#ifndef ST_REPORT_TISSUE_ZOOMS_H
#define ST_REPORT_TISSUE_ZOOMS_H

#include "base/table.h"

/// Adds a section with the last still of every finished zoom in DIR/zoom-*, people in order of
/// their number, each beside the same person's twins, with links to the pages. Nothing without a
/// zoom.
st_status st_tissue_zooms_add(st_ctx* ctx, const char* dir, st_text* out);

#endif
