#include "json.h"

#include <math.h>

void st_json_string(st_text* out, const char* text)
{
    st_text_add(out, "\"");
    for (const char* c = text; *c != '\0'; c++) {
        const unsigned char u = (unsigned char)*c;
        if (*c == '"' || *c == '\\') {
            st_text_addf(out, "\\%c", *c);
        } else if (u < 0x20u) {
            st_text_addf(out, "\\u%04x", (unsigned)u);
        } else {
            st_text_add_bytes(out, c, 1);
        }
    }
    st_text_add(out, "\"");
}

void st_json_text(st_text* out, const char* comma, const char* key, const char* text)
{
    st_text_addf(out, "%s\"%s\": ", comma, key);
    if (text != NULL) {
        st_json_string(out, text);
    } else {
        st_text_add(out, "null");
    }
}

void st_json_number(st_text* out, const char* key, double value)
{
    char number[32];
    st_number_text(value, number, sizeof number);
    st_text_addf(out, ", \"%s\": %s", key, isfinite(value) ? number : "null");
}
