/// \file
/// Where the shipped models lie.
#ifndef ST_CLI_MODELS_DIR_H
#define ST_CLI_MODELS_DIR_H

#include "cli.h"

/// Finds the folder that holds knee-oa.yaml: $STROMA_MODELS when set, else ../share/stroma/models
/// seen from the program, else the source folder that the program was built from. Writes it to
/// `out`; ST_ERR_FILE with a message that names the places when there is none.
st_status st_models_dir_find(st_ctx* ctx, char* out, size_t size);

#endif
