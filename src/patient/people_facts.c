/// \file
/// Facts about people that criteria ask for and models do not: who takes a drug, who had an
/// injection and when. [PAT-7]
#include "base/base.h"

#include "patient/people.h"

#include "base/random.h"
#include "patient/figure.h"
#include "patient/name_key.h"

#include <math.h>
#include <string.h>

#define LONGEST_DAY 36525.0

static bool is_taken(const st_people* people, const char* name)
{
    return st_people_fact_find(people, name) >= 0;
}

// `cancer: { share: 5 %, source: ... }`, `steroid_in_joint: { ever: 20 %, ago: {...}, source: ...
// }`
static bool read_fact(st_people* people, const st_node* node, bool is_since)
{
    static const char* const KNOWN[] = {"share", "source", "assumed", NULL};
    static const char* const KNOWN_SINCE[] = {"ever", "ago", "source", "assumed", NULL};
    static const char* const KNOWN_AGO[] = {"normal", "lognormal", "quantiles", "fixed",
                                            "range",  "round",     NULL};
    st_ctx* const ctx = people->ctx;
    st_people_fact* const fact = &people->fact[people->fact_count];
    if (!st_node_expect(ctx, node, ST_NODE_MAP)) {
        return false;
    }
    *fact = (st_people_fact){.info = {.name = node->key, .is_since = is_since}};
    bool good = st_node_check_keys(ctx, node, is_since ? KNOWN_SINCE : KNOWN);
    good = st_figure_origin(ctx, node, &fact->info.source, &fact->info.assumed) && good;
    const st_node* const share =
        st_node_need(ctx, node, is_since ? "ever" : "share", "a share such as 5 %");
    good = share != NULL && st_node_read_number(ctx, share, 0.0, 1.0, &fact->info.share) && good;
    if (is_since) {
        const st_node* const ago = st_node_need(ctx, node, "ago", "a distribution of times");
        good = ago != NULL && st_node_check_keys(ctx, ago, KNOWN_AGO) &&
               st_marginal_read(ctx, ago, "a time", "day", 0.0, LONGEST_DAY, &fact->ago) && good;
    }
    if (is_taken(people, node->key)) {
        return st_node_fail_key(ctx, node, "found '%s' a second time", node->key);
    }
    people->fact_count += good;
    return good;
}

static bool read_table(st_people* people, const st_node* table, bool is_since)
{
    bool good = true;
    if (table == NULL) {
        return true;
    }
    if (!st_node_expect(people->ctx, table, ST_NODE_MAP)) {
        return false;
    }
    for (const st_node* node = table->first; node != NULL; node = node->next) {
        if (people->fact_count == ST_PEOPLE_FACT_LIMIT) {
            return st_node_fail_key(people->ctx, node, "found more than %d facts",
                                    ST_PEOPLE_FACT_LIMIT);
        }
        good = read_fact(people, node, is_since) && good;
    }
    return good;
}

bool st_people_facts_read(st_people* people, const st_node* root)
{
    const bool good = read_table(people, st_node_child(root, "facts"), false);
    return read_table(people, st_node_child(root, "since"), true) && good;
}

int st_people_fact_count(const st_people* people)
{
    return people->fact_count;
}

const st_people_fact_info* st_people_fact_at(const st_people* people, int index)
{
    return &people->fact[index].info;
}

int st_people_fact_find(const st_people* people, const char* name)
{
    for (int i = 0; i < people->fact_count; ++i) {
        if (strcmp(people->fact[i].info.name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static st_random_key key_of(const st_people* people, int index, uint64_t seed, uint64_t id)
{
    return (st_random_key){.seed = seed,
                           .stream = ST_STREAM_PERSON,
                           .id = id,
                           .step = st_name_key(people->fact[index].info.name)};
}

bool st_people_fact_holds(const st_people* people, int index, uint64_t seed, uint64_t id)
{
    const st_random_key key = key_of(people, index, seed, id);
    return st_random_uniform(&key, 0) < people->fact[index].info.share; //                [PAT-7]
}

double st_people_fact_since_day(const st_people* people, int index, uint64_t seed, uint64_t id)
{
    const st_random_key key = key_of(people, index, seed, id);
    if (!st_people_fact_holds(people, index, seed, id)) {
        return INFINITY;
    }
    return st_marginal_at(&people->fact[index].ago, st_random_normal(&key, 1));
}
