#include "report/html.h"
#include "report/leverage.h"
#include "report/sections.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

// How far a value spreads between people, relative to itself: what the table is sorted by.
static double relative_spread(const st_finding_parameter* p)
{
    if (!isfinite(p->spread)) {
        return 0.0;
    }
    return strcmp(p->spread_kind, "lognormal") == 0 ? p->spread
           : p->value != 0.0                        ? fabs(p->spread / p->value)
                                                    : 0.0;
}

static void add_spread_cell(st_text* out, const st_finding_parameter* p)
{
    if (p->spread_kind[0] == '\0') { // of people and plans: in their files
        st_text_add(out, "<td class=\"n\" data-v=\"0\">–</td>");
        return;
    }
    st_text_addf(out, "<td class=\"n\" data-v=\"%.4g\">", relative_spread(p));
    if (strcmp(p->spread_kind, "lognormal") == 0 && isfinite(p->spread)) {
        st_text_addf(out, "× or ÷ %s", st_words_precise(st_exp(p->spread), 3).text);
    } else if (strcmp(p->spread_kind, "normal") == 0 && isfinite(p->spread)) {
        st_text_addf(out, "± %s", st_words_precise(p->spread, 3).text);
    } else {
        st_text_add(out, "none");
    }
    if (isfinite(p->lo) && isfinite(p->hi)) {
        st_text_addf(out, " <span class=\"ci\">[%s, %s]</span>", st_words_precise(p->lo, 3).text,
                     st_words_precise(p->hi, 3).text);
    } else if (isfinite(p->lo) || isfinite(p->hi)) {
        st_text_addf(out, " <span class=\"ci\">%s %s</span>", isfinite(p->lo) ? "≥" : "≤",
                     st_words_precise(isfinite(p->lo) ? p->lo : p->hi, 3).text);
    }
    st_text_add(out, "</td>");
}

// A long name may break after its dots and underscores, nowhere else.
static void add_name(st_text* out, const char* name)
{
    while (*name) {
        char one[8] = "";
        const size_t length = st_words_prefix(name, 1);
        memcpy(one, name, length < sizeof one ? length : sizeof one - 1);
        st_html_text(out, one);
        st_text_add(out, strchr("._@", one[0]) ? "<wbr>" : "");
        name += length;
    }
}

// How far the value moves the primary contrast, in points.
static void add_influence_cell(st_text* out, const st_findings* f, const st_finding_parameter* p)
{
    const st_influence_row* row = st_leverage_of(f, p);
    if (row) {
        st_text_addf(out, "<td class=\"n\" data-v=\"%.6g\">%s</td>", st_leverage_size(row),
                     st_words_precise(st_leverage_size(row), 2).text);
    } else {
        st_text_add(out, "<td class=\"n\" data-v=\"-1\">–</td>");
    }
}

static void add_parameter(st_text* out, const st_findings* f, const st_finding_parameter* p)
{
    const bool assumed = p->source[0] == '\0';
    st_text_add(out,
                assumed ? "<tr class=\"assumed\"><th scope=\"row\">" : "<tr><th scope=\"row\">");
    add_name(out, p->name);
    if (strcmp(p->origin, "model") != 0) {
        st_text_addf(out, " <span class=\"tag\">%s</span>", p->origin);
    }
    st_text_add(out, "</th>");
    if (f->influence_count > 0) {
        add_influence_cell(out, f, p);
    }
    st_text_addf(out, "<td class=\"n\" data-v=\"%.6g\">%s</td>",
                 isfinite(p->value) ? p->value : 0.0,
                 isfinite(p->value) ? st_words_precise(p->value, 4).text : "several");
    st_html_cell(out, strcmp(p->unit, "1") == 0 ? "" : p->unit);
    add_spread_cell(out, p);
    st_html_cell(out, assumed ? "assumed" : "source");
    st_text_add(out, "<td class=\"source\">");
    if (assumed) {
        st_html_source(out, p->assumed[0] ? p->assumed : "no reason given");
    } else {
        st_html_source(out, p->source);
    }
    st_text_add(out, "</td></tr>\n");
}

// Position of the value that a row is about, -1 when it is a dose.
static int find_parameter(const st_findings* f, const st_influence_row* row)
{
    for (int i = 0; i < f->parameter_count; i++) {
        if (st_leverage_of(f, &f->parameter[i]) == row) {
            return i;
        }
    }
    return -1;
}

static void add_table(st_text* out, const st_findings* f)
{
    int* order = st_alloc(out->ctx, (size_t)f->influence_count + 1, sizeof *order);
    out->failed = out->failed || !order;
    st_html_sortable_table(out, "Every value that went in",
                           f->influence_count > 0
                               ? "Value of|#Moves the answer by|#Number|Unit|"
                                 "#Spread between people [limits]|Known from|"
                                 "Source, or why assumed"
                               : "Value of|#Number|Unit|#Spread between people [limits]|"
                                 "Known from|Source, or why assumed");
    if (f->influence_count > 0 && order) { // strongest first
        st_leverage_sort(f, order);
        for (int i = 0; i < f->influence_count; i++) {
            const int at = find_parameter(f, &f->influence[order[i]]);
            if (at >= 0) {
                add_parameter(out, f, &f->parameter[at]);
            }
        }
    }
    for (int pass = 0; pass < 2; pass++) { // the assumed ones first
        for (int i = 0; i < f->parameter_count; i++) {
            const bool is_assumed = f->parameter[i].source[0] == '\0';
            if (is_assumed == (pass == 0) && !st_leverage_of(f, &f->parameter[i])) {
                add_parameter(out, f, &f->parameter[i]);
            }
        }
    }
    st_html_table_end(out);
    st_free(out->ctx, order);
}

// Sources, each once, with the number of values that rest on it.
static void add_sources(st_text* out, const st_findings* f)
{
    bool has_rows = false;
    for (int i = 0; i < f->parameter_count; i++) {
        const char* source = f->parameter[i].source;
        int uses = 0;
        bool is_first = source[0] != '\0';
        for (int k = 0; is_first && k < f->parameter_count; k++) {
            const bool is_same = strcmp(f->parameter[k].source, source) == 0;
            uses += is_same;
            is_first = !(is_same && k < i);
        }
        if (!is_first) {
            continue;
        }
        if (!has_rows) {
            st_text_add(out, "<details id=\"sources\"><summary>Sources of the values</summary>\n");
            st_html_sortable_table(out, "Sources of the values", "Source|#Values");
            has_rows = true;
        }
        st_text_add(out, "<tr><td class=\"source\">");
        st_html_source(out, source);
        st_text_add(out, "</td>");
        st_html_number_cell(out, st_words_whole(uses).text);
        st_text_add(out, "</tr>\n");
    }
    if (has_rows) {
        st_html_table_end(out);
        st_text_add(out, "</details>\n");
    }
}

void st_section_assumptions(st_text* out, const st_findings* f)
{
    st_text_add(out, "<section id=\"assumptions\"><h2>What it rests on</h2>\n");
    if (f->parameter_count == 0) {
        st_text_add(out, "<p>The model has no parameters.</p></section>\n");
        return;
    }
    st_text_addf(out,
                 "<p><strong>%d of %d values (%s) are assumed</strong>; the others have a source. "
                 "A sourced value was measured somewhere, often in cells or animals, not "
                 "necessarily in patients like these. Spread: × or ÷ is one standard deviation on "
                 "a logarithmic scale, ± one standard deviation.</p>\n",
                 f->assumed_count, f->parameter_count,
                 st_words_percent((double)f->assumed_count / f->parameter_count).text);
    if (f->influence_count > 0) {
        st_section_influence(out, f);
        st_text_add(out, "<p class=\"note\">Values of the procedure act through the dose alone: "
                         "they are changed in a donor in the "
                         "middle, and everybody's cells as much. Values of people and plans are "
                         "counted, not changed. A dash: not changed, or without "
                         "any effect on the dose.</p>\n");
    } else {
        st_text_add(
            out, "<p class=\"note\">How strongly each value moves the answer was not computed "
                 "in this run (the study says “influence: off”), so the table can be put in order "
                 "by spread, not by influence.</p>\n");
    }
    st_text_addf(out, "<details><summary>All %d values, %s first</summary>\n", f->parameter_count,
                 f->influence_count > 0 ? "those that move the answer most" : "the assumed ones");
    add_table(out, f);
    st_text_add(out, "</details>\n");
    add_sources(out, f);
    st_text_add(out, "</section>\n");
}
