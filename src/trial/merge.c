#include "merge.h"

#include <string.h>

#define LIKE_LIMIT 16
#define NAME_LIMIT 256

/// Appends `child` to `parent`. The tree under construction is this file's own, hence writable.
static void append(st_node* parent, st_node* last, st_node* child)
{
    child->parent = parent;
    child->next = NULL;
    child->index = parent->child_count;
    parent->child_count += 1;
    if (last == NULL) {
        parent->first = child;
    } else {
        last->next = child;
    }
}

static st_node* copy_node(st_arena* arena, const st_node* from, const st_node* parent)
{
    st_node* node = st_arena_alloc(arena, 1, sizeof *node);
    st_node* last = NULL;

    if (node == NULL) {
        return NULL;
    }
    *node = *from;
    node->parent = parent;
    node->first = NULL;
    node->next = NULL;
    node->child_count = 0;
    for (const st_node* child = from->first; child != NULL; child = child->next) {
        st_node* copy = copy_node(arena, child, node);
        if (copy == NULL) {
            return NULL;
        }
        append(node, last, copy);
        last = copy;
    }
    return node;
}

/// The same child, writable.
static st_node* own_child(st_node* map, const char* key)
{
    if (map == NULL || map->kind != ST_NODE_MAP) {
        return NULL;
    }
    // Children of a copied node are copies: the constness of `first` and `next` is only doc.c's.
    for (st_node* child = (st_node*)map->first; child != NULL; child = (st_node*)child->next) {
        if (strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

static st_node* last_child(st_node* map)
{
    st_node* last = NULL;

    for (st_node* child = (st_node*)map->first; child != NULL; child = (st_node*)child->next) {
        last = child;
    }
    return last;
}

/// Takes the child with this key out of a map, if it is there.
static void remove_child(st_node* map, const char* key)
{
    st_node* before = NULL;

    for (st_node* child = (st_node*)map->first; child != NULL; child = (st_node*)child->next) {
        if (strcmp(child->key, key) == 0) {
            if (before == NULL) {
                map->first = child->next;
            } else {
                before->next = child->next;
            }
            map->child_count -= 1;
            return;
        }
        before = child;
    }
}

/// Sets map[key] to a copy of `value`; `key` NULL takes the value's own.
static bool put(st_arena* arena, st_node* map, const char* key, const st_node* value)
{
    st_node* copy = copy_node(arena, value, map);

    if (copy == NULL) {
        return false;
    }
    if (key != NULL) {
        copy->key = key;
    }
    remove_child(map, copy->key);
    append(map, last_child(map), copy);
    return true;
}

/// The step of an arm that a dotted key begins with: `inject` of an arm, or a pathway's item.
static st_node* find_step(st_node* arm, const char* name, int* found_count)
{
    st_node* step = own_child(arm, name);
    st_node* pathway = own_child(arm, "pathway");

    *found_count = step != NULL;
    if (pathway != NULL && pathway->kind == ST_NODE_LIST) {
        for (st_node* item = (st_node*)pathway->first; item != NULL; item = (st_node*)item->next) {
            st_node* candidate = own_child(item, name);
            if (candidate != NULL) {
                step = candidate;
                *found_count += 1;
            }
        }
    }
    return step;
}

/// Applies `expand.until: 1e8 cells`.
static bool put_dotted(st_ctx* ctx, st_arena* arena, st_node* arm, const st_node* value)
{
    char* rest = st_arena_text(arena, value->key, strlen(value->key));
    char* dot = rest == NULL ? NULL : strchr(rest, '.');
    int found_count;
    st_node* map;

    if (dot == NULL) {
        return false;
    }
    *dot = '\0';
    map = find_step(arm, rest, &found_count);
    if (found_count > 1) {
        return st_node_fail_key(ctx, value,
                                "found '%s', but the arm has %d steps '%s': write the pathway out",
                                value->key, found_count, rest);
    }
    for (rest = dot + 1; map != NULL && (dot = strchr(rest, '.')) != NULL; rest = dot + 1) {
        *dot = '\0';
        map = own_child(map, rest);
    }
    if (map == NULL || map->kind != ST_NODE_MAP || rest[0] == '\0') {
        return st_node_fail_key(ctx, value, "found '%s', but the arm it is like has no such step",
                                value->key);
    }
    return put(arena, map, rest, value);
}

static const st_node* merge_level(st_ctx* ctx, st_arena* arena, const st_node* arms,
                                  const st_node* arm, int depth)
{
    const st_node* like = st_node_child(arm, "like");
    const st_node* base;
    st_node* merged;
    const char* names[NAME_LIMIT];
    const char* name;
    int count = 0;
    int choice = 0;

    if (like == NULL) {
        return copy_node(arena, arm, arm->parent);
    }
    for (const st_node* other = arms->first; other != NULL && count < NAME_LIMIT;
         other = other->next) {
        names[count++] = other->key;
    }
    if (!st_node_read_choice(ctx, like, names, count, &choice)) {
        return NULL;
    }
    name = names[choice];
    base = st_node_child(arms, name);
    if (base == arm || depth >= LIKE_LIMIT) {
        st_node_fail(ctx, like, "found '%s', which leads back to the arm itself", name);
        return NULL;
    }
    if (base->kind != ST_NODE_MAP) {
        return NULL; // reported where that arm stands
    }
    merged = (st_node*)merge_level(ctx, arena, arms, base, depth + 1);
    if (merged == NULL) {
        return NULL;
    }
    merged->key = arm->key;
    merged->index = arm->index;
    merged->line = arm->line;
    merged->column = arm->column;
    merged->key_line = arm->key_line;
    merged->key_column = arm->key_column;
    remove_child(merged, "label");
    remove_child(merged, "twin_of");
    remove_child(merged, "like");
    // Whole steps first, then single settings, so that a setting finds the step it belongs to.
    if (st_node_child(arm, "inject") != NULL || st_node_child(arm, "pathway") != NULL) {
        remove_child(merged, "inject");
        remove_child(merged, "pathway");
    }
    for (const st_node* child = arm->first; child != NULL; child = child->next) {
        if (strchr(child->key, '.') == NULL && strcmp(child->key, "like") != 0 &&
            !put(arena, merged, NULL, child)) {
            return NULL;
        }
    }
    for (const st_node* child = arm->first; child != NULL; child = child->next) {
        if (strchr(child->key, '.') != NULL && !put_dotted(ctx, arena, merged, child)) {
            return NULL;
        }
    }
    return merged;
}

const st_node* st_merge_arm(st_ctx* ctx, st_arena* arena, const st_node* arms, const st_node* arm)
{
    return merge_level(ctx, arena, arms, arm, 0);
}
