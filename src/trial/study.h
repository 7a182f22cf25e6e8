/// \file
/// A loaded study, as the files of this room see it.
#ifndef ST_TRIAL_STUDY_H
#define ST_TRIAL_STUDY_H

#include "stroma/trial.h"

#include "base/doc.h"

/// Mean month of the calendar, in days.
#define ST_STUDY_MONTH_DAY (365.25 / 12.0)

/// One line of `people.entry`.
typedef struct st_criterion {
    int attribute;      ///< st_attribute, -1 when it is a measured score
    int instrument;     ///< -1 when it is an attribute
    st_range range;     ///< in the attribute's unit or the instrument's points
    const char* reason; ///< name and bounds as written, for the count of reasons
} st_criterion;

/// One arm: what people see of it, and what is done.
typedef struct st_arm {
    st_arm_info info;
    st_recipe* recipe; ///< owned
    bool is_open;      ///< people know their arm
    const st_node* node;
} st_arm;

typedef struct st_source_text {
    const char* name;
    const char* role;
    const char* text;
    size_t length;
} st_source_text;

struct st_study {
    st_ctx* ctx;
    st_arena arena; ///< texts, merged nodes and tables of this struct
    st_doc* doc;
    const char* path;
    const char* model_dir;
    const char* title;
    const char* blinding;
    uint64_t seed;

    st_model* model;
    st_instruments* instruments;
    st_context_rules* context;
    st_catalogue* catalogue;
    st_people* people;
    st_person_plan* plan; ///< from people to this model's parameters and inputs

    double screening_day; ///< < 0: when entry scores are measured
    st_criterion* criterion;
    int criterion_count;

    st_arm* arm;
    int arm_count;
    int twin_count;       ///< arms among them that run the people of all others
    int64_t people_count; ///< sum over the other arms

    st_visit_info* visit;
    int visit_count;
    int* measure; ///< instrument of each measure
    int measure_count;
    double drop_out_per_day;

    int primary_measure, primary_visit, primary_control;
    bool primary_is_welch;

    st_published_row* published;
    int published_count;
    char* table_text; ///< published table and scale names as read, owned
    size_t table_length;
    const char* table_name;
    char* scales_text;
    size_t scales_length;

    st_source_text* source;
    int source_count;
};

/// st_study_load() from a text in memory; `name` stands for the file in messages.
st_status st_study_parse(st_ctx* ctx, const char* name, const char* text, const char* model_dir,
                         st_study** out);

/// Position of an arm or a measure by name, -1 when absent.
int st_study_find_arm(const st_study* study, const char* name);
int st_study_find_measure(const st_study* study, const char* name);

#endif
