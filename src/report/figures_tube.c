#include "report/figures.h"
#include "report/html.h"

#include "stroma/procedure.h"

#include <math.h>
#include <stdlib.h>

#define PLOT_HEIGHT 240.0
/// Colours are told apart in steps of this, so that neighbours join.
#define SHADE      12
#define RECT_LIMIT (ST_FIGURE_TUBE_TIMES * ST_FIGURE_TUBE_HEIGHTS)

typedef struct shade_rect {
    int rgb; ///< packed
    float x, y, width, height;
} shade_rect;

static int rounded(double level)
{
    const int value = (int)(level + 0.5) / SHADE * SHADE + SHADE / 2;
    return value > 255 ? 255 : value;
}

static int colour_of(double red, double platelet, double white)
{
    double rgb[3];

    st_spin_picture_colour(red, platelet, white, rgb);
    return rounded(rgb[0]) << 16 | rounded(rgb[1]) << 8 | rounded(rgb[2]);
}

static int compare_rects(const void* a, const void* b)
{
    const shade_rect* x = a;
    const shade_rect* y = b;
    if (x->rgb != y->rgb) {
        return (x->rgb > y->rgb) - (x->rgb < y->rgb);
    }
    if (x->x != y->x) {
        return (x->x > y->x) - (x->x < y->x);
    }
    return (x->y > y->y) - (x->y < y->y);
}

static int collect(const st_figure_tube* t, double left, double width, double top, shade_rect* rect)
{
    const double end = t->time_s[t->time_count - 1];
    const double cell = PLOT_HEIGHT / ST_FIGURE_TUBE_HEIGHTS;
    int count = 0;
    for (int i = 0; i + 1 < t->time_count; i++) {
        for (int h = 0; h < ST_FIGURE_TUBE_HEIGHTS;) {
            const int rgb = colour_of(t->red[i][h], t->platelet[i][h], t->white[i][h]);
            int last = h + 1; // neighbours of one colour are one rectangle
            while (last < ST_FIGURE_TUBE_HEIGHTS &&
                   colour_of(t->red[i][last], t->platelet[i][last], t->white[i][last]) == rgb) {
                last++;
            }
            rect[count++] = (shade_rect){
                .rgb = rgb,
                .x = (float)(left + width * t->time_s[i] / end),
                .y = (float)(top + cell * h),
                .width = (float)(width * (t->time_s[i + 1] - t->time_s[i]) / end + 0.4),
                .height = (float)(cell * (last - h) + 0.3)};
            h = last;
        }
    }
    return count;
}

static void add_cells(st_text* out, const st_figure_tube* t, double left, double width, double top)
{
    shade_rect* rect = st_alloc(out->ctx, RECT_LIMIT, sizeof *rect);
    if (!rect) {
        out->failed = true;
        return;
    }
    const int count = collect(t, left, width, top, rect);
    qsort(rect, (size_t)count, sizeof *rect, compare_rects);
    for (int i = 0; i < count; i++) {
        if (i == 0 || rect[i].rgb != rect[i - 1].rgb) {
            st_text_addf(out, "%s<path fill=\"#%06x\" d=\"", i == 0 ? "" : "\"/>\n",
                         (unsigned)rect[i].rgb);
        }
        st_text_addf(out, "M%.1f %.1fh%.1fv%.1fh-%.1fz", (double)rect[i].x, (double)rect[i].y,
                     (double)rect[i].width, (double)rect[i].height, (double)rect[i].width);
    }
    st_text_add(out, count > 0 ? "\"/>\n" : "");
    st_free(out->ctx, rect);
}

static void add_frame(st_text* out, const st_figure_tube* t, double left, double width, double top)
{
    const double end_min = t->time_s[t->time_count - 1] / 60.0;
    st_text_addf(out, "<path class=\"axis\" d=\"M%.1f %.1fh%.1fv%.1fh-%.1fz\"/>\n", left, top,
                 width, PLOT_HEIGHT, width);
    const double minutes = st_figures_scale_round(0.0, end_min, 5).step;
    for (int i = 0; i * minutes <= end_min * (1.0 + 1e-9); i++) {
        const double at = left + width * i * minutes / end_min;
        st_text_addf(out,
                     "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
                     at, top + PLOT_HEIGHT + 18.0, at > left + width - 12.0 ? "end" : "middle",
                     st_words_precise(i * minutes, 3).text);
    }
    const double height = st_figures_scale_round(0.0, t->height_mm, 5).step;
    for (int i = 0; i * height <= t->height_mm * (1.0 + 1e-9); i++) {
        st_text_addf(out,
                     "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                     left - 7.0, top + PLOT_HEIGHT * (1.0 - i * height / t->height_mm) + 4.0,
                     st_words_precise(i * height, 3).text);
    }
    st_text_addf(out,
                 "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>"
                 "<text class=\"label\" x=\"4\" y=\"14\">mm above the bottom</text>\n",
                 left + 0.5 * width, top + PLOT_HEIGHT + 38.0, "minutes of spinning");
    int drawn = 0;
    for (int i = 0; i < t->time_count; i++) {
        if (isfinite(t->interface_mm[i])) {
            st_text_addf(out, "%s%.1f %.1f", drawn++ == 0 ? "<path class=\"error\" d=\"M" : "L",
                         left + width * t->time_s[i] / t->time_s[t->time_count - 1],
                         top + PLOT_HEIGHT * (1.0 - t->interface_mm[i] / t->height_mm));
        }
    }
    st_text_add(out, drawn > 0 ? "\"/>\n" : "");
}

static void add_tube(st_text* out, const st_figure_tube* t, bool is_narrow)
{
    const double width = is_narrow ? 360.0 : 760.0;
    const double left = 48.0;
    const double top = 24.0;
    st_figures_open(out, &t->about, width, top + PLOT_HEIGHT + 48.0, is_narrow);
    add_cells(out, t, left, width - left - 8.0, top);
    add_frame(out, t, left, width - left - 8.0, top);
    st_text_add(out, "</svg>\n");
}

void st_figures_tube(st_text* out, const st_figure_tube* tube)
{
    if (tube->time_count > 1 && tube->time_s[tube->time_count - 1] > 0.0) {
        add_tube(out, tube, false);
        add_tube(out, tube, true);
    }
}
