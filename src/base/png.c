#include "base/png.h"

#include <string.h>
#include <zlib.h>

static void put_word(unsigned char* to, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (unsigned char)(value >> (24 - 8 * i)); // the most significant byte first
    }
}

static void add_chunk(st_text* out, const char* type, const unsigned char* data, size_t length)
{
    unsigned char word[4];
    put_word(word, (uint32_t)length);
    st_text_add_bytes(out, (const char*)word, 4);
    st_text_add_bytes(out, type, 4);
    st_text_add_bytes(out, (const char*)data, length);
    uLong crc = crc32(0, (const Bytef*)type, 4);
    crc = length > 0 ? crc32(crc, data, (uInt)length) : crc;
    put_word(word, (uint32_t)crc);
    st_text_add_bytes(out, (const char*)word, 4);
}

st_status st_png_add(st_text* out, const unsigned char* pixel, int width, int height, int samples,
                     int effort)
{
    ST_ASSERT(width > 0 && height > 0 && (samples == 3 || samples == 4));
    const size_t row = (size_t)samples * (size_t)width;
    const size_t size = (row + 1) * (size_t)height; // each row begins with the number of its filter
    uLongf packed = compressBound((uLong)size);
    unsigned char* plain = st_alloc(out->ctx, size, 1);
    unsigned char* data = st_alloc(out->ctx, (size_t)packed, 1);
    bool is_packed = plain != NULL && data != NULL;
    for (int y = 0; is_packed && y < height; y++) {
        memcpy(plain + (size_t)y * (row + 1) + 1, pixel + (size_t)y * row, row);
    }
    is_packed = is_packed && compress2(data, &packed, plain, (uLong)size, effort) == Z_OK;
    if (is_packed) {
        unsigned char head[13] = {[8] = 8, [9] = samples == 4 ? 6 : 2};
        put_word(head, (uint32_t)width);
        put_word(head + 4, (uint32_t)height);
        st_text_add_bytes(out, "\x89PNG\r\n\x1a\n", 8);
        add_chunk(out, "IHDR", head, sizeof head);
        add_chunk(out, "IDAT", data, (size_t)packed);
        add_chunk(out, "IEND", head, 0);
    }
    st_free(out->ctx, plain);
    st_free(out->ctx, data);
    return is_packed && !out->failed ? ST_OK : ST_ERR_MEMORY;
}

void st_png_add_base64(st_text* out, const void* bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char* from = bytes;
    for (size_t i = 0; i < length; i += 3) {
        uint32_t word = 0;
        for (size_t k = 0; k < 3; k++) {
            word = word << 8 | (i + k < length ? from[i + k] : 0u);
        }
        char four[4];
        for (int k = 0; k < 4; k++) {
            four[k] = i + (size_t)k <= length ? digits[word >> (18 - 6 * k) & 63u] : '=';
        }
        st_text_add_bytes(out, four, 4);
    }
}
