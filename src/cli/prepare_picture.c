#include "prepare_picture.h"

#include "base/maths.h"

#include <math.h>

enum { PANEL_WIDTH = 400, PANEL_HEIGHT = 260, LEFT = 56, TOP = 54, GAP = 64 };

static void colour(double red, double platelet, double white, int* rgb)
{
    double exact[3];

    st_spin_picture_colour(red, platelet, white, exact);
    for (int i = 0; i < 3; i++) {
        rgb[i] = (int)(exact[i] + 0.5);
    }
}

static void add_cells(st_text* out, const st_spin_picture* p, double x0, double end_s)
{
    const double height = (double)PANEL_HEIGHT / ST_PICTURE_HEIGHTS;
    for (int t = 0; t + 1 < p->time_count; t++) {
        const double x = x0 + PANEL_WIDTH * p->time_s[t] / end_s;
        const double width = PANEL_WIDTH * (p->time_s[t + 1] - p->time_s[t]) / end_s;
        for (int h = 0; h < ST_PICTURE_HEIGHTS;) {
            int rgb[3];
            int next[3];
            int end = h + 1; // neighbours of one colour are one rectangle
            colour(p->red[t][h], p->platelet[t][h], p->white[t][h], rgb);
            for (; end < ST_PICTURE_HEIGHTS; end++) {
                colour(p->red[t][end], p->platelet[t][end], p->white[t][end], next);
                if (next[0] != rgb[0] || next[1] != rgb[1] || next[2] != rgb[2]) {
                    break;
                }
            }
            st_text_addf(out,
                         "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                         "fill=\"#%02x%02x%02x\"/>\n",
                         x, TOP + h * height, width + 0.3, (end - h) * height + 0.3, rgb[0], rgb[1],
                         rgb[2]);
            h = end;
        }
    }
}

static void add_axes(st_text* out, const st_spin_picture* p, double x0, double end_s)
{
    st_text_addf(out,
                 "<rect x=\"%.1f\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" "
                 "stroke=\"#444\"/>\n",
                 x0, TOP, PANEL_WIDTH, PANEL_HEIGHT);
    for (int i = 0; i <= 4; i++) {
        st_text_addf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.3g</text>\n",
                     x0 + PANEL_WIDTH * i / 4.0, TOP + PANEL_HEIGHT + 16, end_s * i / 240.0);
        st_text_addf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>\n", x0 - 6,
                     TOP + PANEL_HEIGHT * (1.0 - i / 4.0) + 4, p->height_mm * i / 4.0);
    }
    st_text_addf(out,
                 "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">minutes</text>\n"
                 "<text transform=\"translate(%.1f,%d) rotate(-90)\" "
                 "text-anchor=\"middle\">mm above the bottom</text>\n",
                 x0 + PANEL_WIDTH / 2.0, TOP + PANEL_HEIGHT + 32, x0 - 38, TOP + PANEL_HEIGHT / 2);
}

static void add_interface(st_text* out, const st_spin_picture* p, double x0, double end_s)
{
    if (!isfinite(p->interface_mm[0])) { // no red layer is seen
        return;
    }
    st_text_add(out, "<polyline fill=\"none\" stroke=\"#000\" stroke-width=\"1.2\" points=\"");
    for (int t = 0; t < p->time_count; t++) {
        st_text_addf(out, "%.1f,%.1f ", x0 + PANEL_WIDTH * p->time_s[t] / end_s,
                     TOP + PANEL_HEIGHT * (1.0 - p->interface_mm[t] / p->height_mm));
    }
    st_text_add(out, "\"/>\n");
}

void st_prepare_picture_write(st_text* out, const st_preparation_result* result, const char* title)
{
    int panels = 0;
    for (int i = 0; i < result->picture_count; i++) {
        panels += result->picture[i].time_count > 1;
    }
    const int width = LEFT + panels * (PANEL_WIDTH + GAP);
    const int height = TOP + PANEL_HEIGHT + 66;
    st_text_addf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                 "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                 "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                 "<text x=\"%d\" y=\"20\" font-size=\"15\">",
                 width, height, width, height, LEFT);
    st_text_add_xml(out, title);
    st_text_add(out, ": the tube over time (median donor)</text>\n");
    int panel = 0;
    for (int i = 0; i < result->picture_count; i++) {
        const st_spin_picture* p = &result->picture[i];
        if (p->time_count < 2) {
            continue;
        }
        const double x0 = LEFT + panel++ * (PANEL_WIDTH + GAP);
        const double end_s = p->time_s[p->time_count - 1];
        st_text_addf(out, "<text x=\"%.1f\" y=\"%d\">spin %d</text>\n", x0, TOP - 8, i + 1);
        add_cells(out, p, x0, end_s);
        add_interface(out, p, x0, end_s);
        add_axes(out, p, x0, end_s);
    }
    st_text_addf(out,
                 "<text x=\"%d\" y=\"%d\" fill=\"#555\">straw: plasma, red: red cells, amber: "
                 "platelets, blue: white cells (both exaggerated); line: top of the red "
                 "cells</text>\n</svg>\n",
                 LEFT, height - 10);
}

/// Powers of ten that hold all bars: those of 5 and 95 %, and of the medians that are above 0.
static void find_decades(const st_preparation_result* r, int* lowest, int* highest)
{
    double lo = INFINITY, hi = 0.0;
    for (int i = 0; i < r->loss_count; i++) {
        const double value[3] = {r->loss[i].cells_q05, r->loss[i].cells_q50, r->loss[i].cells_q95};
        for (int k = 0; k < 3; k++) {
            lo = value[k] > 0.0 && value[k] < lo ? value[k] : lo;
            hi = value[k] > hi ? value[k] : hi;
        }
    }
    *lowest = hi > 0.0 ? (int)floor(st_log(lo) / st_log(10.0)) : 0;
    *highest = hi > 0.0 ? (int)ceil(st_log(hi) / st_log(10.0)) : 1;
    *highest = *highest > *lowest ? *highest : *lowest + 1;
}

/// Height on the drawing of a number of cells; what is 0 stands on the axis.
static double height_of(double cells, int lowest, int highest)
{
    const double part =
        cells > 0.0 ? (st_log(cells) / st_log(10.0) - lowest) / (highest - lowest) : 0.0;
    return TOP + PANEL_HEIGHT * (1.0 - (part > 0.0 ? part : 0.0));
}

void st_prepare_picture_write_losses(st_text* out, const st_preparation_result* result,
                                     const char* title)
{
    enum { STEP = 110 };
    const int width = LEFT + STEP * (result->loss_count > 4 ? result->loss_count : 4) + GAP;
    const int height = TOP + PANEL_HEIGHT + 66;
    int lowest = 0, highest = 1;
    find_decades(result, &lowest, &highest);
    st_text_addf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                 "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                 "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                 "<text x=\"%d\" y=\"20\" font-size=\"15\">",
                 width, height, width, height, LEFT);
    st_text_add_xml(out, title);
    st_text_addf(out, "</text>\n<text x=\"%d\" y=\"%d\">", LEFT, TOP - 14);
    st_text_add_xml(out, result->dose_label);
    st_text_add(out, " alive after every step: median, 5 to 95 % of donors</text>\n");
    for (int d = lowest; d <= highest; d++) {
        const double y = height_of(st_pow(10.0, d), lowest, highest);
        st_text_addf(out,
                     "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ccc\"/>\n"
                     "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">1e%d</text>\n",
                     LEFT, y, width - GAP, y, LEFT - 6, y + 4, d);
    }
    for (int i = 0; i < result->loss_count; i++) {
        const st_loss* l = &result->loss[i];
        const double x = LEFT + STEP * (i + 0.5);
        const double top = height_of(l->cells_q95, lowest, highest);
        const double bottom = height_of(l->cells_q05, lowest, highest);
        st_text_addf(out,
                     "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#466eb4\" "
                     "stroke-width=\"3\"/>\n<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" "
                     "fill=\"#466eb4\"/>\n<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                     x, top, x, bottom, x, height_of(l->cells_q50, lowest, highest), x,
                     TOP + PANEL_HEIGHT + 16);
        st_text_add_xml(out, l->name);
        st_text_addf(out,
                     "</text>\n<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">day %.3g"
                     "</text>\n",
                     x, TOP + PANEL_HEIGHT + 32, l->day);
    }
    st_text_add(out, "</svg>\n");
}
