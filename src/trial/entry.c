#include "entry.h"

#include "lookup.h"

#include <string.h>

#define NAME_LIMIT 128

bool st_entry_within(const st_range* range, double value)
{
    const bool above = range->lo_open ? value > range->lo : value >= range->lo;
    const bool below = range->hi_open ? value < range->hi : value <= range->hi;

    return above && below;
}

static void unknown_criterion(st_ctx* ctx, const st_study* study, const st_node* node)
{
    const char* names[NAME_LIMIT];
    const char* near;
    int count = 0;

    for (int i = 0; i < ST_ATTRIBUTE_COUNT; ++i) {
        names[count++] = st_attribute_about((st_attribute)i)->name;
    }
    for (int i = 0; i < st_instruments_count(study->instruments) && count < NAME_LIMIT; ++i) {
        names[count++] = st_instruments_at(study->instruments, i)->name;
    }
    near = st_name_nearest(node->key, names, count);
    st_node_fail_key(
        ctx, node, "found '%s', expected an attribute of people or an instrument%s%s%s", node->key,
        near == NULL ? "" : "; did you mean '", near == NULL ? "" : near, near == NULL ? "" : "'?");
}

static void read_criterion(st_ctx* ctx, st_study* study, const st_node* node)
{
    st_entry_criterion* criterion = &study->criterion[study->criterion_count];
    const char* what = st_arena_format(&study->arena, "a bound on %s", node->key);
    bool is_read = false;

    criterion->attribute = st_attribute_find(node->key);
    criterion->instrument = -1;
    criterion->candidacy = -1;
    criterion->reason = st_arena_format(&study->arena, "%s %s", node->key, node->text);
    if (criterion->attribute >= 0) {
        const st_attribute_info* about = st_attribute_about((st_attribute)criterion->attribute);
        is_read =
            what != NULL && st_node_read_range(ctx, node, what, about->unit, &criterion->range);
    } else {
        const st_instrument_info* instrument;

        if (study->instruments == NULL) {
            return; // the model has mistakes of its own
        }
        criterion->instrument = st_instruments_find(study->instruments, node->key);
        if (criterion->instrument < 0) {
            unknown_criterion(ctx, study, node);
            return;
        }
        instrument = st_instruments_at(study->instruments, criterion->instrument);
        is_read = what != NULL &&
                  st_node_read_range(ctx, node, what, instrument->unit, &criterion->range);
    }
    study->criterion_count += is_read;
}

st_status st_entry_read(st_ctx* ctx, st_study* study, const st_node* entry)
{
    if (!st_node_expect(ctx, entry, ST_NODE_MAP)) {
        return ST_OK;
    }
    if (entry->child_count > ST_ENTRY_LIMIT) {
        st_node_fail(ctx, entry, "found %d criteria, expected at most %d", entry->child_count,
                     ST_ENTRY_LIMIT);
        return ST_OK;
    }
    study->criterion =
        st_arena_alloc(&study->arena, (size_t)entry->child_count, sizeof *study->criterion);
    if (study->criterion == NULL) {
        return ST_ERR_MEMORY;
    }
    for (const st_node* node = entry->first; node != NULL; node = node->next) {
        read_criterion(ctx, study, node);
    }
    return ST_OK;
}

// --- candidacy ------------------------------------------------------------------------------

/// `refuse: [stop, later]`: verdicts that keep a person out; all of them by default.
static unsigned read_refused(st_ctx* ctx, const st_node* list)
{
    static const char* const names[] = {"ask", "first", "later", "stop"};
    static const st_verdict verdicts[] = {ST_VERDICT_ASK, ST_VERDICT_FIRST, ST_VERDICT_LATER,
                                          ST_VERDICT_STOP};
    unsigned refused = 0;

    if (list == NULL) {
        return ~0u;
    }
    if (!st_node_expect(ctx, list, ST_NODE_LIST)) {
        return 0;
    }
    for (const st_node* node = list->first; node != NULL; node = node->next) {
        int choice = 0;
        if (st_node_read_choice(ctx, node, names, 4, &choice)) {
            refused |= 1u << verdicts[choice];
        }
    }
    return refused;
}

/// `without: [weight]`: criteria that are not asked.
static void read_without(st_ctx* ctx, const st_candidacy* candidacy, const st_node* list,
                         bool* is_out)
{
    const char* names[NAME_LIMIT];
    const int count = st_candidacy_count(candidacy);

    if (list == NULL || !st_node_expect(ctx, list, ST_NODE_LIST)) {
        return;
    }
    for (int i = 0; i < count && i < NAME_LIMIT; ++i) {
        names[i] = st_candidacy_at(candidacy, i)->name;
    }
    for (const st_node* node = list->first; node != NULL; node = node->next) {
        int choice = -1;
        if (st_node_read_choice(ctx, node, names, count < NAME_LIMIT ? count : NAME_LIMIT,
                                &choice)) {
            is_out[choice] = true;
        }
    }
}

/// Adds the criteria behind those of `entry`.
static st_status add_candidacy(st_ctx* ctx, st_study* study, const st_node* node, unsigned refused,
                               const bool* is_out)
{
    const int count = st_candidacy_count(study->candidacy);
    st_entry_criterion* all =
        st_arena_alloc(&study->arena, (size_t)study->criterion_count + (size_t)count, sizeof *all);

    if (all == NULL) {
        return ST_ERR_MEMORY;
    }
    if (study->criterion_count > 0) {
        memcpy(all, study->criterion, (size_t)study->criterion_count * sizeof *all);
    }
    study->criterion = all;
    for (int i = 0; i < count; ++i) {
        const st_criterion_info* info = st_candidacy_at(study->candidacy, i);
        st_entry_criterion* criterion = &all[study->criterion_count];

        if (is_out[i] || (refused & (1u << info->verdict)) == 0) {
            continue;
        }
        if (!st_candidacy_can_ask(study->candidacy, i, study->people)) {
            st_node_fail(ctx, node,
                         "criterion '%s' asks about '%s', which these people do not have: give "
                         "them facts: or since: with its share and source, or leave it out with "
                         "without: [%s]",
                         info->name, st_candidacy_subject(study->candidacy, i), info->name);
            continue;
        }
        *criterion = (st_entry_criterion){.attribute = -1, .instrument = -1, .candidacy = i};
        criterion->reason = st_arena_format(&study->arena, "candidacy: %s", info->label);
        if (criterion->reason == NULL) {
            return ST_ERR_MEMORY;
        }
        study->criterion_count += 1;
    }
    return ST_OK;
}

st_status st_entry_read_candidacy(st_ctx* ctx, st_study* study, const st_node* node,
                                  const char* dir)
{
    static const char* const keys[] = {"from", "refuse", "without", NULL};
    bool is_out[NAME_LIMIT] = {false};
    const bool is_name = node->kind == ST_NODE_SCALAR;
    const st_node* from = node;
    const char* path;
    unsigned refused;

    if (!is_name) {
        if (!st_node_check_keys(ctx, node, keys)) {
            return ST_OK;
        }
        from = st_node_need(ctx, node, "from", "criteria of candidacy, such as knee-cells");
    }
    path = from == NULL ? NULL
                        : st_lookup_file(ctx, &study->arena, from, study->path, dir,
                                         "criteria of candidacy");
    if (path == NULL || study->people == NULL) {
        return ST_OK;
    }
    ST_TRY(st_candidacy_load(ctx, path, &study->candidacy));
    refused = read_refused(ctx, is_name ? NULL : st_node_child(node, "refuse"));
    read_without(ctx, study->candidacy, is_name ? NULL : st_node_child(node, "without"), is_out);
    return add_candidacy(ctx, study, from, refused, is_out);
}

// --- asking ---------------------------------------------------------------------------------

int st_entry_attribute(const st_study* study, uint64_t seed, const st_person* person)
{
    for (int i = 0; i < study->criterion_count; ++i) {
        const st_entry_criterion* criterion = &study->criterion[i];
        if (criterion->attribute >= 0 &&
            !st_entry_within(&criterion->range, person->value[criterion->attribute])) {
            return i;
        }
    }
    for (int i = 0; i < study->criterion_count; ++i) { //                                 [TRI-38]
        const int asked = study->criterion[i].candidacy;
        if (asked >= 0 && st_candidacy_judge_virtual(study->candidacy, asked, study->people, seed,
                                                     person) != ST_VERDICT_MET) {
            return i;
        }
    }
    return -1;
}

bool st_entry_needs_score(const st_study* study)
{
    for (int i = 0; i < study->criterion_count; ++i) {
        if (study->criterion[i].instrument >= 0) {
            return true;
        }
    }
    return false;
}
