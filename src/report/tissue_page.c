// The page of a tissue run, from its tables and stills alone.

#include "report/tissue_page.h"
#include "report/figures.h"
#include "report/folder.h"
#include "report/html.h"
#include "report/page.h"
#include "stroma/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What this page has beside the style of all pages.
static const char style[] =
    ".stills{display:grid;grid-template-columns:1fr 1fr;gap:1rem}"
    ".still{margin:.6em 0;min-width:0}.still svg{height:auto}.still h3{margin:.2em 0 .4em}"
    ".still .page{fill:#fff}"
    ".key{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2em 1.4em;font-size:.92rem}"
    ".key svg{width:.9em;height:.9em;vertical-align:-.08em;margin-right:.4em}"
    ".picture{max-width:100%;height:auto;background:#fff}"
    "@media screen and (max-width:640px){.stills{display:block}}"
    "@media print{.stills{grid-template-columns:1fr 1fr}.still{break-inside:avoid}"
    ".two{grid-template-columns:1fr 1fr}.two figure svg.narrow{max-width:80mm}}\n";

const char* st_tissue_page_style(void)
{
    return style;
}

// --- words that all parts share

st_tissue_clock st_tissue_page_clock(const st_tissue_story* s)
{
    const double days = s->day[s->time_count - 1] - s->day[0];
    if (days < 0.15) {
        return (st_tissue_clock){.per_day = 1440.0, .one = "minute", .many = "minutes"};
    }
    if (days < 2.5) {
        return (st_tissue_clock){.per_day = 24.0, .one = "hour", .many = "hours"};
    }
    return (st_tissue_clock){.per_day = 1.0, .one = "day", .many = "days"};
}

st_words st_tissue_page_time(const st_tissue_story* s, int output)
{
    const st_tissue_clock clock = st_tissue_page_clock(s);
    st_words w;
    snprintf(w.text, sizeof w.text, "%.10s %.60s", clock.one,
             st_words_precise(s->day[output] * clock.per_day, 4).text);
    return w;
}

int st_tissue_page_ticks(double lo, double hi, double tick[16])
{
    const st_figures_scale scale = st_figures_scale_round(lo, hi, 6);
    int count = 0;
    tick[count++] = lo;
    for (double at = scale.lo; at < hi - 0.4 * scale.step && count < 15; at += scale.step) {
        if (at > lo + 0.4 * scale.step) {
            tick[count++] = at;
        }
    }
    if (hi > lo) {
        tick[count++] = hi;
    }
    return count;
}

st_tissue_unit st_tissue_page_unit(double highest_M)
{
    static const char* const units[] = {"M", "mM", "µM", "nM", "pM", "fM"};
    st_tissue_unit u = {.factor = 1.0, .unit = units[0]};
    for (int i = 1; i < 6 && highest_M > 0.0 && highest_M * u.factor < 0.9995; i++) {
        u.factor *= 1e3;
        u.unit = units[i];
    }
    return u;
}

double st_tissue_page_highest(const st_tissue_story* s, const st_tissue_quantity* q)
{
    double highest = 0.0;
    for (int t = 0; t < s->time_count; t++) {
        highest = fmax(highest, q->highest[t]);
    }
    return highest;
}

const char* st_tissue_page_text(st_text* out, st_arena* arena, const char* a, const char* b)
{
    const char* text = st_arena_format(arena, "%s%s", a, b);
    out->failed = out->failed || !text;
    return text ? text : "";
}

// The colours and dashes of figures that are nearest to the colours of stills, dozen by dozen.
int st_tissue_page_colour(int kind)
{
    static const int near_still[12] = {1, 5, 3, 4, 6, 2, 5, 0, 1, 2, 3, 4};
    return near_still[kind % 12];
}

int st_tissue_page_dash(int kind)
{
    static const int dash[12] = {0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1};
    return (dash[kind % 12] + kind / 12) % 3;
}

double st_tissue_page_most(const st_tissue_story* s, int kind)
{
    double most = 0.0;
    for (int t = 0; t < s->time_count; t++) {
        most = fmax(most, s->kind[kind].count[t]);
    }
    return most;
}

int st_tissue_page_present(const st_tissue_story* s, int* kind)
{
    int count = 0;
    for (int k = 0; k < s->kind_count; k++) {
        const double most = st_tissue_page_most(s, k);
        int at = count;
        if (!(most > 0.0)) {
            continue;
        }
        for (; at > 0 && st_tissue_page_most(s, kind[at - 1]) < most; at--) {
            kind[at] = kind[at - 1];
        }
        kind[at] = k;
        count++;
    }
    return count;
}

// --- the page

static void add_header(st_text* out, const st_tissue_story* s)
{
    const st_tissue_clock clock = st_tissue_page_clock(s);
    const double length = (s->day[s->time_count - 1] - s->day[0]) * clock.per_day;
    const char* model = st_tissue_story_about(s, "model");
    const char* description = st_tissue_story_about(s, "description");
    st_text_add(out, "<header><h1>");
    st_html_text(out, st_tissue_story_about(s, "title"));
    st_text_addf(out, "</h1>\n<p class=\"sub\">A piece of tissue, computed %s: ",
                 s->kind_count > 0 ? "cell by cell" : "as fields");
    if (s->kind_count > 0) {
        st_text_addf(out, "%s cells at the start, ",
                     st_words_whole((int64_t)floor(s->total[0] + 0.5)).text);
    }
    st_text_addf(out, "%s voxels, %s %s",
                 st_words_whole((int64_t)st_tissue_story_number(s, "voxels")).text,
                 st_words_precise(length, 4).text, length == 1.0 ? clock.one : clock.many);
    if (st_tissue_story_about(s, "seed")[0]) {
        st_text_add(out, ", seed ");
        st_html_text(out, st_tissue_story_about(s, "seed"));
    }
    if (model[0]) {
        st_text_add(out, "; model “");
        st_html_text(out, model);
        st_text_add(out, "”");
    }
    if (s->value_count > 0) {
        st_text_addf(out, "; %s of its values are assumed",
                     st_words_percent((double)s->assumed_count / s->value_count).text);
    }
    st_text_add(out, ".</p>");
    if (description[0]) {
        st_text_add(out, "\n<p>");
        st_html_text(out, description);
        st_text_add(out, "</p>");
    }
    st_text_add(out, "</header>\n");
}

static void add_navigation(st_text* out, const st_tissue_story* s)
{
    st_text_add(out,
                "<nav aria-label=\"Sections\"><ul><li><a href=\"#answer\">In numbers</a></li>");
    if (s->kind_count > 0) {
        st_text_addf(out,
                     "<li><a href=\"#stills\">What it looks like</a></li>%s"
                     "<li><a href=\"#cells\">Cells over time</a></li>%s",
                     s->expected ? "<li><a href=\"#joint\">Beside the joint</a></li>" : "",
                     s->profile ? "<li><a href=\"#depth\">By depth</a></li>" : "");
    }
    if (s->field_count + s->matrix_count > 0) {
        st_text_add(out, "<li><a href=\"#fields\">Levels and matrix</a></li>");
    }
    st_text_add(out, "<li><a href=\"#basis\">What it rests on</a></li>"
                     "<li><a href=\"#methods\">How it was computed</a></li></ul></nav>\n");
}

static void add_page(st_text* out, const st_tissue_story* s)
{
    st_page_begin_with(out, st_tissue_story_about(s, "title"), style,
                       "What is shown is computed; nobody's tissue was measured.");
    add_header(out, s);
    add_navigation(out, s);
    st_text_add(out, "<section id=\"answer\"><h2>In numbers</h2>\n");
    st_tissue_page_cells_answer(out, s);
    st_tissue_page_fields_answer(out, s);
    st_text_add(out, "</section>\n");
    st_tissue_page_stills_section(out, s);
    st_tissue_page_cells_zoom(out, s);
    st_tissue_page_cells_section(out, s);
    st_tissue_page_depth_section(out, s);
    st_tissue_page_fields_section(out, s);
    st_tissue_page_basis_section(out, s);
    st_page_end(out, st_tissue_story_about(s, "version"));
}

st_status st_tissue_page_write(st_ctx* ctx, const char* dir)
{
    st_tissue_story story;
    ST_TRY(st_tissue_story_load(ctx, dir, &story));
    st_text page;
    st_text_init(&page, ctx);
    add_page(&page, &story);
    char* path = st_folder_path(ctx, dir, "report.html");
    st_status status = path && !page.failed ? ST_OK : ST_ERR_MEMORY;
    if (status == ST_OK) {
        status = st_file_write(ctx, path, page.data, page.length);
    }
    st_free(ctx, path);
    st_text_clear(&page);
    st_tissue_story_clear(&story);
    return status;
}
