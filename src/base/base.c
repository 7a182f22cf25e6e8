#include "base/base.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_SIZE 1024
#define BLOCK_ALIGN  64
#define BLOCK_MAGIC  0x53545f424c4f434bu

struct st_ctx {
    char message[ST_MESSAGE_LIMIT][MESSAGE_SIZE]; // fixed, so that "out of memory" can be said
    int message_count;
    int mistake_count;
    size_t bytes_in_use;
    int64_t allocations_until_failure; // 0 = none is to fail
    const volatile int* stop_flag;
};

// Sits in the 64 bytes before every block, so that freeing knows how much it was.
typedef struct block_header {
    uint64_t magic;
    size_t size;
    st_ctx* ctx;
} block_header;

_Static_assert(sizeof(block_header) <= BLOCK_ALIGN, "the header must fit before the block");

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

const char* st_version(void)
{
    return STRING(ST_VERSION_MAJOR) "." STRING(ST_VERSION_MINOR) "." STRING(ST_VERSION_PATCH);
}

const char* st_status_name(st_status status)
{
    switch (status) {
    case ST_OK:
        return "ok";
    case ST_ERR_INPUT:
        return "input";
    case ST_ERR_NUMERIC:
        return "numeric";
    case ST_ERR_FILE:
        return "file";
    case ST_ERR_MEMORY:
        return "memory";
    case ST_ERR_INTERRUPTED:
        return "interrupted";
    }
    return "unknown";
}

#ifndef NDEBUG
// The one place where the library speaks by itself: a mistake of ours, and the end of the process.
void st_assert_failed(const char* condition, const char* file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    abort();
}
#endif

// --- context ------------------------------------------------------------------------------------

st_ctx* st_ctx_create(void)
{
    return calloc(1, sizeof(st_ctx));
}

void st_ctx_destroy(st_ctx* ctx)
{
    free(ctx);
}

int st_ctx_message_count(const st_ctx* ctx)
{
    return ctx->message_count;
}

int st_ctx_mistake_count(const st_ctx* ctx)
{
    return ctx->mistake_count;
}

const char* st_ctx_message(const st_ctx* ctx, int index)
{
    return index >= 0 && index < ctx->message_count ? ctx->message[index] : "";
}

void st_ctx_clear_messages(st_ctx* ctx)
{
    ctx->message_count = 0;
    ctx->mistake_count = 0;
}

// Ends a message that was too long with "..." and without half a UTF-8 character.
static void close_long_message(char* message)
{
    size_t end = MESSAGE_SIZE - 4;
    while (end > 0 && ((unsigned char)message[end] & 0xC0u) == 0x80u) {
        end -= 1;
    }
    memcpy(message + end, "...", 4);
}

static st_status fail_v(st_ctx* ctx, st_status status, const char* format, va_list args)
{
    if (ctx->mistake_count < INT_MAX) {
        ctx->mistake_count += 1;
    }
    if (ctx->message_count < ST_MESSAGE_LIMIT) {
        char* message = ctx->message[ctx->message_count];
        const int length = vsnprintf(message, MESSAGE_SIZE, format, args);
        if (length >= MESSAGE_SIZE) {
            close_long_message(message);
        }
        ctx->message_count += 1;
    }
    return status;
}

st_status st_ctx_fail(st_ctx* ctx, st_status status, const char* format, ...)
{
    va_list args;
    va_start(args, format);
    fail_v(ctx, status, format, args);
    va_end(args);
    return status;
}

void st_ctx_take_messages(st_ctx* to, st_ctx* from)
{
    if (to == from) {
        return;
    }
    for (int i = 0; i < from->message_count; i++) {
        st_ctx_fail(to, ST_OK, "%s", from->message[i]);
    }
    const int uncounted = from->mistake_count - from->message_count;
    to->mistake_count =
        to->mistake_count > INT_MAX - uncounted ? INT_MAX : to->mistake_count + uncounted;
    st_ctx_clear_messages(from);
}

size_t st_ctx_bytes_in_use(const st_ctx* ctx)
{
    return ctx->bytes_in_use;
}

void st_ctx_fail_allocation(st_ctx* ctx, int64_t n)
{
    ctx->allocations_until_failure = n > 0 ? n : 0;
}

void st_ctx_watch(st_ctx* ctx, const volatile int* flag)
{
    ctx->stop_flag = flag;
}

bool st_ctx_should_stop(const st_ctx* ctx)
{
    return ctx->stop_flag != NULL && *ctx->stop_flag != 0;
}

// --- memory -------------------------------------------------------------------------------------

static block_header* header_of(void* block)
{
    return (block_header*)(void*)((char*)block - BLOCK_ALIGN);
}

static bool next_must_fail(st_ctx* ctx)
{
    if (ctx->allocations_until_failure == 0) {
        return false;
    }
    ctx->allocations_until_failure -= 1;
    return ctx->allocations_until_failure == 0;
}

void* st_alloc(st_ctx* ctx, size_t count, size_t size)
{
    // Header in front and rounding up behind must fit as well.
    if (size != 0 && count > (PTRDIFF_MAX - 2 * BLOCK_ALIGN) / size) {
        ST_FAIL(ctx, ST_ERR_MEMORY, "out of memory: %zu items of %zu bytes are too many", count,
                size);
        return NULL;
    }
    const size_t bytes = count * size;
    const size_t total = BLOCK_ALIGN + (bytes + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
    char* raw = next_must_fail(ctx) ? NULL : aligned_alloc(BLOCK_ALIGN, total);
    if (raw == NULL) {
        ST_FAIL(ctx, ST_ERR_MEMORY, "out of memory: %zu bytes were asked for", bytes);
        return NULL;
    }
    memset(raw, 0, total);
    block_header* header = (block_header*)(void*)raw;
    header->magic = BLOCK_MAGIC;
    header->size = bytes;
    header->ctx = ctx;
    ctx->bytes_in_use += bytes;
    return raw + BLOCK_ALIGN;
}

void st_free(st_ctx* ctx, void* block)
{
    if (block == NULL) {
        return;
    }
    block_header* header = header_of(block);
    ST_ASSERT(header->magic == BLOCK_MAGIC); // freed twice, or never ours
    ST_ASSERT(header->ctx == ctx);
    ctx->bytes_in_use -= header->size;
    header->magic = 0;
    free(header);
}

void* st_realloc(st_ctx* ctx, void* old, size_t count, size_t size)
{
    void* block = st_alloc(ctx, count, size);
    if (block == NULL || old == NULL) {
        return block;
    }
    const size_t old_bytes = header_of(old)->size;
    const size_t new_bytes = count * size;
    memcpy(block, old, old_bytes < new_bytes ? old_bytes : new_bytes);
    st_free(ctx, old);
    return block;
}
