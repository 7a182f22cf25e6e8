#include "design.h"

#include "arm.h"
#include "visits.h"

#include <math.h>

#define NAME_LIMIT  64
#define BLOCK_LIMIT 1000

static const char* const method_names[] = {"ancova", "welch", "mmrm"};

const char* st_design_method_name(st_method method)
{
    return method_names[method];
}

void st_design_read_screening(st_ctx* ctx, st_study* study, const st_node* node)
{
    const bool is_list = node != NULL && node->kind == ST_NODE_LIST;
    double before = INFINITY;

    if (node == NULL) {
        return;
    }
    if (is_list && (node->child_count < 1 || node->child_count > ST_SCREENING_LIMIT)) {
        st_node_fail(ctx, node, "found %d screening visits, expected 1 ... %d", node->child_count,
                     ST_SCREENING_LIMIT);
        return;
    }
    for (const st_node* item = is_list ? node->first : node; item != NULL;
         item = is_list ? item->next : NULL) {
        double days = 0.0;
        if (!st_node_read_quantity(ctx, item, "a time before treatment", "day", NULL, 0.0, 3653.0,
                                   &days)) {
            return;
        }
        if (!(days < before) || (is_list && !(days > 0.0))) {
            st_node_fail(ctx, item,
                         "found '%s', expected times before treatment, the longest first",
                         item->text);
            return;
        }
        before = days;
        if (days > 0.0) {
            study->screening_day[study->screening_count++] = -days;
        }
    }
}

void st_design_read_run_in(st_ctx* ctx, st_study* study, const st_node* root)
{
    const st_node* people = st_node_child(root, "people");
    const st_node* run_in =
        people == NULL || people->kind != ST_NODE_MAP ? NULL : st_node_child(people, "run_in");

    if (run_in == NULL || study->instruments == NULL) {
        return;
    }
    if (study->screening_count == 0) {
        st_node_fail(ctx, run_in, "needs screening: a time before treatment at which it begins");
        return;
    }
    st_later_read_trigger(ctx, study, run_in, &study->run_in);
}

// --- allocation -----------------------------------------------------------------------------

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void read_strata(st_ctx* ctx, st_study* study, const st_node* strata)
{
    if (!st_node_expect(ctx, strata, ST_NODE_MAP)) {
        return;
    }
    if (strata->child_count > ST_STRATUM_LIMIT) {
        st_node_fail(ctx, strata, "found %d factors, expected at most %d", strata->child_count,
                     ST_STRATUM_LIMIT);
        return;
    }
    for (const st_node* node = strata->first; node != NULL; node = node->next) {
        const int attribute = st_attribute_find(node->key);
        st_stratum* out = &study->stratum[study->stratum_count];

        if (attribute < 0) {
            st_node_fail_key(ctx, node,
                             "found '%s', expected an attribute of people such as kl or "
                             "age",
                             node->key);
        } else if (st_node_read_quantity(ctx, node, "a bound between two strata",
                                         st_attribute_about((st_attribute)attribute)->unit, NULL,
                                         -INFINITY, INFINITY, &out->cut)) {
            out->attribute = attribute;
            study->stratum_count += 1;
        }
    }
}

void st_design_read_allocation(st_ctx* ctx, st_study* study, const st_node* node)
{
    static const char* const keys[] = {"blocks", "strata", NULL};
    const st_node* blocks;
    const st_node* strata;
    int64_t divisor = 0;
    int64_t shortest = 0;
    int64_t size = 0;

    if (node == NULL || !st_node_check_keys(ctx, node, keys)) {
        return;
    }
    blocks = st_node_need(ctx, node, "blocks", "people per block, such as 6");
    strata = st_node_child(node, "strata");
    for (int i = 0; i < study->arm_count; ++i) {
        divisor =
            study->arm[i].info.is_twin ? divisor : common_divisor(study->arm[i].info.size, divisor);
    }
    for (int i = 0; i < study->arm_count && divisor > 0; ++i) {
        const int64_t places = study->arm[i].info.is_twin ? 0 : study->arm[i].info.size / divisor;
        study->ratio[i] = (int)places;
        shortest += places;
    }
    if (blocks != NULL && st_node_read_integer(ctx, blocks, 1, BLOCK_LIMIT, &size)) {
        if (shortest > 0 && size % shortest != 0) {
            st_node_fail(ctx, blocks,
                         "found %s, expected a multiple of %lld: the arms' sizes are as that many "
                         "places",
                         blocks->text, (long long)shortest);
        } else {
            study->block_size = (int)size;
            for (int i = 0; i < study->arm_count && shortest > 0; ++i) {
                study->ratio[i] *= (int)(size / shortest);
            }
        }
    }
    if (strata != NULL) {
        read_strata(ctx, study, strata);
    }
}

int st_design_stratum(const st_study* study, const st_person* person)
{
    int stratum = 0;

    for (int i = 0; i < study->stratum_count; ++i) {
        stratum += person->value[study->stratum[i].attribute] >= study->stratum[i].cut ? 1 << i : 0;
    }
    return stratum;
}

// --- endpoint -------------------------------------------------------------------------------

static void read_also(st_ctx* ctx, st_study* study, const st_node* list)
{
    static const char* const names[] = {
        "ancova",     "welch",         "mmrm",      "last carried",  "per protocol",
        "responders", "time to event", "bootstrap", "assumed share", "jump to reference"};

    if (!st_node_expect(ctx, list, ST_NODE_LIST)) {
        return;
    }
    for (const st_node* node = list->first; node != NULL; node = node->next) {
        int choice = 0;
        if (st_node_read_choice(ctx, node, names, 10, &choice)) {
            study->also |= 1u << choice;
        }
    }
}

static void read_analysis(st_ctx* ctx, st_study* study, const st_node* primary)
{
    static const char* const missing_names[] = {"observed", "last carried"};
    static const char* const multiplicity_names[] = {"none", "holm", "hochberg", "dunnett"};
    const st_node* analysis = st_node_child(primary, "analysis");
    const st_node* missing = st_node_child(primary, "missing");
    const st_node* multiplicity = st_node_child(primary, "multiplicity");
    const st_node* also = st_node_child(primary, "also");
    int choice = 0;

    if (analysis != NULL && st_node_read_choice(ctx, analysis, method_names, 3, &choice)) {
        study->method = (st_method)choice;
    }
    if (missing != NULL && st_node_read_choice(ctx, missing, missing_names, 2, &choice)) {
        study->missing = (st_missing)choice;
        if (study->method == ST_METHOD_MMRM && study->missing != ST_MISSING_OBSERVED) {
            st_node_fail(
                ctx, missing,
                "found '%s', but mmrm takes what is missing as missing at random: expected "
                "observed",
                missing->text);
        }
    }
    if (multiplicity != NULL &&
        st_node_read_choice(ctx, multiplicity, multiplicity_names, 4, &choice)) {
        study->multiplicity = (st_multiplicity)choice;
    }
    if (also != NULL) {
        read_also(ctx, study, also);
    }
}

void st_design_read_primary(st_ctx* ctx, st_study* study, const st_node* root)
{
    static const char* const keys[] = {"change",  "at",           "versus", "analysis",
                                       "missing", "multiplicity", "also",   NULL};
    const st_node* primary = st_node_need(ctx, root, "primary", "change:, at: and versus:");
    const st_node* change;
    const st_node* at;
    const st_node* versus;
    const char* names[NAME_LIMIT];
    double day;

    study->primary_control = -1;
    if (primary == NULL || !st_node_check_keys(ctx, primary, keys)) {
        return;
    }
    change = st_node_need(ctx, primary, "change", "an instrument of measure:");
    at = st_node_need(ctx, primary, "at", "the time of a visit");
    versus = st_node_need(ctx, primary, "versus", "the arm to compare with");
    for (int i = 0; i < study->measure_count && i < NAME_LIMIT; ++i) {
        names[i] = st_instruments_at(study->instruments, study->measure[i])->name;
    }
    if (change != NULL && study->measure_count > 0) {
        st_node_read_choice(ctx, change, names, study->measure_count, &study->primary_measure);
    }
    if (at != NULL && study->visit_count > 0 &&
        st_node_read_quantity(ctx, at, "the time of a visit", "day", NULL, 0.0, INFINITY, &day)) {
        study->primary_visit = st_visits_find(study, day);
        if (study->primary_visit < 1) {
            st_node_fail(ctx, at, "found '%s', expected a visit after 0 of '%s'", at->text,
                         st_node_child(root, "visits")->text);
        }
    }
    if (versus != NULL && study->arm_count > 0) {
        study->primary_control = st_arm_find(ctx, study, versus);
    }
    read_analysis(ctx, study, primary);
}
