#include "report/html.h"
#include "report/sections.h"
#include "report/words.h"

#include <math.h>
#include <string.h>

static void add_share(st_text* out, double share, double lo, double hi, bool is_difference)
{
    st_text_add(out, "<td class=\"n\">");
    if (isfinite(share)) {
        st_html_interval(out, 100.0 * share, 100.0 * lo, 100.0 * hi, 0, is_difference);
    } else {
        st_text_add(out, "–");
    }
    st_text_add(out, "</td>");
}

// One definition: rows first ... end of the list, which comes visit by visit.
static void add_table(st_text* out, const st_findings* f, int first, int end)
{
    int visit = -1;
    st_html_table(out, f->responder[first].title,
                  "Arm|#People|#Responders, out of 100 [95 %]|Control|#Difference [95 %]");
    for (int i = first; i < end; i++) {
        const st_responder_row* r = &f->responder[i];
        if (r->visit != visit) {
            visit = r->visit;
            st_text_addf(out, "<tr><th scope=\"rowgroup\" colspan=\"5\">%s</th></tr>\n",
                         st_words_visit(&f->visit[visit]).text);
        }
        st_html_row(out);
        st_html_head_cell(out, f->arm[r->arm].label);
        st_html_number_cell(out, st_words_whole(r->n).text);
        add_share(out, r->share, r->lo, r->hi, false);
        st_html_cell(out, r->versus >= 0 ? f->arm[r->versus].label : "–");
        add_share(out, r->difference, r->diff_lo, r->diff_hi, true);
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "<p class=\"note\">Responders are ");
    st_html_text(out, f->responder[first].rule);
    st_text_add(out, ". People with every reading that it needs. Noise and context alone make some "
                     "people responders, so read it beside the control.</p>\n");
}

void st_section_responders(st_text* out, const st_findings* f)
{
    if (f->responder_count == 0) {
        return;
    }
    st_text_add(out, "<h3 id=\"responders\">Responders by several scores together</h3>\n");
    for (int first = 0; first < f->responder_count;) {
        int end = first + 1;
        while (end < f->responder_count &&
               strcmp(f->responder[end].name, f->responder[first].name) == 0) {
            end++;
        }
        add_table(out, f, first, end);
        first = end;
    }
}
