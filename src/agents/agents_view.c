// A still: cells behind a cut through the middle of the box as shaded balls over the tissue's
// shadow, in a picture with legend and scale.

#include "engine.h"

#include "base/png.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LONG_EDGE   760 ///< pixels
#define MARGIN      20
#define LEGEND_ROW  20
#define LEGEND_WIDE 300
#define LETTER_WIDE 8.2 ///< pixels of a letter of the legend, rather too much than too little

static const uint8_t SHADOW[3] = {232, 232, 228};

typedef struct canvas {
    const st_agents* a;
    int axis, across, up; ///< box axes: of sight, to the right, upward
    double low[3], high[3], um_per_pixel;
    int width, height;
    uint8_t* rgb;
    float* depth;
} canvas;

static int column_of(const canvas* c, double um)
{
    return (int)floor((um - c->low[c->across]) / c->um_per_pixel);
}

static int row_of(const canvas* c, double um)
{
    return (int)floor((c->high[c->up] - um) / c->um_per_pixel);
}

static void paint(canvas* c, int x, int y, float depth, const double rgb[3])
{
    if (x < 0 || y < 0 || x >= c->width || y >= c->height) {
        return;
    }
    const size_t at = (size_t)y * (size_t)c->width + (size_t)x;
    if (depth > c->depth[at]) {
        c->depth[at] = depth;
        for (int i = 0; i < 3; i++) {
            c->rgb[3u * at + (size_t)i] = (uint8_t)fmin(fmax(rgb[i], 0.0), 255.0);
        }
    }
}

/// Where tissue lies anywhere along the line of sight.
static void paint_shadow(canvas* c)
{
    const double grey[3] = {SHADOW[0], SHADOW[1], SHADOW[2]};
    for (int b = 0; b < c->a->brick_count; b++) {
        int low[3];
        const uint8_t* medium = st_tissue_brick_media(c->a->tissue, b);
        st_tissue_brick_voxel(c->a->tissue, b, low);
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            const int at[3] = {low[0] + v % ST_BRICK_EDGE,
                               low[1] + v / ST_BRICK_EDGE % ST_BRICK_EDGE,
                               low[2] + v / (ST_BRICK_EDGE * ST_BRICK_EDGE)};
            const st_tissue_frame* f = &c->a->frame;
            const double u = f->origin_um[c->across] + at[c->across] * f->voxel_um[c->across];
            const double w = f->origin_um[c->up] + at[c->up] * f->voxel_um[c->up];
            for (int y = row_of(c, w + f->voxel_um[c->up]); medium[v] != 0 && y <= row_of(c, w);
                 y++) {
                for (int x = column_of(c, u); x <= column_of(c, u + f->voxel_um[c->across]); x++) {
                    paint(c, x, y, -3e38F, grey);
                }
            }
        }
    }
}

/// One ball: the nearest surface wins, light comes from the upper left in front.
static void paint_ball(canvas* c, const double at[3], double radius_um, const uint8_t colour[3])
{
    const double r = fmax(radius_um, 0.8 * c->um_per_pixel);
    const double middle = 0.5 * (c->low[c->axis] + c->high[c->axis]);
    const double far = (at[c->axis] - c->low[c->axis]) / (middle - c->low[c->axis]);
    for (int y = row_of(c, at[c->up] + r); y <= row_of(c, at[c->up] - r); y++) {
        for (int x = column_of(c, at[c->across] - r); x <= column_of(c, at[c->across] + r); x++) {
            const double du = (c->low[c->across] + (x + 0.5) * c->um_per_pixel - at[c->across]) / r;
            const double dv = (c->high[c->up] - (y + 0.5) * c->um_per_pixel - at[c->up]) / r;
            const double d2 = du * du + dv * dv;
            if (d2 <= 1.0) {
                const double n = sqrt(1.0 - d2);
                const double light = 0.45 + 0.6 * fmax(0.0, 0.75 * n - 0.35 * du + 0.55 * dv);
                const double shade = light * (0.65 + 0.35 * fmin(fmax(far, 0.0), 1.0));
                const double rgb[3] = {shade * colour[0], shade * colour[1], shade * colour[2]};
                paint(c, x, y, (float)(at[c->axis] + n * r), rgb);
            }
        }
    }
}

static void paint_cells(canvas* c)
{
    const double middle = 0.5 * (c->low[c->axis] + c->high[c->axis]);
    for (int64_t s = 0; s < st_cells_count(c->a->cells); s++) {
        double at[3];
        st_cells_position(c->a->cells, s, at);
        if (at[c->axis] <= middle) {
            uint8_t rgb[3];
            st_agents_view_colour(st_cells_type_of(c->a->cells, s), rgb);
            paint_ball(c, at, st_cells_radius(c->a->cells, s), rgb);
        }
    }
}

// --- SVG
// -----------------------------------------------------------------------------------------------

/// A length of one, two or five times a power of ten near a fifth of the picture.
static double scale_bar(double wide_um)
{
    static const double steps[3] = {1.0, 2.0, 5.0};
    double best = 1.0;
    for (double ten = 0.1; ten < 1e7; ten *= 10.0) {
        for (int i = 0; i < 3; i++) {
            best = steps[i] * ten <= 0.25 * wide_um ? steps[i] * ten : best;
        }
    }
    return best;
}

static void add_legend(const canvas* c, st_text* svg)
{
    static const char* const axes[] = {"x", "y", "z"};
    const int x = c->width + 2 * MARGIN;
    int y = MARGIN + 14;
    const double bar = scale_bar(c->width * c->um_per_pixel);
    st_text_addf(svg, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%.4g days</text>\n", x, y,
                 st_agents_time_min(c->a) / ST_MIN_PER_DAY);
    y += LEGEND_ROW;
    st_text_addf(svg,
                 "<text x=\"%d\" y=\"%d\">seen along %s, cut through the middle;</text>\n"
                 "<text x=\"%d\" y=\"%d\">%s to the right, %s upward</text>\n",
                 x, y, axes[c->axis], x, y + LEGEND_ROW, axes[c->across], axes[c->up]);
    y += 2 * LEGEND_ROW + 6;
    for (int k = 0; k < c->a->bio.kind_count; k++) {
        const int64_t count = st_cells_type_cell_count(c->a->cells, k);
        uint8_t rgb[3];
        st_agents_view_colour(k, rgb);
        if (count > 0) {
            st_text_addf(svg,
                         "<circle cx=\"%d\" cy=\"%d\" r=\"7\" fill=\"rgb(%d,%d,%d)\"/>"
                         "<text x=\"%d\" y=\"%d\">%s: %lld cells</text>\n",
                         x + 7, y - 4, rgb[0], rgb[1], rgb[2], x + 22, y, c->a->bio.kind[k].name,
                         (long long)count);
            y += LEGEND_ROW;
        }
    }
    st_text_addf(svg,
                 "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" fill=\"rgb(%d,%d,%d)\"/>"
                 "<text x=\"%d\" y=\"%d\">tissue</text>\n",
                 x, y - 11, SHADOW[0], SHADOW[1], SHADOW[2], x + 22, y);
    y += LEGEND_ROW + 12;
    st_text_addf(svg,
                 "<path d=\"M%d %dh%.2f\" stroke=\"#222\" stroke-width=\"3\"/>"
                 "<text x=\"%d\" y=\"%d\">%g um</text>\n",
                 x, y, bar / c->um_per_pixel, x, y + LEGEND_ROW, bar);
}

/// Room for the legend: its rows, and pixels of its longest text.
static int legend_room(const canvas* c, double* wide)
{
    int rows = 0;
    *wide = LEGEND_WIDE;
    for (int k = 0; k < c->a->bio.kind_count; k++) {
        const int64_t count = st_cells_type_cell_count(c->a->cells, k);
        char number[32];
        const int digits = snprintf(number, sizeof number, "%lld", (long long)count);
        const size_t letters = strlen(c->a->bio.kind[k].name) + (size_t)digits + 8;
        rows += count > 0;
        *wide = count > 0 ? fmax(*wide, 22.0 + LETTER_WIDE * (double)letters) : *wide;
    }
    return rows;
}

static st_status make_svg(st_ctx* ctx, const canvas* c, st_text* svg)
{
    st_text png;
    st_text_init(&png, ctx);
    const st_status status = st_png_add(&png, c->rgb, c->width, c->height, 3, 9);
    double wide;
    static const char axes[] = "xyz";
    const int rows = legend_room(c, &wide) * LEGEND_ROW + 200;
    const int height = (c->height > rows ? c->height : rows) + 2 * MARGIN;
    st_text_addf(svg,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                 "font-family=\"sans-serif\" font-size=\"14\">\n"
                 "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                 "<image x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" data-minutes=\"%.9g\" "
                 "data-wide-um=\"%.9g\" data-tall-um=\"%.9g\" data-axes=\"%c%c%c\" "
                 "href=\"data:image/png;base64,",
                 c->width + 3 * MARGIN + (int)wide, height, MARGIN, MARGIN, c->width, c->height,
                 st_agents_time_min(c->a), c->width * c->um_per_pixel, c->height * c->um_per_pixel,
                 axes[c->across], axes[c->up], axes[c->axis]);
    if (status == ST_OK) {
        st_png_add_base64(svg, png.data, png.length);
    }
    st_text_add(svg, "\"/>\n");
    add_legend(c, svg);
    st_text_add(svg, "</svg>\n");
    st_text_clear(&png);
    return status != ST_OK ? status : svg->failed ? ST_ERR_MEMORY : ST_OK;
}

/// The box around all bricks.
static void find_frame(canvas* c)
{
    const st_tissue_frame* f = &c->a->frame;
    for (int i = 0; i < 3; i++) {
        c->low[i] = f->origin_um[i];
        c->high[i] = f->origin_um[i] + f->size[i] * f->voxel_um[i];
    }
    const double wide = c->high[c->across] - c->low[c->across];
    const double tall = c->high[c->up] - c->low[c->up];
    c->um_per_pixel = (wide > tall ? wide : tall) / LONG_EDGE;
    c->width = (int)ceil(wide / c->um_per_pixel);
    c->height = (int)ceil(tall / c->um_per_pixel);
}

st_status st_agents_view_svg(st_ctx* ctx, st_agents* agents, int axis, char** out, size_t* length)
{
    *out = NULL;
    *length = 0;
    if (axis < 0 || axis > 2) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: axis %d, expected 0, 1 or 2", axis);
    }
    canvas c = {.a = agents, .axis = axis, .across = axis == 0 ? 1 : 0, .up = axis == 2 ? 1 : 2};
    find_frame(&c);
    const size_t pixels = (size_t)c.width * (size_t)c.height;
    c.rgb = st_alloc(ctx, pixels, 3);
    c.depth = st_alloc(ctx, pixels, sizeof *c.depth);
    st_status status = c.rgb && c.depth ? ST_OK : ST_ERR_MEMORY;
    st_text svg;
    st_text_init(&svg, ctx);
    if (status == ST_OK) {
        memset(c.rgb, 255, 3u * pixels);
        for (size_t i = 0; i < pixels; i++) {
            c.depth[i] = -INFINITY;
        }
        paint_shadow(&c);
        paint_cells(&c);
        status = make_svg(ctx, &c, &svg);
    }
    st_free(ctx, c.rgb);
    st_free(ctx, c.depth);
    if (status != ST_OK) {
        st_text_clear(&svg);
        return status;
    }
    *out = svg.data;
    *length = svg.length;
    return ST_OK;
}
