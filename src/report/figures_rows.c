#include "report/figures.h"
#include "report/html.h"

#include "base/maths.h"

#include <math.h>
#include <stdio.h>

#define ROW_WIDE    25.0
#define ROW_NARROW  40.0
#define HEAD_HEIGHT 30.0

typedef struct rows_layout {
    double width, left, right, top, bottom;
    bool is_narrow;
} rows_layout;

// Value on the axis: itself, or its decade.
static double on_axis(const st_figure_rows* rows, double value)
{
    if (!rows->is_log) {
        return value;
    }
    return value > 0.0 ? st_log(value) / st_log(10.0) : (double)NAN;
}

static st_figures_scale rows_scale(const st_figure_rows* rows, int tick_count)
{
    double lo = INFINITY;
    double hi = -INFINITY;
    for (int i = 0; i < rows->row_count; i++) {
        const st_figure_row* r = &rows->row[i];
        if (r->is_head) {
            continue;
        }
        const double ends[] = {on_axis(rows, r->value), on_axis(rows, r->lo), on_axis(rows, r->hi),
                               r->has_hollow ? on_axis(rows, r->hollow) : (double)NAN,
                               r->has_tick ? on_axis(rows, r->tick) : (double)NAN};
        for (int k = 0; k < 5; k++) {
            lo = isfinite(ends[k]) ? fmin(lo, ends[k]) : lo;
            hi = isfinite(ends[k]) ? fmax(hi, ends[k]) : hi;
        }
    }
    if (!rows->is_log) {
        lo = fmin(fmin(lo, 0.0), isfinite(rows->mark_lo) ? rows->mark_lo : 0.0);
        hi = fmax(fmax(hi, 0.0), isfinite(rows->mark_hi) ? rows->mark_hi : 0.0);
        return st_figures_scale_round(lo, hi, tick_count);
    }
    // From one cell on: a bar on a log scale has no other natural foot.
    const double top = isfinite(hi) ? ceil(fmax(hi, 1.0)) : 1.0;
    const st_figures_scale scale = {.lo = 0.0,
                                    .hi = top,
                                    .step = top > 2.0 * tick_count ? 3.0
                                            : top > tick_count     ? 2.0
                                                                   : 1.0};
    return scale;
}

static void add_axis(st_text* out, const st_figure_rows* rows, const rows_layout* l,
                     const st_figures_scale* x)
{
    const int decimals = st_figures_tick_decimals(x->step);
    const int ticks = (int)floor((x->hi - x->lo) / x->step + 1e-6);
    for (int i = 0; i <= ticks; i++) {
        const double value = x->lo + i * x->step;
        const double at = st_figures_at(x, value);
        st_words number = st_words_number(value, decimals);
        if (rows->is_log) {
            number =
                value < 0.5 ? st_words_number(1.0, 0) : st_words_precise(st_pow(10.0, value), 1);
        }
        st_text_addf(out,
                     "<path class=\"%s\" d=\"M%.1f %.1fV%.1f\"/><text class=\"tick\" x=\"%.1f\" "
                     "y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
                     fabs(value) < 1e-9 * x->step ? "axis" : "grid", at, l->top, l->bottom, at,
                     l->bottom + 18.0, number.text);
    }
    const double marks[] = {rows->mark_lo, rows->mark_hi};
    for (int i = 0; i < 2; i++) {
        if (isfinite(marks[i])) {
            const double at = st_figures_at(x, marks[i]);
            st_text_addf(out, "<path class=\"mark\" d=\"M%.1f %.1fV%.1f\"/>", at, l->top,
                         l->bottom);
        }
    }
    st_text_addf(out, "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                 0.5 * (l->left + l->right), l->bottom + 38.0);
    st_html_text(out, rows->about.x_label);
    st_text_add(out, "</text>\n");
}

static void add_mark(st_text* out, const st_figure_rows* rows, const st_figure_row* r,
                     const st_figures_scale* x, double y)
{
    const double value = on_axis(rows, r->value);
    if (!isfinite(value) || (rows->is_log && value < 0.0)) {
        return; // a log axis has no room below one cell; the text tells
    }
    const double foot = st_figures_at(x, 0.0);
    const double at = st_figures_at(x, value);
    const double lo = rows->is_log ? fmax(on_axis(rows, fmax(r->lo, 1.0)), 0.0) : r->lo;
    const double hi = on_axis(rows, r->hi);
    st_text_addf(out, "<g class=\"c%d\"><title>", r->colour);
    st_html_text(out, r->label);
    st_text_add(out, ": ");
    st_html_text(out, r->text ? r->text : "");
    st_text_add(out, "</title>");
    if (rows->is_points) {
        st_text_addf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>", at, y);
    } else {
        st_text_addf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"13\"/>",
                     r->is_total ? "total" : "bar", fmin(foot, at), y - 6.5,
                     fmax(fabs(at - foot), 0.5));
    }
    if (isfinite(r->lo) && isfinite(hi)) {
        st_text_addf(out, "<path class=\"%s\" d=\"M%.1f %.1fv8m0 -4H%.1fm0 -4v8\"/>",
                     rows->is_points ? "whisker" : "error", st_figures_at(x, lo), y - 4.0,
                     st_figures_at(x, hi));
    }
    if (r->has_tick) {
        st_text_addf(out, "<path class=\"tickbar\" d=\"M%.1f %.1fv16\"/>",
                     st_figures_at(x, on_axis(rows, r->tick)), y - 8.0);
    }
    if (r->has_hollow) {
        st_text_addf(out, "<path class=\"hollow\" d=\"M%.1f %.1fl4.5 5l-4.5 5l-4.5 -5z\"/>",
                     st_figures_at(x, on_axis(rows, r->hollow)), y - 5.0);
    }
    st_text_add(out, "</g>");
}

// Wide: label, plot, text side by side. Narrow: label and text above the plot's row.
static void add_row(st_text* out, const st_figure_rows* rows, const st_figure_row* r,
                    const rows_layout* l, const st_figures_scale* x, double top)
{
    if (r->is_head) {
        st_text_addf(out, "<text class=\"head\" x=\"2\" y=\"%.1f\">", top + 20.0);
        st_html_short(out, r->label, (l->width - 4.0) / (1.1 * ST_FIGURE_LETTER)); // bold
        st_text_add(out, "</text>\n");
        return;
    }
    const double text_y = l->is_narrow ? top + 14.0 : top + 0.5 * ROW_WIDE + 4.5;
    const double mark_y = l->is_narrow ? top + 27.0 : top + 0.5 * ROW_WIDE;
    st_text_addf(out, "<text class=\"row\" x=\"10\" y=\"%.1f\">", text_y);
    const char* text = r->text ? r->text : "";
    const double room =
        l->is_narrow ? l->width - 22.0 - ST_FIGURE_LETTER * st_words_width(text) : l->left - 18.0;
    st_html_short(out, r->label, room / ST_FIGURE_LETTER);
    st_text_addf(out, "</text><text class=\"end\" x=\"%.1f\" y=\"%.1f\"%s>",
                 l->is_narrow ? l->width - 4.0 : l->right + 16.0, text_y,
                 l->is_narrow ? " text-anchor=\"end\"" : "");
    st_html_text(out, text);
    st_text_add(out, "</text>");
    add_mark(out, rows, r, x, mark_y);
    st_text_add(out, "\n");
}

static void add_rows(st_text* out, const st_figure_rows* rows, bool is_narrow)
{
    const double row_height = is_narrow ? ROW_NARROW : ROW_WIDE;
    double height = 8.0;
    for (int i = 0; i < rows->row_count; i++) {
        height += rows->row[i].is_head ? HEAD_HEIGHT : row_height;
    }
    rows_layout l = {.width = is_narrow ? 360.0 : 760.0,
                     .left = is_narrow ? 16.0 : 250.0,
                     .top = 4.0,
                     .bottom = height,
                     .is_narrow = is_narrow};
    l.right = is_narrow ? l.width - 16.0 : l.width - 174.0;
    st_figures_scale x = rows_scale(rows, is_narrow ? 4 : 6);
    x.from = l.left;
    x.to = l.right;

    st_figures_open(out, &rows->about, l.width, height + 48.0, is_narrow);
    add_axis(out, rows, &l, &x);
    double top = l.top;
    for (int i = 0; i < rows->row_count; i++) {
        add_row(out, rows, &rows->row[i], &l, &x, top);
        top += rows->row[i].is_head ? HEAD_HEIGHT : row_height;
    }
    st_text_add(out, "</svg>\n");
}

void st_figures_rows(st_text* out, const st_figure_rows* rows)
{
    add_rows(out, rows, false);
    add_rows(out, rows, true);
}
