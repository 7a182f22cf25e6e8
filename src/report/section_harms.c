#include "report/html.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

static bool is_first_of_name(const st_findings* f, int index)
{
    for (int i = 0; i < index; i++) {
        if (strcmp(f->event[i].name, f->event[index].name) == 0) {
            return false;
        }
    }
    return true;
}

static void add_rate_cell(st_text* out, const st_event_row* e)
{
    if (!isfinite(e->per_10000)) {
        st_text_add(out, "<td class=\"n\">–</td>");
        return;
    }
    st_text_addf(out, "<td class=\"n\">%s",
                 st_words_whole((int64_t)floor(e->per_10000 + 0.5)).text);
    if (isfinite(e->lo) && isfinite(e->hi)) {
        st_text_addf(out, " <span class=\"ci\">[%s, %s]</span>",
                     st_words_whole((int64_t)floor(e->lo + 0.5)).text,
                     st_words_whole((int64_t)floor(e->hi + 0.5)).text);
    }
    st_text_add(out, "</td>");
}

static int arms_with(const st_findings* f, const char* name)
{
    int count = 0;
    for (int i = 0; i < f->event_count; i++) {
        count += strcmp(f->event[i].name, name) == 0;
    }
    return count;
}

// One event: the arms below each other, so that a treatment is never read without its control. Rows
// of the store are in the order of arms.
static void add_event(st_text* out, const st_findings* f, const char* name)
{
    const int arms = arms_with(f, name);
    bool is_first = true;
    for (int i = 0; i < f->event_count; i++) {
        const st_event_row* e = &f->event[i];
        if (strcmp(e->name, name) != 0 || e->arm < 0 || e->arm >= f->arm_count) {
            continue;
        }
        st_html_row(out);
        if (is_first) {
            st_text_addf(out, "<th scope=\"rowgroup\" rowspan=\"%d\">", arms);
            st_html_text(out, e->name);
            st_text_add(out, "</th>");
        }
        st_html_cell(out, f->arm[e->arm].label);
        add_rate_cell(out, e);
        st_html_number_cell(out, st_words_whole(e->count).text);
        if (is_first) {
            st_text_addf(out, "<td class=\"source\" rowspan=\"%d\">", arms);
            st_html_source(out, e->source);
            st_text_add(out, "</td>");
        }
        st_text_add(out, "</tr>\n");
        is_first = false;
    }
}

void st_section_harms(st_text* out, const st_findings* f)
{
    st_text_add(out, "<section id=\"harms\"><h2>Harms</h2>\n");
    if (f->event_count == 0) {
        st_text_add(out, "<p>This run counts no adverse events. That does not mean that there are "
                         "none.</p></section>\n");
        return;
    }
    st_text_add(out, "<p>People with the event out of 10&#8239;000, drawn with published rates. "
                     "Rare harms that no source gives are not here.</p>\n");
    st_html_table(out, "Adverse events per 10 000 people",
                  "Event|Arm|#Per 10 000 [95 %]|#People here|Rate from");
    for (int i = 0; i < f->event_count; i++) {
        if (is_first_of_name(f, i)) {
            add_event(out, f, f->event[i].name);
        }
    }
    st_html_table_end(out);
    st_text_add(out,
                "<p class=\"note\">An arm that is not named under an event has no step that can "
                "cause it.</p>\n</section>\n");
}
