#include "base/table.h"

#include "base/number.h"

#include <stdio.h>
#include <string.h>

void st_text_init(st_text* text, st_ctx* ctx)
{
    *text = (st_text){.ctx = ctx};
}

void st_text_clear(st_text* text)
{
    st_free(text->ctx, text->data);
    st_text_init(text, text->ctx);
}

// Room for `more` bytes and the closing zero.
static bool make_room(st_text* text, size_t more)
{
    if (text->failed) {
        return false;
    }
    if (more >= PTRDIFF_MAX - text->length) {
        text->failed = true;
        ST_FAIL(text->ctx, ST_ERR_MEMORY, "out of memory: a text grew too long");
        return false;
    }
    const size_t needed = text->length + more + 1;
    if (needed <= text->capacity) {
        return true;
    }
    size_t capacity = text->capacity > 0 ? text->capacity : 256;
    while (capacity < needed) {
        capacity = capacity > PTRDIFF_MAX / 2 ? needed : 2 * capacity;
    }
    char* data = st_realloc(text->ctx, text->data, capacity, 1);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void st_text_add_bytes(st_text* text, const char* s, size_t length)
{
    if (!make_room(text, length)) {
        return;
    }
    if (length > 0) {
        memcpy(text->data + text->length, s, length);
    }
    text->length += length;
    text->data[text->length] = '\0';
}

void st_text_add(st_text* text, const char* s)
{
    st_text_add_bytes(text, s, strlen(s));
}

void st_text_addf(st_text* text, const char* format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        text->failed = true;
        ST_FAIL(text->ctx, ST_ERR_MEMORY, "a text could not be formatted");
        return;
    }
    if (!make_room(text, (size_t)length)) {
        return;
    }
    va_start(args, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, args);
    va_end(args);
    text->length += (size_t)length;
}

static const char* entity_of(char c)
{
    return c == '&'    ? "&amp;"
           : c == '<'  ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '"'  ? "&quot;"
           : c == '\'' ? "&#39;"
                       : ""; // a control character
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
}

void st_text_add_escaped(st_text* text, const char* s, size_t length, const char* which)
{
    for (size_t i = 0; i < length; i++) {
        size_t end = i;
        while (end < length && !is_control(s[end]) && !strchr(which, s[end])) {
            end++;
        }
        st_text_add_bytes(text, s + i, end - i);
        if (end < length) {
            st_text_add(text, entity_of(s[end]));
        }
        i = end;
    }
}

void st_text_add_xml(st_text* text, const char* s)
{
    st_text_add_escaped(text, s, strlen(s), "&<");
}

static void add_separator(st_text* text)
{
    if (text->length > 0 && text->data[text->length - 1] != '\n') {
        st_text_add_bytes(text, ",", 1);
    }
}

void st_text_add_field(st_text* text, const char* field)
{
    add_separator(text);
    // An empty first field is quoted, or the next one would take it for the begin of the record.
    const bool begins = text->length == 0 || text->data[text->length - 1] == '\n';
    if (strpbrk(field, ",\"\r\n") == NULL && !(begins && field[0] == '\0')) {
        st_text_add(text, field);
        return;
    }
    st_text_add_bytes(text, "\"", 1);
    for (const char* at = field; *at != '\0';) {
        const size_t plain = strcspn(at, "\"");
        st_text_add_bytes(text, at, plain);
        at += plain;
        if (*at == '"') {
            st_text_add_bytes(text, "\"\"", 2);
            at += 1;
        }
    }
    st_text_add_bytes(text, "\"", 1);
}

void st_text_add_number(st_text* text, double value)
{
    char number[32];
    st_number_text(value, number, sizeof number);
    add_separator(text);
    st_text_add(text, number);
}

void st_text_add_integer(st_text* text, int64_t value)
{
    char number[24];
    const size_t length = st_number_integer(value, number);
    add_separator(text);
    st_text_add_bytes(text, number, length);
}

void st_text_end_record(st_text* text)
{
    st_text_add_bytes(text, "\r\n", 2);
}
