#include "report/html.h"
#include "report/leverage.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

static const struct {
    const char* part;
    int colour;
    const char* meaning;
} parts[] = {
    {"selection", 0,
     "people enter when their score is bad; part of that is chance, and falls back by itself"},
    {"natural course", 3, "what would have happened without any treatment"},
    {"context and procedure", 5,
     "being treated, expectation, the needle and the fluid, as a sham has them too"},
    {"plan of care", 4,
     "what exercise, weight loss or rehabilitation add, as far as each person follows the plan"},
    {"product", 1, "what the injected product adds to its sham in the same person"},
    {"later treatment", 2, "rescue, repeats and what else was done after the treatment of the arm"},
    {"total", 0, "the whole change from the start"},
};
#define PART_COUNT ((int)(sizeof parts / sizeof parts[0]))

static int part_index(const char* part)
{
    for (int i = 0; i < PART_COUNT; i++) {
        if (strcmp(parts[i].part, part) == 0) {
            return i;
        }
    }
    return -1;
}

static st_figure_row figure_row(const st_split_row* s, int decimals, st_arena* arena)
{
    const int index = part_index(s->part);
    const char* text =
        st_arena_format(arena, "%s", st_words_interval(s->mean, s->lo, s->hi, decimals).text);
    return (st_figure_row){.label = s->part,
                           .value = s->mean,
                           .lo = s->lo,
                           .hi = s->hi,
                           .colour = index < 0 ? 4 : parts[index].colour,
                           .is_total = strcmp(s->part, "total") == 0,
                           .text = text};
}

// Known parts in the order of their causes, then any other.
static int collect_rows(const st_findings* f, int measure, st_arena* arena, st_figure_row* row)
{
    const int decimals = st_words_decimals(f, measure);
    int count = 0;
    for (int a = 0; a < f->arm_count; a++) {
        const int head = count++;
        row[head] = (st_figure_row){.label = f->arm[a].label, .is_head = true};
        for (int i = 0; i < PART_COUNT - 1; i++) {
            const st_split_row* s =
                st_findings_split(f, a, measure, f->primary_visit, parts[i].part);
            if (s && isfinite(s->mean)) {
                row[count++] = figure_row(s, decimals, arena);
            }
        }
        for (int i = 0; i < f->split_count; i++) {
            const st_split_row* s = &f->split[i];
            if (s->arm == a && s->measure == measure && s->visit == f->primary_visit &&
                part_index(s->part) < 0 && isfinite(s->mean)) {
                row[count++] = figure_row(s, decimals, arena);
            }
        }
        const st_split_row* total = st_findings_split(f, a, measure, f->primary_visit, "total");
        if (total && isfinite(total->mean)) {
            row[count++] = figure_row(total, decimals, arena);
        }
        count = count == head + 1 ? head : count;
    }
    return count;
}

// Names the arm whose product part is largest, with its share of the whole change.
static void compose_title(const st_findings* f, st_text* title)
{
    const int decimals = st_words_decimals(f, f->primary_measure);
    const st_split_row* best = NULL;
    for (int a = 0; a < f->arm_count; a++) {
        const st_split_row* s =
            st_findings_split(f, a, f->primary_measure, f->primary_visit, "product");
        if (s && isfinite(s->mean) && (!best || fabs(s->mean) > fabs(best->mean))) {
            best = s;
        }
    }
    const st_split_row* total =
        best ? st_findings_split(f, best->arm, f->primary_measure, f->primary_visit, "total")
             : NULL;
    if (!total) {
        st_text_addf(title, "Parts of the change at %s",
                     st_words_visit(&f->visit[f->primary_visit]).text);
        return;
    }
    st_text_addf(title, "With %s the product itself makes %s of a change of %s %s at %s",
                 f->arm[best->arm].label, st_words_signed(best->mean, decimals).text,
                 st_words_signed(total->mean, decimals).text,
                 st_words_unit(f->measure[f->primary_measure].unit).text,
                 st_words_visit(&f->visit[f->primary_visit]).text);
}

static bool has_part(const st_findings* f, const char* part)
{
    for (int i = 0; i < f->split_count; i++) {
        if (strcmp(f->split[i].part, part) == 0) {
            return true;
        }
    }
    return false;
}

static void add_meanings(st_text* out, const st_findings* f)
{
    st_text_add(out, "<dl class=\"parts\">");
    for (int i = 0; i < PART_COUNT; i++) {
        if (has_part(f, parts[i].part)) {
            st_text_addf(out, "<dt>%s</dt><dd>%s</dd>", parts[i].part, parts[i].meaning);
        }
    }
    st_text_add(out, "</dl>\n");
}

static void add_table(st_text* out, const st_findings* f)
{
    st_text_add(out, "<details><summary>Show as table, all measures and visits</summary>\n");
    st_html_table(out, "Parts of the change from the start", "Measure|When|Arm|Part|#Mean [95 %]");
    for (int i = 0; i < f->split_count; i++) {
        const st_split_row* s = &f->split[i];
        st_html_row(out);
        st_html_head_cell(out, f->measure[s->measure].title);
        st_html_cell(out, st_words_visit(&f->visit[s->visit]).text);
        st_html_cell(out, f->arm[s->arm].label);
        st_html_cell(out, s->part);
        st_html_interval_cell(out, s->mean, s->lo, s->hi, st_words_decimals(f, s->measure));
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

// What the product's part rests on, by changing one value at a time; and the halving that a study
// may ask for beside it.
static void add_assumed_share(st_text* out, const st_findings* f)
{
    st_text sentence;
    st_text_init(&sentence, out->ctx);
    st_leverage_sentence(f, &sentence);
    for (int i = 0; i < f->analysis_count; i++) {
        const st_analysis_row* r = &f->analysis[i];
        if (strcmp(r->method, "share of the product part that is assumed") == 0 && r->arm >= 0 &&
            r->arm < f->arm_count && isfinite(r->estimate)) {
            st_text_addf(&sentence, "%s%s: %s", sentence.length > 0 ? " " : "",
                         f->arm[r->arm].label, st_words_percent(r->estimate).text);
            if (isfinite(r->lo) && isfinite(r->hi)) {
                st_text_addf(&sentence, " [%s, %s]", st_words_percent(r->lo).text,
                             st_words_percent(r->hi).text);
            }
            st_text_add(&sentence, " when every value is halved instead.");
        }
    }
    if (sentence.length > 0) {
        st_text_add(out, "<p class=\"rests\"><strong>What the product's part rests on.</strong> ");
        st_html_text(out, sentence.data);
        st_text_add(out, "</p>\n");
    }
    out->failed = out->failed || sentence.failed;
    st_text_clear(&sentence);
}

void st_section_split(st_text* out, const st_findings* f)
{
    st_text_add(out, "<section id=\"split\"><h2>Where the change comes from</h2>\n"
                     "<p>Every virtual person is also computed without treatment and with a sham "
                     "of the same procedure. So the change from the start can be split exactly, "
                     "which no trial in people can do.</p>\n");
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    st_text title;
    st_text_init(&title, out->ctx);
    st_figure_row* row =
        st_arena_alloc(&arena, (size_t)f->split_count + (size_t)f->arm_count + 1, sizeof *row);
    const int count = row ? collect_rows(f, f->primary_measure, &arena, row) : 0;
    if (count > 0) {
        compose_title(f, &title);
        const st_figure_rows rows = {
            .about = {.id = "parts",
                      .title = title.data ? title.data : "",
                      .desc = "Bars of the parts of the mean change from the start, arm by arm, "
                              "with 95 % intervals. The numbers are in the table below.",
                      .x_label = f->measure[f->primary_measure].lower_is_better
                                     ? "part of the mean change (left of zero is better)"
                                     : "part of the mean change (right of zero is better)"},
            .row = row,
            .row_count = count,
            .mark_lo = NAN,
            .mark_hi = NAN};
        st_figures_begin(out, &rows.about);
        st_figures_rows(out, &rows);
        st_text_add(out, "<figcaption>Mean over the people of the arm; black lines: 95 % interval. "
                         "The parts add up to the total.</figcaption>\n");
        add_table(out, f);
        st_figures_end(out);
        add_assumed_share(out, f);
        add_meanings(out, f);
    } else {
        st_text_add(out, "<p>At the primary visit there is nothing to split.</p>\n");
    }
    st_text_clear(&title);
    st_arena_clear(&arena);
    st_text_add(out, "</section>\n");
}
