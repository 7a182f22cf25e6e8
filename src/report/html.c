#include "report/html.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static void add_escaped(st_text* out, const char* text, size_t length)
{
    st_text_add_escaped(out, text, length, "&<>\"'");
}

void st_html_text(st_text* out, const char* text)
{
    add_escaped(out, text, strlen(text));
}

void st_html_short(st_text* out, const char* text, double em)
{
    if (st_words_width(text) <= em) {
        st_html_text(out, text);
        return;
    }
    double used = 1.0; // the ellipsis
    size_t end = 0;
    while (text[end]) {
        char one[8] = "";
        const size_t length = st_words_prefix(text + end, 1);
        if (length >= sizeof one) {
            break;
        }
        memcpy(one, text + end, length);
        used += st_words_width(one);
        if (used > em) {
            break;
        }
        end += length;
    }
    while (end > 0 && text[end - 1] == ' ') {
        end -= 1;
    }
    add_escaped(out, text, end);
    st_text_add(out, "…");
}

// Bytes of the first line: up to the last space that still fits, 0 when there is none.
static size_t first_line(const char* text, double em)
{
    double used = 0.0;
    size_t end = 0;
    for (size_t at = 0; text[at];) {
        char one[8] = "";
        const size_t length = st_words_prefix(text + at, 1);
        memcpy(one, text + at, length < sizeof one ? length : sizeof one - 1);
        used += st_words_width(one);
        if (used > em) {
            break;
        }
        at += length;
        end = text[at] == ' ' ? at : end;
    }
    return end;
}

int st_html_lines(st_text* out, const char* text, const char* class_name, double em, double x,
                  double y)
{
    const size_t end = st_words_width(text) <= em ? 0 : first_line(text, em);
    if (out) {
        st_text_addf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class_name, x, y);
        if (end > 0) {
            add_escaped(out, text, end);
            st_text_addf(out, "</text><text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class_name, x,
                         y + ST_HTML_LINE);
        }
        st_html_short(out, end > 0 ? text + end + 1 : text, em);
        st_text_add(out, "</text>");
    }
    return end > 0 ? 2 : 1;
}

// Length of a run of characters that an address may hold, without closing punctuation.
static size_t address_length(const char* at)
{
    size_t length = 0;
    int open = 0;
    while (at[length] && !isspace((unsigned char)at[length]) && !strchr("<>\"'|`;", at[length])) {
        if (at[length] == ')' && open == 0) {
            break;
        }
        open += at[length] == '(' ? 1 : at[length] == ')' ? -1 : 0;
        length += 1;
    }
    while (length > 0 && strchr(".,:", at[length - 1])) {
        length -= 1;
    }
    return length;
}

// Length of the identifier at `at`, with the address that it belongs to; 0 when there is none.
static size_t identifier(const char* at, const char** prefix, size_t* skip)
{
    *skip = 0;
    if (strncmp(at, "https://", 8) == 0) {
        *prefix = "";
        const size_t length = address_length(at);
        return length > 8 ? length : 0;
    }
    if (strncmp(at, "10.", 3) == 0) {
        const size_t digits = strspn(at + 3, "0123456789");
        if (digits >= 4 && digits <= 9 && at[3 + digits] == '/') {
            *prefix = "https://doi.org/";
            const size_t length = address_length(at);
            return length > digits + 4 ? length : 0;
        }
    }
    if (strncmp(at, "PMC", 3) == 0 && isdigit((unsigned char)at[3])) {
        *prefix = "https://pmc.ncbi.nlm.nih.gov/articles/";
        return 3 + strspn(at + 3, "0123456789");
    }
    if (strncmp(at, "PMID", 4) == 0) {
        const size_t gap = strspn(at + 4, " :");
        const size_t digits = strspn(at + 4 + gap, "0123456789");
        *prefix = "https://pubmed.ncbi.nlm.nih.gov/";
        *skip = 4 + gap;
        return digits > 0 ? 4 + gap + digits : 0;
    }
    return 0;
}

void st_html_source(st_text* out, const char* text)
{
    const char* from = text;
    for (const char* at = text; *at;) {
        const bool begins = at == text || !isalnum((unsigned char)at[-1]);
        const char* prefix = "";
        size_t skip = 0;
        const size_t length = begins ? identifier(at, &prefix, &skip) : 0;
        if (length == 0) {
            at += 1;
            continue;
        }
        add_escaped(out, from, (size_t)(at - from));
        st_text_addf(out, "<a rel=\"noopener noreferrer\" href=\"%s", prefix);
        add_escaped(out, at + skip, length - skip);
        st_text_add(out, "\">");
        add_escaped(out, at, length);
        st_text_add(out, "</a>");
        at += length;
        from = at;
    }
    st_html_text(out, from);
}

static void add_table(st_text* out, const char* caption, const char* heads, const char* opening)
{
    st_text_add(out, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"");
    st_html_text(out, caption);
    st_text_addf(out, "\">%s<caption>", opening);
    st_html_text(out, caption);
    st_text_add(out, "</caption><thead><tr>");
    for (const char* at = heads; *at;) {
        const size_t length = strcspn(at, "|");
        const size_t mark = at[0] == '#';
        st_text_add(out, mark ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        add_escaped(out, at + mark, length - mark);
        st_text_add(out, "</th>");
        at += length + (at[length] == '|');
    }
    st_text_add(out, "</tr></thead><tbody>\n");
}

void st_html_table(st_text* out, const char* caption, const char* heads)
{
    add_table(out, caption, heads, "<table>");
}

void st_html_sortable_table(st_text* out, const char* caption, const char* heads)
{
    add_table(out, caption, heads, "<table class=\"sortable\">");
}

void st_html_table_end(st_text* out)
{
    st_text_add(out, "</tbody></table></div>\n");
}

void st_html_row(st_text* out)
{
    st_text_add(out, "<tr>");
}

void st_html_head_cell(st_text* out, const char* text)
{
    st_text_add(out, "<th scope=\"row\">");
    st_html_text(out, text);
    st_text_add(out, "</th>");
}

void st_html_cell(st_text* out, const char* text)
{
    st_text_add(out, "<td>");
    st_html_text(out, text);
    st_text_add(out, "</td>");
}

void st_html_number_cell(st_text* out, const char* number)
{
    st_text_add(out, "<td class=\"n\">");
    st_html_text(out, number);
    st_text_add(out, "</td>");
}

void st_html_interval(st_text* out, double value, double lo, double hi, int decimals,
                      bool is_signed)
{
    const st_words v =
        is_signed ? st_words_signed(value, decimals) : st_words_number(value, decimals);
    const st_words a = st_words_number(lo, decimals);
    const st_words b = st_words_number(hi, decimals);
    st_text_add(out, v.text);
    if (isfinite(lo) && isfinite(hi) && strcmp(a.text, b.text) != 0) {
        st_text_addf(out, " <span class=\"ci\">[%s, %s]</span>", a.text, b.text);
    }
}

void st_html_interval_cell(st_text* out, double value, double lo, double hi, int decimals)
{
    st_text_add(out, "<td class=\"n\">");
    if (isfinite(value)) {
        st_html_interval(out, value, lo, hi, decimals, true);
    } else {
        st_text_add(out, "–");
    }
    st_text_add(out, "</td>");
}
