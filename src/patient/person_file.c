#include "base/base.h"

#include "patient/candidacy.h"

#include <math.h>
#include <string.h>

/// Every key of a table must be asked about by some criterion; returns the criteria's names for it.
static bool check_subjects(st_ctx* ctx, const st_candidacy* candidacy, const st_node* table,
                           st_subject_kind kind)
{
    const char* known[ST_CRITERION_LIMIT + 1];
    int count = 0;
    for (int i = 0; i < candidacy->count; i++) {
        if (candidacy->criterion[i].kind == kind) {
            known[count++] = candidacy->criterion[i].subject;
        }
    }
    known[count] = NULL;
    return st_node_check_keys(ctx, table, known);
}

static void read_facts(st_ctx* ctx, const st_candidacy* candidacy, const st_node* table,
                       st_person_file* p)
{
    if (table == NULL || !check_subjects(ctx, candidacy, table, ST_SUBJECT_FACT)) {
        return;
    }
    for (int i = 0; i < candidacy->count; i++) {
        const st_criterion* c = &candidacy->criterion[i];
        const st_node* n = c->kind == ST_SUBJECT_FACT ? st_node_child(table, c->subject) : NULL;
        bool answer = false;
        if (n != NULL && strcmp(n->text, "unknown") != 0 && st_node_read_bool(ctx, n, &answer)) {
            p->answer[i] = answer ? 1 : 0;
        }
    }
}

static void read_since(st_ctx* ctx, const st_candidacy* candidacy, const st_node* table,
                       st_person_file* p)
{
    if (table == NULL || !check_subjects(ctx, candidacy, table, ST_SUBJECT_SINCE)) {
        return;
    }
    for (int i = 0; i < candidacy->count; i++) {
        const st_criterion* c = &candidacy->criterion[i];
        const st_node* n = c->kind == ST_SUBJECT_SINCE ? st_node_child(table, c->subject) : NULL;
        if (n == NULL) {
            continue;
        }
        if (n->kind == ST_NODE_SCALAR && strcmp(n->text, "never") == 0) {
            p->since_day[i] = INFINITY;
        } else {
            st_node_read_quantity(ctx, n, "a time since, or 'never'", "day", NULL, 0.0, 36525.0,
                                  &p->since_day[i]);
        }
    }
}

static void read_person(st_ctx* ctx, const st_candidacy* candidacy, const st_node* root,
                        st_person_file* p)
{
    static const char* const known[] = {"person", "age",  "sex",      "height", "bmi",   "kl",
                                        "varus",  "pain", "duration", "facts",  "since", NULL};
    static const struct {
        const char* key;
        st_attribute attribute;
        const char* unit;
        double lo, hi;
    } numbers[] = {{"age", ST_PERSON_AGE, "y", 0.0, 120.0},
                   {"height", ST_PERSON_HEIGHT, "m", 0.5, 2.6},
                   {"bmi", ST_PERSON_BMI, "kg/m^2", 8.0, 120.0},
                   {"varus", ST_PERSON_VARUS, "deg", -60.0, 60.0},
                   {"pain", ST_PERSON_PAIN, "vas", 0.0, 100.0},
                   {"duration", ST_PERSON_DURATION, "y", 0.0, 120.0}};
    static const char* const sexes[] = {"male", "female"};
    st_node_check_keys(ctx, root, known);
    const st_node* title = st_node_need(ctx, root, "person", "words that name the person");
    if (title != NULL) {
        st_node_read_text(ctx, title, &p->title);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const st_node* n = st_node_child(root, numbers[i].key);
        if (n != NULL) {
            st_node_read_quantity(ctx, n, st_attribute_about(numbers[i].attribute)->label,
                                  numbers[i].unit, NULL, numbers[i].lo, numbers[i].hi,
                                  &p->value[numbers[i].attribute]);
        }
    }
    const st_node* kl = st_node_child(root, "kl");
    int64_t grade = 0;
    if (kl != NULL && st_node_read_integer(ctx, kl, 0, 4, &grade)) {
        p->value[ST_PERSON_KL] = (double)grade;
    }
    const st_node* sex = st_node_child(root, "sex");
    int choice = 0;
    if (sex != NULL && st_node_read_choice(ctx, sex, sexes, 2, &choice)) {
        p->value[ST_PERSON_FEMALE] = choice;
    }
    read_facts(ctx, candidacy, st_node_child(root, "facts"), p);
    read_since(ctx, candidacy, st_node_child(root, "since"), p);
}

st_status st_person_file_load(st_ctx* ctx, const st_candidacy* candidacy, const char* path,
                              st_person_file** out)
{
    *out = NULL;
    const int mistakes = st_ctx_mistake_count(ctx);
    st_person_file* p = st_alloc(ctx, 1, sizeof *p);
    if (p == NULL) {
        return ST_ERR_MEMORY;
    }
    p->ctx = ctx;
    for (int i = 0; i < ST_ATTRIBUTE_COUNT; i++) {
        p->value[i] = NAN;
    }
    for (int i = 0; i < ST_CRITERION_LIMIT; i++) {
        p->answer[i] = -1;
        p->since_day[i] = NAN;
    }
    const st_status status = st_doc_load(ctx, path, &p->doc);
    if (status != ST_OK) {
        st_person_file_destroy(p);
        return status;
    }
    read_person(ctx, candidacy, st_doc_root(p->doc), p);
    if (st_ctx_mistake_count(ctx) > mistakes) {
        st_person_file_destroy(p);
        return ST_ERR_INPUT;
    }
    *out = p;
    return ST_OK;
}

void st_person_file_destroy(st_person_file* person)
{
    if (person != NULL) {
        st_doc_destroy(person->doc);
        st_free(person->ctx, person);
    }
}

const char* st_person_file_title(const st_person_file* person)
{
    return person->title;
}
