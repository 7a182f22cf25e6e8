#include "entry.h"

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
    st_criterion* criterion = &study->criterion[study->criterion_count];
    const char* what = st_arena_format(&study->arena, "a bound on %s", node->key);
    bool is_read = false;

    criterion->attribute = st_attribute_find(node->key);
    criterion->instrument = -1;
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

int st_entry_attribute(const st_study* study, const st_person* person)
{
    for (int i = 0; i < study->criterion_count; ++i) {
        const st_criterion* criterion = &study->criterion[i];
        if (criterion->attribute >= 0 &&
            !st_entry_within(&criterion->range, person->value[criterion->attribute])) {
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
