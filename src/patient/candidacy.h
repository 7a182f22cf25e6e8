/// \file
/// Criteria and the person they are asked of, as candidacy.c and person_file.c share them.
#ifndef ST_PATIENT_CANDIDACY_H
#define ST_PATIENT_CANDIDACY_H

#include "stroma/patient.h"

#include "base/doc.h"

#define ST_CRITERION_LIMIT 64

/// What a criterion looks at.
typedef enum st_subject_kind {
    ST_SUBJECT_FACT,      ///< yes or no
    ST_SUBJECT_SINCE,     ///< time since something happened
    ST_SUBJECT_ATTRIBUTE, ///< a number of the person
} st_subject_kind;

typedef struct st_criterion {
    st_criterion_info info;
    st_subject_kind kind;
    const char* subject; ///< name of the fact or of the happening
    bool expected;       ///< fact: the answer that meets the criterion
    double at_least_day; ///< since
    int attribute;
    st_range range;
} st_criterion;

struct st_candidacy {
    st_ctx* ctx;
    st_doc* doc;
    const char* title;
    const char* words[ST_VERDICT_STOP + 1]; ///< what each verdict means, for people
    int count;
    st_criterion criterion[ST_CRITERION_LIMIT];
};

struct st_person_file {
    st_ctx* ctx;
    st_doc* doc;
    const char* title;
    double value[ST_ATTRIBUTE_COUNT]; ///< NAN = not given
    double
        since_day[ST_CRITERION_LIMIT]; ///< by criterion; INFINITY = never happened, NAN = not given
    int answer[ST_CRITERION_LIMIT];    ///< by criterion: 1 yes, 0 no, -1 not given
};

#endif
