#include "base/doc.h"

#include "base/doc_build.h"
#include "base/table.h"
#include "base/utf8.h"

#include <libfyaml.h>
#include <string.h>

struct st_doc {
    st_ctx* ctx;
    st_arena arena;
    const char* name;
    const char* text;
    size_t length;
    const st_node* root;
};

// libfyaml's own words, at the place of the first thing that it did not like.
static st_status report_syntax(st_ctx* ctx, const char* name, struct fy_diag* diag)
{
    void* at = NULL;
    const struct fy_diag_error* error = fy_diag_errors_iterate(diag, &at);
    if (error == NULL || error->msg == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s:1:1: this is no YAML document", name);
    }
    const size_t length = strcspn(error->msg, "\r\n");
    return ST_FAIL(ctx, ST_ERR_INPUT, "%s:%d:%d: %.*s", name, error->line, error->column,
                   (int)(length < 400 ? length : 400), error->msg);
}

static st_status read_events(st_doc* doc, struct fy_parser* parser, struct fy_diag* diag)
{
    st_doc_build build;
    st_doc_build_init(&build, doc->ctx, doc, &doc->arena);
    st_status status = ST_OK;
    while (status == ST_OK) {
        struct fy_event* event = fy_parser_parse(parser);
        if (event == NULL) {
            status = fy_parser_get_stream_error(parser) ? report_syntax(doc->ctx, doc->name, diag)
                                                        : st_doc_build_finish(&build, &doc->root);
            break;
        }
        status = st_doc_build_event(&build, event);
        fy_parser_event_free(parser, event);
    }
    st_doc_build_clear(&build);
    return status;
}

// The library never prints: what libfyaml would say goes nowhere, its errors are collected.
static void say_nothing(struct fy_diag* diag, void* user, const char* text, size_t length)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)length;
}

static st_status parse_text(st_doc* doc)
{
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    quiet.output_fn = say_nothing;
    quiet.colorize = false;
    struct fy_diag* diag = fy_diag_create(&quiet);
    struct fy_parser* parser = NULL;
    if (diag != NULL) {
        fy_diag_set_collect_errors(diag, true);
        const struct fy_parse_cfg config = {
            .flags = FYPCF_QUIET | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2, .diag = diag};
        parser = fy_parser_create(&config);
    }
    st_status status;
    if (parser == NULL || fy_parser_set_string(parser, doc->text, doc->length) != 0) {
        status = ST_FAIL(doc->ctx, ST_ERR_MEMORY, "%s: the YAML parser could not start", doc->name);
    } else {
        status = read_events(doc, parser, diag);
    }
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return status;
}

static st_status read_text(st_doc* doc)
{
    char why[64];
    int line, column;
    if (doc->length > ST_DOC_BYTE_LIMIT) {
        return ST_FAIL(doc->ctx, ST_ERR_INPUT, "%s:1:1: the document is longer than %u bytes",
                       doc->name, ST_DOC_BYTE_LIMIT);
    }
    if (!st_utf8_check(doc->text, doc->length, &line, &column, why, sizeof why)) {
        return ST_FAIL(doc->ctx, ST_ERR_INPUT, "%s:%d:%d: %s", doc->name, line, column, why);
    }
    return parse_text(doc);
}

st_status st_doc_parse(st_ctx* ctx, const char* name, const char* text, size_t length, st_doc** out)
{
    *out = NULL;
    st_doc* doc = st_alloc(ctx, 1, sizeof *doc);
    if (doc == NULL) {
        return ST_ERR_MEMORY;
    }
    doc->ctx = ctx;
    st_arena_init(&doc->arena, ctx);
    doc->name = st_arena_text(&doc->arena, name, strlen(name));
    doc->text = doc->name != NULL ? st_arena_text(&doc->arena, text, length) : NULL;
    doc->length = length;
    const st_status status = doc->text != NULL ? read_text(doc) : ST_ERR_MEMORY;
    if (status != ST_OK) {
        st_doc_destroy(doc);
        return status;
    }
    *out = doc;
    return ST_OK;
}

st_status st_doc_load(st_ctx* ctx, const char* path, st_doc** out)
{
    *out = NULL;
    char* text;
    size_t length;
    ST_TRY(st_file_read(ctx, path, ST_DOC_BYTE_LIMIT, &text, &length));
    const st_status status = st_doc_parse(ctx, path, text, length, out);
    st_free(ctx, text);
    return status;
}

void st_doc_destroy(st_doc* doc)
{
    if (doc == NULL) {
        return;
    }
    st_ctx* ctx = doc->ctx;
    st_arena_clear(&doc->arena);
    st_free(ctx, doc);
}

const st_node* st_doc_root(const st_doc* doc)
{
    return doc->root;
}

const char* st_doc_name(const st_doc* doc)
{
    return doc->name;
}

const char* st_doc_text(const st_doc* doc, size_t* len)
{
    if (len != NULL) {
        *len = doc->length;
    }
    return doc->text;
}
