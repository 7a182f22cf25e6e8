#include "base/doc.h"
#include "base/node.h"

#include <stdio.h>
#include <string.h>

#define KEYS_SHOWN  12
#define PATH_SIZE   256
#define REPORT_SIZE 640

const st_node* st_node_child(const st_node* map, const char* key)
{
    if (map == NULL || map->kind != ST_NODE_MAP) {
        return NULL;
    }
    for (const st_node* child = map->first; child != NULL; child = child->next) {
        if (strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

void st_node_path(const st_node* node, char* out, size_t size)
{
    const st_node* chain[ST_DOC_DEPTH_LIMIT + 2];
    int count = 0;
    for (; node != NULL && node->parent != NULL; node = node->parent) {
        chain[count] = node;
        count += 1;
    }
    size_t used = 0;
    if (size > 0) {
        out[0] = '\0';
    }
    for (int i = count - 1; i >= 0 && used < size; i--) {
        const char* dot = i < count - 1 ? "." : "";
        const int length = chain[i]->key != NULL
                               ? snprintf(out + used, size - used, "%s%s", dot, chain[i]->key)
                               : snprintf(out + used, size - used, "[%d]", chain[i]->index);
        used += (size_t)length;
    }
}

// "file:line:column: path: message". The same mistake found twice is told once.
static void report(st_ctx* ctx, const st_node* node, int line, int column, const char* path,
                   const char* message)
{
    char text[1024];
    snprintf(text, sizeof text, "%s:%d:%d: %s%s%s", st_doc_name(node->doc), line, column, path,
             path[0] != '\0' ? ": " : "", message);
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        if (strcmp(st_ctx_message(ctx, i), text) == 0) {
            return;
        }
    }
    ST_FAIL(ctx, ST_ERR_INPUT, "%s", text);
}

bool st_node_fail(st_ctx* ctx, const st_node* node, const char* format, ...)
{
    char path[PATH_SIZE];
    char message[REPORT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    st_node_path(node, path, sizeof path);
    report(ctx, node, node->line, node->column, path, message);
    return false;
}

bool st_node_fail_key(st_ctx* ctx, const st_node* node, const char* format, ...)
{
    char path[PATH_SIZE];
    char message[REPORT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    st_node_path(node, path, sizeof path);
    const bool has_key = node->key_line > 0;
    report(ctx, node, has_key ? node->key_line : node->line,
           has_key ? node->key_column : node->column, path, message);
    return false;
}

void st_node_found(const st_node* node, char* out, size_t size)
{
    if (node->kind != ST_NODE_SCALAR) {
        static const char* const words[] = {[ST_NODE_NULL] = "nothing",
                                            [ST_NODE_SCALAR] = "a value",
                                            [ST_NODE_MAP] = "a map",
                                            [ST_NODE_LIST] = "a list"};
        snprintf(out, size, "%s", words[node->kind]);
        return;
    }
    // One line, and no longer than a line of a terminal can show beside the rest.
    char text[ST_FOUND_SIZE - 8];
    size_t used = 0;
    const char* at = node->text;
    while (*at != '\0' && used < sizeof text - 8) {
        size_t length = 1;
        while (((unsigned char)at[length] & 0xC0u) == 0x80u) {
            length += 1;
        }
        if (used + length > sizeof text - 8) {
            break;
        }
        for (size_t i = 0; i < length; i++) {
            const unsigned char c = (unsigned char)at[i];
            text[used + i] = c < 0x20 || c == 0x7f ? ' ' : at[i];
        }
        used += length;
        at += length;
    }
    text[used] = '\0';
    snprintf(out, size, "'%s%s'", text, *at != '\0' ? "..." : "");
}

bool st_node_expect(st_ctx* ctx, const st_node* node, st_node_kind kind)
{
    static const char* const words[] = {[ST_NODE_NULL] = "nothing",
                                        [ST_NODE_SCALAR] = "a value",
                                        [ST_NODE_MAP] = "a map",
                                        [ST_NODE_LIST] = "a list"};
    if (node == NULL) {
        return false;
    }
    if (node->kind == kind) {
        return true;
    }
    char found[ST_FOUND_SIZE];
    st_node_found(node, found, sizeof found);
    return st_node_fail(ctx, node, "found %s, expected %s", found, words[kind]);
}

const st_node* st_node_need(st_ctx* ctx, const st_node* map, const char* key, const char* expected)
{
    if (map == NULL || !st_node_expect(ctx, map, ST_NODE_MAP)) {
        return NULL;
    }
    const st_node* child = st_node_child(map, key);
    if (child == NULL) {
        char path[PATH_SIZE];
        char full[2 * PATH_SIZE];
        char message[REPORT_SIZE];
        st_node_path(map, path, sizeof path);
        snprintf(full, sizeof full, "%s%s%s", path, path[0] != '\0' ? "." : "", key);
        snprintf(message, sizeof message, "missing; expected %s", expected);
        const bool has_key = map->key_line > 0;
        report(ctx, map, has_key ? map->key_line : map->line,
               has_key ? map->key_column : map->column, full, message);
    }
    return child;
}

static bool report_unknown_key(st_ctx* ctx, const st_node* child, const char* const* known,
                               int count)
{
    const char* nearest = st_name_nearest(child->key, known, count);
    if (nearest != NULL) {
        return st_node_fail_key(ctx, child, "unknown key; did you mean '%s'?", nearest);
    }
    char list[400] = "";
    size_t used = 0;
    for (int i = 0; i < count && i < KEYS_SHOWN && used < sizeof list; i++) {
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", known[i]);
    }
    return st_node_fail_key(ctx, child, "unknown key; known here: %s%s", list,
                            count > KEYS_SHOWN ? ", ..." : "");
}

bool st_node_check_keys(st_ctx* ctx, const st_node* map, const char* const* known)
{
    if (!st_node_expect(ctx, map, ST_NODE_MAP)) {
        return false;
    }
    int count = 0;
    while (known[count] != NULL) {
        count += 1;
    }
    bool all_known = true;
    for (const st_node* child = map->first; child != NULL; child = child->next) {
        bool is_known = false;
        for (int i = 0; i < count && !is_known; i++) {
            is_known = strcmp(child->key, known[i]) == 0;
        }
        if (!is_known) {
            all_known = report_unknown_key(ctx, child, known, count);
        }
    }
    return all_known;
}
