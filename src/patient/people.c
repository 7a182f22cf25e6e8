#include "base/base.h"

#include "patient/people.h"

#include "base/random.h"
#include "patient/cholesky.h"
#include "patient/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N ST_ATTRIBUTE_COUNT

void st_people_bounds(st_attribute attribute, double* lo, double* hi)
{
    // what the scale or a human body can be, not what is usual
    static const double BOUNDS[N][2] = {
        [ST_PERSON_AGE] = {0.0, 120.0},
        [ST_PERSON_FEMALE] = {0.0, 1.0},
        [ST_PERSON_HEIGHT] = {0.5, 2.6},
        [ST_PERSON_BMI] = {8.0, 120.0},
        [ST_PERSON_KL] = {0.0, 4.0},
        [ST_PERSON_VARUS] = {-60.0, 60.0},
        [ST_PERSON_PAIN] = {0.0, 100.0},
        [ST_PERSON_FUNCTION] = {0.0, 68.0},
        [ST_PERSON_INFLAMMATION] = {1e-3, 1e3},
        [ST_PERSON_THICKNESS] = {0.0, 10.0},
        [ST_PERSON_DURATION] = {0.0, 120.0},
        [ST_PERSON_STRENGTH] = {0.01, 20.0},
        [ST_PERSON_INJURY] = {0.0, 1.0},
    };
    *lo = BOUNDS[attribute][0];
    *hi = BOUNDS[attribute][1];
}

// --- attributes -----------------------------------------------------------------------------

bool st_people_is_whole(int attribute)
{
    return attribute == ST_PERSON_FEMALE || attribute == ST_PERSON_KL ||
           attribute == ST_PERSON_INJURY;
}

bool st_people_may_be_left_out(int attribute, double* everybody)
{
    *everybody = attribute == ST_PERSON_STRENGTH ? 1.0 : 0.0;
    return attribute == ST_PERSON_STRENGTH || attribute == ST_PERSON_INJURY;
}

static bool check_shape(st_ctx* ctx, const st_node* node, int attribute, const st_marginal* law)
{
    if (!st_people_is_whole(attribute)) {
        return law->kind != ST_MARGINAL_COUNTS ||
               st_node_fail(ctx, node, "found counts, expected a continuous distribution");
    }
    if (law->kind == ST_MARGINAL_COUNTS ||
        (law->kind == ST_MARGINAL_FIXED && law->a == floor(law->a))) {
        return true;
    }
    return st_node_fail(ctx, node, "found a continuous distribution, expected %s",
                        attribute == ST_PERSON_KL ? "counts: or a fixed whole number"
                                                  : "share: or fixed: 0 or 1");
}

static bool read_law(st_people* people, const st_node* node, int attribute, st_marginal* out)
{
    const st_attribute_info* const about = st_attribute_about((st_attribute)attribute);
    double lo = 0.0;
    double hi = 0.0;
    st_people_bounds((st_attribute)attribute, &lo, &hi);
    return st_marginal_read(people->ctx, node, about->label, about->unit, lo, hi, out) &&
           check_shape(people->ctx, node, attribute, out);
}

// `by: kl` with `cases: { 0: {...}, 1: {...} }`: one distribution for each value.
static bool read_cases(st_people* people, const st_node* node, int attribute, st_attribute_law* out)
{
    static const char* const KNOWN[] = {"by", "cases", "source", "assumed", NULL};
    static const char* const KNOWN_CASE[] = {"normal", "lognormal", "quantiles", "fixed", "range",
                                             "round",  "source",    "assumed",   NULL};
    static const char* const WHOLE[] = {"female", "kl"};
    st_ctx* const ctx = people->ctx;
    int choice = 0;
    bool good = st_node_check_keys(ctx, node, KNOWN);
    if (!st_node_read_choice(ctx, st_node_child(node, "by"), WHOLE, 2, &choice)) {
        return false;
    }
    out->by = st_attribute_find(WHOLE[choice]);
    out->case_count = out->by == ST_PERSON_FEMALE ? 2 : 5;
    if (st_people_is_whole(attribute)) {
        return st_node_fail(ctx, node, "cannot depend on another attribute");
    }
    const st_node* const cases =
        st_node_need(ctx, node, "cases", "one distribution for each value");
    if (cases == NULL || !st_node_expect(ctx, cases, ST_NODE_MAP)) {
        return false;
    }
    const char* const* const name = (const char* const[]){"0", "1", "2", "3", "4", NULL};
    const char* const* const known =
        out->case_count == 2 ? (const char* const[]){"0", "1", NULL} : name;
    good = st_node_check_keys(ctx, cases, known) && good;
    for (int k = 0; k < out->case_count; ++k) {
        const st_node* const one = st_node_need(ctx, cases, name[k], "a distribution");
        if (one == NULL || !st_node_expect(ctx, one, ST_NODE_MAP)) {
            good = false;
            continue;
        }
        good = st_node_check_keys(ctx, one, KNOWN_CASE) && good;
        good = read_law(people, one, attribute, &out->law[k]) && good;
    }
    return good;
}

/// A median, the share of those of whom it is true, or no single number: cases and counts.
static void add_figure(st_people* people, const st_node* node, int attribute, const char* source,
                       const char* assumed)
{
    const st_attribute_info* const about = st_attribute_about((st_attribute)attribute);
    const st_attribute_law* const law = &people->attribute[attribute];
    const st_node* const share = st_node_child(node, "share");
    double value = (double)NAN;
    if (share != NULL) {
        (void)st_node_read_number(people->ctx, share, 0.0, 1.0, &value); // has been read before
    } else if (law->by < 0 && law->law[0].kind != ST_MARGINAL_COUNTS) {
        value = st_marginal_at(&law->law[0], 0.0);
    }
    people->figure[people->figure_count++] = (st_figure_info){.name = about->name,
                                                              .value = value,
                                                              .unit = about->unit,
                                                              .source = source,
                                                              .assumed = assumed};
}

static bool read_attribute(st_people* people, const st_node* node, int attribute)
{
    static const char* const KNOWN[] = {"normal", "lognormal", "quantiles", "counts",
                                        "share",  "fixed",     "range",     "round",
                                        "source", "assumed",   NULL};
    st_attribute_law* const out = &people->attribute[attribute];
    const char* source = NULL;
    const char* assumed = NULL;
    *out = (st_attribute_law){.by = -1, .case_count = 1};
    if (!st_node_expect(people->ctx, node, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_figure_origin(people->ctx, node, &source, &assumed);
    if (st_node_child(node, "by") != NULL) {
        good = read_cases(people, node, attribute, out) && good;
    } else {
        good = st_node_check_keys(people->ctx, node, KNOWN) && good;
        good = read_law(people, node, attribute, &out->law[0]) && good;
    }
    if (good) {
        add_figure(people, node, attribute, source, assumed);
    }
    return good;
}

static bool read_attributes(st_people* people, const st_node* map)
{
    const char* known[N + 1] = {NULL};
    for (int i = 0; i < N; ++i) {
        known[i] = st_attribute_about((st_attribute)i)->name;
    }
    if (!st_node_expect(people->ctx, map, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(people->ctx, map, known);
    for (int i = 0; i < N; ++i) {
        double everybody = 0.0;
        if (st_people_may_be_left_out(i, &everybody) && st_node_child(map, known[i]) == NULL) {
            people->attribute[i] = (st_attribute_law){.by = -1, .case_count = 1};
            people->attribute[i].law[0] = (st_marginal){
                .kind = ST_MARGINAL_FIXED, .a = everybody, .lo = -INFINITY, .hi = INFINITY};
            continue;
        }
        const st_node* const node = st_node_need(people->ctx, map, known[i], "a distribution");
        good = node != NULL && read_attribute(people, node, i) && good;
    }
    return good;
}

// --- correlations ---------------------------------------------------------------------------

static bool read_name(st_ctx* ctx, const st_node* node, int* out)
{
    const char* names[N];
    for (int i = 0; i < N; ++i) {
        names[i] = st_attribute_about((st_attribute)i)->name;
    }
    return st_node_read_choice(ctx, node, names, N, out);
}

typedef struct pair {
    int a, b;
    double r;
    const st_node* node; ///< of r
} pair;

typedef struct pairs {
    int count;
    pair item[ST_PEOPLE_PAIR_LIMIT];
} pairs;

// Positive definite when all pairs but `left_out` (-1: none) hold together.
static bool hold_together(const pairs* all, int left_out, double* factor)
{
    double matrix[N * N] = {0.0};
    for (int i = 0; i < N; ++i) {
        matrix[i * N + i] = 1.0;
    }
    for (int k = 0; k < all->count; ++k) {
        const pair* const p = &all->item[k];
        matrix[p->a * N + p->b] = matrix[p->b * N + p->a] = k == left_out ? 0.0 : p->r;
    }
    return st_cholesky_factor(N, matrix, factor) < 0;
}

// The last pair without which the others would be possible; else the last one.
static bool refuse(st_ctx* ctx, const pairs* all)
{
    double factor[N * N];
    int worst = all->count - 1;
    for (int k = all->count - 1; k >= 0; --k) {
        if (hold_together(all, k, factor)) {
            worst = k;
            break;
        }
    }
    const pair* const p = &all->item[worst];
    return st_node_fail(ctx, p->node,
                        "found %g between %s and %s, which cannot hold together with the other "
                        "correlations",
                        p->r, st_attribute_about((st_attribute)p->a)->name,
                        st_attribute_about((st_attribute)p->b)->name);
}

static bool check_pair(st_people* people, const st_node* node, const pairs* all, int a, int b)
{
    const char* const name_a = st_attribute_about((st_attribute)a)->name;
    const char* const name_b = st_attribute_about((st_attribute)b)->name;
    if (a == b) {
        return st_node_fail(people->ctx, node, "found %s twice, expected two different attributes",
                            name_a);
    }
    for (int k = 0; k < all->count; ++k) {
        const pair* const p = &all->item[k];
        if ((p->a == a && p->b == b) || (p->a == b && p->b == a)) {
            return st_node_fail(people->ctx, node, "found %s and %s a second time", name_a, name_b);
        }
    }
    if (people->attribute[a].by == b || people->attribute[b].by == a) {
        return st_node_fail(people->ctx, node,
                            "%s and %s already depend on each other through by:", name_a, name_b);
    }
    return true;
}

static bool read_correlation(st_people* people, const st_node* node, pairs* all)
{
    static const char* const KNOWN[] = {"between", "r", "source", "assumed", NULL};
    st_ctx* const ctx = people->ctx;
    const char* source = NULL;
    const char* assumed = NULL;
    if (!st_node_expect(ctx, node, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(ctx, node, KNOWN);
    good = st_figure_origin(ctx, node, &source, &assumed) && good;
    const st_node* const between = st_node_need(ctx, node, "between", "two attributes");
    const st_node* const value = st_node_need(ctx, node, "r", "a correlation");
    pair p = {.node = value};
    if (between == NULL || value == NULL || !st_node_expect(ctx, between, ST_NODE_LIST) ||
        !st_node_read_number(ctx, value, -1.0, 1.0, &p.r)) {
        return false;
    }
    if (between->child_count != 2) {
        return st_node_fail(ctx, between, "found %d names, expected two attributes",
                            between->child_count);
    }
    if (!read_name(ctx, between->first, &p.a) || !read_name(ctx, between->first->next, &p.b) ||
        !check_pair(people, between, all, p.a, p.b)) {
        return false;
    }
    char* const name = people->pair_name[all->count];
    snprintf(name, sizeof people->pair_name[0], "%s, %s",
             st_attribute_about((st_attribute)p.a)->name,
             st_attribute_about((st_attribute)p.b)->name);
    people->figure[people->figure_count++] = (st_figure_info){
        .name = name, .value = p.r, .unit = "1", .source = source, .assumed = assumed};
    all->item[all->count++] = p; // pairs differ, so there is room
    return good;
}

static bool read_correlations(st_people* people, const st_node* list)
{
    pairs all = {0};
    bool good = true;
    if (list != NULL) {
        if (!st_node_expect(people->ctx, list, ST_NODE_LIST)) {
            return false;
        }
        for (const st_node* node = list->first; node != NULL; node = node->next) {
            good = read_correlation(people, node, &all) && good;
        }
    }
    return (hold_together(&all, -1, people->factor) || refuse(people->ctx, &all)) && good;
}

// --- documents ------------------------------------------------------------------------------

static bool read_document(st_people* people)
{
    static const char* const KNOWN[] = {"people", "description", "attributes", "correlations",
                                        "facts",  "since",       NULL};
    st_ctx* const ctx = people->ctx;
    const st_node* const root = st_doc_root(people->doc);
    if (!st_node_expect(ctx, root, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(ctx, root, KNOWN);
    const st_node* const title = st_node_need(ctx, root, "people", "a title");
    const st_node* const about = st_node_need(ctx, root, "description", "who they are, in words");
    const st_node* const map = st_node_need(ctx, root, "attributes", "a distribution for each");
    const char* words = NULL;
    good = title != NULL && st_node_read_text(ctx, title, &people->title) && good;
    good = about != NULL && st_node_read_text(ctx, about, &words) && good;
    good = map != NULL && read_attributes(people, map) && good;
    good = st_people_facts_read(people, root) && good;
    return read_correlations(people, st_node_child(root, "correlations")) && good;
}

static st_status create(st_ctx* ctx, const char* name, st_people** out)
{
    *out = NULL;
    st_people* const people = st_alloc(ctx, 1, sizeof *people);
    if (people == NULL) {
        return ST_ERR_MEMORY;
    }
    people->ctx = ctx;
    people->name = st_alloc(ctx, strlen(name) + 1, 1);
    if (people->name == NULL) {
        st_people_destroy(people);
        return ST_ERR_MEMORY;
    }
    memcpy(people->name, name, strlen(name) + 1);
    *out = people;
    return ST_OK;
}

// Keeps `people` in *out when all went well, frees it otherwise.
static st_status finish(st_people* people, st_status status, st_people** out)
{
    if (status != ST_OK) {
        st_people_destroy(people);
        people = NULL;
    }
    *out = people;
    return status;
}

st_status st_people_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                          st_people** out)
{
    st_people* people = NULL;
    *out = NULL;
    ST_TRY(create(ctx, name, &people));
    st_status status = st_doc_parse(ctx, name, text, length, &people->doc);
    if (status == ST_OK && !read_document(people)) {
        status = ST_ERR_INPUT;
    }
    return finish(people, status, out);
}

st_status st_people_load(st_ctx* ctx, const char* path, st_people** out)
{
    st_people* people = NULL;
    *out = NULL;
    ST_TRY(create(ctx, path, &people));
    const size_t length = strlen(path);
    st_status status = ST_OK;
    if (length > 4 && strcmp(path + length - 4, ".csv") == 0) {
        status = st_people_table_read(people);
    } else {
        status = st_doc_load(ctx, path, &people->doc);
        if (status == ST_OK && !read_document(people)) {
            status = ST_ERR_INPUT;
        }
    }
    return finish(people, status, out);
}

void st_people_destroy(st_people* people)
{
    if (people == NULL) {
        return;
    }
    st_doc_destroy(people->doc);
    st_free(people->ctx, people->row);
    st_free(people->ctx, people->text);
    st_free(people->ctx, people->name);
    st_free(people->ctx, people);
}

const char* st_people_title(const st_people* people)
{
    return people->title;
}

const char* st_people_source(const st_people* people, const char** name, size_t* length)
{
    *name = people->name;
    if (people->doc == NULL) {
        *length = people->length;
        return people->text;
    }
    return st_doc_text(people->doc, length);
}

int st_people_figure_count(const st_people* people)
{
    return people->figure_count + people->fact_count;
}

st_figure_info st_people_figure(const st_people* people, int index)
{
    if (index < people->figure_count) {
        return people->figure[index];
    }
    const st_people_fact_info* const fact = &people->fact[index - people->figure_count].info;
    return (st_figure_info){.name = fact->name,
                            .value = fact->share,
                            .unit = "1",
                            .source = fact->source,
                            .assumed = fact->assumed};
}

// --- drawing --------------------------------------------------------------------------------

void st_people_draw(const st_people* people, uint64_t seed, uint64_t id, st_person* out)
{
    const st_random_key key = {.seed = seed, .stream = ST_STREAM_PERSON, .id = id};
    out->id = id;
    if (people->row_count > 0) { // with replacement
        const double u = st_random_uniform(&key, 0);
        int row = (int)(u * people->row_count);
        row = row < people->row_count ? row : people->row_count - 1;
        memcpy(out->value, people->row + (size_t)row * N, sizeof out->value);
        return;
    }
    double free_score[N];
    double score[N];
    for (int i = 0; i < N; ++i) {
        free_score[i] = st_random_normal(&key, (uint64_t)i);
        score[i] = 0.0;
        for (int j = 0; j <= i; ++j) { //                                                 [PAT-2]
            score[i] += people->factor[i * N + j] * free_score[j];
        }
    }
    for (int pass = 0; pass < 2; ++pass) { // attributes that others depend on come first
        for (int i = 0; i < N; ++i) {
            const st_attribute_law* const law = &people->attribute[i];
            if ((law->by >= 0) != (pass == 1)) {
                continue;
            }
            const int at = law->by >= 0 ? (int)out->value[law->by] : 0;
            out->value[i] = st_marginal_at(&law->law[at], score[i]); //                   [PAT-1]
        }
    }
}
