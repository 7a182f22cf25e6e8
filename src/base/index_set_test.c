#include "index_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/// Number under `hash` whose own value is `wanted`; numbers stand for themselves here.
static bool has(const st_index_set* set, uint64_t hash, uint32_t wanted)
{
    uint32_t probe = 0;
    uint32_t index = st_index_set_next(set, hash, &probe);
    while (index != ST_INDEX_NONE && index != wanted) {
        index = st_index_set_next(set, hash, &probe);
    }
    return index == wanted;
}

// Growing, equal hashes and equal places lose nothing and invent nothing.
static void what_was_added_is_found(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_index_set set;
    assert_int_equal(st_index_set_init(&set, ctx, 4), ST_OK);
    for (uint32_t i = 0; i < 5000; i++) {
        const uint64_t hash = i % 3 == 0   ? 7u
                              : i % 3 == 1 ? 8u * i
                                           : st_index_set_hash(i, 1, 2, 0.5);
        assert_false(has(&set, hash, i));
        assert_true(st_index_set_add(&set, hash, i));
        assert_true(has(&set, hash, i));
        i += i % 3 == 0 && i > 300 ? 1 : 0; // few share the one hash
    }
    assert_true(has(&set, 7u, 0));
    assert_false(has(&set, 6u, 0));
    st_index_set_empty(&set);
    assert_false(has(&set, 7u, 0));
    st_index_set_clear(&set);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void each_part_of_an_operation_counts(void** state)
{
    (void)state;
    const uint64_t hash = st_index_set_hash(1, 2, 3, 4.0);
    assert_true(hash != st_index_set_hash(2, 2, 3, 4.0));
    assert_true(hash != st_index_set_hash(1, 3, 2, 4.0));
    assert_true(hash != st_index_set_hash(1, 2, 3, 4.5));
    assert_true(st_index_set_hash(0, 0, 0, 0.0) != st_index_set_hash(0, 0, 0, -0.0));
}

static void lack_of_memory_keeps_the_set(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_index_set set;
    assert_int_equal(st_index_set_init(&set, ctx, 2), ST_OK);
    assert_true(st_index_set_add(&set, 1, 1));
    st_ctx_fail_allocation(ctx, 1);
    assert_false(st_index_set_add(&set, 2, 2));
    st_ctx_fail_allocation(ctx, 0);
    assert_true(has(&set, 1, 1));
    assert_false(has(&set, 2, 2));
    st_index_set_clear(&set);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found),
        cmocka_unit_test(each_part_of_an_operation_counts),
        cmocka_unit_test(lack_of_memory_keeps_the_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
