#include "report/html.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

#define FAILURES_SHOWN 20

static bool uses_method(const st_findings* f, const char* method)
{
    for (int i = 0; i < f->contrast_count; i++) {
        if (strcmp(f->contrast[i].method, method) == 0) {
            return true;
        }
    }
    return false;
}

static void add_analysis(st_text* out, const st_findings* f)
{
    static const struct {
        const char *method, *words;
    } known[] = {
        {"ancova", "analysis of covariance with the value at entry as covariate"},
        {"welch", "the difference of mean changes with Welch's interval"},
        {"paired", "the mean of differences within the same person, paired t interval"},
    };
    int shown = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (uses_method(f, known[i].method)) {
            st_text_addf(out, "%s%s", shown++ == 0 ? " Arms are compared by " : ", or by ",
                         known[i].words);
        }
    }
    st_text_add(out, shown > 0 ? "." : " No arms are compared.");
}

static void add_methods(st_text* out, const st_findings* f)
{
    const char* variant = st_findings_about(f, "model_variant");
    const char* blinding = st_findings_about(f, "blinding");
    st_text_add(out, "<h3>Methods</h3>\n<p>");
    st_text_addf(out, "%s virtual people in %d arm%s, ", st_words_whole(f->person_count).text,
                 f->arm_count, f->arm_count == 1 ? "" : "s");
    if (strcmp(blinding, "open") == 0) {
        st_text_add(out, "who know which arm they are in (open)");
    } else {
        st_html_text(out, blinding);
        st_text_add(out, " blind");
    }
    st_text_add(out, ", were computed with the model “");
    st_html_text(out, st_findings_about(f, "model_title"));
    st_text_add(out, "”");
    if (variant[0]) {
        st_text_add(out, ", variant “");
        st_html_text(out, variant);
        st_text_add(out, "”");
    }
    st_text_addf(out,
                 " (%s states per person, ordinary differential equations). Each person has own "
                 "values of all parameters that have a spread. Primary endpoint: change of “",
                 st_findings_about(f, "state_count"));
    st_html_text(out, f->measure[f->primary_measure].title);
    st_text_add(out, "” at ");
    st_html_text(out, st_words_visit(&f->visit[f->primary_visit]).text);
    st_text_add(out, ".");
    int twins = 0;
    for (int a = 0; a < f->arm_count; a++) {
        twins += f->arm[a].is_twin;
    }
    st_text_add(out,
                twins > 0 ? " A twin arm computes the people of all other arms once more." : "");
    add_analysis(out, f);
    st_text_add(out, " Means have 95 % t intervals, shares and event rates Wilson intervals. All "
                     "intervals describe the chance of who was drawn in a trial of this size. They "
                     "hold neither the uncertainty of the model's values nor that of its form, and "
                     "they shrink when more virtual people are computed.</p>\n");
}

static void add_failures(st_text* out, const st_findings* f)
{
    st_text_add(out, "<h3>Failures of the computation</h3>\n");
    if (f->failure_count == 0) {
        st_text_add(out, "<p>None: every person was computed to the end.</p>\n");
        return;
    }
    st_text_addf(out,
                 "<p>%d course%s could not be computed to the end: left out of all means, "
                 "counted here.</p>\n",
                 f->failure_count, f->failure_count == 1 ? "" : "s");
    st_html_table(out, "Failed courses", "Arm|#Person|#Day|Message");
    for (int i = 0; i < f->failure_count && i < FAILURES_SHOWN; i++) {
        const st_failure_row* r = &f->failure[i];
        st_html_row(out);
        st_html_head_cell(out, r->arm >= 0 && r->arm < f->arm_count ? f->arm[r->arm].label : "");
        st_html_number_cell(out, st_words_whole((int64_t)r->person).text);
        st_html_number_cell(out, st_words_precise(r->day, 4).text);
        st_html_cell(out, r->message);
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    if (f->failure_count > FAILURES_SHOWN) {
        st_text_addf(out,
                     "<p class=\"note\">The first %d are shown; all are in the table failure "
                     "of results.sqlite.</p>\n",
                     FAILURES_SHOWN);
    }
}

static void add_reproduction(st_text* out, const st_findings* f)
{
    const char* study = f->file_count > 0 ? f->file[0].name : "STUDY.yaml";
    for (int i = 0; i < f->file_count; i++) {
        if (strcmp(f->file[i].role, "study") == 0) {
            study = f->file[i].name;
            break;
        }
    }
    st_text_add(out, "<h3>How to get the same again</h3>\n<pre tabindex=\"0\"><code>stroma run ");
    st_html_text(out, study);
    st_text_add(out, " --seed ");
    st_html_text(out, st_findings_about(f, "seed"));
    st_text_add(out, " -o again</code></pre>\n<p>Made by stroma ");
    st_html_text(out, st_findings_about(f, "program_version"));
    st_text_add(out, ", result format ");
    st_html_text(out, st_findings_about(f, "format_version"));
    st_text_add(out, ", model hash <code>");
    st_html_text(out, st_findings_about(f, "model_hash"));
    st_text_add(out, "</code>. The same files and seed give the same numbers on any number of "
                     "threads. results.sqlite holds the files below as they were, every person and "
                     "every reading.</p>\n");
    st_html_table(out, "Input files", "File|What it is|Hash (XXH3, 128 bits)");
    for (int i = 0; i < f->file_count; i++) {
        st_html_row(out);
        st_html_head_cell(out, f->file[i].name);
        st_html_cell(out, f->file[i].role);
        st_text_add(out, "<td><code>");
        st_html_text(out, f->file[i].hash);
        st_text_add(out, "</code></td></tr>\n");
    }
    st_html_table_end(out);
}

static void add_published(st_text* out, const st_findings* f)
{
    if (f->published_count == 0) {
        return;
    }
    st_text_add(out, "<details><summary>Published numbers that stand beside this run</summary>\n");
    st_html_sortable_table(
        out, "Published numbers",
        "Trial|Arm there|Beside|Measure|#Month|#Value|#Quartiles|#People|Source");
    for (int i = 0; i < f->published_count; i++) {
        const st_published_row* p = &f->published[i];
        st_html_row(out);
        st_html_head_cell(out, p->trial_id);
        st_html_cell(out, p->arm_id);
        st_html_cell(out, p->arm >= 0 && p->arm < f->arm_count ? f->arm[p->arm].label : "–");
        st_html_cell(out, p->measure >= 0 && p->measure < f->measure_count
                              ? f->measure[p->measure].title
                              : "–");
        st_html_number_cell(out, st_words_precise(p->month, 3).text);
        st_text_addf(out, "<td class=\"n\">%s%s</td>", st_words_precise(p->value, 3).text,
                     p->is_change   ? " (change)"
                     : p->is_median ? " (median)"
                                    : "");
        if (isfinite(p->q25) && isfinite(p->q75)) {
            st_text_addf(out, "<td class=\"n\">%s to %s</td>", st_words_precise(p->q25, 3).text,
                         st_words_precise(p->q75, 3).text);
        } else {
            st_text_add(out, "<td class=\"n\">–</td>");
        }
        st_html_number_cell(out, isfinite(p->n) ? st_words_precise(p->n, 4).text : "not given");
        st_text_add(out, "<td class=\"source\">");
        st_html_source(out, p->source);
        st_text_add(out, "</td></tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

void st_section_methods(st_text* out, const st_findings* f)
{
    st_text_add(out, "<section id=\"methods\"><h2>How it was computed</h2>\n");
    add_methods(out, f);
    add_failures(out, f);
    add_published(out, f);
    add_reproduction(out, f);
    st_text_add(out, "</section>\n");
}
