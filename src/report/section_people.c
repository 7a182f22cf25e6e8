#include "report/html.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

static void add_screening(st_text* out, const st_findings* f)
{
    int64_t screened = 0;
    for (int i = 0; i < f->screening_count; i++) {
        if (strcmp(f->screening[i].reason, "screened") == 0) {
            screened = f->screening[i].count;
        }
    }
    if (f->screening_count == 0) {
        return;
    }
    st_html_table(out, "Screening", "Step|#People|#Of those screened");
    for (int i = 0; i < f->screening_count; i++) {
        const st_screening_row* r = &f->screening[i];
        const bool is_step =
            strcmp(r->reason, "screened") == 0 || strcmp(r->reason, "entered") == 0;
        st_html_row(out);
        st_text_add(out, "<th scope=\"row\">");
        st_text_add(out, is_step ? "" : "not met: ");
        st_html_text(out, r->reason);
        st_text_add(out, "</th>");
        st_html_number_cell(out, st_words_whole(r->count).text);
        st_html_number_cell(
            out, screened > 0 ? st_words_percent((double)r->count / (double)screened).text : "–");
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "<p class=\"note\">A person is counted under the first criterion that is not "
                     "met. Entry is decided on measured scores, noise included.</p>\n");
}

static void add_flow(st_text* out, const st_findings* f)
{
    const st_words when = st_words_visit(&f->visit[f->primary_visit]);
    st_html_table(out, "From entry to the primary visit",
                  "Arm|#In the study file|#Began|#Injection missed the joint|#Dropped out|"
                  "#Numerics failed|#Read at the primary visit|Who");
    for (int a = 0; a < f->arm_count; a++) {
        const st_finding_people* p = &f->people[a];
        const st_outcome_row* o = st_findings_outcome(f, a, f->primary_measure, f->primary_visit);
        st_html_row(out);
        st_html_head_cell(out, f->arm[a].label);
        st_html_number_cell(out, st_words_whole(f->arm[a].size).text);
        st_html_number_cell(out, st_words_whole(p->count).text);
        st_html_number_cell(out, st_words_whole(p->not_placed).text);
        st_html_number_cell(out, st_words_whole(p->left).text);
        st_html_number_cell(out, st_words_whole(p->failed).text);
        st_html_number_cell(out, st_words_whole(o ? o->n : 0).text);
        st_html_cell(out, f->arm[a].is_twin ? "the same people as in the other arms" : "its own");
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "<p class=\"note\">Primary visit: ");
    st_html_text(out, when.text);
    st_text_add(out, ". Nobody is invented for missing readings.</p>\n");
}

static void add_baseline(st_text* out, const st_findings* f)
{
    st_html_table(out, "People at entry: mean (standard deviation)",
                  "Arm|#Age, y|#Women|#BMI, kg/m²|#KL grade|#Inflammation, 1 = median|"
                  "#Cartilage, mm|#Years of symptoms|#Primary measure at entry");
    for (int a = 0; a < f->arm_count; a++) {
        const st_finding_people* p = &f->people[a];
        static const struct {
            st_attribute attribute;
            int decimals;
        } columns[] = {{ST_PERSON_BMI, 1},
                       {ST_PERSON_KL, 1},
                       {ST_PERSON_INFLAMMATION, 2},
                       {ST_PERSON_THICKNESS, 2},
                       {ST_PERSON_DURATION, 1}};
        st_html_row(out);
        st_html_head_cell(out, f->arm[a].label);
        st_text_addf(out, "<td class=\"n\">%s (%s)</td>",
                     st_words_number(p->mean[ST_PERSON_AGE], 1).text,
                     st_words_number(p->sd[ST_PERSON_AGE], 1).text);
        st_html_number_cell(out, st_words_percent(p->mean[ST_PERSON_FEMALE]).text);
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
            const st_attribute at = columns[i].attribute;
            st_text_addf(out, "<td class=\"n\">%s (%s)</td>",
                         st_words_number(p->mean[at], columns[i].decimals).text,
                         st_words_number(p->sd[at], columns[i].decimals).text);
        }
        const st_outcome_row* o = st_findings_outcome(f, a, f->primary_measure, 0);
        const int decimals = st_words_decimals(f, f->primary_measure);
        st_text_addf(out, "<td class=\"n\">%s (%s)</td></tr>\n",
                     st_words_number(o ? o->mean : (double)NAN, decimals).text,
                     st_words_number(o ? o->sd : (double)NAN, decimals).text);
    }
    st_html_table_end(out);
}

void st_section_people(st_text* out, const st_findings* f)
{
    st_text_add(out,
                "<section id=\"people\"><h2>Who took part</h2>\n<p>Virtual people drawn from: ");
    st_html_source(out, st_findings_about(f, "people_title"));
    st_text_add(out, ".</p>\n");
    add_screening(out, f);
    add_flow(out, f);
    add_baseline(out, f);
    st_text_add(out, "</section>\n");
}
