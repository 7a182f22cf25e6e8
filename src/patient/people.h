/// \file
/// Inside of st_people, shared by the reader of distributions and the reader of tables.
#ifndef ST_PATIENT_PEOPLE_H
#define ST_PATIENT_PEOPLE_H

#include "base/doc.h"
#include "base/table.h"
#include "patient/marginal.h"

#include "stroma/patient.h"

#define ST_PEOPLE_CASES 5 ///< most cases of a `by:` attribute (KL grades)

/// An attribute's distribution; with `by`, one for each value of an attribute of whole numbers.
typedef struct st_attribute_law {
    int by; ///< attribute, -1 none
    int case_count;
    st_marginal law[ST_PEOPLE_CASES]; ///< [0] alone without `by`
} st_attribute_law;

/// Most pairs of attributes.
#define ST_PEOPLE_PAIR_LIMIT (ST_ATTRIBUTE_COUNT * (ST_ATTRIBUTE_COUNT - 1) / 2)
/// Most facts and happenings of a people file.
#define ST_PEOPLE_FACT_LIMIT 64

/// `facts:` and `since:` of a people file: what criteria of candidacy ask about.
typedef struct st_people_fact {
    st_people_fact_info info;
    st_marginal ago; ///< day, of those to whom it has happened
} st_people_fact;

struct st_people {
    st_ctx* ctx;
    st_doc* doc;
    char* text; ///< of a table: owned; of a document: NULL
    size_t length;
    char* name;
    const char* title;
    st_attribute_law attribute[ST_ATTRIBUTE_COUNT];
    double factor[ST_ATTRIBUTE_COUNT * ST_ATTRIBUTE_COUNT]; ///< Cholesky, row-major
    int row_count;                                          ///< > 0: people come from rows instead
    double* row;                                            ///< [row_count][ST_ATTRIBUTE_COUNT]
    st_people_fact fact[ST_PEOPLE_FACT_LIMIT];
    int fact_count;
    st_figure_info figure[ST_ATTRIBUTE_COUNT + ST_PEOPLE_PAIR_LIMIT]; ///< facts are not repeated
    char pair_name[ST_PEOPLE_PAIR_LIMIT][40];                         ///< "kl, varus"
    int figure_count;
};

/// Bounds that an attribute can have at all, in its unit.
void st_people_bounds(st_attribute attribute, double* lo, double* hi);

/// True for what is counted: 0, 1, 2 ...
bool st_people_is_whole(int attribute);

/// True when people may come without this attribute; then everybody has the value *everybody.
bool st_people_may_be_left_out(int attribute, double* everybody);

/// Reads a CSV of people into `people` (ctx and name are set).
st_status st_people_table_read(st_people* people);

/// Reads `facts:` and `since:` of a people document. Reports mistakes; false when there were some.
bool st_people_facts_read(st_people* people, const st_node* root);

/// Reads a people document from text; `name` stands for the file in messages.
st_status st_people_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                          st_people** out);

#endif
