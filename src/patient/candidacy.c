#include "base/base.h"

#include "patient/candidacy.h"

#include <math.h>
#include <string.h>

// --- criteria ---

static bool read_verdict(st_ctx* ctx, const st_node* n, st_criterion* c)
{
    static const char* const names[] = {"ask", "first", "later", "stop"};
    static const st_verdict verdicts[] = {ST_VERDICT_ASK, ST_VERDICT_FIRST, ST_VERDICT_LATER,
                                          ST_VERDICT_STOP};
    const st_node* verdict = st_node_need(ctx, n, "verdict", "ask, first, later or stop");
    int choice = 0;
    if (!st_node_read_choice(ctx, verdict, names, 4, &choice)) {
        return false;
    }
    c->info.verdict = verdicts[choice];
    return true;
}

static bool read_texts(st_ctx* ctx, const st_node* n, st_criterion* c)
{
    const st_node* source = st_node_child(n, "source");
    const st_node* assumed = st_node_child(n, "assumed");
    if ((source == NULL) == (assumed == NULL)) {
        return st_node_fail(ctx, n, "expected one of 'source:' and 'assumed:'");
    }
    return st_node_read_text(ctx, st_node_need(ctx, n, "name", "a short name"), &c->info.name) &&
           st_node_read_text(ctx, st_node_need(ctx, n, "label", "words for people"),
                             &c->info.label) &&
           st_node_read_text(ctx, st_node_need(ctx, n, "why", "the reason"), &c->info.why) &&
           st_node_read_text(ctx, source != NULL ? source : assumed,
                             source != NULL ? &c->info.source : &c->info.assumed);
}

static bool read_attribute(st_ctx* ctx, const st_node* n, st_criterion* c)
{
    const st_node* attribute = st_node_child(n, "attribute");
    const st_node* within = st_node_need(ctx, n, "within", "a range such as '18..80 y'");
    if (!st_node_read_text(ctx, attribute, &c->subject)) {
        return false;
    }
    c->kind = ST_SUBJECT_ATTRIBUTE;
    c->attribute = st_attribute_find(c->subject);
    if (c->attribute < 0) {
        const char* names[ST_ATTRIBUTE_COUNT];
        for (int i = 0; i < ST_ATTRIBUTE_COUNT; i++) {
            names[i] = st_attribute_about((st_attribute)i)->name;
        }
        const char* near = st_name_nearest(c->subject, names, ST_ATTRIBUTE_COUNT);
        return st_node_fail(ctx, attribute, "found '%s', expected an attribute of people%s%s%s",
                            c->subject, near ? "; did you mean '" : "", near ? near : "",
                            near ? "'?" : "");
    }
    const st_attribute_info* about = st_attribute_about((st_attribute)c->attribute);
    return st_node_read_range(ctx, within, about->label, about->unit, &c->range);
}

/// Exactly one of fact, since and attribute says what is looked at.
static bool read_subject(st_ctx* ctx, const st_node* n, st_criterion* c)
{
    const st_node* fact = st_node_child(n, "fact");
    const st_node* since = st_node_child(n, "since");
    const st_node* attribute = st_node_child(n, "attribute");
    if ((fact != NULL) + (since != NULL) + (attribute != NULL) != 1) {
        return st_node_fail(ctx, n, "expected one of 'fact:', 'since:' and 'attribute:'");
    }
    if (fact != NULL) {
        const st_node* expect = st_node_child(n, "expect");
        c->kind = ST_SUBJECT_FACT;
        return st_node_read_text(ctx, fact, &c->subject) &&
               (expect == NULL || st_node_read_bool(ctx, expect, &c->expected));
    }
    if (since != NULL) {
        const st_node* least = st_node_need(ctx, n, "at_least", "a time such as '3 months'");
        c->kind = ST_SUBJECT_SINCE;
        return st_node_read_text(ctx, since, &c->subject) &&
               st_node_read_quantity(ctx, least, "a time", "day", NULL, 0.0, 36525.0,
                                     &c->at_least_day);
    }
    return read_attribute(ctx, n, c);
}

static void read_criteria(st_ctx* ctx, const st_node* list, st_candidacy* out)
{
    static const char* const known[] = {"name",     "label",   "fact",   "expect",    "since",
                                        "at_least", "why",     "within", "attribute", "verdict",
                                        "source",   "assumed", NULL};
    if (!st_node_expect(ctx, list, ST_NODE_LIST)) {
        return;
    }
    if (list->child_count > ST_CRITERION_LIMIT) {
        st_node_fail(ctx, list, "found %d criteria, expected at most %d", list->child_count,
                     ST_CRITERION_LIMIT);
        return;
    }
    for (const st_node* n = list->first; n != NULL; n = n->next) {
        st_criterion* c = &out->criterion[out->count];
        *c = (st_criterion){.attribute = -1};
        if (st_node_check_keys(ctx, n, known) && read_texts(ctx, n, c) && read_verdict(ctx, n, c) &&
            read_subject(ctx, n, c)) {
            out->count++;
        }
    }
}

/// What each verdict means in words: `verdicts:` of the file.
static void read_words(st_ctx* ctx, const st_node* root, st_candidacy* out)
{
    static const char* const known[] = {"ask", "first", "later", "stop", NULL};
    static const st_verdict verdicts[] = {ST_VERDICT_ASK, ST_VERDICT_FIRST, ST_VERDICT_LATER,
                                          ST_VERDICT_STOP};
    const st_node* words = st_node_need(ctx, root, "verdicts", "words for ask, first, later, stop");
    out->words[ST_VERDICT_MET] = "nothing in the criteria stands against it";
    out->words[ST_VERDICT_UNKNOWN] = "the file does not say";
    if (words == NULL || !st_node_check_keys(ctx, words, known)) {
        return;
    }
    for (int i = 0; i < 4; i++) {
        const st_node* n = st_node_need(ctx, words, known[i], "words");
        if (n != NULL) {
            st_node_read_text(ctx, n, &out->words[verdicts[i]]);
        }
    }
}

st_status st_candidacy_load(st_ctx* ctx, const char* path, st_candidacy** out)
{
    static const char* const known[] = {"candidacy", "verdicts", "criteria", NULL};
    *out = NULL;
    const int mistakes = st_ctx_mistake_count(ctx);
    st_candidacy* c = st_alloc(ctx, 1, sizeof *c);
    if (c == NULL) {
        return ST_ERR_MEMORY;
    }
    c->ctx = ctx;
    const st_status status = st_doc_load(ctx, path, &c->doc);
    if (status != ST_OK) {
        st_candidacy_destroy(c);
        return status;
    }
    const st_node* root = st_doc_root(c->doc);
    st_node_check_keys(ctx, root, known);
    const st_node* title = st_node_need(ctx, root, "candidacy", "a title");
    const st_node* list = st_node_need(ctx, root, "criteria", "a list of criteria");
    if (title != NULL) {
        st_node_read_text(ctx, title, &c->title);
    }
    read_words(ctx, root, c);
    if (list != NULL) {
        read_criteria(ctx, list, c);
    }
    if (st_ctx_mistake_count(ctx) > mistakes) {
        st_candidacy_destroy(c);
        return ST_ERR_INPUT;
    }
    *out = c;
    return ST_OK;
}

void st_candidacy_destroy(st_candidacy* candidacy)
{
    if (candidacy != NULL) {
        st_doc_destroy(candidacy->doc);
        st_free(candidacy->ctx, candidacy);
    }
}

const char* st_candidacy_title(const st_candidacy* candidacy)
{
    return candidacy->title;
}

const char* st_candidacy_words(const st_candidacy* candidacy, st_verdict verdict)
{
    return candidacy->words[verdict];
}

int st_candidacy_count(const st_candidacy* candidacy)
{
    return candidacy->count;
}

const st_criterion_info* st_candidacy_at(const st_candidacy* candidacy, int index)
{
    return &candidacy->criterion[index].info;
}

// --- the answer ---

static bool within(const st_range* range, double value)
{
    const bool above = range->lo_open ? value > range->lo : value >= range->lo;
    const bool below = range->hi_open ? value < range->hi : value <= range->hi;
    return above && below;
}

static st_verdict judge_value(const st_criterion* c, double value)
{
    if (isnan(value)) {
        return ST_VERDICT_UNKNOWN;
    }
    return within(&c->range, value) ? ST_VERDICT_MET : c->info.verdict;
}

st_verdict st_candidacy_judge(const st_candidacy* candidacy, int index,
                              const st_person_file* person)
{
    const st_criterion* c = &candidacy->criterion[index];
    switch (c->kind) {
    case ST_SUBJECT_FACT:
        if (person->answer[index] < 0) {
            return ST_VERDICT_UNKNOWN;
        }
        return (person->answer[index] == 1) == c->expected ? ST_VERDICT_MET : c->info.verdict;
    case ST_SUBJECT_SINCE:
        if (isnan(person->since_day[index])) {
            return ST_VERDICT_UNKNOWN;
        }
        return person->since_day[index] >= c->at_least_day ? ST_VERDICT_MET : c->info.verdict;
    case ST_SUBJECT_ATTRIBUTE:
        break;
    }
    return judge_value(c, person->value[c->attribute]);
}

st_verdict st_candidacy_verdict(const st_candidacy* candidacy, const st_person_file* person)
{
    st_verdict gravest = ST_VERDICT_MET;
    for (int i = 0; i < candidacy->count; i++) {
        const st_verdict v = st_candidacy_judge(candidacy, i, person);
        gravest = v > gravest ? v : gravest;
    }
    return gravest;
}

// --- virtual people ---

const char* st_candidacy_subject(const st_candidacy* candidacy, int index)
{
    return candidacy->criterion[index].subject;
}

/// Position of the fact among those that people draw, -1 when they do not.
static int find_fact(const st_criterion* c, const st_people* people)
{
    const int fact = st_people_fact_find(people, c->subject);
    const bool fits =
        fact >= 0 && st_people_fact_at(people, fact)->is_since == (c->kind == ST_SUBJECT_SINCE);
    return fits ? fact : -1;
}

bool st_candidacy_can_ask(const st_candidacy* candidacy, int index, const st_people* people)
{
    const st_criterion* c = &candidacy->criterion[index];
    return c->kind == ST_SUBJECT_ATTRIBUTE || find_fact(c, people) >= 0;
}

st_verdict st_candidacy_judge_virtual(const st_candidacy* candidacy, int index,
                                      const st_people* people, uint64_t seed,
                                      const st_person* person)
{
    const st_criterion* c = &candidacy->criterion[index];
    if (c->kind == ST_SUBJECT_ATTRIBUTE) {
        return judge_value(c, person->value[c->attribute]);
    }
    const int fact = find_fact(c, people);
    if (fact < 0) {
        return ST_VERDICT_UNKNOWN;
    }
    const bool is_met =
        c->kind == ST_SUBJECT_FACT
            ? st_people_fact_holds(people, fact, seed, person->id) == c->expected
            : st_people_fact_since_day(people, fact, seed, person->id) >= c->at_least_day;
    return is_met ? ST_VERDICT_MET : c->info.verdict;
}

const char* st_candidacy_source(const st_candidacy* candidacy, const char** name, size_t* length)
{
    *name = st_doc_name(candidacy->doc);
    return st_doc_text(candidacy->doc, length);
}
