#include "base/doc_build.h"

#include "base/table.h"

#include <libfyaml.h>
#include <string.h>

typedef struct place {
    int line, column;
} place;

void st_doc_build_init(st_doc_build* build, st_ctx* ctx, const st_doc* doc, st_arena* arena)
{
    *build = (st_doc_build){.ctx = ctx, .doc = doc, .arena = arena, .name = st_doc_name(doc)};
}

void st_doc_build_clear(st_doc_build* build)
{
    st_free(build->ctx, build->slot);
    build->slot = NULL;
}

// --- keys given twice ---------------------------------------------------------------------------

static uint64_t key_hash(const st_node* map, const char* key)
{
    uint64_t hash = 0xcbf29ce484222325u ^ ((uint64_t)map->line << 32) ^ (uint64_t)map->column;
    for (const char* at = key; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3u; // FNV-1a
    }
    return hash ^ (hash >> 29);
}

// The slot that holds `key` of `map`, or the free one where it belongs.
static const st_node** find_slot(const st_doc_build* build, const st_node* map, const char* key)
{
    const size_t mask = build->slot_count - 1;
    size_t at = (size_t)key_hash(map, key) & mask;
    while (build->slot[at] != NULL &&
           (build->slot[at]->parent != map || strcmp(build->slot[at]->key, key) != 0)) {
        at = (at + 1) & mask;
    }
    return &build->slot[at];
}

// Keeps at least half of the slots free.
static st_status grow_slots(st_doc_build* build)
{
    if (2 * (build->slot_used + 1) <= build->slot_count) {
        return ST_OK;
    }
    const st_node** old = build->slot;
    const size_t old_count = build->slot_count;
    const size_t count = old_count > 0 ? 2 * old_count : 256;
    const st_node** slot = st_alloc(build->ctx, count, sizeof *slot);
    if (slot == NULL) {
        return ST_ERR_MEMORY;
    }
    build->slot = slot;
    build->slot_count = count;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i] != NULL) {
            *find_slot(build, old[i]->parent, old[i]->key) = old[i];
        }
    }
    st_free(build->ctx, old);
    return ST_OK;
}

// --- nodes --------------------------------------------------------------------------------------

static st_doc_level* top_of(st_doc_build* build)
{
    return build->depth > 0 ? &build->level[build->depth - 1] : NULL;
}

// Where the event stands, from 1. Empty values carry no mark: they stand where their key does.
static place place_of(st_doc_build* build, struct fy_event* event)
{
    const struct fy_mark* mark = fy_event_start_mark(event);
    const bool is_empty = event->type == FYET_SCALAR &&
                          fy_token_get_text_length(event->scalar.value) == 0 &&
                          fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    const st_doc_level* top = top_of(build);
    if (is_empty && top != NULL && top->key != NULL) {
        return (place){top->key_line, top->key_column};
    }
    if (mark == NULL) {
        return top != NULL ? (place){top->node->line, top->node->column} : (place){1, 1};
    }
    const bool has_quote = event->type == FYET_SCALAR &&
                           (fy_token_scalar_style(event->scalar.value) == FYSS_SINGLE_QUOTED ||
                            fy_token_scalar_style(event->scalar.value) == FYSS_DOUBLE_QUOTED);
    // libfyaml marks a quoted text behind its quote.
    return (place){mark->line + 1, mark->column + (has_quote && mark->column > 0 ? 0 : 1)};
}

static st_status fail_at(const st_doc_build* build, place at, const char* what)
{
    return ST_FAIL(build->ctx, ST_ERR_INPUT, "%s:%d:%d: %s", build->name, at.line, at.column, what);
}

// Appends a node to the open map or list, or makes it the root.
static st_node* add_node(st_doc_build* build, st_node_kind kind, place at)
{
    st_node* node = st_arena_alloc(build->arena, 1, sizeof *node);
    if (node == NULL) {
        return NULL;
    }
    node->kind = kind;
    node->text = "";
    node->line = at.line;
    node->column = at.column;
    node->doc = build->doc;
    st_doc_level* top = top_of(build);
    if (top == NULL) {
        build->root = node;
        return node;
    }
    node->parent = top->node;
    node->index = top->node->child_count;
    node->key = top->key;
    node->key_line = top->key_line;
    node->key_column = top->key_column;
    top->node->child_count += 1;
    if (top->last == NULL) {
        top->node->first = node;
    } else {
        top->last->next = node;
    }
    top->last = node;
    if (node->key != NULL) { // add_key has made room
        *find_slot(build, top->node, node->key) = node;
        build->slot_used += 1;
    }
    top->key = NULL;
    top->key_line = 0;
    top->key_column = 0;
    return node;
}

static st_status add_key(st_doc_build* build, const char* text, size_t length, place at)
{
    st_doc_level* top = top_of(build);
    if (length == 0) {
        return fail_at(build, at, "an empty key");
    }
    if (length == 2 && memcmp(text, "<<", 2) == 0) {
        return fail_at(build, at, "merge keys are not allowed; write the values out");
    }
    const char* key = st_arena_text(build->arena, text, length);
    if (key == NULL) {
        return ST_ERR_MEMORY;
    }
    ST_TRY(grow_slots(build));
    const st_node* first = *find_slot(build, top->node, key);
    if (first != NULL) {
        return ST_FAIL(build->ctx, ST_ERR_INPUT,
                       "%s:%d:%d: key '%.80s' is there twice; the first is in line %d", build->name,
                       at.line, at.column, key, first->key_line);
    }
    top->key = key;
    top->key_line = at.line;
    top->key_column = at.column;
    return ST_OK;
}

static bool is_null_text(const char* text, size_t length)
{
    return length == 0 || (length == 1 && text[0] == '~') ||
           (length == 4 && memcmp(text, "null", 4) == 0);
}

static bool waits_for_key(st_doc_build* build)
{
    const st_doc_level* top = top_of(build);
    return top != NULL && top->node->kind == ST_NODE_MAP && top->key == NULL;
}

// The text of a single-quoted scalar, by its pieces: fy_token_get_text() of libfyaml 0.7.12 reads
// doubled quotes that follow each other wrongly and loses 4 KiB over many of them. n of them in a
// row come as 2n - 1 pieces of one quote.
static bool read_quoted(struct fy_token* token, st_text* out)
{
    struct fy_token_iter* iter = fy_token_iter_create(token);
    if (iter == NULL) {
        return false;
    }
    int failed = 0;
    int quotes = 0;
    st_text_add(out, "");
    const struct fy_iter_chunk* chunk = fy_token_iter_chunk_next(iter, NULL, &failed);
    while (chunk != NULL) {
        const bool is_quote = chunk->len == 1 && chunk->str[0] == '\'';
        quotes = is_quote ? quotes + 1 : 0;
        if (!is_quote || quotes % 2 == 1) {
            st_text_add_bytes(out, chunk->str, chunk->len);
        }
        chunk = fy_token_iter_chunk_next(iter, chunk, &failed);
    }
    fy_token_iter_finish(iter);
    fy_token_iter_destroy(iter);
    return failed == 0 && !out->failed;
}

// A key or a value with this text.
static st_status add_text(st_doc_build* build, struct fy_event* event, const char* text,
                          size_t length)
{
    struct fy_token* token = event->scalar.value;
    const place at = place_of(build, event);
    if (text == NULL) {
        return ST_FAIL(build->ctx, ST_ERR_MEMORY, "%s:%d:%d: out of memory", build->name, at.line,
                       at.column);
    }
    if (length > 0 && memchr(text, '\0', length) != NULL) { // written as "\0"
        return fail_at(build, at, "a zero byte in a text");
    }
    if (waits_for_key(build)) {
        return add_key(build, text, length, at);
    }
    const bool is_plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
    if (is_plain && is_null_text(text, length)) {
        return add_node(build, ST_NODE_NULL, at) != NULL ? ST_OK : ST_ERR_MEMORY;
    }
    st_node* node = add_node(build, ST_NODE_SCALAR, at);
    char* copy = node != NULL ? st_arena_text(build->arena, text, length) : NULL;
    if (copy == NULL) {
        return ST_ERR_MEMORY;
    }
    node->text = copy;
    node->is_quoted = !is_plain;
    return ST_OK;
}

static st_status add_scalar(st_doc_build* build, struct fy_event* event)
{
    struct fy_token* token = event->scalar.value;
    if (token == NULL || fy_token_scalar_style(token) != FYSS_SINGLE_QUOTED) {
        size_t length = 0;
        const char* text = token != NULL ? fy_token_get_text(token, &length) : "";
        return add_text(build, event, text, length);
    }
    st_text quoted;
    st_text_init(&quoted, build->ctx);
    const bool ok = read_quoted(token, &quoted);
    const char* text = quoted.data != NULL ? quoted.data : "";
    const st_status status = add_text(build, event, ok ? text : NULL, quoted.length);
    st_text_clear(&quoted);
    return status;
}

static st_status open_level(st_doc_build* build, struct fy_event* event, st_node_kind kind)
{
    const place at = place_of(build, event);
    if (waits_for_key(build)) {
        return fail_at(build, at, "a map or list as key; keys are plain text");
    }
    if (build->depth == ST_DOC_DEPTH_LIMIT) {
        return ST_FAIL(build->ctx, ST_ERR_INPUT, "%s:%d:%d: maps and lists nest deeper than %d",
                       build->name, at.line, at.column, ST_DOC_DEPTH_LIMIT);
    }
    st_node* node = add_node(build, kind, at);
    if (node == NULL) {
        return ST_ERR_MEMORY;
    }
    build->level[build->depth] = (st_doc_level){.node = node};
    build->depth += 1;
    return ST_OK;
}

// libfyaml marks anchors and aliases behind their sign.
static place place_of_sign(const struct fy_mark* mark, place otherwise)
{
    return mark != NULL ? (place){mark->line + 1, mark->column > 0 ? mark->column : 1} : otherwise;
}

static st_status refuse_marks(st_doc_build* build, struct fy_event* event)
{
    struct fy_token* anchor = NULL;
    struct fy_token* tag = NULL;
    if (event->type == FYET_MAPPING_START) {
        anchor = event->mapping_start.anchor;
        tag = event->mapping_start.tag;
    } else if (event->type == FYET_SEQUENCE_START) {
        anchor = event->sequence_start.anchor;
        tag = event->sequence_start.tag;
    } else if (event->type == FYET_SCALAR) {
        anchor = event->scalar.anchor;
        tag = event->scalar.tag;
    } else if (event->type == FYET_ALIAS) {
        return fail_at(build, place_of_sign(fy_event_start_mark(event), place_of(build, event)),
                       "YAML aliases ('*name') are not allowed");
    }
    if (anchor != NULL) {
        return fail_at(build, place_of_sign(fy_token_start_mark(anchor), place_of(build, event)),
                       "YAML anchors ('&name') are not allowed");
    }
    if (tag != NULL) {
        const struct fy_mark* mark = fy_token_start_mark(tag);
        const place at =
            mark != NULL ? (place){mark->line + 1, mark->column + 1} : place_of(build, event);
        return fail_at(build, at, "YAML tags ('!name') are not allowed");
    }
    return ST_OK;
}

st_status st_doc_build_event(st_doc_build* build, struct fy_event* event)
{
    ST_TRY(refuse_marks(build, event));
    switch (event->type) {
    case FYET_DOCUMENT_START:
        build->document_count += 1;
        if (build->document_count > 1) {
            return fail_at(build, place_of(build, event),
                           "a second document; a file holds one ('---' only at its top)");
        }
        return ST_OK;
    case FYET_MAPPING_START:
        return open_level(build, event, ST_NODE_MAP);
    case FYET_SEQUENCE_START:
        return open_level(build, event, ST_NODE_LIST);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        build->depth -= 1;
        return ST_OK;
    case FYET_SCALAR:
        return add_scalar(build, event);
    default:
        return ST_OK;
    }
}

st_status st_doc_build_finish(st_doc_build* build, const st_node** root)
{
    if (build->root == NULL || build->root->kind == ST_NODE_NULL) {
        return ST_FAIL(build->ctx, ST_ERR_INPUT, "%s:1:1: the file is empty", build->name);
    }
    *root = build->root;
    return ST_OK;
}
