/// \file
/// `stroma check` of the files that studies name: people, criteria of candidacy, plans of care.
#ifndef ST_CLI_CHECK_CARE_H
#define ST_CLI_CHECK_CARE_H

#include "stroma/patient.h"

st_status st_check_care_people(st_ctx* ctx, const char* path);
st_status st_check_care_candidacy(st_ctx* ctx, const char* path);
/// Asked of the shipped knee model, whose inputs it has to name.
st_status st_check_care_plan(st_ctx* ctx, const char* path);

/// A plan and its phases, as `stroma check` of a study prints them too.
void st_check_care_print_plan(const st_care* care);

#endif
