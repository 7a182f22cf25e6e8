// The committed schema and the tables of docs/language.md are those of the reader. `make schema`
// runs this program with --write, which writes them anew.
#include "schema.h"

#include "grammar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SCHEMA_FILE ST_SOURCE_DIR "/docs/stroma-model.schema.json"
#define PAGE_FILE   ST_SOURCE_DIR "/docs/language.md"

/// The page with the text between two marks replaced.
static void replace_between(st_text* out, const char* page, const char* begin, const char* end,
                            const char* text)
{
    const char* from = strstr(page, begin);
    const char* to = from != NULL ? strstr(from, end) : NULL;
    assert_non_null(from);
    assert_non_null(to);
    from += strlen(begin);
    st_text_add_bytes(out, page, (size_t)(from - page));
    st_text_add(out, "\n");
    st_text_add(out, text);
    st_text_add(out, to);
}

static void make_page(st_ctx* ctx, const char* page, st_text* out)
{
    st_text keys;
    st_text verbs;
    st_text half;
    st_text_init(&keys, ctx);
    st_text_init(&verbs, ctx);
    st_text_init(&half, ctx);
    st_schema_keys(&keys);
    st_schema_behaviours(&verbs);
    replace_between(&half, page, "<!-- behaviours: begin (make schema) -->",
                    "<!-- behaviours: end -->", verbs.data);
    replace_between(out, half.data, "<!-- keys: begin (make schema) -->", "<!-- keys: end -->",
                    keys.data);
    st_text_clear(&keys);
    st_text_clear(&verbs);
    st_text_clear(&half);
}

static void write_or_compare(bool writes)
{
    st_ctx* ctx = st_ctx_create();
    st_text schema;
    st_text page;
    char* old_page = NULL;
    char* old_schema = NULL;
    size_t length;
    st_text_init(&schema, ctx);
    st_text_init(&page, ctx);
    assert_int_equal(st_file_read(ctx, PAGE_FILE, 1 << 22, &old_page, &length), ST_OK);
    st_schema_json(&schema);
    make_page(ctx, old_page, &page);
    if (writes) {
        assert_int_equal(st_file_write(ctx, SCHEMA_FILE, schema.data, schema.length), ST_OK);
        assert_int_equal(st_file_write(ctx, PAGE_FILE, page.data, page.length), ST_OK);
    } else {
        assert_int_equal(st_file_read(ctx, SCHEMA_FILE, 1 << 22, &old_schema, &length), ST_OK);
        if (strcmp(old_schema, schema.data) != 0 || strcmp(old_page, page.data) != 0) {
            fail_msg("schema or key tables are not those of the reader: run 'make schema'");
        }
        st_free(ctx, old_schema);
    }
    st_free(ctx, old_page);
    st_text_clear(&schema);
    st_text_clear(&page);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void schema_and_pages_are_those_of_the_reader(void** state)
{
    (void)state;
    write_or_compare(false);
}

/// Quotes, braces and brackets pair up: a JSON reader would get to the end.
static void the_schema_is_well_formed(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_text schema;
    st_text_init(&schema, ctx);
    st_schema_json(&schema);
    char open[64] = "";
    int depth = 0;
    bool in_text = false;
    for (const char* c = schema.data; *c != '\0'; c++) {
        if (*c == '\\' && in_text) {
            c++;
        } else if (*c == '"') {
            in_text = !in_text;
        } else if (!in_text && (*c == '{' || *c == '[')) {
            assert_true(depth < 64);
            open[depth++] = *c;
        } else if (!in_text && (*c == '}' || *c == ']')) {
            assert_true(depth > 0);
            assert_int_equal(open[--depth], *c == '}' ? '{' : '[');
        }
    }
    assert_int_equal(depth, 0);
    assert_false(in_text);
    st_text_clear(&schema);
    st_ctx_destroy(ctx);
}

int main(int argc, char** argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        write_or_compare(true);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_and_pages_are_those_of_the_reader),
        cmocka_unit_test(the_schema_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
