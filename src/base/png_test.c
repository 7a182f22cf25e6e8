// PNG and base64: what is written can be read back, bit by bit.

#include "base/png.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

static uint32_t word(const char* at)
{
    const unsigned char* b = (const unsigned char*)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

// A picture comes back: chunks in order, their checksums, its size, and every sample.
static void check_picture(int width, int height, int samples, int effort)
{
    st_ctx* ctx = st_ctx_create();
    unsigned char pixel[40 * 30 * 4];
    unsigned char plain[30 * (40 * 4 + 1)];
    const size_t row = (size_t)width * (size_t)samples;
    st_text png;
    st_text_init(&png, ctx);
    for (size_t i = 0; i < row * (size_t)height; i++) {
        pixel[i] = (unsigned char)(i * i / 7 + i);
    }
    assert_int_equal(st_png_add(&png, pixel, width, height, samples, effort), ST_OK);
    assert_memory_equal(png.data, "\x89PNG\r\n\x1a\n", 8);
    static const char* const types[] = {"IHDR", "IDAT", "IEND"};
    size_t at = 8;
    for (int chunk = 0; chunk < 3; chunk++) {
        const size_t length = word(png.data + at);
        const char* type = png.data + at + 4;
        assert_memory_equal(type, types[chunk], 4);
        assert_int_equal(word(type + 4 + length), crc32(0, (const Bytef*)type, (uInt)(length + 4)));
        if (chunk == 0) {
            assert_int_equal(length, 13);
            assert_int_equal(word(type + 4), width);
            assert_int_equal(word(type + 8), height);
            assert_int_equal(type[12], 8);
            assert_int_equal(type[13], samples == 4 ? 6 : 2);
        } else if (chunk == 1) {
            uLongf size = sizeof plain;
            assert_int_equal(uncompress(plain, &size, (const Bytef*)type + 4, (uLong)length), Z_OK);
            assert_int_equal(size, (row + 1) * (size_t)height);
        }
        at += 12 + length;
    }
    assert_int_equal(at, png.length);
    for (size_t y = 0; y < (size_t)height; y++) {
        assert_int_equal(plain[y * (row + 1)], 0);
        assert_memory_equal(plain + y * (row + 1) + 1, pixel + y * row, row);
    }
    st_text_clear(&png);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void pictures_come_back(void** state)
{
    (void)state;
    check_picture(1, 1, 3, 9);
    check_picture(40, 30, 3, 9);
    check_picture(40, 30, 4, 6);
    check_picture(1, 30, 4, 1);
    check_picture(40, 1, 3, 6);
}

// The examples of RFC 4648, section 10.
static void base64_is_as_published(void** state)
{
    (void)state;
    static const char* const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\x00", "//4="}};
    st_ctx* ctx = st_ctx_create();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        st_text text;
        st_text_init(&text, ctx);
        st_png_add_base64(&text, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(text.data != NULL ? text.data : "", pairs[i][1]);
        st_text_clear(&text);
    }
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_back),
        cmocka_unit_test(base64_is_as_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
