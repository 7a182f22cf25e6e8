// Pictures of a tissue run: the PNG out of an SVG file that the run wrote, drawn again with a scale
// that can be read on every screen. What the picture shows stands in attributes of its <image>.

#include "report/figures.h"
#include "report/folder.h"
#include "report/html.h"
#include "report/tissue_page.h"
#include "stroma/agents.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)64 << 20)
#define WIDEST     360.0 ///< pixels of a drawn picture
#define TALLEST    460.0
#define FOOT       44.0 ///< room below it for scale and legend

/// What an SVG file says about its picture. Texts lie in the file's text.
typedef struct picture {
    char* svg; ///< owned
    const char* png;
    size_t png_length;
    double minutes, wide_um, tall_um, at_um, high_M;
    char axes[4]; ///< to the right, upward, of sight
} picture;

static double attribute(const char* tag, const char* end, const char* name)
{
    const char* at = strstr(tag, name);
    return at && at < end ? strtod(at + strlen(name), NULL) : (double)NAN;
}

/// Reads a file that need not be there; false when it is not.
static bool read_text(st_text* page, const st_tissue_story* s, const char* name, char** text)
{
    size_t length = 0;
    char* path = st_folder_path(s->ctx, s->dir, name);
    const bool is_there = path && access(path, R_OK) == 0;
    const bool is_read = is_there && st_file_read(s->ctx, path, FILE_LIMIT, text, &length) == ST_OK;
    const bool is_lost = path == NULL;
    st_free(s->ctx, path);
    page->failed = page->failed || is_lost || is_read != is_there; // the context tells why
    return is_read;
}

/// False when there is no such file, or it is not one of ours.
static bool read_picture(st_text* page, const st_tissue_story* s, const char* name, picture* out)
{
    *out = (picture){.axes = ""};
    const bool is_there = read_text(page, s, name, &out->svg);
    const char* tag = is_there ? strstr(out->svg, "<image ") : NULL;
    const char* end = tag ? strstr(tag, "href=\"data:image/png;base64,") : NULL;
    const char* axes = tag ? strstr(tag, "data-axes=\"") : NULL;
    if (!end || !axes || axes > end) {
        return false;
    }
    out->png = end + strlen("href=\"");
    out->png_length = strcspn(out->png, "\"");
    out->minutes = attribute(tag, end, "data-minutes=\"");
    out->wide_um = attribute(tag, end, "data-wide-um=\"");
    out->tall_um = attribute(tag, end, "data-tall-um=\"");
    out->at_um = attribute(tag, end, "data-at-um=\"");
    out->high_M = attribute(tag, end, "data-high-M=\"");
    memcpy(out->axes, axes + strlen("data-axes=\""), 3);
    // Only letters and digits go into the page.
    return strspn(out->axes, "xyz") == 3 && out->wide_um > 0.0 && out->tall_um > 0.0 &&
           strspn(out->png + strlen("data:image/png;base64,"),
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") +
                   strlen("data:image/png;base64,") ==
               out->png_length;
}

/// One, two or five times a power of ten, near a third of the width.
static double bar_of(double wide_um)
{
    double bar = 1e-3;
    for (double ten = 1e-3; ten < 1e9; ten *= 10.0) {
        for (int i = 0; i < 3; i++) {
            const double length = (i == 0 ? 1.0 : i == 1 ? 2.0 : 5.0) * ten;
            bar = length <= 0.4 * wide_um ? length : bar;
        }
    }
    return bar;
}

static void add_bar(st_text* out, const picture* p, double wide, double y)
{
    const double bar = bar_of(p->wide_um);
    const bool is_mm = bar >= 1000.0;
    st_text_addf(out,
                 "<path class=\"tickbar\" d=\"M1 %.1fh%.1f\"/><text class=\"tick\" x=\"1\" "
                 "y=\"%.1f\">%s %s</text>\n",
                 y, bar / p->wide_um * wide, y + 18.0,
                 st_words_precise(is_mm ? bar / 1000.0 : bar, 3).text, is_mm ? "mm" : "µm");
}

/// The colours of a slice from 0 to its highest level, as the tissue room paints them.
static void add_levels(st_text* out, const picture* p, const char* id, double right, double y)
{
    static const char* const stops[] = {"#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"};
    const st_tissue_unit u = st_tissue_page_unit(p->high_M);
    const double left = right - 110.0;
    st_text_addf(out, "<defs><linearGradient id=\"%s\">", id);
    for (int i = 0; i < 5; i++) {
        st_text_addf(out, "<stop offset=\"%g\" stop-color=\"%s\"/>", 0.25 * i, stops[i]);
    }
    st_text_addf(out,
                 "</linearGradient></defs><rect x=\"%.1f\" y=\"%.1f\" width=\"110\" height=\"9\" "
                 "fill=\"url(#%s)\"/><text class=\"tick\" x=\"%.1f\" y=\"%.1f\">0</text>"
                 "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s %s</text>\n",
                 left, y - 5.0, id, left, y + 18.0, right, y + 18.0,
                 st_words_precise(p->high_M * u.factor, 3).text, u.unit);
}

/// A picture with its scale; `id` tells it from others on the page.
static void add_picture(st_text* out, const picture* p, const char* id, const char* title,
                        const char* alt)
{
    const bool is_slice = isfinite(p->high_M) && p->high_M > 0.0;
    const double scale = fmin(WIDEST / p->wide_um, TALLEST / p->tall_um);
    const double wide = p->wide_um * scale;
    const double tall = p->tall_um * scale;
    const double room = fmax(wide, is_slice ? 240.0 : 140.0);
    st_text_add(out, "<figure class=\"still\"><h3>");
    st_html_text(out, title);
    st_text_addf(out,
                 "</h3>\n<svg role=\"img\" style=\"max-width:%.0fpx\" viewBox=\"0 0 %.1f %.1f\" "
                 "aria-label=\"",
                 room + 2.0, room + 2.0, tall + FOOT);
    st_html_text(out, alt);
    st_text_addf(out,
                 "\">\n<rect class=\"page\" x=\"1\" y=\"1\" width=\"%.1f\" height=\"%.1f\"/>"
                 "<image x=\"1\" y=\"1\" width=\"%.1f\" height=\"%.1f\" "
                 "preserveAspectRatio=\"none\"%s href=\"",
                 wide, tall, wide, tall, is_slice ? " style=\"image-rendering:pixelated\"" : "");
    st_text_add_bytes(out, p->png, p->png_length);
    st_text_addf(out, "\"/><rect class=\"grid\" x=\"1\" y=\"1\" width=\"%.1f\" height=\"%.1f\"/>\n",
                 wide, tall);
    add_bar(out, p, wide, tall + 14.0);
    if (is_slice) {
        add_levels(out, p, id, fmax(wide, room), tall + 14.0);
    }
    st_text_add(out, "</svg></figure>\n");
}

static st_words size_text(const picture* p)
{
    st_words w;
    const bool is_mm = fmax(p->wide_um, p->tall_um) >= 1000.0;
    const double f = is_mm ? 1e-3 : 1.0;
    const st_words a = st_words_precise(p->wide_um * f, 3);
    const st_words b = st_words_precise(p->tall_um * f, 3);
    snprintf(w.text, sizeof w.text, "%.24s × %.24s %s", a.text, b.text, is_mm ? "mm" : "µm");
    return w;
}

// --- cells

static void add_key(st_text* out, const st_tissue_story* s, const int* output, int outputs)
{
    st_text_add(out, "<ul class=\"key\" aria-label=\"Colours of the pictures\">");
    for (int k = 0; k < s->kind_count; k++) {
        uint8_t rgb[3];
        bool is_seen = false;
        for (int i = 0; i < outputs; i++) {
            is_seen = is_seen || s->kind[k].count[output[i]] > 0.0;
        }
        if (is_seen) {
            st_agents_view_colour(s->kind[k].colour, rgb);
            st_text_addf(out,
                         "<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><circle cx=\"7\" "
                         "cy=\"7\" r=\"7\" fill=\"#%02x%02x%02x\"/></svg>",
                         rgb[0], rgb[1], rgb[2]);
            st_html_text(out, s->kind[k].label);
            st_text_add(out, "</li>");
        }
    }
    st_text_add(out, "<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect width=\"14\" "
                     "height=\"14\" fill=\"#e8e8e4\" stroke=\"#888\"/></svg>tissue</li></ul>\n");
}

/// The still of one output; false when it is not there.
static bool add_still(st_text* out, const st_tissue_story* s, int output, picture* about)
{
    char name[64];
    char id[40];
    char title[120];
    char alt[300];
    picture p;
    snprintf(name, sizeof name, "cells_%06d.svg", output);
    const bool is_read = read_picture(out, s, name, &p);
    if (is_read) {
        const st_words when = st_tissue_page_time(s, output);
        const st_words count = st_words_whole((int64_t)floor(s->total[output] + 0.5));
        snprintf(id, sizeof id, "still-%d", output);
        snprintf(title, sizeof title, "%c%.39s: %.39s cells", when.text[0] - 'a' + 'A',
                 when.text + 1, count.text);
        snprintf(alt, sizeof alt,
                 "Cells as balls on %.40s, cut through the middle of the tissue, seen along %c; %c "
                 "to the right, %c upward; %.40s",
                 when.text, p.axes[2], p.axes[0], p.axes[1], size_text(&p).text);
        add_picture(out, &p, id, title, alt);
        *about = p;
    }
    st_free(s->ctx, p.svg);
    about->svg = NULL;
    return is_read;
}

static void add_stills(st_text* out, const st_tissue_story* s, const int* output, int outputs)
{
    picture about = {.axes = ""};
    int count = 0;
    st_text_add(out, "<div class=\"stills\">\n");
    for (int i = 0; i < outputs; i++) {
        count += add_still(out, s, output[i], &about);
    }
    st_text_add(out, "</div>\n");
    if (count == 0) {
        st_text_add(out, "<p>The pictures of this run are not in its folder.</p>\n");
        return;
    }
    add_key(out, s, output, outputs);
    st_text_addf(out,
                 "<p class=\"note\">Seen along %c, %c to the right, %c upward; %s. The tissue is "
                 "cut through the middle: cells before the cut are left out, those behind it are "
                 "balls of their own size, darker the farther they are.</p>\n",
                 about.axes[2], about.axes[0], about.axes[1], size_text(&about).text);
}

void st_tissue_page_stills_section(st_text* out, const st_tissue_story* s)
{
    const int output[2] = {0, s->time_count - 1};
    if (s->kind_count == 0) {
        return;
    }
    st_text_add(out, "<section id=\"stills\"><h2>What it looks like</h2>\n");
    add_stills(out, s, output, s->time_count > 1 ? 2 : 1);
    st_text_add(out, "</section>\n");
}

void st_tissue_page_stills_last(st_text* out, const st_tissue_story* s)
{
    const int output = s->time_count - 1;
    if (s->kind_count > 0) {
        picture about = {.axes = ""};
        if (add_still(out, s, output, &about)) {
            add_key(out, s, &output, 1);
        }
    }
}

// --- slices of fields

static void add_slice(st_text* out, const st_tissue_story* s, int slice, const char* field,
                      int output)
{
    char name[256];
    char id[40];
    char title[200];
    char alt[400];
    picture p;
    snprintf(name, sizeof name, "slice_%d_%.200s_%06d.svg", slice, field, output);
    if (read_picture(out, s, name, &p)) {
        const st_words when = st_tissue_page_time(s, output);
        snprintf(id, sizeof id, "slice-%d-%d", slice, output);
        snprintf(title, sizeof title, "%.100s, %.60s", field, when.text);
        snprintf(alt, sizeof alt,
                 "Slice of %.100s on %.60s at %c = %.6g µm; %c to the right, %c upward; %.40s",
                 field, when.text, p.axes[2], p.at_um, p.axes[0], p.axes[1], size_text(&p).text);
        add_picture(out, &p, id, title, alt);
    }
    st_free(s->ctx, p.svg);
}

void st_tissue_page_stills_slices(st_text* out, const st_tissue_story* s)
{
    int count = 0;
    for (int r = 0; r < st_table_row_count(s->about); r++) {
        const char* what = st_table_cell(s->about, r, 0);
        const char* field = st_table_cell(s->about, r, 1);
        if (strncmp(what, "slice_", 6) != 0 || strcmp(field, "media") == 0) {
            continue;
        }
        if (count++ == 0) {
            st_text_add(out, "<h3>Slices at the start and at the end</h3>\n");
        }
        const int slice = (int)strtol(what + 6, NULL, 10);
        st_text_add(out, "<div class=\"stills\">\n");
        add_slice(out, s, slice, field, 0);
        if (s->time_count > 1) {
            add_slice(out, s, slice, field, s->time_count - 1);
        }
        st_text_add(out, "</div>\n");
    }
    if (count > 0) {
        st_text_add(out,
                    "<p class=\"note\">Each picture has its own scale of colours, from 0 to its "
                    "highest level; where there is no tissue it is white.</p>\n");
    }
}
