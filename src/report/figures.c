#include "report/figures.h"
#include "report/html.h"

#include "base/maths.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LABEL_GAP 17.0
#define LETTER    ST_FIGURE_LETTER

// Where things lie in one of the two sizes.
typedef struct layout {
    double width, height;
    double left, right, top, bottom; // of the plot
    bool is_narrow;
} layout;

st_figures_scale st_figures_scale_round(double lo, double hi, int tick_count)
{
    if (!(hi > lo)) { // one value, or none
        const double middle = isfinite(lo) ? lo : 0.0;
        const double half = middle != 0.0 ? 0.5 * fabs(middle) : 1.0;
        lo = middle - half;
        hi = middle + half;
    }
    double step = 1.0;
    const double raw = (hi - lo) / tick_count;
    while (step > raw) {
        step /= 10.0;
    }
    while (step * 10.0 <= raw) {
        step *= 10.0;
    }
    step *= raw > 5.0 * step ? 10.0 : raw > 2.0 * step ? 5.0 : raw > step ? 2.0 : 1.0;
    const st_figures_scale scale = {
        .lo = floor(lo / step + 1e-9) * step, .hi = ceil(hi / step - 1e-9) * step, .step = step};
    return scale;
}

static double on_scale(const st_figures_scale* scale, double value)
{
    return scale->is_log ? st_log(1.0 + fmax(value, 0.0)) / st_log(10.0) : value;
}

double st_figures_at(const st_figures_scale* scale, double value)
{
    const double foot = on_scale(scale, scale->lo);
    const double share = (on_scale(scale, value) - foot) / (on_scale(scale, scale->hi) - foot);
    return scale->from + share * (scale->to - scale->from);
}

int st_figures_tick_decimals(double step)
{
    int decimals = 0;
    while (decimals < 9 && fabs(step - floor(step + 0.5)) > 1e-6 * step) {
        step *= 10.0;
        decimals += 1;
    }
    return decimals;
}

void st_figures_begin(st_text* out, const st_figure* about)
{
    st_text_add(out, "<figure id=\"figure-");
    st_html_text(out, about->id);
    st_text_add(out, "\"><h3>");
    st_html_text(out, about->title);
    st_text_add(out, "</h3>\n");
}

void st_figures_end(st_text* out)
{
    st_text_add(out, "</figure>\n");
}

void st_figures_open(st_text* out, const st_figure* about, double width, double height,
                     bool is_narrow)
{
    const char* size = is_narrow ? "narrow" : "wide";
    st_text_addf(out, "<svg class=\"%s\" role=\"img\" viewBox=\"0 0 %.0f %.0f\"", size, width,
                 height);
    if (about->scale) {
        st_text_addf(out, " data-scale=\"%s\"", about->scale);
    }
    st_text_addf(out, " aria-labelledby=\"%s-%s-t %s-%s-d\"><title id=\"%s-%s-t\">", about->id,
                 size, about->id, size, about->id, size);
    st_html_text(out, about->title);
    st_text_addf(out, "</title><desc id=\"%s-%s-d\">", about->id, size);
    st_html_text(out, about->desc);
    st_text_add(out, "</desc>\n");
}

// The range of all that is drawn.
static st_figures_scale y_scale(const st_figure_lines* lines)
{
    double lo = INFINITY;
    double hi = -INFINITY;
    for (int s = 0; s < lines->series_count; s++) {
        const st_figure_series* series = &lines->series[s];
        for (int i = 0; i < series->count; i++) {
            lo = fmin(lo, fmin(series->y[i], series->lo ? series->lo[i] : (double)NAN));
            hi = fmax(hi, fmax(series->y[i], series->hi ? series->hi[i] : (double)NAN));
        }
    }
    for (int i = 0; i < lines->point_count; i++) {
        lo = fmin(lo, fmin(lines->point[i].y, lines->point[i].lo));
        hi = fmax(hi, fmax(lines->point[i].y, lines->point[i].hi));
    }
    if (lines->is_log) { // 0, 1, 10, 100 ...
        double decades = 1.0;
        while (st_pow(10.0, decades) < hi) {
            decades += 1.0;
        }
        const double step = decades > 12.0 ? 3.0 : decades > 6.0 ? 2.0 : 1.0;
        decades = step * ceil(decades / step);
        return (st_figures_scale){.hi = st_pow(10.0, decades), .step = step, .is_log = true};
    }
    // A scale's own floor is shown when it is not far away, so that sizes can be judged.
    if (lines->y_floor < lo && lo - lines->y_floor < 1.5 * (hi - lo)) {
        lo = lines->y_floor;
    }
    return st_figures_scale_round(lo, hi, 5);
}

/// Ticks are 0 ... tick_count().
static int tick_count(const st_figures_scale* y)
{
    return y->is_log ? 1 + (int)floor(st_log(y->hi) / st_log(10.0) / y->step + 0.5)
                     : (int)floor((y->hi - y->lo) / y->step + 0.5);
}

static double tick_value(const st_figures_scale* y, int i)
{
    if (y->is_log) {
        return i == 0 ? 0.0 : floor(st_pow(10.0, (i - 1) * y->step) + 0.5);
    }
    return y->lo + i * y->step;
}

// Many zeros read badly: 700000 is 7 x 10^5.
static st_words tick_text(const st_figures_scale* y, double value)
{
    const double largest = fmax(fabs(y->lo), fabs(y->hi));
    if (y->is_log) {
        return value < 1e4 ? st_words_whole((int64_t)value) : st_words_precise(value, 1);
    }
    if (largest >= 1e5 || y->step < 1e-4) {
        return fabs(value) < 1e-9 * y->step ? st_words_number(0.0, 0) : st_words_precise(value, 3);
    }
    return st_words_number(value, st_figures_tick_decimals(y->step));
}

// Room that the numbers at the axis need.
static double tick_room(const st_figures_scale* y)
{
    double em = 0.0;
    for (int i = 0; i <= tick_count(y); i++) {
        em = fmax(em, st_words_width(tick_text(y, tick_value(y, i)).text));
    }
    return fmax(40.0, em * LETTER + 12.0);
}

static void add_axes(st_text* out, const st_figure_lines* lines, const layout* l,
                     const st_figures_scale* x, const st_figures_scale* y)
{
    const int ticks = tick_count(y);
    for (int i = 0; i <= ticks; i++) {
        const double value = tick_value(y, i);
        const double at = st_figures_at(y, value);
        const st_words number = tick_text(y, value);
        st_text_addf(out,
                     "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/><text class=\"tick\" x=\"%.1f\" "
                     "y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                     l->left, at, l->right, l->left - 8.0, at + 4.0, number.text);
    }
    double last = -INFINITY;
    for (int i = 0; i < lines->x_tick_count; i++) {
        const double at = st_figures_at(x, lines->x_tick[i]);
        if (at - last < 24.0) {
            continue; // numbers of neighbours would touch
        }
        last = at;
        const st_words number = st_words_precise(lines->x_tick[i], 3);
        st_text_addf(out,
                     "<path class=\"axis\" d=\"M%.1f %.1fv5\"/><text class=\"tick\" x=\"%.1f\" "
                     "y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
                     at, l->bottom, at, l->bottom + 20.0, number.text);
    }
    st_text_addf(out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>", l->left, l->bottom, l->right);
    st_text_addf(out, "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                 0.5 * (l->left + l->right), l->bottom + 40.0);
    st_html_text(out, lines->about.x_label);
    st_text_add(out, "</text><text class=\"label\" x=\"4\" y=\"16\">");
    st_html_short(out, lines->about.y_label, (l->width - 8.0) / LETTER);
    st_text_add(out, "</text>\n");
}

static void add_band(st_text* out, const st_figure_series* s, bool is_faint,
                     const st_figures_scale* x, const st_figures_scale* y)
{
    int drawn = 0;
    if (!s->lo || !s->hi) {
        return;
    }
    st_text_add(out, is_faint ? "<path class=\"band faint\" d=\"" : "<path class=\"band\" d=\"");
    for (int side = 0; side < 2; side++) {
        for (int k = 0; k < s->count; k++) {
            const int i = side == 0 ? k : s->count - 1 - k;
            const double value = side == 0 ? s->hi[i] : s->lo[i];
            if (!isfinite(s->hi[i]) || !isfinite(s->lo[i])) {
                continue;
            }
            if (s->is_step && drawn > 0) { // forward: across, then up; backward: down, then across
                st_text_addf(out, side == 0 ? "H%.1f" : "V%.1f",
                             side == 0 ? st_figures_at(x, s->x[i]) : st_figures_at(y, value));
            }
            st_text_addf(out, "%s%.1f %.1f", drawn++ == 0 ? "M" : "L", st_figures_at(x, s->x[i]),
                         st_figures_at(y, value));
        }
    }
    st_text_add(out, drawn > 0 ? "Z\"/>" : "\"/>");
}

// Shapes tell lines apart where colours do not.
static void add_dot(st_text* out, int shape, double x, double y)
{
    switch (shape % 4) {
    case 0:
        st_text_addf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", x, y);
        return;
    case 1:
        st_text_addf(out, "<path class=\"dot\" d=\"M%.1f %.1fh7v7h-7z\"/>", x - 3.5, y - 3.5);
        return;
    case 2:
        st_text_addf(out, "<path class=\"dot\" d=\"M%.1f %.1fl4.5 8h-9z\"/>", x, y - 5.0);
        return;
    default:
        st_text_addf(out, "<path class=\"dot\" d=\"M%.1f %.1fl-4.5 -8h9z\"/>", x, y + 5.0);
        return;
    }
}

static void add_line(st_text* out, const st_figure_series* s, int shape, const st_figures_scale* x,
                     const st_figures_scale* y)
{
    int drawn = 0;
    double before = 0.0;
    for (int i = 0; i < s->count; i++) {
        if (isfinite(s->y[i])) {
            if (drawn++ == 0) {
                st_text_addf(out, "<path class=\"line d%d\" d=\"M", s->dash);
            } else {
                st_text_add(out, "L");
            }
            const double at = st_figures_at(y, s->y[i]);
            if (s->is_step && drawn > 1) {
                st_text_addf(out, "%.1f %.1fV%.1f", st_figures_at(x, s->x[i]), before, at);
            } else {
                st_text_addf(out, "%.1f %.1f", st_figures_at(x, s->x[i]), at);
            }
            before = at;
        }
    }
    st_text_add(out, drawn > 0 ? "\"/>" : "");
    for (int i = 0; i < s->count && s->has_dots; i++) {
        if (isfinite(s->y[i])) {
            add_dot(out, shape, st_figures_at(x, s->x[i]), st_figures_at(y, s->y[i]));
        }
    }
}

static void add_point(st_text* out, const st_figure_lines* lines, const st_figure_point* p,
                      const st_figures_scale* x, const st_figures_scale* y)
{
    if (!isfinite(p->x) || !isfinite(p->y)) {
        return;
    }
    // Side by side, inward from the plot's ends so that none is cut.
    const double place = p->place - 0.5 * (lines->place_count - 1);
    double at = st_figures_at(x, p->x) + 11.0 * place;
    at = fmin(fmax(at, x->from + 11.0 * (p->place + 1)),
              x->to - 11.0 * (lines->place_count - p->place));
    const double height = st_figures_at(y, p->y);
    st_text_addf(out, "<g class=\"c%d\">", p->colour);
    if (isfinite(p->lo) && isfinite(p->hi)) {
        st_text_addf(out, "<path class=\"whisker\" d=\"M%.1f %.1fV%.1f\"/>", at,
                     st_figures_at(y, p->lo), st_figures_at(y, p->hi));
    }
    st_text_addf(out, "<path class=\"hollow\" d=\"M%.1f %.1fl5.5 6l-5.5 6l-5.5 -6z\"><title>", at,
                 height - 6.0);
    st_html_text(out, p->label);
    st_text_add(out, "</title></path></g>\n");
}

static int last_known(const st_figure_series* s)
{
    for (int i = s->count - 1; i >= 0; i--) {
        if (isfinite(s->y[i])) {
            return i;
        }
    }
    return -1;
}

// Value and name of a line in `width` pixels.
static void add_label_text(st_text* out, const st_figure_lines* lines, const st_figure_series* s,
                           double width)
{
    const int last = last_known(s);
    double em = width / LETTER;
    if (lines->labels_value && last >= 0) {
        const st_words value = st_words_number(s->y[last], lines->about.decimals);
        st_text_addf(out, "<tspan class=\"strong\">%s</tspan> ", value.text);
        em -= 1.1 * st_words_width(value.text) + 0.4;
    }
    st_html_short(out, s->label, em);
}

// Order of the series from the highest end to the lowest; those without a point are left out.
static int order_by_end(const st_figure_lines* lines, const st_figures_scale* y, int* order,
                        double* height)
{
    int count = 0;
    for (int s = 0; s < lines->series_count; s++) {
        const int last = last_known(&lines->series[s]);
        if (last < 0 || lines->series[s].is_unlabelled) {
            continue;
        }
        const double at = st_figures_at(y, lines->series[s].y[last]);
        int place = count++;
        while (place > 0 && height[place - 1] > at) {
            height[place] = height[place - 1];
            order[place] = order[place - 1];
            place -= 1;
        }
        height[place] = at;
        order[place] = s;
    }
    return count;
}

// Pushes labels apart, then back into the plot: none overlaps, each stays near its line.
static void spread_labels(double* height, int count, double top, double bottom)
{
    for (int i = 1; i < count; i++) {
        height[i] = fmax(height[i], height[i - 1] + LABEL_GAP);
    }
    double limit = bottom;
    for (int i = count - 1; i >= 0; i--) {
        height[i] = fmin(height[i], limit);
        limit = height[i] - LABEL_GAP;
    }
    limit = top;
    for (int i = 0; i < count; i++) {
        height[i] = fmax(height[i], limit);
        limit = height[i] + LABEL_GAP;
    }
}

static void add_end_labels(st_text* out, const st_figure_lines* lines, const layout* l,
                           const st_figures_scale* x, const st_figures_scale* y, int* order,
                           double* height)
{
    const int count = order_by_end(lines, y, order, height);
    spread_labels(height, count, l->top + 4.0, l->bottom);
    for (int i = 0; i < count; i++) {
        const st_figure_series* s = &lines->series[order[i]];
        const int last = last_known(s);
        st_text_addf(out,
                     "<g class=\"c%d\"><path class=\"leader\" d=\"M%.1f %.1fL%.1f %.1f\"/>"
                     "<path class=\"line d%d\" d=\"M%.1f %.1fh14\"/></g>"
                     "<text class=\"end\" x=\"%.1f\" y=\"%.1f\">",
                     s->colour, st_figures_at(x, s->x[last]) + 5.0, st_figures_at(y, s->y[last]),
                     l->right + 14.0, height[i], s->dash, l->right + 14.0, height[i],
                     l->right + 33.0, height[i] + 4.5);
        add_label_text(out, lines, s, l->width - l->right - 35.0);
        st_text_add(out, "</text>\n");
    }
}

static void add_key(st_text* out, const st_figure_lines* lines, const layout* l,
                    const st_figures_scale* y, int* order, double* height)
{
    const int count = order_by_end(lines, y, order, height);
    for (int i = 0; i < count; i++) {
        const st_figure_series* s = &lines->series[order[i]];
        const double at = l->bottom + 66.0 + 20.0 * i;
        st_text_addf(out, "<g class=\"c%d\"><path class=\"line d%d\" d=\"M6 %.1fh22\"/>", s->colour,
                     s->dash, at);
        if (s->has_dots) {
            add_dot(out, order[i], 17.0, at);
        }
        st_text_addf(out, "</g><text class=\"end\" x=\"36\" y=\"%.1f\">", at + 4.5);
        add_label_text(out, lines, s, l->width - 40.0);
        st_text_add(out, "</text>\n");
    }
}

/// Series whose names are written.
static int labelled_count(const st_figure_lines* lines)
{
    int count = 0;
    for (int s = 0; s < lines->series_count; s++) {
        count += !lines->series[s].is_unlabelled;
    }
    return count;
}

static void add_lines(st_text* out, const st_figure_lines* lines, bool is_narrow, int* order,
                      double* height)
{
    const int labels = labelled_count(lines);
    layout l = {.width = is_narrow ? 360.0 : 760.0, .top = 34.0, .is_narrow = is_narrow};
    const double plot = fmax(is_narrow ? 220.0 : 290.0, is_narrow ? 0 : labels * LABEL_GAP);
    st_figures_scale y = y_scale(lines);
    l.left = tick_room(&y);
    l.right = is_narrow ? l.width - 12.0 : l.width - 250.0;
    l.bottom = l.top + plot;
    l.height = l.bottom + (is_narrow ? 62.0 + 20.0 * labels : 50.0);

    y.from = l.bottom;
    y.to = l.top;
    double x_lo = lines->x_tick_count > 0 ? lines->x_tick[0] : 0.0;
    double x_hi = lines->x_tick_count > 0 ? lines->x_tick[lines->x_tick_count - 1] : 1.0;
    if (!(x_hi > x_lo)) {
        x_hi = x_lo + 1.0;
    }
    const st_figures_scale x = {.lo = x_lo, .hi = x_hi, .from = l.left, .to = l.right};

    char scale[160];
    st_figure about = lines->about;
    snprintf(scale, sizeof scale, "%.9g %.9g %.1f %.1f %.1f %.1f", x.lo, x.hi, x.from, x.to, l.top,
             l.bottom);
    about.scale = scale;
    st_figures_open(out, &about, l.width, l.height, is_narrow);
    add_axes(out, lines, &l, &x, &y);
    for (int pass = 0; pass < 2; pass++) { // bands below all lines
        for (int s = 0; s < lines->series_count; s++) {
            st_text_addf(out, "<g class=\"c%d\">", lines->series[s].colour);
            if (pass == 0) {
                add_band(out, &lines->series[s], lines->has_faint_bands, &x, &y);
            } else {
                add_line(out, &lines->series[s], s, &x, &y);
            }
            st_text_add(out, "</g>\n");
        }
    }
    for (int i = 0; i < lines->point_count; i++) {
        add_point(out, lines, &lines->point[i], &x, &y);
    }
    if (is_narrow) {
        add_key(out, lines, &l, &y, order, height);
    } else {
        add_end_labels(out, lines, &l, &x, &y, order, height);
    }
    st_text_add(out, "</svg>\n");
}

static void add_numbers(st_text* out, const char* name, const double* value, int count)
{
    st_text_addf(out, "&quot;%s&quot;:[", name);
    for (int i = 0; i < count; i++) {
        if (isfinite(value[i])) {
            st_text_addf(out, "%s%.5g", i > 0 ? "," : "", value[i]);
        } else {
            st_text_add(out, i > 0 ? ",null" : "null");
        }
    }
    st_text_add(out, "]");
}

static void add_json_text(st_text* out, const char* text)
{
    st_text_add(out, "&quot;");
    for (const char* c = text; *c; c++) {
        char one[2] = {*c, '\0'};
        if (*c == '"' || *c == '\\') {
            st_text_add(out, "\\");
        }
        if ((unsigned char)*c >= 0x80) {
            st_text_add_bytes(out, c, 1);
        } else {
            st_html_text(out, (unsigned char)*c < 0x20 ? " " : one);
        }
    }
    st_text_add(out, "&quot;");
}

// The numbers behind the lines, for the page's script.
static void add_data(st_text* out, const st_figure_lines* lines)
{
    st_text_add(out, "<div class=\"plot\" data-lines=\"{&quot;x&quot;:");
    add_json_text(out, lines->about.x_label);
    st_text_add(out, ",&quot;y&quot;:");
    add_json_text(out, lines->about.y_label);
    st_text_add(out, ",&quot;s&quot;:[");
    int written = 0;
    for (int i = 0; i < lines->series_count; i++) {
        const st_figure_series* s = &lines->series[i];
        if (last_known(s) < 0) {
            continue; // a line without a value is not there
        }
        st_text_add(out, written++ > 0 ? ",{&quot;n&quot;:" : "{&quot;n&quot;:");
        add_json_text(out, s->label);
        st_text_addf(out, ",&quot;c&quot;:%d,&quot;d&quot;:%d,%s", s->colour, s->dash,
                     s->is_step ? "&quot;t&quot;:1," : "");
        add_numbers(out, "x", s->x, s->count);
        st_text_add(out, ",");
        add_numbers(out, "y", s->y, s->count);
        if (s->lo && s->hi) {
            st_text_add(out, ",");
            add_numbers(out, "lo", s->lo, s->count);
            st_text_add(out, ",");
            add_numbers(out, "hi", s->hi, s->count);
        }
        st_text_add(out, "}");
    }
    st_text_add(out, "]}\">\n");
}

void st_figures_lines(st_text* out, const st_figure_lines* lines)
{
    int* order = st_alloc(out->ctx, (size_t)lines->series_count + 1, sizeof *order);
    double* height = st_alloc(out->ctx, (size_t)lines->series_count + 1, sizeof *height);
    if (order && height) {
        add_data(out, lines);
        add_lines(out, lines, false, order, height);
        add_lines(out, lines, true, order, height);
        st_text_add(out, "</div>\n");
    } else {
        out->failed = true;
    }
    st_free(out->ctx, height);
    st_free(out->ctx, order);
}
