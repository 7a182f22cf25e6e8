#include "report/answer.h"
#include "report/folder.h"
#include "report/html.h"
#include "report/page.h"
#include "report/sections.h"
#include "stroma/report.h"

#include <math.h>
#include <string.h>

// Two runs on one page.
typedef struct pair {
    st_findings run[2];
} pair;

static const char* const side[] = {"A", "B"};

static int find_arm(const st_findings* f, const char* name)
{
    for (int a = 0; a < f->arm_count; a++) {
        if (strcmp(f->arm[a].name, name) == 0) {
            return a;
        }
    }
    return -1;
}

static void add_interval_cell(st_text* out, const st_findings* f, const st_contrast_row* c)
{
    const int decimals = st_words_decimals(f, f->primary_measure);
    st_html_interval_cell(out, c ? c->difference : (double)NAN, c ? c->lo : (double)NAN,
                          c ? c->hi : (double)NAN, decimals);
}

// One number of a row from both runs, and their difference.
static void add_two(st_text* out, double a, double b, int decimals)
{
    st_html_number_cell(out, isfinite(a) ? st_words_signed(a, decimals).text : "–");
    st_html_number_cell(out, isfinite(b) ? st_words_signed(b, decimals).text : "–");
    st_html_number_cell(out,
                        isfinite(a) && isfinite(b) ? st_words_signed(b - a, decimals).text : "–");
}

static double change_of(const st_findings* f, int arm)
{
    const st_outcome_row* o =
        arm < 0 ? NULL : st_findings_outcome(f, arm, f->primary_measure, f->primary_visit);
    return o && o->n > 0 ? o->change : (double)NAN;
}

static double product_of(const st_findings* f, int arm)
{
    const st_split_row* s =
        arm < 0 ? NULL : st_findings_split(f, arm, f->primary_measure, f->primary_visit, "product");
    return s ? s->mean : (double)NAN;
}

static const st_contrast_row* contrast_of(const st_findings* f, int arm)
{
    return arm < 0 || f->arm[arm].control < 0
               ? NULL
               : st_findings_contrast(f, arm, f->primary_measure, f->primary_visit);
}

// Arms of the same name; then those that only B has.
static void add_arms(st_text* out, const pair* p)
{
    const st_findings* a = &p->run[0];
    const st_findings* b = &p->run[1];
    const int decimals = st_words_decimals(a, a->primary_measure);
    st_html_table(out, "Primary measure at the primary visit, arm by arm",
                  "Arm|#Change, A|#Change, B|#B less A|#Beyond control, A|#Beyond control, B|"
                  "#Product itself, A|#Product itself, B|#B less A");
    for (int pass = 0; pass < 2; pass++) {
        const st_findings* of = &p->run[pass];
        for (int i = 0; i < of->arm_count; i++) {
            const int in_a = find_arm(a, of->arm[i].name);
            const int in_b = find_arm(b, of->arm[i].name);
            if (pass == 1 && in_a >= 0) {
                continue;
            }
            st_html_row(out);
            st_html_head_cell(out, of->arm[i].label);
            add_two(out, change_of(a, in_a), change_of(b, in_b), decimals);
            add_interval_cell(out, a, contrast_of(a, in_a));
            add_interval_cell(out, b, contrast_of(b, in_b));
            add_two(out, product_of(a, in_a), product_of(b, in_b), decimals);
            st_text_add(out, "</tr>\n");
        }
    }
    st_html_table_end(out);
    st_text_add(out, "<p class=\"note\">Arms are matched by their names in the study files. With "
                     "another seed other people were drawn: differences within the intervals are "
                     "no news.</p>\n");
}

static bool is_same_question(const pair* p)
{
    const st_findings* a = &p->run[0];
    const st_findings* b = &p->run[1];
    return strcmp(a->measure[a->primary_measure].name, b->measure[b->primary_measure].name) == 0 &&
           fabs(a->visit[a->primary_visit].month - b->visit[b->primary_visit].month) < 0.05;
}

static void add_settings(st_text* out, const pair* p)
{
    int shown = 0;
    for (int i = 0; i < p->run[0].about_count; i++) {
        const char* key = p->run[0].about[i].key;
        const char* a = p->run[0].about[i].value;
        const char* b = st_findings_about(&p->run[1], key);
        if (strcmp(a, b) == 0) {
            continue;
        }
        if (shown++ == 0) {
            st_html_table(out, "Settings and counts that differ", "What|A|B");
        }
        st_html_row(out);
        st_html_head_cell(out, key);
        st_html_cell(out, a);
        st_html_cell(out, b);
        st_text_add(out, "</tr>\n");
    }
    if (shown > 0) {
        st_html_table_end(out);
    } else {
        st_text_add(out, "<p>All settings are the same.</p>\n");
    }
}

static const st_finding_parameter* find_parameter(const st_findings* f,
                                                  const st_finding_parameter* like)
{
    for (int i = 0; i < f->parameter_count; i++) {
        const st_finding_parameter* p = &f->parameter[i];
        if (strcmp(p->name, like->name) == 0 && strcmp(p->origin, like->origin) == 0) {
            return p;
        }
    }
    return NULL;
}

static void add_parameter(st_text* out, const st_finding_parameter* a,
                          const st_finding_parameter* b, int* shown)
{
    // What is several numbers is compared with its file.
    if (a && b && (a->value == b->value || (isnan(a->value) && isnan(b->value))) &&
        strcmp(a->unit, b->unit) == 0) {
        return;
    }
    const st_finding_parameter* any = a ? a : b;
    if ((*shown)++ == 0) {
        st_html_sortable_table(out, "Values that differ", "Value of|#A|#B|Unit");
    }
    st_html_row(out);
    st_html_head_cell(out, any->name);
    st_html_number_cell(out, a ? st_words_precise(a->value, 5).text : "not there");
    st_html_number_cell(out, b ? st_words_precise(b->value, 5).text : "not there");
    st_html_cell(out, any->unit);
    st_text_add(out, "</tr>\n");
}

static void add_parameters(st_text* out, const pair* p)
{
    int shown = 0;
    for (int i = 0; i < p->run[0].parameter_count; i++) {
        const st_finding_parameter* a = &p->run[0].parameter[i];
        add_parameter(out, a, find_parameter(&p->run[1], a), &shown);
    }
    for (int i = 0; i < p->run[1].parameter_count; i++) {
        const st_finding_parameter* b = &p->run[1].parameter[i];
        if (!find_parameter(&p->run[0], b)) {
            add_parameter(out, NULL, b, &shown);
        }
    }
    if (shown > 0) {
        st_html_table_end(out);
    } else {
        st_text_add(out, "<p>All values that went in are the same.</p>\n");
    }
}

static const st_finding_file* find_file(const st_findings* f, const st_finding_file* like)
{
    for (int i = 0; i < f->file_count; i++) {
        if (strcmp(f->file[i].name, like->name) == 0 && strcmp(f->file[i].role, like->role) == 0) {
            return &f->file[i];
        }
    }
    return NULL;
}

static void add_files(st_text* out, const pair* p)
{
    int shown = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < p->run[pass].file_count; i++) {
            const st_finding_file* file = &p->run[pass].file[i];
            const st_finding_file* other = find_file(&p->run[1 - pass], file);
            if (other && (pass == 1 || strcmp(other->hash, file->hash) == 0)) {
                continue;
            }
            if (shown++ == 0) {
                st_html_table(out, "Files that differ", "File|Role|Found");
            }
            st_html_row(out);
            st_html_head_cell(out, file->name);
            st_html_cell(out, file->role);
            st_html_cell(out, other ? "another text" : pass == 0 ? "only in A" : "only in B");
            st_text_add(out, "</tr>\n");
        }
    }
    if (shown > 0) {
        st_html_table_end(out);
    } else {
        st_text_add(out, "<p>All files that went in are the same.</p>\n");
    }
}

static void write_page(st_text* out, const pair* p)
{
    st_page_begin(out, "Two runs side by side");
    st_text_add(out, "<header><h1>Two runs side by side</h1></header>\n<section id=\"answer\">"
                     "<h2>Beside each other</h2>\n");
    if (is_same_question(p)) {
        add_arms(out, p);
    } else {
        st_text_add(out, "<p>The runs have different primary measures or visits, so their numbers "
                         "are not set against each other.</p>\n");
    }
    st_text_add(out, "</section>\n<div class=\"two\">\n");
    for (int i = 0; i < 2; i++) {
        st_text_addf(out, "<section><h2>%s: ", side[i]);
        st_html_text(out, st_findings_about(&p->run[i], "study_title"));
        st_text_add(out, "</h2>\n");
        st_section_answer(out, &p->run[i]);
        st_text_add(out, "</section>\n");
    }
    st_text_add(out, "</div>\n<section id=\"inputs\"><h2>What went in</h2>\n");
    add_settings(out, p);
    add_parameters(out, p);
    add_files(out, p);
    st_text_add(out, "</section>\n");
    st_page_end(out, st_version());
}

st_status st_report_compare(st_ctx* ctx, const char* dir, const char* other)
{
    pair p;
    ST_TRY(st_findings_load(ctx, dir, &p.run[0]));
    st_status status = st_findings_load(ctx, other, &p.run[1]);
    if (status != ST_OK) {
        st_findings_clear(&p.run[0]);
        return status;
    }
    p.run[0].prefix = "a-";
    p.run[1].prefix = "b-";
    st_text page;
    st_text_init(&page, ctx);
    write_page(&page, &p);
    char* path = st_folder_path(ctx, dir, "compare.html");
    status = path && !page.failed ? ST_OK : ST_ERR_MEMORY;
    if (status == ST_OK) {
        status = st_file_write(ctx, path, page.data, page.length);
    }
    st_free(ctx, path);
    st_text_clear(&page);
    st_findings_clear(&p.run[1]);
    st_findings_clear(&p.run[0]);
    return status;
}
