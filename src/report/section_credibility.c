#include "report/answer.h"
#include "report/glossary.h"
#include "report/html.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

static void add_names(st_text* out, const st_findings* f)
{
    int* arms = st_alloc(out->ctx, (size_t)f->arm_count + 1, sizeof *arms);
    const int count = arms ? st_answer_arms(f, arms) : 0;
    if (count == 0) {
        st_html_text(out, f->arm[0].label);
        st_text_add(out, " (no control)");
    } else if (count > 3) {
        st_text_addf(out, "%d arms, each beside its control", count);
    } else {
        for (int i = 0; i < count; i++) {
            st_text_add(out, i == 0 ? "" : i + 1 == count ? " or " : ", ");
            st_html_text(out, f->arm[arms[i]].label);
        }
        st_text_add(out, ", beside ");
        st_html_text(out, f->arm[f->arm[arms[0]].control].label);
    }
    st_free(out->ctx, arms);
}

static void add_row(st_text* out, const char* head)
{
    st_html_row(out);
    st_html_head_cell(out, head);
    st_text_add(out, "<td>");
}

static void end_row(st_text* out)
{
    st_text_add(out, "</td></tr>\n");
}

static void add_purpose(st_text* out, const st_findings* f)
{
    st_html_table(out, "What is asked, and what may rest on the answer", "Heading|This run");
    add_row(out, "Question of interest");
    st_text_add(out, "How does “");
    st_html_text(out, f->measure[f->primary_measure].title);
    st_text_addf(out, "” at %s change with ", st_words_visit(&f->visit[f->primary_visit]).text);
    add_names(out, f);
    st_text_add(out, "?");
    end_row(out);
    add_row(out, "Context of use");
    st_text_add(
        out, "Research, teaching and the design of trials in people like those described under "
             "<a href=\"#people\">who took part</a>. Not: care of a patient, or the claim that a "
             "product works.");
    end_row(out);
    add_row(out, "Model influence");
    st_text_add(out,
                "To be set by the user: low where trials in people answer the same question, high "
                "where this page is the only evidence. Suggested for use: low to medium, beside "
                "published trials.");
    end_row(out);
    add_row(out, "Decision consequence");
    st_text_add(out,
                "In the intended use a trial of the wrong size or dose: time, money, and people "
                "asked to take part in it. No decision on one patient.");
    end_row(out);
    add_row(out, "Model risk, and model impact");
    st_text_add(out, "Influence times consequence; with the suggested influence: medium. The model "
                     "replaces no trial.");
    end_row(out);
    st_html_table_end(out);
}

static void add_verification(st_text* out, const st_findings* f)
{
    st_html_table(out, "Verification: were the equations solved rightly?", "Factor|Evidence");
    add_row(out, "Software quality, code verification");
    st_text_add(out, "Program ");
    st_html_text(out, st_findings_about(f, "program_version"));
    st_text_add(out,
                ": tests against analytic solutions, an independent solver (CVODE) and independent "
                "statistics (R) come with the source; the same input gives the same bytes.");
    end_row(out);
    add_row(out, "Numerical solver");
    st_text_addf(
        out,
        "Each course has its own step size, controlled by its error. %d course%s could not "
        "be computed.",
        f->failure_count, f->failure_count == 1 ? "" : "s");
    end_row(out);
    add_row(out, "Use error");
    st_text_add(out, "Unknown keys, wrong units and values out of their range stop a run before it "
                     "begins. The inputs are kept in results.sqlite, with their hashes above.");
    end_row(out);
    st_html_table_end(out);
}

// Published rows of a measure beside what was computed at the same visit.
static int add_validation_rows(st_text* out, const st_findings* f)
{
    int shown = 0;
    for (int i = 0; i < f->published_count; i++) {
        const st_published_row* p = &f->published[i];
        if (p->arm < 0 || p->arm >= f->arm_count || p->measure < 0 ||
            p->measure >= f->measure_count) {
            continue;
        }
        for (int v = 0; v < f->visit_count; v++) {
            const st_outcome_row* o = st_findings_outcome(f, p->arm, p->measure, v);
            if (!o || !isfinite(o->mean) || fabs(f->visit[v].month - p->month) > 0.05) {
                continue;
            }
            const int decimals = st_words_decimals(f, p->measure);
            const double computed = p->is_change ? o->change : p->is_median ? o->q50 : o->mean;
            if (shown++ == 0) {
                st_html_table(out, "Validation: published beside computed",
                              "Trial|Arm here|Measure|When|#Published|#Computed|#Computed less "
                              "published|What is compared");
            }
            st_html_row(out);
            st_html_head_cell(out, p->trial_id);
            st_html_cell(out, f->arm[p->arm].label);
            st_html_cell(out, f->measure[p->measure].title);
            st_html_cell(out, st_words_visit(&f->visit[v]).text);
            st_html_number_cell(out, st_words_number(p->value, decimals).text);
            st_html_number_cell(out, st_words_number(computed, decimals).text);
            st_html_number_cell(out, st_words_signed(computed - p->value, decimals).text);
            st_html_cell(out, p->is_change   ? "mean changes from the start"
                              : p->is_median ? "medians"
                                             : "means");
            st_text_add(out, "</tr>\n");
        }
    }
    if (shown > 0) {
        st_html_table_end(out);
    }
    return shown;
}

static void add_validation(st_text* out, const st_findings* f)
{
    if (add_validation_rows(out, f) > 0) {
        st_text_add(out,
                    "<p class=\"note\">One trial beside one run is a look, not a validation: see "
                    "<code>stroma validate</code> for predictions over all published arms, with "
                    "their coverage.</p>\n");
    } else {
        st_text_add(out,
                    "<p>Validation: no published numbers stand beside this run, so it shows "
                    "nothing about how close the model is to people. <code>stroma validate</code> "
                    "compares predictions with published arms.</p>\n");
    }
}

static void add_uncertainty(st_text* out, const st_findings* f)
{
    st_html_table(out, "Uncertainty, and how far it applies", "Kind|In this run");
    add_row(out, "Between people");
    st_text_add(out, "Included: people, and their values of all parameters that have a spread.");
    end_row(out);
    add_row(out, "Of sampling");
    st_text_add(out, "Included: every ");
    st_glossary_link(out, "ci");
    st_text_add(out, " on this page is of this kind.");
    end_row(out);
    add_row(out, "Of the values of parameters");
    st_text_addf(
        out,
        "Not included: one value of each was taken. No posterior was used; %d of %d values "
        "are assumed.",
        f->assumed_count, f->parameter_count);
    if (f->influence_count > 0) {
        st_text_addf(out,
                     " What each value of the model does by itself was computed in %s people: <a "
                     "href=\"#figure-%sinfluence\">what the answer hangs on</a>.",
                     st_words_whole(f->influence[0].people).text, f->prefix);
    }
    end_row(out);
    add_row(out, "Of the model's form");
    st_text_add(out,
                "Not included: one model was run. Rival variants of it are run as studies of their "
                "own and compared by <code>stroma report --compare</code>.");
    end_row(out);
    add_row(out, "Applicability");
    st_text_add(out,
                "Only people, products and times like those that the sources describe. A sourced "
                "value may come from cells or animals.");
    end_row(out);
    st_html_table_end(out);
}

void st_section_credibility(st_text* out, const st_findings* f)
{
    st_text_add(out,
                "<section id=\"credibility\"><h2>How far to believe it</h2>\n<p>Under the headings "
                "of ASME V&amp;V 40 and of the assessment table of ICH M15, as far as one run can "
                "fill them. The headings are a frame for judging; nobody has judged yet.</p>\n");
    add_purpose(out, f);
    add_verification(out, f);
    add_validation(out, f);
    add_uncertainty(out, f);
    st_text_add(out, "</section>\n");
}

void st_section_glossary(st_text* out, const st_findings* f)
{
    (void)f;
    st_text_add(out, "<section id=\"glossary\"><h2>Words</h2>\n");
    st_glossary_write(out);
    st_text_add(out, "</section>\n");
}
