#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

static void messages_are_kept_up_to_a_limit_and_all_counted(void** state)
{
    (void)state;
    for (int i = 0; i < ST_MESSAGE_LIMIT + 5; i++) {
        assert_int_equal(ST_FAIL(ctx, ST_ERR_INPUT, "mistake %d", i), ST_ERR_INPUT);
    }
    assert_int_equal(st_ctx_message_count(ctx), ST_MESSAGE_LIMIT);
    assert_int_equal(st_ctx_mistake_count(ctx), ST_MESSAGE_LIMIT + 5);
    assert_string_equal(st_ctx_message(ctx, 0), "mistake 0");
    assert_string_equal(st_ctx_message(ctx, ST_MESSAGE_LIMIT - 1), "mistake 19");
    assert_string_equal(st_ctx_message(ctx, ST_MESSAGE_LIMIT), "");
    assert_string_equal(st_ctx_message(ctx, -1), "");
    st_ctx_clear_messages(ctx);
    assert_int_equal(st_ctx_mistake_count(ctx), 0);
}

static void a_long_message_ends_between_characters(void** state)
{
    (void)state;
    char text[3001];
    for (size_t i = 0; i + 2 < sizeof text; i += 2) {
        memcpy(text + i, "\xc3\xa4", 2);
    }
    text[3000] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        ST_FAIL(ctx, ST_ERR_INPUT, "%s%s", shift == 0 ? "" : "x", text);
        const char* message = st_ctx_message(ctx, shift);
        const size_t length = strlen(message);
        assert_true(length > 1000 && length < 1024);
        assert_string_equal(message + length - 5, "\xc3\xa4...");
    }
}

static void a_workers_messages_can_be_taken_over(void** state)
{
    (void)state;
    st_ctx* worker = st_ctx_create();
    assert_non_null(worker);
    for (int i = 0; i < ST_MESSAGE_LIMIT + 3; i++) {
        ST_FAIL(worker, ST_ERR_NUMERIC, "person %d", i);
    }
    ST_FAIL(ctx, ST_ERR_NUMERIC, "100 %% first");
    st_ctx_take_messages(ctx, worker);
    assert_int_equal(st_ctx_mistake_count(ctx), 1 + ST_MESSAGE_LIMIT + 3);
    assert_int_equal(st_ctx_mistake_count(worker), 0);
    assert_string_equal(st_ctx_message(ctx, 0), "100 % first");
    assert_string_equal(st_ctx_message(ctx, 1), "person 0");
    st_ctx_take_messages(ctx, ctx);
    assert_int_equal(st_ctx_mistake_count(ctx), 1 + ST_MESSAGE_LIMIT + 3);
    st_ctx_destroy(worker);
}

static void memory_is_zeroed_aligned_and_counted(void** state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 64, 65, 1000, 100000};
    unsigned char* block[7];
    size_t total = 0;
    for (int i = 0; i < 7; i++) {
        block[i] = st_alloc(ctx, sizes[i], 1);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % 64, 0);
        for (size_t j = 0; j < sizes[i]; j++) {
            assert_int_equal(block[i][j], 0);
            block[i][j] = 0xee;
        }
        total += sizes[i];
        assert_int_equal(st_ctx_bytes_in_use(ctx), total);
    }
    for (int i = 0; i < 7; i++) {
        st_free(ctx, block[i]);
    }
    st_free(ctx, NULL);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
}

static void growing_keeps_the_old_and_zeroes_the_new(void** state)
{
    (void)state;
    int* items = st_realloc(ctx, NULL, 3, sizeof *items);
    assert_non_null(items);
    items[2] = 7;
    items = st_realloc(ctx, items, 1000, sizeof *items);
    assert_non_null(items);
    assert_int_equal(items[2], 7);
    assert_int_equal(items[3], 0);
    assert_int_equal(items[999], 0);
    items[999] = 1;
    items = st_realloc(ctx, items, 3, sizeof *items);
    assert_int_equal(items[2], 7);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 3 * sizeof *items);
    items = st_realloc(ctx, items, 1000, sizeof *items);
    assert_int_equal(items[999], 0); // not what once was there
    st_ctx_fail_allocation(ctx, 1);
    assert_null(st_realloc(ctx, items, 2000, sizeof *items));
    assert_int_equal(items[2], 7); // the old block stays valid
    st_free(ctx, items);
}

static void too_much_memory_is_refused_with_a_message(void** state)
{
    (void)state;
    assert_null(st_alloc(ctx, SIZE_MAX, 1));
    assert_null(st_alloc(ctx, SIZE_MAX / 2, 8));
    assert_null(st_alloc(ctx, (size_t)1 << 40, (size_t)1 << 40));
    st_arena arena;
    st_arena_init(&arena, ctx);
    assert_null(st_arena_alloc(&arena, SIZE_MAX / 2, 8));
    assert_null(st_arena_text(&arena, "", SIZE_MAX));
    st_arena_clear(&arena);
    assert_int_equal(st_ctx_mistake_count(ctx), 5);
    assert_string_equal(st_ctx_message(ctx, 1),
                        "out of memory: 9223372036854775807 items of 8 bytes are too many");
}

static void the_nth_allocation_fails_once(void** state)
{
    (void)state;
    st_ctx_fail_allocation(ctx, 3);
    void* a = st_alloc(ctx, 8, 1);
    void* b = st_alloc(ctx, 8, 1);
    void* c = st_alloc(ctx, 8, 1);
    void* d = st_alloc(ctx, 8, 1);
    assert_true(a != NULL && b != NULL && c == NULL && d != NULL);
    assert_string_equal(st_ctx_message(ctx, 0), "out of memory: 8 bytes were asked for");
    st_ctx_fail_allocation(ctx, 1);
    st_ctx_fail_allocation(ctx, 0);
    c = st_alloc(ctx, 8, 1);
    assert_non_null(c);
    st_free(ctx, a);
    st_free(ctx, b);
    st_free(ctx, c);
    st_free(ctx, d);
}

static void an_arena_holds_small_and_large_things(void** state)
{
    (void)state;
    st_arena arena;
    st_arena_init(&arena, ctx);
    char* first = st_arena_text(&arena, "posterior crest, left", 15);
    assert_string_equal(first, "posterior crest");
    unsigned char* block[200];
    for (size_t i = 0; i < 200; i++) {
        const size_t size = i % 50 == 49 ? 100000 : 1 + 37 * i;
        block[i] = st_arena_alloc(&arena, size, 1);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % 16, 0);
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(block[i][j], 0);
        }
        memset(block[i], (int)i, size);
    }
    for (size_t i = 0; i < 200; i++) { // nothing overlaps
        const size_t size = i % 50 == 49 ? 100000 : 1 + 37 * i;
        assert_true(block[i][0] == i && block[i][size - 1] == i);
    }
    assert_string_equal(st_arena_format(&arena, "%s@%s %d", "il1", "fluid", 3), "il1@fluid 3");
    assert_string_equal(first, "posterior crest");
    assert_non_null(st_arena_alloc(&arena, 0, 8));
    st_ctx_fail_allocation(ctx, 1);
    assert_null(st_arena_alloc(&arena, 1000000, 1));
    assert_null(strchr(st_ctx_message(ctx, 0), '\n'));
    st_arena_clear(&arena);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_arena_clear(&arena);
}

static void a_watched_flag_asks_to_stop(void** state)
{
    (void)state;
    volatile int flag = 0;
    assert_false(st_ctx_should_stop(ctx));
    st_ctx_watch(ctx, &flag);
    assert_false(st_ctx_should_stop(ctx));
    flag = 1;
    assert_true(st_ctx_should_stop(ctx));
    st_ctx_watch(ctx, NULL);
    assert_false(st_ctx_should_stop(ctx));
}

static void names_of_version_and_statuses(void** state)
{
    (void)state;
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", ST_VERSION_MAJOR, ST_VERSION_MINOR,
             ST_VERSION_PATCH);
    assert_string_equal(st_version(), version);
    static const char* const names[] = {"ok", "input", "numeric", "file", "memory", "interrupted"};
    for (int i = 0; i < 6; i++) {
        assert_string_equal(st_status_name((st_status)i), names[i]);
    }
    assert_string_equal(st_status_name((st_status)99), "unknown");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(messages_are_kept_up_to_a_limit_and_all_counted),
        TEST(a_long_message_ends_between_characters),
        TEST(a_workers_messages_can_be_taken_over),
        TEST(memory_is_zeroed_aligned_and_counted),
        TEST(growing_keeps_the_old_and_zeroes_the_new),
        TEST(too_much_memory_is_refused_with_a_message),
        TEST(the_nth_allocation_fails_once),
        TEST(an_arena_holds_small_and_large_things),
        TEST(a_watched_flag_asks_to_stop),
        TEST(names_of_version_and_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
