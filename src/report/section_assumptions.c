#include "report/html.h"
#include "report/sections.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

static void add_spread_cell(st_text* out, const st_finding_parameter* p)
{
    st_text_add(out, "<td class=\"n\">");
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

static void add_table(st_text* out, const st_findings* f, bool assumed)
{
    st_html_table(out, assumed ? "Assumed values" : "Values with a source",
                  assumed ? "Value of|#Number|Unit|#Spread between people [limits]|Why assumed"
                          : "Value of|#Number|Unit|#Spread between people [limits]|Source");
    for (int i = 0; i < f->parameter_count; i++) {
        const st_finding_parameter* p = &f->parameter[i];
        if ((p->source[0] == '\0') != assumed) {
            continue;
        }
        st_text_add(out, assumed ? "<tr class=\"assumed\"><th scope=\"row\">"
                                 : "<tr><th scope=\"row\">");
        add_name(out, p->name);
        st_text_add(out, strcmp(p->origin, "procedure") == 0
                             ? " <span class=\"tag\">procedure</span></th>"
                             : "</th>");
        st_html_number_cell(out, st_words_precise(p->value, 4).text);
        st_html_cell(out, strcmp(p->unit, "1") == 0 ? "" : p->unit);
        add_spread_cell(out, p);
        st_text_add(out, "<td class=\"source\">");
        if (assumed) {
            st_text_add(out, "<span class=\"tag\">assumed</span> ");
            st_html_source(out, p->assumed[0] ? p->assumed : "no reason given");
        } else {
            st_html_source(out, p->source);
        }
        st_text_add(out, "</td></tr>\n");
    }
    st_html_table_end(out);
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
    if (f->assumed_count > 0) {
        st_text_addf(out, "<details open><summary>Assumed values (%d)</summary>\n",
                     f->assumed_count);
        add_table(out, f, true);
        st_text_add(out, "</details>\n");
    }
    if (f->assumed_count < f->parameter_count) {
        st_text_addf(out, "<details><summary>Values with a source (%d)</summary>\n",
                     f->parameter_count - f->assumed_count);
        add_table(out, f, false);
        st_text_add(out, "</details>\n");
    }
    st_text_add(out, "</section>\n");
}
