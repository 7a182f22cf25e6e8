#include "base/doc.h"
#include "base/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static st_ctx* ctx;

static int set_up(void** state)
{
    (void)state;
    ctx = st_ctx_create();
    return ctx == NULL;
}

static int tear_down(void** state)
{
    (void)state;
    const size_t left = st_ctx_bytes_in_use(ctx);
    st_ctx_destroy(ctx);
    return left != 0;
}

static st_doc* parse(const char* text)
{
    st_doc* doc;
    if (st_doc_parse(ctx, "study.yaml", text, strlen(text), &doc) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    return doc;
}

static void assert_place(const st_node* node, int line, int column, int key_line, int key_column)
{
    assert_non_null(node);
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
    assert_int_equal(node->key_line, key_line);
    assert_int_equal(node->key_column, key_column);
}

static void every_node_knows_its_place(void** state)
{
    (void)state;
    st_doc* doc = parse("study: Knee\n"
                        "arms:\n"
                        "  ha: { n: 10, inject: { volume: 4 mL } }\n"
                        "  msc:\n"
                        "    pathway:\n"
                        "      - harvest: { site: 'crest' }\n"
                        "      - [1, 2]\n"
                        "    note:\n"
                        "    text: |\n"
                        "      two\n"
                        "      lines\n"
                        "\xc2\xb5m: \xc3\xa4 # columns count characters\n");
    const st_node* root = st_doc_root(doc);
    assert_place(root, 1, 1, 0, 0);
    assert_int_equal(root->child_count, 3);
    assert_place(st_node_child(root, "study"), 1, 8, 1, 1);
    const st_node* arms = st_node_child(root, "arms");
    assert_place(arms, 3, 3, 2, 1);
    const st_node* ha = st_node_child(arms, "ha");
    assert_place(ha, 3, 7, 3, 3);
    assert_place(st_node_child(ha, "n"), 3, 12, 3, 9);
    const st_node* volume = st_node_child(st_node_child(ha, "inject"), "volume");
    assert_place(volume, 3, 34, 3, 26);
    assert_string_equal(volume->text, "4 mL");
    const st_node* msc = st_node_child(arms, "msc");
    const st_node* pathway = st_node_child(msc, "pathway");
    assert_int_equal(pathway->kind, ST_NODE_LIST);
    const st_node* site = st_node_child(st_node_child(pathway->first, "harvest"), "site");
    assert_place(site, 6, 26, 6, 20);
    assert_true(site->is_quoted);
    assert_int_equal(pathway->first->next->index, 1);
    assert_place(pathway->first->next->first->next, 7, 13, 0, 0);
    const st_node* note = st_node_child(msc, "note");
    assert_int_equal(note->kind, ST_NODE_NULL);
    assert_place(note, 8, 5, 8, 5); // an empty value stands at its key
    assert_string_equal(st_node_child(msc, "text")->text, "two\nlines\n");
    assert_place(st_node_child(root, "\xc2\xb5m"), 12, 5, 12, 1);
    char path[128];
    st_node_path(site, path, sizeof path);
    assert_string_equal(path, "arms.msc.pathway[0].harvest.site");
    st_node_path(root, path, sizeof path);
    assert_string_equal(path, "");
    st_doc_destroy(doc);
}

// --- documents that are refused as a whole ------------------------------------------------------

static void broken_documents_are_refused_with_their_place(void** state)
{
    (void)state;
    static const struct {
        const char* text;
        const char* message;
    } broken[] = {
        {"", "study.yaml:1:1: the file is empty"},
        {"# only a comment\n", "study.yaml:1:1: the file is empty"},
        {"---\n", "study.yaml:1:1: the file is empty"},
        {"a: 1\n---\nb: 2\n",
         "study.yaml:2:1: a second document; a file holds one ('---' only at its top)"},
        {"a: 1\nb: 2\na: 3\n", "study.yaml:3:1: key 'a' is there twice; the first is in line 1"},
        {"x: {a: 1, b: 2, a: 3}",
         "study.yaml:1:17: key 'a' is there twice; the first is in line 1"},
        {"a: &x 1\nb: *x\n", "study.yaml:1:4: YAML anchors ('&name') are not allowed"},
        {"a: &x\n  b: 1\n", "study.yaml:1:4: YAML anchors ('&name') are not allowed"},
        {"a: [&x 1]\n", "study.yaml:1:5: YAML anchors ('&name') are not allowed"},
        {"b: *x\n", "study.yaml:1:4: YAML aliases ('*name') are not allowed"},
        {"a: !foo 1\n", "study.yaml:1:4: YAML tags ('!name') are not allowed"},
        {"a: !!map {b: 1}\n", "study.yaml:1:4: YAML tags ('!name') are not allowed"},
        {"base: {a: 1}\n<<: {b: 1}\n",
         "study.yaml:2:1: merge keys are not allowed; write the values out"},
        {"? [a, b]\n: 1\n", "study.yaml:1:3: a map or list as key; keys are plain text"},
        {": x\n", "study.yaml:1:1: an empty key"},
        {"a: \"\\0\"\n", "study.yaml:1:4: a zero byte in a text"},
        {"a: 1\nb: \x01\n", "study.yaml:2:4: control character 0x01 is not allowed"},
        {"a: \xff\n", "study.yaml:1:4: byte 0xff is no UTF-8 text"},
        {"\xc3\xa4: \xc0\xaf\n", "study.yaml:1:4: byte 0xc0 is no UTF-8 text"},
        {"a: \xed\xa0\x80\n", "study.yaml:1:4: byte 0xed is no UTF-8 text"},
        {"a: \xe2\x82", "study.yaml:1:4: byte 0xe2 is no UTF-8 text"},
        {"b:\n  c:\n\td: 1\n", "study.yaml:3:1: tab character may not be used as indentation"},
        {"h: [ , ]\n", "study.yaml:1:6: flow sequence with invalid comma in the beginning"},
        {"a: [1, 2\nb: 3\n", "study.yaml:3:1: flow sequence without a closing bracket"},
        {"a: b: c\n", "study.yaml:1:5: invalid nested block mapping on the same line"},
        {"a: @x\n", "study.yaml:1:4: plain scalar cannot start with '@'"},
        {"{a: 1}}\n", "study.yaml:1:7: flow mapping with invalid extra closing brace"},
        {"a: 1\n b: 2\n", "study.yaml:1:4: invalid multiline plain key"},
        {"a: \"\\q\"\n", "study.yaml:1:5: invalid escape 'q' in double-quoted string"},
        {"b: 'x'y\n", "study.yaml:1:7: invalid trailing content after single-quoted scalar"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        st_doc* doc;
        st_ctx_clear_messages(ctx);
        const char* text = broken[i].text;
        assert_int_equal(st_doc_parse(ctx, "study.yaml", text, strlen(text), &doc), ST_ERR_INPUT);
        assert_null(doc);
        assert_string_equal(st_ctx_message(ctx, 0), broken[i].message);
        assert_int_equal(st_ctx_mistake_count(ctx), 1);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    }
}

static void zero_bytes_depth_and_size_are_limited(void** state)
{
    (void)state;
    st_doc* doc;
    assert_int_equal(st_doc_parse(ctx, "f", "a: \0b", 5, &doc), ST_ERR_INPUT);
    assert_string_equal(st_ctx_message(ctx, 0), "f:1:4: control character 0x00 is not allowed");

    char deep[2 * ST_DOC_DEPTH_LIMIT + 4] = "";
    memset(deep, '[', ST_DOC_DEPTH_LIMIT);
    memset(deep + ST_DOC_DEPTH_LIMIT, ']', ST_DOC_DEPTH_LIMIT);
    assert_int_equal(st_doc_parse(ctx, "f", deep, strlen(deep), &doc), ST_OK);
    st_doc_destroy(doc);
    memset(deep, '[', ST_DOC_DEPTH_LIMIT + 1);
    memset(deep + ST_DOC_DEPTH_LIMIT + 1, ']', ST_DOC_DEPTH_LIMIT + 1);
    assert_int_equal(st_doc_parse(ctx, "f", deep, strlen(deep), &doc), ST_ERR_INPUT);
    assert_string_equal(st_ctx_message(ctx, 1), "f:1:33: maps and lists nest deeper than 32");

    const size_t length = (size_t)ST_DOC_BYTE_LIMIT + 1;
    char* large = malloc(length);
    assert_non_null(large);
    memset(large, '#', length);
    assert_int_equal(st_doc_parse(ctx, "f", large, length, &doc), ST_ERR_INPUT);
    assert_string_equal(st_ctx_message(ctx, 2), "f:1:1: the document is longer than 8388608 bytes");
    free(large);
}

static void many_keys_are_read_in_time_and_twins_still_found(void** state)
{
    (void)state;
    st_text text;
    st_text_init(&text, ctx);
    for (int i = 0; i < 100000; i++) {
        st_text_addf(&text, "k%d: %d\n", i, i);
    }
    st_doc* doc;
    assert_int_equal(st_doc_parse(ctx, "f", text.data, text.length, &doc), ST_OK);
    assert_int_equal(st_doc_root(doc)->child_count, 100000);
    st_doc_destroy(doc);
    st_text_add(&text, "k99998: 1\n");
    assert_int_equal(st_doc_parse(ctx, "f", text.data, text.length, &doc), ST_ERR_INPUT);
    assert_string_equal(st_ctx_message(ctx, 0),
                        "f:100001:1: key 'k99998' is there twice; the first is in line 99999");
    st_text_clear(&text);
}

static void a_file_is_read_and_a_missing_one_named(void** state)
{
    (void)state;
    st_doc* doc;
    char path[] = "doc_test_XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(st_file_write(ctx, path, "a: 1\n", 5), ST_OK);
    assert_int_equal(st_doc_load(ctx, path, &doc), ST_OK);
    size_t length;
    assert_string_equal(st_doc_text(doc, &length), "a: 1\n");
    assert_int_equal(length, 5);
    assert_string_equal(st_doc_name(doc), path);
    st_doc_destroy(doc);
    unlink(path);
    assert_int_equal(st_doc_load(ctx, "no/such.yaml", &doc), ST_ERR_FILE);
    assert_string_equal(st_ctx_message(ctx, 0),
                        "no/such.yaml: cannot read: No such file or directory");
    assert_int_equal(st_doc_load(ctx, "/", &doc), ST_ERR_FILE);
    assert_string_equal(st_ctx_message(ctx, 1), "/: cannot read: Is a directory");
}

// --- values that do not fit ---------------------------------------------------------------------

typedef enum reader_kind {
    TEXT,
    BOOL,
    INTEGER,
    SEED,
    NUMBER,
    PLAIN,
    CHOICE,
    VOLUME,
    LEVEL,
    BARE_LEVEL,
    AGE_RANGE,
    MAP,
    KEYS,
    NEED,
} reader_kind;

static const char* const choices[] = {"ultrasound", "palpation", "fluoroscopy"};
static const char* const keys[] = {"volume", "needle", "guided_by", NULL};

static bool read_as(const st_node* node, reader_kind kind)
{
    const st_bridge pge2 = {0.3525, 0};
    const char* text;
    bool flag;
    int64_t integer;
    int choice;
    double number;
    st_range range;
    switch (kind) {
    case TEXT:
        return st_node_read_text(ctx, node, &text);
    case BOOL:
        return st_node_read_bool(ctx, node, &flag);
    case INTEGER:
        return st_node_read_integer(ctx, node, 1, 100, &integer);
    case SEED:
        return st_node_read_integer(ctx, node, 0, INT64_MAX, &integer);
    case NUMBER:
        return st_node_read_number(ctx, node, 0, 5, &number);
    case PLAIN:
        return st_node_read_number(ctx, node, -INFINITY, INFINITY, &number);
    case CHOICE:
        return st_node_read_choice(ctx, node, choices, 3, &choice);
    case VOLUME:
        return st_node_read_quantity(ctx, node, "a volume", "mL", NULL, 0, 100, &number);
    case LEVEL:
        return st_node_read_quantity(ctx, node, "a concentration for substrate pge2", "nM", &pge2,
                                     0, INFINITY, &number);
    case BARE_LEVEL:
        return st_node_read_quantity(ctx, node, "a concentration", "nM", NULL, 0, INFINITY,
                                     &number);
    case AGE_RANGE:
        return st_node_read_range(ctx, node, "an age", "y", &range);
    case MAP:
        return st_node_expect(ctx, node, ST_NODE_MAP);
    case KEYS:
        return st_node_check_keys(ctx, node, keys);
    case NEED:
        return st_node_need(ctx, node, "volume", "a volume such as '4 mL'") != NULL;
    }
    return false;
}

static void each_wrong_value_is_told_in_one_line(void** state)
{
    (void)state;
    static const struct {
        reader_kind kind;
        const char* text; // the value of arms.x.volume
        const char* message;
    } wrong[] = {
        {TEXT, "[a]", "3:13: arms.x.volume: found a list, expected text"},
        {TEXT, "", "3:5: arms.x.volume: found nothing, expected text"},
        {TEXT, "''", "3:13: arms.x.volume: found '', expected text"},
        {BOOL, "maybe", "3:13: arms.x.volume: found 'maybe', expected true or false"},
        {INTEGER, "0", "3:13: arms.x.volume: found '0', expected a whole number from 1 to 100"},
        {INTEGER, "2.5", "3:13: arms.x.volume: found '2.5', expected a whole number from 1 to 100"},
        {INTEGER, "5 mL",
         "3:13: arms.x.volume: found '5 mL', expected a whole number from 1 to 100"},
        {INTEGER, "99999999999999999999",
         "3:13: arms.x.volume: found '99999999999999999999', expected a whole number from 1 to "
         "100"},
        {SEED, "-1", "3:13: arms.x.volume: found '-1', expected a whole number of at least 0"},
        {NUMBER, "abc", "3:13: arms.x.volume: found 'abc', expected a number"},
        {NUMBER, "5 mL", "3:13: arms.x.volume: found '5 mL' (volume), expected a number"},
        {NUMBER, "7", "3:13: arms.x.volume: found '7', expected a number from 0 to 5"},
        {NUMBER, "1,5",
         "3:13: arms.x.volume: found '1,5' (',' inside a number; write 1000 and 1.5), expected a "
         "number"},
        {NUMBER, "nan", "3:13: arms.x.volume: found 'nan', expected a number"},
        {PLAIN, "{a: 1}", "3:13: arms.x.volume: found a map, expected a number"},
        {CHOICE, "ultrasund",
         "3:13: arms.x.volume: found 'ultrasund', expected one of ultrasound, palpation, "
         "fluoroscopy; did you mean 'ultrasound'?"},
        {CHOICE, "magic",
         "3:13: arms.x.volume: found 'magic', expected one of ultrasound, palpation, fluoroscopy"},
        {VOLUME, "21 nm",
         "3:13: arms.x.volume: found '21 nm' (length), expected a volume such as '4 mL'"},
        {VOLUME, "4",
         "3:13: arms.x.volume: found '4', expected a volume with a unit such as '4 mL'"},
        {VOLUME, "four", "3:13: arms.x.volume: found 'four', expected a volume such as '4 mL'"},
        {VOLUME, "5000 mL",
         "3:13: arms.x.volume: found '5000 mL', expected a volume from 0 to 100 mL"},
        {VOLUME, "-1 mL", "3:13: arms.x.volume: found '-1 mL', expected a volume from 0 to 100 mL"},
        {VOLUME, "4 ML",
         "3:13: arms.x.volume: found '4 ML', expected a volume from 0 to 100 mL; did you mean "
         "'4 mL'?"},
        {VOLUME, "4 Ml",
         "3:13: arms.x.volume: found '4 Ml', expected a volume from 0 to 100 mL; did you mean "
         "'4 ml'?"},
        {VOLUME, "4 UL",
         "3:13: arms.x.volume: found '4 UL' (unknown unit 'UL'), expected a volume such as '4 mL'; "
         "did you mean '4 uL'?"},
        {VOLUME, "4 spoons",
         "3:13: arms.x.volume: found '4 spoons' (unknown unit 'spoons'), expected a volume such as "
         "'4 mL'"},
        {VOLUME, "1 000 mL",
         "3:13: arms.x.volume: found '1 000 mL' ('000': a number inside a unit must be a power of "
         "ten such as 10^6), expected a volume such as '4 mL'"},
        {VOLUME, "", "3:5: arms.x.volume: found nothing, expected a volume such as '4 mL'"},
        {VOLUME, "[4 mL]", "3:13: arms.x.volume: found a list, expected a volume such as '4 mL'"},
        {VOLUME, "21 G",
         "3:13: arms.x.volume: found '21 G' ('G' is a needle gauge, no unit of measure), expected "
         "a "
         "volume such as '4 mL'"},
        {VOLUME, "3 kg^0.5",
         "3:13: arms.x.volume: found '3 kg^0.5' (kg^0.5), expected a volume such as '4 mL'"},
        {LEVEL, "20 nm",
         "3:13: arms.x.volume: found '20 nm' (length), expected a concentration for substrate pge2 "
         "such as '4 nM'; did you mean '20 nM'?"},
        {LEVEL, "20 mmHg",
         "3:13: arms.x.volume: found '20 mmHg' (pressure), expected a concentration for substrate "
         "pge2 such as '4 nM'; pressure and concentration meet only with a solubility"},
        {BARE_LEVEL, "20 ng/mL",
         "3:13: arms.x.volume: found '20 ng/mL' (mass concentration), expected a concentration "
         "such "
         "as '4 nM'; mass and amount meet only with a molar mass"},
        {BARE_LEVEL, "-20 nM",
         "3:13: arms.x.volume: found '-20 nM', expected a concentration of at least 0 nM"},
        {AGE_RANGE, "50 y",
         "3:13: arms.x.volume: found '50 y', expected an age as a range such as '2..4 y' or '>= 2 "
         "y'"},
        {AGE_RANGE, "50..80",
         "3:13: arms.x.volume: found '50..80', expected an age with a unit such as '4 y'"},
        {AGE_RANGE, "80..50 y",
         "3:13: arms.x.volume: found '80..50 y' (the first bound is above the second), expected an "
         "age as a range such as '2..4 y' or '>= 2 y'"},
        {AGE_RANGE, "50..80 kg",
         "3:13: arms.x.volume: found '50..80 kg' (mass), expected an age such as '4 y'"},
        {AGE_RANGE, "'> old'", "3:13: arms.x.volume: found '> old', expected an age such as '4 y'"},
        {MAP, "4 mL", "3:13: arms.x.volume: found '4 mL', expected a map"},
        {KEYS, "{volme: 1}", "3:14: arms.x.volume.volme: unknown key; did you mean 'volume'?"},
        {KEYS, "{guided-by: 1}",
         "3:14: arms.x.volume.guided-by: unknown key; did you mean 'guided_by'?"},
        {KEYS, "{colour: 1}",
         "3:14: arms.x.volume.colour: unknown key; known here: volume, needle, guided_by"},
        {NEED, "{needle: 21 G}",
         "3:5: arms.x.volume.volume: missing; expected a volume such as '4 mL'"},
        {NEED, "4 mL", "3:13: arms.x.volume: found '4 mL', expected a map"},
        {CHOICE,
         "'a very long value that goes on and on, far beyond what anyone would want to read in a "
         "message'",
         "3:13: arms.x.volume: found 'a very long value that goes on and on, far beyond what "
         "anyone "
         "would want to read...', expected one of ultrasound, palpation, fluoroscopy"},
        {CHOICE, "\"two\\nlines\"",
         "3:13: arms.x.volume: found 'two lines', expected one of ultrasound, palpation, "
         "fluoroscopy"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[512], expected[600];
        snprintf(text, sizeof text, "arms:\n  x:\n    volume: %s\n", wrong[i].text);
        snprintf(expected, sizeof expected, "study.yaml:%s", wrong[i].message);
        st_ctx_clear_messages(ctx);
        st_doc* doc = parse(text);
        const st_node* arm = st_node_child(st_node_child(st_doc_root(doc), "arms"), "x");
        const st_node* node = st_node_child(arm, "volume");
        assert_non_null(node);
        assert_false(read_as(node, wrong[i].kind));
        assert_int_equal(st_ctx_message_count(ctx), 1);
        assert_string_equal(st_ctx_message(ctx, 0), expected);
        assert_false(read_as(node, wrong[i].kind)); // told once, however often it is read
        assert_int_equal(st_ctx_mistake_count(ctx), 1);
        st_doc_destroy(doc);
    }
}

static void all_mistakes_of_a_file_come_in_one_pass(void** state)
{
    (void)state;
    st_doc* doc = parse("volume: 4 kg\nneedle: x\nother: 1\n");
    const st_node* root = st_doc_root(doc);
    double number;
    st_node_check_keys(ctx, root, keys);
    st_node_read_quantity(ctx, st_node_child(root, "volume"), "a volume", "mL", NULL, 0, 9,
                          &number);
    st_node_read_number(ctx, st_node_child(root, "needle"), 0, 9, &number);
    assert_false(
        st_node_read_number(ctx, st_node_need(ctx, root, "guided_by", "a name"), 0, 9, &number));
    assert_int_equal(st_ctx_mistake_count(ctx), 4);
    assert_string_equal(st_ctx_message(ctx, 3),
                        "study.yaml:1:1: guided_by: missing; expected a name");
    st_doc_destroy(doc);
}

// --- values that fit ----------------------------------------------------------------------------

static void right_values_are_read(void** state)
{
    (void)state;
    st_doc* doc = parse("text: posterior crest\nflag: yes\ncount: 1e3\nseed: 20161\n"
                        "big: 9007199254740993\nshare: 40 %\nfield: 1000 xg\nguide: palpation\n"
                        "draws: 8 x 5 mL\nlevel: 3525 ng/mL\ntemperature: '310.15 K'\n");
    const st_node* root = st_doc_root(doc);
    const char* text;
    bool flag = false;
    int64_t integer;
    int choice;
    double number;
    const st_bridge pge2 = {0.3525, 0};
    assert_true(st_node_read_text(ctx, st_node_child(root, "text"), &text));
    assert_string_equal(text, "posterior crest");
    assert_true(st_node_read_bool(ctx, st_node_child(root, "flag"), &flag) && flag);
    assert_true(st_node_read_integer(ctx, st_node_child(root, "count"), 0, 5000, &integer));
    assert_int_equal(integer, 1000);
    assert_true(st_node_read_integer(ctx, st_node_child(root, "big"), 0, INT64_MAX, &integer));
    assert_int_equal(integer, 9007199254740993); // beyond what a double holds
    assert_true(st_node_read_number(ctx, st_node_child(root, "share"), 0, 1, &number));
    assert_true(number == 0.4);
    assert_true(st_node_read_quantity(ctx, st_node_child(root, "field"), "an acceleration", "xg",
                                      NULL, 1, 1e5, &number));
    assert_true(number == 1000.0);
    assert_true(st_node_read_choice(ctx, st_node_child(root, "guide"), choices, 3, &choice));
    assert_int_equal(choice, 1);
    assert_true(st_node_read_quantity(ctx, st_node_child(root, "draws"), "a volume", "mL", NULL, 0,
                                      100, &number));
    assert_true(number == 40.0);
    assert_true(st_node_read_quantity(ctx, st_node_child(root, "level"), "a level", "uM", &pge2, 0,
                                      INFINITY, &number));
    assert_true(fabs(number - 10.0) < 1e-14);
    assert_true(st_node_read_quantity(ctx, st_node_child(root, "temperature"), "a temperature", "K",
                                      NULL, 0, INFINITY, &number));
    assert_int_equal(st_ctx_mistake_count(ctx), 0);
    st_doc_destroy(doc);
}

static void ranges_know_their_bounds(void** state)
{
    (void)state;
    static const struct {
        const char* text;
        const char* unit;
        st_range expected;
    } cases[] = {
        {"50..80 y", "y", {50, 80, false, false}},
        {"50 y..80 y", "y", {50, 80, false, false}},
        {"6 months .. 2 y", "y", {0.5, 2, false, false}},
        {"2..4", "1", {2, 4, false, false}},
        {"0.1..0.5 1/day", "1/day", {0.1, 0.5, false, false}},
        {"-5..5 vas", "vas", {-5, 5, false, false}},
        {"10..40 %", "1", {0.1, 0.4, false, false}},
        {">= 3 vas", "vas", {3, INFINITY, false, false}},
        {"> 2 mL", "mL", {2, INFINITY, true, false}},
        {"< 35 kg/m^2", "kg/m^2", {-INFINITY, 35, false, true}},
        {"<= 4", "1", {-INFINITY, 4, false, false}},
        {"\xe2\x89\xa5 18 y", "y", {18, INFINITY, false, false}},
        {"\xe2\x89\xa4 18 y", "y", {-INFINITY, 18, false, false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "r: '%s'\n", cases[i].text);
        st_doc* doc = parse(text);
        st_range r;
        if (!st_node_read_range(ctx, st_node_child(st_doc_root(doc), "r"), "a value", cases[i].unit,
                                &r)) {
            fail_msg("%s", st_ctx_message(ctx, 0));
        }
        assert_true(r.lo == cases[i].expected.lo && r.hi == cases[i].expected.hi);
        assert_true(r.lo_open == cases[i].expected.lo_open);
        assert_true(r.hi_open == cases[i].expected.hi_open);
        st_doc_destroy(doc);
    }
}

static void the_nearest_name_is_near(void** state)
{
    (void)state;
    static const char* const names[] = {"volume", "needle", "guided_by", "ha", "hr", "msc-1e7"};
    static const char* const cases[][2] = {
        {"volum", "volume"},       {"vloume", "volume"},
        {"Volume", "volume"},      {"guided by", "guided_by"},
        {"guidedby", "guided_by"}, {"needel", "needle"},
        {"msc_1e7", "msc-1e7"},    {"HA", "ha"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(st_name_nearest(cases[i][0], names, 6), cases[i][1]);
    }
    assert_null(st_name_nearest("colour", names, 6));
    assert_null(st_name_nearest("xy", names, 6));
    assert_null(st_name_nearest("", names, 6));
    assert_null(st_name_nearest("anything", names, 0));
}

static void every_failing_allocation_is_reported_and_leaves_nothing(void** state)
{
    (void)state;
    st_text text;
    st_text_init(&text, ctx);
    st_text_add(&text, "arms:\n");
    for (int i = 0; i < 400; i++) {
        st_text_addf(&text, "  arm%d: { volume: 4 mL, steps: [1, 2, {a: \"text\"}] }\n", i);
    }
    const size_t before = st_ctx_bytes_in_use(ctx);
    int64_t n = 1;
    for (;; n++) {
        st_doc* doc = NULL;
        st_ctx_clear_messages(ctx);
        st_ctx_fail_allocation(ctx, n);
        const st_status status = st_doc_parse(ctx, "f", text.data, text.length, &doc);
        st_ctx_fail_allocation(ctx, 0);
        if (status == ST_OK) {
            st_doc_destroy(doc);
            break;
        }
        assert_int_equal(status, ST_ERR_MEMORY);
        assert_null(doc);
        assert_int_equal(st_ctx_mistake_count(ctx), 1);
        assert_memory_equal(st_ctx_message(ctx, 0), "out of memory", 13);
        assert_int_equal(st_ctx_bytes_in_use(ctx), before);
    }
    assert_true(n > 8); // the loop met the document, its pages and its key table
    st_text_clear(&text);
}

// Single-quoted text: doubled quotes are one, lines fold, and nothing of the parser's is lost.
static void quoted_text_is_read_as_yaml_says(void** state)
{
    (void)state;
    static const char text[] = "a: 'it''s\n  folded\n\n  text'\n"
                               "b: 'x''''''''''''''''''''''y'\n"
                               "'c''d': ''\n";
    st_ctx* own = st_ctx_create();
    st_doc* quoted = NULL;
    assert_int_equal(st_doc_parse(own, "q", text, strlen(text), &quoted), ST_OK);
    const st_node* root = st_doc_root(quoted);
    assert_string_equal(st_node_child(root, "a")->text, "it's folded\ntext");
    assert_string_equal(st_node_child(root, "b")->text, "x'''''''''''y");
    assert_string_equal(st_node_child(root, "c'd")->text, "");
    assert_true(st_node_child(root, "c'd")->is_quoted);
    st_doc_destroy(quoted);
    assert_int_equal(st_ctx_bytes_in_use(own), 0);
    st_ctx_destroy(own);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoted_text_is_read_as_yaml_says),
        TEST(every_node_knows_its_place),
        TEST(broken_documents_are_refused_with_their_place),
        TEST(zero_bytes_depth_and_size_are_limited),
        TEST(many_keys_are_read_in_time_and_twins_still_found),
        TEST(a_file_is_read_and_a_missing_one_named),
        TEST(each_wrong_value_is_told_in_one_line),
        TEST(all_mistakes_of_a_file_come_in_one_pass),
        TEST(right_values_are_read),
        TEST(ranges_know_their_bounds),
        TEST(the_nearest_name_is_near),
        TEST(every_failing_allocation_is_reported_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
