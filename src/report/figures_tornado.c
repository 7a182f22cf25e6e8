#include "report/figures.h"
#include "report/html.h"

#include <math.h>

#define ROW_WIDE   25.0
#define ROW_NARROW 40.0

typedef struct frame {
    double width, left, right, bottom, row;
    bool is_narrow;
} frame;

static st_figures_scale value_scale(const st_figure_tornado* t, const frame* l)
{
    double lo = t->usual;
    double hi = t->usual;
    for (int i = 0; i < t->row_count; i++) {
        const double ends[] = {t->row[i].low, t->row[i].high};
        for (int k = 0; k < 2; k++) {
            lo = isfinite(ends[k]) ? fmin(lo, ends[k]) : lo;
            hi = isfinite(ends[k]) ? fmax(hi, ends[k]) : hi;
        }
    }
    if (t->has_zero) {
        lo = fmin(lo, 0.0);
        hi = fmax(hi, 0.0);
    }
    st_figures_scale x = st_figures_scale_round(lo, hi, l->is_narrow ? 4 : 6);
    x.from = l->left;
    x.to = l->right;
    return x;
}

static void add_axis(st_text* out, const st_figure_tornado* t, const frame* l,
                     const st_figures_scale* x)
{
    const int decimals = st_figures_tick_decimals(x->step);
    const int ticks = (int)floor((x->hi - x->lo) / x->step + 1e-6);
    for (int i = 0; i <= ticks; i++) {
        const double value = x->lo + i * x->step;
        const double at = st_figures_at(x, value);
        st_text_addf(out,
                     "<path class=\"%s\" d=\"M%.1f 22V%.1f\"/><text class=\"tick\" x=\"%.1f\" "
                     "y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
                     fabs(value) < 1e-9 * x->step ? "axis" : "grid", at, l->bottom, at,
                     l->bottom + 18.0, st_words_number(value, decimals).text);
    }
    const double centre = 0.5 * (l->left + l->right);
    // The line of the contrast as it is, named above it, within the picture.
    const double usual = st_figures_at(x, t->usual);
    const double half = 0.5 * ST_FIGURE_LETTER * st_words_width(t->usual_label);
    const double middle = fmin(fmax(usual, half + 2.0), l->width - half - 2.0);
    st_text_addf(out,
                 "<path class=\"mark\" d=\"M%.1f 22V%.1f\"/><text class=\"tick\" x=\"%.1f\" "
                 "y=\"16\" text-anchor=\"middle\">",
                 usual, l->bottom, middle);
    st_html_text(out, t->usual_label);
    st_text_addf(out, "</text><text class=\"label\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                 centre, l->bottom + 38.0);
    const double room = 2.0 * fmin(centre, l->width - centre) - 8.0;
    st_html_short(out, t->about.x_label, room / ST_FIGURE_LETTER);
    st_text_add(out, "</text>\n");
}

static void add_bar(st_text* out, const st_figures_scale* x, double from, double to, double y,
                    const char* name)
{
    if (isfinite(to)) {
        const double a = st_figures_at(x, from);
        const double b = st_figures_at(x, to);
        st_text_addf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"13\"/>",
                     name, fmin(a, b), y - 6.5, fmax(fabs(b - a), 0.5));
    }
}

static void add_row(st_text* out, const st_figure_tornado* t, const st_figure_tornado_row* r,
                    const frame* l, const st_figures_scale* x, double top)
{
    const double text_y = l->is_narrow ? top + 14.0 : top + 0.5 * l->row + 4.5;
    const double mark_y = l->is_narrow ? top + 27.0 : top + 0.5 * l->row;
    const double room = l->is_narrow ? l->width - 22.0 - ST_FIGURE_LETTER * st_words_width(r->text)
                                     : l->left - 18.0;
    st_text_addf(out, "<text class=\"row\" x=\"10\" y=\"%.1f\">", text_y);
    st_html_short(out, r->label, room / ST_FIGURE_LETTER);
    st_text_addf(out, "</text><text class=\"end\" x=\"%.1f\" y=\"%.1f\"%s>",
                 l->is_narrow ? l->width - 4.0 : l->right + 16.0, text_y,
                 l->is_narrow ? " text-anchor=\"end\"" : "");
    st_html_text(out, r->text);
    st_text_addf(out, "</text><g class=\"c%d\"><title>", r->colour);
    st_html_text(out, r->hover);
    st_text_add(out, "</title>");
    add_bar(out, x, t->usual, r->low, mark_y, "loss");
    add_bar(out, x, t->usual, r->high, mark_y, "bar");
    st_text_add(out, "</g>\n");
}

static void add_tornado(st_text* out, const st_figure_tornado* t, bool is_narrow)
{
    frame l = {.width = is_narrow ? 360.0 : 760.0,
               .left = is_narrow ? 16.0 : 250.0,
               .row = is_narrow ? ROW_NARROW : ROW_WIDE,
               .is_narrow = is_narrow};
    double text = 154.0; // room for what stands at the end of the rows
    for (int i = 0; i < t->row_count; i++) {
        text = fmax(text, ST_FIGURE_LETTER * st_words_width(t->row[i].text));
    }
    l.right = is_narrow ? l.width - 16.0 : l.width - fmin(text, 280.0) - 20.0;
    l.bottom = 28.0 + l.row * t->row_count;
    const st_figures_scale x = value_scale(t, &l);
    st_figures_open(out, &t->about, l.width, l.bottom + 48.0, is_narrow);
    add_axis(out, t, &l, &x);
    for (int i = 0; i < t->row_count; i++) {
        add_row(out, t, &t->row[i], &l, &x, 24.0 + l.row * i);
    }
    st_text_add(out, "</svg>\n");
}

void st_figures_tornado(st_text* out, const st_figure_tornado* tornado)
{
    add_tornado(out, tornado, false);
    add_tornado(out, tornado, true);
}
