#include "base/base.h"

#include <stdio.h>
#include <string.h>

#define PAGE_BYTES  ((size_t)32768)
#define ARENA_ALIGN ((size_t)16)

typedef struct st_arena_page {
    struct st_arena_page* next;
    size_t used, size;
    char* data; // behind this struct, in the same block
} st_arena_page;

#define PAGE_HEAD ((sizeof(st_arena_page) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN)

void st_arena_init(st_arena* arena, st_ctx* ctx)
{
    arena->ctx = ctx;
    arena->page = NULL;
}

void st_arena_clear(st_arena* arena)
{
    while (arena->page != NULL) {
        st_arena_page* next = arena->page->next;
        st_free(arena->ctx, arena->page);
        arena->page = next;
    }
}

static st_arena_page* page_create(st_arena* arena, size_t bytes)
{
    const size_t size = bytes > PAGE_BYTES ? bytes : PAGE_BYTES;
    st_arena_page* page = st_alloc(arena->ctx, PAGE_HEAD + size, 1);
    if (page == NULL) {
        return NULL;
    }
    page->size = size;
    page->data = (char*)page + PAGE_HEAD;
    // A large block of its own goes behind the page that still has room.
    if (bytes > PAGE_BYTES && arena->page != NULL) {
        page->next = arena->page->next;
        arena->page->next = page;
    } else {
        page->next = arena->page;
        arena->page = page;
    }
    return page;
}

void* st_arena_alloc(st_arena* arena, size_t count, size_t size)
{
    if (size != 0 && count > (PTRDIFF_MAX - PAGE_BYTES) / size) {
        ST_FAIL(arena->ctx, ST_ERR_MEMORY, "out of memory: %zu items of %zu bytes are too many",
                count, size);
        return NULL;
    }
    size_t bytes = (count * size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    bytes = bytes > 0 ? bytes : ARENA_ALIGN;
    st_arena_page* page = arena->page;
    if (page == NULL || page->size - page->used < bytes) {
        page = page_create(arena, bytes);
        if (page == NULL) {
            return NULL;
        }
    }
    void* block = page->data + page->used;
    page->used += bytes;
    return block;
}

char* st_arena_text(st_arena* arena, const char* text, size_t length)
{
    if (length == SIZE_MAX) {
        ST_FAIL(arena->ctx, ST_ERR_MEMORY, "out of memory: a text of %zu bytes is too long",
                length);
        return NULL;
    }
    char* copy = st_arena_alloc(arena, length + 1, 1);
    if (copy != NULL && length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

char* st_arena_format(st_arena* arena, const char* format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        ST_FAIL(arena->ctx, ST_ERR_MEMORY, "a text could not be formatted");
        return NULL;
    }
    char* text = st_arena_alloc(arena, (size_t)length + 1, 1);
    if (text != NULL) {
        va_start(args, format);
        vsnprintf(text, (size_t)length + 1, format, args);
        va_end(args);
    }
    return text;
}
