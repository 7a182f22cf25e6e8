// The cases of model_cases.txt: a model without mistakes, changed line by line, and the messages
// that must come. With --write it prints the file with the messages that do come, for a person to
// judge. And documents that are too deep, too large or no text at all.
#include "stroma/model.h"

#include "base/base.h"
#include "base/doc.h"
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES_FILE ST_SOURCE_DIR "/test/bad/model_cases.txt"

typedef struct scene {
    char* base;    ///< the model without mistakes
    char* text;    ///< the changed document
    char** expect; ///< messages
    int expect_count;
    char name[128], variant[64];
} scene;

static char* copy(const char* text, size_t length)
{
    char* out = calloc(length + 1, 1);
    assert_non_null(out);
    memcpy(out, text, length);
    return out;
}

/// Replaces `from`, which must be there exactly once.
static void replace(scene* s, const char* from, const char* to)
{
    char* at = strstr(s->text, from);
    if (at == NULL || strstr(at + 1, from) != NULL) {
        fail_msg("case '%s': '%s' is %s in the model", s->name, from,
                 at == NULL ? "not" : "more than once");
        return;
    }
    const size_t head = (size_t)(at - s->text);
    char* out = calloc(strlen(s->text) + strlen(to) + 1, 1);
    assert_non_null(out);
    memcpy(out, s->text, head);
    memcpy(out + head, to, strlen(to));
    const char* tail = at + strlen(from);
    memcpy(out + head + strlen(to), tail, strlen(tail));
    free(s->text);
    s->text = out;
}

static void append_line(char* out, size_t size, const char* line, size_t length)
{
    const size_t used = strlen(out);
    assert_true(used + length + 2 < size);
    snprintf(out + used, size - used, "%s%.*s", used > 0 ? "\n" : "", (int)length, line);
}

/// Reads one case from its title on; gives where the next one begins.
static const char* read_case(const char* at, scene* s)
{
    char from[2048] = "";
    char to[2048] = "";
    bool has_to = false;
    bool has_from = false;
    const char* next = strstr(at, "\n==== ");
    const char* end = next != NULL ? next + 1 : at + strlen(at);
    s->text = copy(s->base, strlen(s->base));
    snprintf(s->name, sizeof s->name, "%.*s", (int)strcspn(at + 5, "\n"), at + 5);
    for (const char* line = at; line < end; line += strcspn(line, "\n") + 1) {
        const size_t length = strcspn(line, "\n");
        const char sign = line[0];
        if ((sign == '-' || sign == '#' || sign == '?') && has_to) {
            if (has_from) {
                replace(s, from, to);
            } else {
                free(s->text);
                s->text = copy(to, strlen(to));
            }
            from[0] = to[0] = '\0';
            has_from = has_to = false;
        }
        if (length < 2) {
            continue;
        }
        if (sign == '-') {
            append_line(from, sizeof from, line + 2, length - 2);
            has_from = true;
        } else if (sign == '+') {
            append_line(to, sizeof to, line + 2, length - 2);
            has_to = true;
        } else if (strncmp(line, "# with variant ", 15) == 0) {
            snprintf(s->variant, sizeof s->variant, "%.*s", (int)length - 15, line + 15);
        } else if (sign == '?') {
            s->expect = realloc(s->expect, (size_t)(s->expect_count + 1) * sizeof *s->expect);
            assert_non_null(s->expect);
            s->expect[s->expect_count++] = copy(line + 2, length - 2);
        }
    }
    if (has_to && has_from) {
        replace(s, from, to);
    } else if (has_to) {
        free(s->text);
        s->text = copy(to, strlen(to));
    }
    return next != NULL ? next + 1 : NULL;
}

static void clear_case(scene* s)
{
    for (int i = 0; i < s->expect_count; i++) {
        free(s->expect[i]);
    }
    free(s->expect);
    free(s->text);
    *s = (scene){.base = s->base};
}

/// Reads the document; true when exactly the expected messages came.
static bool is_as_expected(const scene* s, FILE* print)
{
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    assert_non_null(ctx);
    const char* variant = s->variant[0] != '\0' ? s->variant : NULL;
    const st_status status =
        st_model_parse(ctx, "model.yaml", s->text, strlen(s->text), variant, &model);
    bool ok =
        status == ST_ERR_INPUT && model == NULL && st_ctx_mistake_count(ctx) == s->expect_count;
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        const char* message = st_ctx_message(ctx, i);
        const bool is_own = strncmp(message, "model.yaml:", 11) == 0 && message[11] != ' ';
        message += is_own ? 11 : 0;
        ok = ok && i < s->expect_count && strcmp(message, s->expect[i]) == 0;
        if (print != NULL) {
            fprintf(print, "? %s\n", message);
        }
    }
    if (print == NULL && !ok) {
        print_error("case '%s': status %s\n", s->name, st_status_name(status));
        for (int i = 0; i < s->expect_count; i++) {
            print_error("  expected %s\n", s->expect[i]);
        }
        for (int i = 0; i < st_ctx_message_count(ctx); i++) {
            print_error("  found    %s\n", st_ctx_message(ctx, i));
        }
    }
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
    return ok;
}

static char* read_all(void)
{
    st_ctx* ctx = st_ctx_create();
    char* text = NULL;
    size_t length;
    assert_int_equal(st_file_read(ctx, CASES_FILE, 1 << 22, &text, &length), ST_OK);
    char* out = copy(text, length);
    st_free(ctx, text);
    st_ctx_destroy(ctx);
    return out;
}

static void every_case_is_explained(void** state)
{
    (void)state;
    char* all = read_all();
    scene s = {0};
    int count = 0;
    int wrong = 0;
    const char* at = strstr(all, "\n==== ");
    assert_non_null(at);
    s.base = copy(all, (size_t)(at + 1 - all));
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    for (int i = 0; i < 2; i++) { // the model itself, and its variant
        assert_int_equal(st_model_parse(ctx, "model.yaml", s.base, strlen(s.base),
                                        i == 0 ? NULL : "weak", &model),
                         ST_OK);
        st_model_destroy(model);
    }
    st_ctx_destroy(ctx);
    for (at++; at != NULL; count++) {
        at = read_case(at, &s);
        wrong += is_as_expected(&s, NULL) ? 0 : 1;
        clear_case(&s);
    }
    free(s.base);
    free(all);
    print_message("%d cases, %d with other messages\n", count, wrong);
    assert_true(count >= 150);
    assert_int_equal(wrong, 0);
}

// Memory running out at any allocation of the whole language: a status with words, no leak.
static void lack_of_memory_is_told(void** state)
{
    (void)state;
    char* all = read_all();
    const size_t length = (size_t)(strstr(all, "\n==== ") + 1 - all);
    st_status status = ST_ERR_MEMORY;
    int64_t n = 0;
    while (status != ST_OK) {
        st_ctx* ctx = st_ctx_create();
        st_model* model = NULL;
        assert_non_null(ctx);
        st_ctx_fail_allocation(ctx, ++n);
        status = st_model_parse(ctx, "model.yaml", all, length, "weak", &model);
        st_ctx_fail_allocation(ctx, 0);
        assert_true((status == ST_OK) == (model != NULL));
        assert_true(status == ST_OK || st_ctx_message_count(ctx) > 0);
        st_model_destroy(model);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
        assert_true(n < 100000);
    }
    print_message("each of %lld allocations failed once\n", (long long)n - 1);
    assert_true(n > 100);
    free(all);
}

/// Prints the cases with the messages that come now.
static void write_cases(void)
{
    char* all = read_all();
    scene s = {0};
    const char* at = strstr(all, "\n==== ");
    s.base = copy(all, (size_t)(at + 1 - all));
    fputs(s.base, stdout);
    for (at++; at != NULL;) {
        const char* line = at;
        at = read_case(at, &s);
        const char* end = at != NULL ? at : line + strlen(line);
        for (; line < end; line += strcspn(line, "\n") + 1) {
            if (line[0] != '?') {
                printf("%.*s\n", (int)strcspn(line, "\n"), line);
            }
        }
        is_as_expected(&s, stdout);
        clear_case(&s);
    }
    free(s.base);
    free(all);
}

// --- documents that no list of cases can hold ---------------------------------------------------

static st_ctx* refuse(const char* text, size_t length)
{
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    const st_status status = st_model_parse(ctx, "m", text, length, NULL, &model);
    assert_true(status == ST_ERR_INPUT || status == ST_ERR_MEMORY);
    assert_null(model);
    assert_true(st_ctx_message_count(ctx) > 0);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    return ctx;
}

static void assert_first(st_ctx* ctx, const char* expected)
{
    assert_string_equal(st_ctx_message(ctx, 0), expected);
    st_ctx_destroy(ctx);
}

/// `head`, `count` times `part` (with %d numbered from 0), `tail`.
static char* repeat(const char* head, const char* part, int count, const char* tail)
{
    const size_t room = strlen(head) + (size_t)count * (strlen(part) + 24) + strlen(tail) + 1;
    char* out = calloc(room, 1);
    assert_non_null(out);
    size_t used = strlen(head);
    memcpy(out, head, used);
    for (int i = 0; i < count; i++) {
        char one[128];
        const char* number = strstr(part, "%d");
        if (number == NULL) {
            snprintf(one, sizeof one, "%s", part);
        } else {
            snprintf(one, sizeof one, "%.*s%d%s", (int)(number - part), part, i, number + 2);
        }
        memcpy(out + used, one, strlen(one));
        used += strlen(one);
    }
    memcpy(out + used, tail, strlen(tail));
    return out;
}

static void deep_documents_are_refused(void** state)
{
    (void)state;
    char* text = repeat("model: ", "[", 40, "\n");
    assert_first(refuse(text, strlen(text)), "m:1:39: maps and lists nest deeper than 32");
    free(text);
    text = repeat("model: x\nvariables: { u: { start: 0, unit: 1, rate: '", "(", 200, "1' } }\n");
    st_ctx* ctx = refuse(text, strlen(text));
    const char* message = st_ctx_message(ctx, 0);
    assert_int_equal(strncmp(message, "m:2:77: variables.u.rate: ", 26), 0);
    assert_non_null(strstr(message, "': is nested too deeply"));
    st_ctx_destroy(ctx);
    free(text);
    // thousands of operations, one upon the other
    text = repeat("model: x\nvariables:\n  u: { start: 0, unit: 1, rate: u * (1", " + u", 5000,
                  ") }\n");
    ctx = refuse(text, strlen(text));
    assert_non_null(strstr(st_ctx_message(ctx, 0), "more than 2000 operations one upon the other"));
    st_ctx_destroy(ctx);
    free(text);
}

static void chains_of_definitions_have_an_end(void** state)
{
    (void)state;
    const size_t room = 1 << 16;
    char* text = calloc(room, 1);
    assert_non_null(text);
    size_t used = (size_t)snprintf(
        text, room, "model: x\nvariables: { u: { start: 0, unit: 1, rate: 0 } }\ndefinitions:\n");
    for (int i = 0; i < 300; i++) {
        used += (size_t)snprintf(text + used, room - used, "  d%d: d%d + 1\n", i, i + 1);
    }
    snprintf(text + used, room - used, "  d300: 1\n");
    st_ctx* ctx = refuse(text, strlen(text));
    assert_non_null(
        strstr(st_ctx_message(ctx, 0), "definitions build on each other more than 200 deep"));
    st_ctx_destroy(ctx);
    free(text);
}

static void large_documents_are_refused(void** state)
{
    (void)state;
    char* text = repeat("model: x\nparameters:\n", "  p%d: { value: 1, assumed: yes }\n", 5000, "");
    assert_first(refuse(text, strlen(text)),
                 "m:2:1: parameters: found 5000 entries, expected at most 4096");
    free(text);
    text = repeat("model: x\n", "k%d: 1\n", 100000, "");
    assert_first(refuse(text, strlen(text)), "m:1:1: found 100001 keys, expected at most 64");
    free(text);
    text = repeat("model: x\nvariables:\n", "  v%d: { start: 0, unit: 1, rate: 0 }\n", 2100, "");
    assert_first(refuse(text, strlen(text)),
                 "m:2003:3: variables.v2000: too many states, expected at most 2000");
    free(text);
    const size_t length = ST_DOC_BYTE_LIMIT + 1u;
    text = calloc(length + 1, 1);
    assert_non_null(text);
    memset(text, ' ', length);
    assert_first(refuse(text, length), "m:1:1: the document is longer than 8388608 bytes");
    free(text);
}

static void what_is_no_text_is_refused(void** state)
{
    (void)state;
    static const struct {
        const char* text;
        size_t length;
        const char* message;
    } bytes[] = {
        {"model: a\xff\n", 10, "m:1:9: "},        {"model: \xc0\xaf\n", 10, "m:1:8: "},
        {"model: \xed\xa0\x80\n", 11, "m:1:8: "}, {"a\0b: 1\n", 7, "m:1:2: "},
        {"model: \xe2\x82\n", 10, "m:1:8: "},     {"\x89PNG\r\n\x1a\n", 8, "m:1:1: "},
    };
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        st_ctx* ctx = refuse(bytes[i].text, bytes[i].length);
        if (strncmp(st_ctx_message(ctx, 0), bytes[i].message, strlen(bytes[i].message)) != 0) {
            fail_msg("bytes %zu: %s", i, st_ctx_message(ctx, 0));
        }
        st_ctx_destroy(ctx);
    }
}

static void alias_bombs_do_not_go_off(void** state)
{
    (void)state;
    static const char bomb[] = "a: &a [x, x, x, x, x, x, x, x, x]\n"
                               "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                               "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
                               "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
                               "model: *d\n";
    assert_first(refuse(bomb, strlen(bomb)), "m:1:4: YAML anchors ('&name') are not allowed");
}

static void more_than_twenty_mistakes_are_counted(void** state)
{
    (void)state;
    char* text = repeat("model: x\nparameters:\n", "  p%d: { value: 1 }\n", 30, "");
    st_ctx* ctx = refuse(text, strlen(text));
    assert_int_equal(st_ctx_message_count(ctx), 20);
    assert_int_equal(st_ctx_mistake_count(ctx), 30);
    for (int i = 0; i < 20; i++) {
        char place[32];
        snprintf(place, sizeof place, "m:%d:", i + 3);
        assert_int_equal(strncmp(st_ctx_message(ctx, i), place, strlen(place)), 0);
    }
    st_ctx_destroy(ctx);
    free(text);
}

int main(int argc, char** argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        write_cases();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_is_explained),
        cmocka_unit_test(lack_of_memory_is_told),
        cmocka_unit_test(deep_documents_are_refused),
        cmocka_unit_test(chains_of_definitions_have_an_end),
        cmocka_unit_test(large_documents_are_refused),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(alias_bombs_do_not_go_off),
        cmocka_unit_test(more_than_twenty_mistakes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
