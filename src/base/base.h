/// \file
/// Failing, asserting and allocating: what every .c file of the library includes first.
#ifndef ST_BASE_BASE_H
#define ST_BASE_BASE_H

#include "stroma/base.h"

/// Records one message (printf form, no trailing newline) and gives back `status`.
st_status st_ctx_fail(st_ctx* ctx, st_status status, const char* format, ...) ST_PRINTF(3, 4);

/// Moves all messages of `from` behind those of `to`. Used when workers have their own contexts.
void st_ctx_take_messages(st_ctx* to, st_ctx* from);

#define ST_FAIL(ctx, status, ...) st_ctx_fail((ctx), (status), __VA_ARGS__)

/// Passes a failure up unchanged.
#define ST_TRY(call)                                                                               \
    do {                                                                                           \
        const st_status st_try_status_ = (call);                                                   \
        if (st_try_status_ != ST_OK) {                                                             \
            return st_try_status_;                                                                 \
        }                                                                                          \
    } while (0)

/// Our own mistakes: alive in Debug and RelWithDebInfo, gone under NDEBUG.
#ifdef NDEBUG
#define ST_ASSERT(condition) ((void)0)
#else
void st_assert_failed(const char* condition, const char* file, int line);
#define ST_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : st_assert_failed(#condition, __FILE__, __LINE__))
#endif

/// Allocates `count` zeroed items of `size` bytes, aligned to 64. Overflow and lack of memory are
/// reported in `ctx` and give NULL. count 0 gives a valid pointer.
void* st_alloc(st_ctx* ctx, size_t count, size_t size);

/// Grows or shrinks an st_alloc block to `count` items; new items are zero. On failure NULL, and
/// the old block stays valid.
void* st_realloc(st_ctx* ctx, void* old, size_t count, size_t size);

/// Frees an st_alloc block. NULL is allowed.
void st_free(st_ctx* ctx, void* block);

/// Many small things with one life: strings, nodes, tables of a model. Freed all at once.
typedef struct st_arena {
    st_ctx* ctx;
    struct st_arena_page* page;
} st_arena;

void st_arena_init(st_arena* arena, st_ctx* ctx);
void st_arena_clear(st_arena* arena);

/// Zeroed memory for `count` items, aligned to 16; NULL (reported) when memory is out.
void* st_arena_alloc(st_arena* arena, size_t count, size_t size);

/// Copies a text of `length` bytes and closes it with a zero byte.
char* st_arena_text(st_arena* arena, const char* text, size_t length);

/// printf into the arena.
char* st_arena_format(st_arena* arena, const char* format, ...) ST_PRINTF(2, 3);

#endif
