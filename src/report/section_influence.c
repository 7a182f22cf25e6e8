#include "report/figures.h"
#include "report/html.h"
#include "report/leverage.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

/// How many values the figure shows.
#define SHOWN 15

static const char* value_range(st_arena* arena, const st_influence_row* r)
{
    if (strcmp(r->origin, "dose") == 0) {
        return st_arena_format(arena, "× %s to × %s", st_words_precise(r->value_lo, 2).text,
                               st_words_precise(r->value_hi, 2).text);
    }
    return st_arena_format(arena, "%s to %s", st_words_precise(r->value_lo, 3).text,
                           st_words_precise(r->value_hi, 3).text);
}

static const char* row_label(st_arena* arena, const st_influence_row* r)
{
    const char* name = st_findings_plain_name(arena, r->name);
    return strcmp(r->origin, "dose") == 0 ? st_arena_format(arena, "dose of %s", name) : name;
}

static const char* known_from(const st_findings* f, const st_influence_row* r)
{
    return strcmp(r->origin, "dose") == 0 ? "procedure"
           : st_leverage_is_assumed(f, r) ? "assumed"
                                          : "sourced";
}

static st_figure_tornado_row figure_row(const st_findings* f, const st_influence_row* r,
                                        int decimals, st_arena* arena)
{
    const char* known = known_from(f, r);
    const st_words low = st_words_number(r->contrast_lo, decimals);
    const st_words high = st_words_number(r->contrast_hi, decimals);
    return (st_figure_tornado_row){
        .label = row_label(arena, r),
        .text = st_arena_format(arena, "%s … %s, %s", low.text, high.text, known),
        .hover = st_arena_format(arena, "%s: %s when low, %s when high (%s, %s)", r->name, low.text,
                                 high.text, value_range(arena, r), known),
        .low = r->contrast_lo,
        .high = r->contrast_hi,
        .colour = strcmp(known, "assumed") == 0   ? 2
                  : strcmp(known, "sourced") == 0 ? 1
                                                  : 0};
}

// The finding: how many values move the answer by more than a tenth of itself, and who leads.
static const char* compose_title(const st_findings* f, const int* order, st_arena* arena)
{
    const st_influence_row* first = &f->influence[order[0]];
    const int decimals = st_words_decimals(f, f->primary_measure);
    int strong = 0;
    int assumed = 0;
    for (int i = 0; i < f->influence_count; i++) {
        const st_influence_row* r = &f->influence[i];
        if (st_leverage_size(r) > 0.1 * fabs(r->contrast)) {
            strong += 1;
            assumed += st_leverage_is_assumed(f, r);
        }
    }
    const char* leader = st_arena_format(
        arena, "What the answer hangs on: “%s” most, between %s and %s %s", row_label(arena, first),
        st_words_number(fmin(first->contrast_lo, first->contrast_hi), decimals).text,
        st_words_number(fmax(first->contrast_lo, first->contrast_hi), decimals).text,
        st_words_unit(f->measure[f->primary_measure].unit).text);
    return strong == 0 ? leader
                       : st_arena_format(arena,
                                         "%s; %d of %d values move it by more than a tenth, %d of "
                                         "these %s assumed",
                                         leader, strong, f->influence_count, assumed,
                                         assumed == 1 ? "is" : "are");
}

static void add_table(st_text* out, const st_findings* f, const int* order, st_arena* arena)
{
    const int decimals = st_words_decimals(f, f->primary_measure) + 1;
    st_text_add(out, "<details><summary>Show as table, all values</summary>\n");
    st_html_sortable_table(out, "What one value does, lower and higher",
                           "Value|From … to|Known from|#Contrast, low|#Contrast, high|"
                           "#Product alone, low|#Product alone, high");
    for (int i = 0; i < f->influence_count; i++) {
        const st_influence_row* r = &f->influence[order[i]];
        st_html_row(out);
        st_html_head_cell(out, row_label(arena, r));
        st_html_cell(out, value_range(arena, r));
        st_html_cell(out, known_from(f, r));
        const double ends[] = {r->contrast_lo, r->contrast_hi, r->product_lo, r->product_hi};
        for (int k = 0; k < 4; k++) {
            st_html_number_cell(out,
                                isfinite(ends[k]) ? st_words_number(ends[k], decimals).text : "–");
        }
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

static void add_caption(st_text* out, const st_findings* f)
{
    const st_influence_row* r = &f->influence[0];
    st_text_addf(out,
                 "<figcaption>%s of the trial's people computed again in both arms with one value "
                 "changed, all else and all chance the same. Faint: value low; full: value high. A "
                 "value goes down and up by one standard deviation of its spread between people, "
                 "or by a factor of 1.5 where it has none; a dose by 1.5. Vermilion: assumed; "
                 "blue: sourced; grey: all of a dose. Values that only matter together are not "
                 "seen. Free of noise and in fewer "
                 "people, so the dotted line may differ from the answer above.</figcaption>\n",
                 st_words_whole(r->people).text);
}

void st_section_influence(st_text* out, const st_findings* f)
{
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    int* order = st_arena_alloc(&arena, (size_t)f->influence_count + 1, sizeof *order);
    st_figure_tornado_row* row = st_arena_alloc(&arena, SHOWN, sizeof *row);
    if (!order || !row) {
        out->failed = true;
        st_arena_clear(&arena);
        return;
    }
    st_leverage_sort(f, order);
    const int decimals = st_words_decimals(f, f->primary_measure);
    int count = 0;
    while (count < SHOWN && count < f->influence_count &&
           st_leverage_size(&f->influence[order[count]]) > 0.0) {
        row[count] = figure_row(f, &f->influence[order[count]], decimals, &arena);
        count += 1;
    }
    if (count == 0) {
        st_text_add(out, "<p class=\"note\">No single value of the model moves the answer.</p>\n");
        st_arena_clear(&arena);
        return;
    }
    const st_influence_row* first = &f->influence[0];
    const char* unit = st_words_unit(f->measure[first->measure].unit).text;
    const char* versus = first->versus >= 0 ? f->arm[first->versus].label : "its own sham";
    const st_figure_tornado tornado = {
        .about = {.id = st_arena_format(&arena, "%sinfluence", f->prefix),
                  .title = compose_title(f, order, &arena),
                  .desc = "Bars from the contrast as it is to the contrast with one value low and "
                          "high, the largest on top. The numbers are in the table below.",
                  .x_label = st_arena_format(&arena, "%s minus %s, %s", f->arm[first->arm].label,
                                             versus, unit)},
        .row = row,
        .row_count = count,
        .usual = first->contrast,
        .usual_label = st_arena_format(&arena, "as it is: %s",
                                       st_words_number(first->contrast, decimals).text),
        .has_zero = true};
    st_figures_begin(out, &tornado.about);
    st_figures_tornado(out, &tornado);
    add_caption(out, f);
    add_table(out, f, order, &arena);
    st_figures_end(out);
    st_arena_clear(&arena);
}
