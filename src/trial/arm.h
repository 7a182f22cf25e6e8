/// \file
/// The `arms:` table of a study.
#ifndef ST_TRIAL_ARM_H
#define ST_TRIAL_ARM_H

#include "entrants.h"
#include "study.h"

/// Most arms of a study.
#define ST_ARM_LIMIT 32

/// Reads all arms into the study (recipes need its catalogue). Mistakes go to ctx; not ST_OK only
/// when memory is out.
st_status st_arm_read_all(st_ctx* ctx, st_study* study, const st_node* arms);

/// Arm that `node` names, -1 after a reported mistake.
int st_arm_find(st_ctx* ctx, const st_study* study, const st_node* node);

/// The donor of a person's own cells.
st_donor st_arm_donor(const st_person* person);
/// A donor as these people are on average, of the more frequent sex.
st_donor st_arm_middle_donor(const st_entrant* entrant, int count);

/// Settles who is compared with whom, once the study's control arm is known.
void st_arm_read_controls(st_ctx* ctx, st_study* study);

/// Every product class that the arms inject must have a place in the model.
st_status st_arm_check_doses(st_ctx* ctx, const st_study* study);

#endif
