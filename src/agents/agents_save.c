// The agents' state as text: clock, tallies, and all cells by brick. Levels and matrix are the
// tissue's to keep.

#include "engine.h"

#include "base/table.h"

#include <string.h>
#include <xxhash.h>

#define FORMAT 1u

/// What stands before the cells.
typedef struct head {
    uint64_t format, step, seed, hash; ///< hash: of the bytes that follow
    st_agents_tally tally;
} head;

static const char DIGITS[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void add_block(st_text* bytes, const void* data, size_t length)
{
    const uint64_t count = length;
    st_text_add_bytes(bytes, (const char*)&count, sizeof count);
    st_text_add_bytes(bytes, data, length);
}

static st_status add_cells(st_ctx* ctx, const st_agents* a, st_text* bytes)
{
    void* data = NULL;
    size_t length = 0;
    ST_TRY(st_cells_save_head(ctx, a->cells, &data, &length));
    add_block(bytes, data, length);
    st_free(ctx, data);
    for (int b = 0; b < a->brick_count; b++) {
        ST_TRY(st_cells_save_brick(ctx, a->cells, b, &data, &length));
        if (length > 0) {
            add_block(bytes, data, length);
            st_free(ctx, data);
        }
    }
    return bytes->failed ? ST_ERR_MEMORY : ST_OK;
}

/// Three bytes as four digits, at the end `=` for what is missing.
static st_status encode(st_ctx* ctx, const st_text* bytes, char** out)
{
    const size_t groups = (bytes->length + 2u) / 3u;
    char* text = st_alloc(ctx, 4u * groups + 1u, 1);
    if (text == NULL) {
        return ST_ERR_MEMORY;
    }
    for (size_t g = 0; g < groups; g++) {
        uint32_t word = 0;
        for (size_t k = 0; k < 3; k++) {
            const size_t at = 3u * g + k;
            word = word << 8 | (at < bytes->length ? (uint8_t)bytes->data[at] : 0u);
        }
        for (size_t k = 0; k < 4; k++) {
            const bool is_there = 3u * g + k <= bytes->length;
            text[4u * g + k] = is_there ? DIGITS[word >> (18u - 6u * k) & 63u] : '=';
        }
    }
    *out = text;
    return ST_OK;
}

static st_status decode(st_ctx* ctx, const char* text, char** out, size_t* length)
{
    const size_t groups = strlen(text) / 4u;
    uint8_t value[256];
    memset(value, 255, sizeof value);
    for (uint8_t i = 0; i < 64; i++) {
        value[(uint8_t)DIGITS[i]] = i;
    }
    char* bytes = st_alloc(ctx, 3u * groups + 1u, 1);
    if (bytes == NULL) {
        return ST_ERR_MEMORY;
    }
    *length = 0;
    for (size_t g = 0; g < groups; g++) {
        uint32_t word = 0;
        int missing = 0;
        bool is_good = true;
        for (size_t k = 0; k < 4; k++) {
            const char c = text[4u * g + k];
            missing += c == '=' ? 1 : 0;
            is_good = is_good && (c == '=' || value[(uint8_t)c] < 64);
            word = word << 6 | (c == '=' ? 0u : value[(uint8_t)c] & 63u);
        }
        for (int k = 0; k < 3 - missing; k++) {
            bytes[(*length)++] = (char)(word >> (16 - 8 * k) & 255u);
        }
        if (!is_good) {
            st_free(ctx, bytes);
            return ST_FAIL(ctx, ST_ERR_FILE, "agents: a saved state is damaged");
        }
    }
    *out = bytes;
    return ST_OK;
}

st_status st_agents_save(st_ctx* ctx, const st_agents* a, char** out)
{
    *out = NULL;
    if (a->is_moved) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: save after st_agents_advance()");
    }
    st_text bytes;
    head h = {.format = FORMAT, .step = a->step, .seed = a->seed, .tally = a->tally};
    st_text_init(&bytes, ctx);
    st_text_add_bytes(&bytes, (const char*)&h, sizeof h);
    st_status status = add_cells(ctx, a, &bytes);
    if (status == ST_OK) {
        h.hash = XXH64(bytes.data + sizeof h, bytes.length - sizeof h, 0);
        memcpy(bytes.data, &h, sizeof h);
        status = encode(ctx, &bytes, out);
    }
    st_text_clear(&bytes);
    return status;
}

static st_status restore(st_ctx* ctx, st_agents* a, const char* bytes, size_t length)
{
    head h;
    size_t at = sizeof h;
    memcpy(&h, bytes, length < sizeof h ? 0 : sizeof h);
    if (length < sizeof h || h.format != FORMAT || h.seed != a->seed ||
        h.hash != XXH64(bytes + sizeof h, length - sizeof h, 0)) {
        return ST_FAIL(ctx, ST_ERR_FILE, "agents: a saved state is damaged or of another run");
    }
    for (int block = 0; at < length; block++) {
        uint64_t count;
        memcpy(&count, bytes + at, sizeof count);
        at += sizeof count;
        if (block == 0) {
            ST_TRY(st_cells_restore_begin(ctx, a->cells, bytes + at, (size_t)count));
        } else {
            ST_TRY(st_cells_restore_brick(ctx, a->cells, bytes + at, (size_t)count));
        }
        at += (size_t)count;
    }
    ST_TRY(st_cells_restore_end(ctx, a->cells));
    a->step = h.step;
    a->tally = h.tally;
    a->is_moved = false;
    return ST_OK;
}

st_status st_agents_restore(st_ctx* ctx, st_agents* a, const char* text)
{
    char* bytes = NULL;
    size_t length = 0;
    ST_TRY(decode(ctx, text, &bytes, &length));
    const st_status status = restore(ctx, a, bytes, length);
    st_free(ctx, bytes);
    return status;
}
