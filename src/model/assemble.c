#include "assemble.h"

#include "grammar.h"

#include <stdio.h>
#include <string.h>

#define PATH_LIMIT    512
#define SECTION_LIMIT 64
#define ENTRY_LIMIT   4096

// Nodes of documents are read-only to all but their reader. The nodes here are copies of our own,
// so their links may be changed.

static st_node* own(const st_node* node)
{
    return (st_node*)node;
}

static void link_last(st_node* parent, st_node* node)
{
    node->parent = parent;
    node->next = NULL;
    if (parent->first == NULL) {
        parent->first = node;
    } else {
        st_node* last = own(parent->first);
        while (last->next != NULL) {
            last = own(last->next);
        }
        last->next = node;
    }
    parent->child_count++;
}

/// Copies a node with all below it. `parent` NULL: a root.
static st_node* copy_node(st_assembly* a, const st_node* from, st_node* parent)
{
    st_node* node = st_arena_alloc(a->arena, 1, sizeof *node);
    if (node == NULL) {
        return NULL;
    }
    *node = *from;
    node->parent = parent;
    node->first = NULL;
    node->next = NULL;
    st_node* last = NULL;
    for (const st_node* child = from->first; child != NULL; child = child->next) {
        st_node* copy = copy_node(a, child, node);
        if (copy == NULL) {
            return NULL;
        }
        if (last == NULL) {
            node->first = copy;
        } else {
            last->next = copy;
        }
        last = copy;
    }
    return node;
}

static void unlink_node(st_node* node)
{
    st_node* parent = own(node->parent);
    if (parent->first == node) {
        parent->first = node->next;
    } else {
        st_node* before = own(parent->first);
        while (before->next != node) {
            before = own(before->next);
        }
        before->next = node->next;
    }
    parent->child_count--;
}

// --- paths within a document --------------------------------------------------------------------

/// What a path calls this node: its key, or the `name:` of a list's entry.
static const char* name_of(const st_node* node)
{
    if (node->key != NULL) {
        return node->key;
    }
    const st_node* name = st_node_child(node, "name");
    return name != NULL && name->kind == ST_NODE_SCALAR ? name->text : "";
}

/// `cells.msc.behaviours.become.dying@fluid`: keys may hold dots, so the longest one wins.
static st_node* find_path(st_node* root, const char* path)
{
    st_node* node = root;
    while (*path != '\0') {
        const st_node* best = NULL;
        size_t best_length = 0;
        for (const st_node* child = node->first; child != NULL; child = child->next) {
            const char* name = name_of(child);
            const size_t length = strlen(name);
            if (length > best_length && strncmp(path, name, length) == 0 &&
                (path[length] == '.' || path[length] == '\0')) {
                best = child;
                best_length = length;
            }
        }
        if (best == NULL) {
            return NULL;
        }
        node = own(best);
        path += best_length + (path[best_length] == '.' ? 1 : 0);
    }
    return node->parent != NULL && node->parent->parent != NULL ? node : NULL;
}

static st_node* need_path(st_assembly* a, st_node* root, const st_node* at, const char* path,
                          bool at_key)
{
    st_node* found = find_path(root, path);
    if (found == NULL) {
        const char* const form = "found '%s', expected the path of an entry such as "
                                 "'definitions.thickness' or, with its 'name:', 'rules.by_il10'";
        if (at_key) {
            st_node_fail_key(a->ctx, at, form, path);
        } else {
            st_node_fail(a->ctx, at, form, path);
        }
    }
    return found;
}

/// Takes the paths of a `without:` list out of `root`; `really` false only checks them.
static void remove_paths(st_assembly* a, st_node* root, const st_node* list, bool really)
{
    if (list == NULL || !st_node_expect(a->ctx, list, ST_NODE_LIST)) {
        return;
    }
    for (const st_node* n = list->first; n != NULL; n = n->next) {
        st_node* found = st_node_expect(a->ctx, n, ST_NODE_SCALAR)
                             ? need_path(a, root, n, n->text, false)
                             : NULL;
        if (found != NULL && really) {
            unlink_node(found);
        }
    }
}

// --- merging ------------------------------------------------------------------------------------

static void report_twice(st_assembly* a, const st_node* node, const st_node* other)
{
    st_node_fail_key(a->ctx, node, "'%s' is also in %s:%d; leave one of them out ('without:')",
                     node->key, st_doc_name(other->doc), other->key_line);
}

/// Entries of `from` (a section) become entries of `into`.
static void merge_section(st_assembly* a, st_node* into, st_node* from)
{
    if (from->kind != into->kind) {
        st_node_expect(a->ctx, from, into->kind);
        return;
    }
    const st_node* next;
    for (const st_node* n = from->first; n != NULL; n = next) {
        next = n->next;
        const st_node* other = n->key != NULL ? st_node_child(into, n->key) : NULL;
        if (other != NULL) {
            report_twice(a, n, other);
            continue;
        }
        link_last(into, own(n));
    }
}

/// Sections of `from` become sections of the root. `is_main`: its single values win.
static void merge_root(st_assembly* a, st_node* from, bool is_main)
{
    const st_node* next;
    if (from->child_count > SECTION_LIMIT) {
        st_node_fail(a->ctx, from, "found %d keys, expected at most %d", from->child_count,
                     SECTION_LIMIT);
        return;
    }
    for (const st_node* n = from->first; n != NULL; n = next) {
        next = n->next;
        const bool is_title = strcmp(n->key, "model") == 0 || strcmp(n->key, "part") == 0 ||
                              strcmp(n->key, "description") == 0;
        const bool is_empty = n->kind == ST_NODE_NULL && !is_title;
        if (strcmp(n->key, "include") == 0 || (is_title && !is_main) || is_empty) {
            continue;
        }
        st_node* other = own(st_node_child(a->root, n->key));
        const int entries = n->child_count + (other != NULL ? other->child_count : 0);
        if (entries > ENTRY_LIMIT) {
            st_node_fail_key(a->ctx, n, "found %d entries, expected at most %d", entries,
                             ENTRY_LIMIT);
        } else if (other == NULL) {
            link_last(a->root, own(n));
        } else if (n->kind != ST_NODE_SCALAR) {
            merge_section(a, other, own(n));
        } else if (is_main) {
            unlink_node(other);
            link_last(a->root, own(n));
        } else {
            report_twice(a, n, other);
        }
    }
}

// --- files --------------------------------------------------------------------------------------

/// `text` seen from the folder of `file`, without `./` and `x/../`.
static bool join_path(const char* file, const char* text, char* out, size_t size)
{
    const char* slash = strrchr(file, '/');
    const int folder = slash != NULL ? (int)(slash - file) + 1 : 0;
    if ((size_t)snprintf(out, size, "%.*s%s", folder, file, text) >= size) {
        return false;
    }
    char* to = out;
    const char* at = out;
    while (*at != '\0') {
        if (at[0] == '.' && at[1] == '/') {
            at += 2;
            continue;
        }
        const char* end = strchr(at, '/');
        if (end != NULL && strncmp(end, "/../", 4) == 0 && end > at &&
            !(end - at == 2 && at[0] == '.' && at[1] == '.')) {
            at = end + 4;
            continue;
        }
        while (*at != '\0' && *at != '/') {
            *to++ = *at++;
        }
        if (*at == '/') {
            *to++ = *at++;
        }
    }
    *to = '\0';
    return true;
}

static st_status read_includes(st_assembly* a, const st_node* root, const char* file);

/// Reads one included file with all that it includes.
static st_status include_file(st_assembly* a, const st_node* at, const char* path,
                              const st_node* without)
{
    for (int i = 0; i < a->doc_count; i++) {
        if (strcmp(a->name[i], path) != 0) {
            continue;
        }
        for (int k = 0; k < a->open_count; k++) {
            if (a->open[k] == i) {
                st_node_fail(a->ctx, at, "found '%s', which includes this file in turn", at->text);
            }
        }
        return ST_OK; // once is enough: two parts may share a third
    }
    if (a->doc_count == ST_ASSEMBLE_FILE_LIMIT) {
        st_node_fail(a->ctx, at, "found one file more, expected at most %d",
                     ST_ASSEMBLE_FILE_LIMIT);
        return ST_OK;
    }
    st_doc* doc;
    const int mistakes = st_ctx_mistake_count(a->ctx);
    const st_status status = st_doc_load(a->ctx, path, &doc);
    if (status == ST_ERR_MEMORY) {
        return status;
    }
    if (status != ST_OK) {
        if (status == ST_ERR_FILE || st_ctx_mistake_count(a->ctx) == mistakes) {
            st_node_fail(a->ctx, at, "found '%s', a file that cannot be read", at->text);
        }
        return ST_OK;
    }
    const int index = a->doc_count++;
    a->doc[index] = doc;
    a->name[index] = st_arena_text(a->arena, path, strlen(path));
    st_node* root = copy_node(a, st_doc_root(doc), NULL);
    if (a->name[index] == NULL || root == NULL) {
        return ST_ERR_MEMORY;
    }
    if (!st_node_expect(a->ctx, root, ST_NODE_MAP)) {
        return ST_OK;
    }
    if (st_node_child(root, "model") == NULL && st_node_child(root, "part") == NULL) {
        st_node_fail(a->ctx, root, "found neither 'part' nor 'model', expected a title");
    }
    a->open[a->open_count++] = index;
    ST_TRY(read_includes(a, root, path));
    a->open_count--;
    remove_paths(a, root, without, true);
    merge_root(a, root, false);
    return ST_OK;
}

static st_status include_entry(st_assembly* a, const st_node* entry, const char* file)
{
    const st_node* name = entry;
    const st_node* without = NULL;
    if (entry->kind == ST_NODE_MAP) {
        if (!st_grammar_check(a->ctx, entry, &ST_GRAMMAR_INCLUDE)) {
            return ST_OK;
        }
        name = st_node_need(a->ctx, entry, "file", "a path from the folder of this file");
        without = st_node_child(entry, "without");
    }
    char path[PATH_LIMIT];
    if (name == NULL || !st_node_expect(a->ctx, name, ST_NODE_SCALAR)) {
        return ST_OK;
    }
    if (name->text[0] == '/' || name->text[0] == '\0' ||
        !join_path(file, name->text, path, sizeof path)) {
        st_node_fail(a->ctx, name, "found '%s', expected a path from the folder of this file",
                     name->text);
        return ST_OK;
    }
    return include_file(a, name, path, without);
}

static st_status read_includes(st_assembly* a, const st_node* root, const char* file)
{
    const st_node* include = st_node_child(root, "include");
    if (include == NULL || include->kind == ST_NODE_NULL) {
        return ST_OK;
    }
    if (include->kind != ST_NODE_LIST) {
        return include_entry(a, include, file);
    }
    for (const st_node* n = include->first; n != NULL; n = n->next) {
        ST_TRY(include_entry(a, n, file));
    }
    return ST_OK;
}

// --- variants -----------------------------------------------------------------------------------

static st_status replace_paths(st_assembly* a, const st_node* map, bool really)
{
    if (map == NULL || !st_node_expect(a->ctx, map, ST_NODE_MAP)) {
        return ST_OK;
    }
    for (const st_node* n = map->first; n != NULL; n = n->next) {
        st_node* found = need_path(a, a->root, n, n->key, true);
        if (found == NULL || !really) {
            continue;
        }
        st_node* copy = copy_node(a, n, own(found->parent));
        if (copy == NULL) {
            return ST_ERR_MEMORY;
        }
        copy->key = found->key;
        copy->index = found->index;
        copy->next = found->next;
        st_node* parent = own(found->parent);
        if (parent->first == found) {
            parent->first = copy;
        } else {
            st_node* before = own(parent->first);
            while (before->next != found) {
                before = own(before->next);
            }
            before->next = copy;
        }
    }
    return ST_OK;
}

static st_status add_sections(st_assembly* a, const st_node* map, bool really)
{
    if (map == NULL || !st_node_expect(a->ctx, map, ST_NODE_MAP)) {
        return ST_OK;
    }
    for (const st_node* n = map->first; n != NULL; n = n->next) {
        const st_grammar_key* key = ST_GRAMMAR_TOP.key;
        while (key->name != NULL && strcmp(key->name, n->key) != 0) {
            key++;
        }
        const bool is_section = key->name != NULL && key->table != NULL &&
                                key->table != &ST_GRAMMAR_VARIANT &&
                                key->table != &ST_GRAMMAR_INCLUDE;
        if (!is_section) {
            st_node_fail_key(a->ctx, n, "found '%s', expected a section such as 'rules'", n->key);
        } else if (st_node_expect(a->ctx, n,
                                  key->kind == ST_GRAMMAR_LIST ? ST_NODE_LIST : ST_NODE_MAP) &&
                   really) {
            st_node* copy = copy_node(a, n, NULL);
            st_node* other = own(st_node_child(a->root, n->key));
            if (copy == NULL) {
                return ST_ERR_MEMORY;
            }
            if (other != NULL) {
                merge_section(a, other, copy);
            } else {
                link_last(a->root, copy);
            }
        }
    }
    return ST_OK;
}

/// Checks the paths of all variants and changes the document as the chosen one says.   [MOD-10]
static st_status apply_variants(st_assembly* a, const char* variant)
{
    const st_node* variants = st_node_child(a->root, "variants");
    const st_node* chosen = NULL;
    for (const st_node* n = variants != NULL ? variants->first : NULL; n != NULL; n = n->next) {
        if (n->key == NULL || n->kind != ST_NODE_MAP) {
            continue; // reported when the names of variants are read
        }
        const bool is_chosen = variant != NULL && strcmp(n->key, variant) == 0;
        chosen = is_chosen ? n : chosen;
        remove_paths(a, a->root, st_node_child(n, "without"), false);
        ST_TRY(replace_paths(a, st_node_child(n, "replace"), false));
        ST_TRY(add_sections(a, st_node_child(n, "add"), false));
    }
    if (chosen == NULL || st_ctx_mistake_count(a->ctx) > 0) {
        return ST_OK;
    }
    remove_paths(a, a->root, st_node_child(chosen, "without"), true);
    ST_TRY(replace_paths(a, st_node_child(chosen, "replace"), true));
    return add_sections(a, st_node_child(chosen, "add"), true);
}

st_status st_assemble_document(st_assembly* a, st_ctx* ctx, st_arena* arena, st_doc* doc,
                               const char* variant)
{
    *a = (st_assembly){.ctx = ctx, .arena = arena, .doc_count = 1, .open_count = 1};
    a->doc[0] = doc;
    char path[PATH_LIMIT];
    const char* slash = strrchr(st_doc_name(doc), '/');
    const char* file = slash != NULL ? slash + 1 : st_doc_name(doc);
    if (!join_path(st_doc_name(doc), file, path, sizeof path)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: the path is too long", st_doc_name(doc));
    }
    a->name[0] = st_arena_text(arena, path, strlen(path));
    st_node* copy = copy_node(a, st_doc_root(doc), NULL);
    if (a->name[0] == NULL || copy == NULL) {
        return ST_ERR_MEMORY;
    }
    if (copy->kind != ST_NODE_MAP) {
        a->root = copy;
        return ST_OK;
    }
    a->root = st_arena_alloc(arena, 1, sizeof *a->root);
    if (a->root == NULL) {
        return ST_ERR_MEMORY;
    }
    *a->root = *copy;
    a->root->first = NULL;
    a->root->child_count = 0;
    ST_TRY(read_includes(a, copy, st_doc_name(doc)));
    merge_root(a, copy, true);
    return apply_variants(a, variant);
}

void st_assemble_clear(st_assembly* a)
{
    for (int i = 0; i < a->doc_count; i++) {
        st_doc_destroy(a->doc[i]);
    }
    a->doc_count = 0;
}
