/// \file
/// What `stroma check` does with a person's file.
#ifndef ST_CLI_CHECK_PERSON_H
#define ST_CLI_CHECK_PERSON_H

#include "stroma/base.h"

st_status st_check_person(st_ctx* ctx, const char* path);

#endif
