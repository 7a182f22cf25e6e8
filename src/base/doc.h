/// \file
/// YAML documents whose every node knows its file, line, column and key path.
///
/// Readers report each mistake in the context as `file:line:column: path: found ..., expected ...`
/// and go on, so that one pass shows all mistakes of a file: read everything, then ask
/// st_ctx_mistake_count() and return ST_ERR_INPUT once.
///
/// YAML aliases, anchors, tags and merge keys are refused; so are nesting beyond
/// ST_DOC_DEPTH_LIMIT, files beyond ST_DOC_BYTE_LIMIT and duplicate keys. Parsed by libfyaml, then
/// copied into plain nodes.
#ifndef ST_BASE_DOC_H
#define ST_BASE_DOC_H

#include "base.h"
#include "units.h"

#define ST_DOC_DEPTH_LIMIT 32
#define ST_DOC_BYTE_LIMIT  (8u << 20)

typedef enum st_node_kind { ST_NODE_NULL, ST_NODE_SCALAR, ST_NODE_MAP, ST_NODE_LIST } st_node_kind;

typedef struct st_doc st_doc;

/// One node. Read-only to all but doc.c; lives as long as its document.
typedef struct st_node {
    st_node_kind kind;
    const char* text;             ///< scalar: its value; else ""
    bool is_quoted;               ///< scalar was written in quotes
    const char* key;              ///< key in the parent map, or NULL
    int index;                    ///< position in the parent
    int line, column;             ///< of the value, from 1 (a null value: of its key)
    int key_line, key_column;     ///< of the key, from 1; 0 without key
    int child_count;              ///< maps and lists
    const struct st_node* parent; ///< NULL at the root
    const struct st_node* first;  ///< first child, or NULL
    const struct st_node* next;   ///< next sibling, or NULL
    const st_doc* doc;
} st_node;

/// Reads a file. `path` also is the name in messages.
st_status st_doc_load(st_ctx* ctx, const char* path, st_doc** out);

/// Reads `length` bytes of text; `name` stands for the file in messages.
st_status st_doc_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                       st_doc** out);

void st_doc_destroy(st_doc* doc);

const st_node* st_doc_root(const st_doc* doc);
const char* st_doc_name(const st_doc* doc);              ///< the path as given
const char* st_doc_text(const st_doc* doc, size_t* len); ///< the bytes as read

/// Child of a map by key, NULL when absent. NULL maps are allowed.
const st_node* st_node_child(const st_node* map, const char* key);

/// Same, but reports `missing; expected ...` when absent.
const st_node* st_node_need(st_ctx* ctx, const st_node* map, const char* key, const char* expected);

/// Writes the key path, for example `arms.msc-1e7.pathway[2].inject.needle`.
void st_node_path(const st_node* node, char* out, size_t size);

/// Reports a mistake at the value: "file:line:column: path: " + message. Always returns false.
bool st_node_fail(st_ctx* ctx, const st_node* node, const char* format, ...) ST_PRINTF(3, 4);

/// Reports a mistake at the key. Always returns false.
bool st_node_fail_key(st_ctx* ctx, const st_node* node, const char* format, ...) ST_PRINTF(3, 4);

/// Each key of `map` must be in `known` (NULL-terminated); reports others with the nearest known
/// one. Also reports a node that is no map. True when all is well.
bool st_node_check_keys(st_ctx* ctx, const st_node* map, const char* const* known);

/// Reports `found X, expected a map | list | value` unless the kind fits.
bool st_node_expect(st_ctx* ctx, const st_node* node, st_node_kind kind);

/// The nearest of `count` names to `word` by edit distance, NULL when none is near.
const char* st_name_nearest(const char* word, const char* const* names, int count);

/// Readers. Each reports and returns false (leaving *out alone) when the value does not fit.
bool st_node_read_text(st_ctx* ctx, const st_node* node, const char** out); ///< borrowed from doc
bool st_node_read_bool(st_ctx* ctx, const st_node* node, bool* out);
bool st_node_read_integer(st_ctx* ctx, const st_node* node, int64_t lo, int64_t hi, int64_t* out);
/// A pure number (also `40 %`) within [lo, hi].
bool st_node_read_number(st_ctx* ctx, const st_node* node, double lo, double hi, double* out);
/// One of `count` names; reports the allowed ones otherwise.
bool st_node_read_choice(st_ctx* ctx, const st_node* node, const char* const* names, int count,
                         int* out);
/// A quantity with unit, converted to `unit` (for example "mL", "1/day"), within [lo, hi] of that
/// unit. `what` names the thing in the message ("a volume"), `bridge` may be NULL.
bool st_node_read_quantity(st_ctx* ctx, const st_node* node, const char* what, const char* unit,
                           const st_bridge* bridge, double lo, double hi, double* out);
/// `50..80 y`, `>= 3`, `< 35 kg/m^2`, `<= 4`, `> 2 mL`: bounds in `unit`; an open side is
/// +-INFINITY. Bounds are inclusive except for `<` and `>`, told by the two flags.
typedef struct st_range {
    double lo, hi;
    bool lo_open, hi_open; ///< true: the bound itself is outside
} st_range;
bool st_node_read_range(st_ctx* ctx, const st_node* node, const char* what, const char* unit,
                        st_range* out);

#endif
