#include "base/utf8.h"

#include <stdio.h>

// Bytes of the character at `at`, 0 when they are no UTF-8: overlong forms, surrogates and values
// beyond U+10FFFF are refused by the bounds on the second byte.
static size_t character_length(const unsigned char* at, size_t left)
{
    const unsigned char first = at[0];
    size_t length;
    unsigned char lo = 0x80, hi = 0xbf;
    if (first < 0x80) {
        return 1;
    } else if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        lo = first == 0xe0 ? 0xa0 : lo;
        hi = first == 0xed ? 0x9f : hi;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        lo = first == 0xf0 ? 0x90 : lo;
        hi = first == 0xf4 ? 0x8f : hi;
    } else {
        return 0;
    }
    if (length > left || at[1] < lo || at[1] > hi) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

bool st_utf8_check(const char* text, size_t length, int* line, int* column, char* why,
                   size_t why_size)
{
    const unsigned char* bytes = (const unsigned char*)text;
    *line = 1;
    *column = 1;
    for (size_t at = 0; at < length;) {
        const unsigned char byte = bytes[at];
        const size_t size = character_length(bytes + at, length - at);
        if (size == 0) {
            snprintf(why, why_size, "byte 0x%02x is no UTF-8 text", byte);
            return false;
        }
        if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f) {
            snprintf(why, why_size, "control character 0x%02x is not allowed", byte);
            return false;
        }
        const bool ends_line =
            byte == '\n' || (byte == '\r' && !(at + 1 < length && bytes[at + 1] == '\n'));
        *line += ends_line;
        *column = ends_line ? 1 : *column + 1;
        at += size;
    }
    return true;
}
