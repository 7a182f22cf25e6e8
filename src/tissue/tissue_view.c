// What other programs can read: VTK images and slices as pictures.

#include "tissue/state.h"

#include "base/png.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define V ST_BRICK_VOXELS
/// Voxels of the bounding box that a VTK image may have.
#define IMAGE_LIMIT ((size_t)1 << 28)
/// Pixels along the longer edge of a picture, about.
#define PICTURE_EDGE 480

static void bounds(const st_tissue* t, int low[3], int size[3])
{
    int high[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        low[i] = t->size[i];
    }
    for (int b = 0; b < st_tissue_brick_count(t); b++) {
        int at[3];
        st_tissue_brick_voxel(t, b, at);
        for (int i = 0; i < 3; i++) {
            const int first = at[i] > 0 ? at[i] : 0;
            const int last =
                at[i] + ST_BRICK_EDGE < t->size[i] ? at[i] + ST_BRICK_EDGE : t->size[i];
            low[i] = first < low[i] ? first : low[i];
            high[i] = last > high[i] ? last : high[i];
        }
    }
    for (int i = 0; i < 3; i++) {
        size[i] = high[i] - low[i];
    }
}

// Appended raw data: a length in 8 bytes, then the values.
static void put_length(char* to, uint64_t length)
{
    memcpy(to, &length, sizeof length);
}

st_status st_tissue_view_vti(st_ctx* ctx, const st_tissue* t, char** out, size_t* length)
{
    int low[3];
    int size[3];
    bounds(t, low, size);
    const size_t count = (size_t)size[0] * (size_t)size[1] * (size_t)size[2];
    if (count > IMAGE_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "tissue: an image of %d x %d x %d voxels is too large for VTK output",
                       size[0], size[1], size[2]);
    }
    st_text head;
    st_text_init(&head, ctx);
    st_text_addf(&head,
                 "<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" version=\"1.0\" "
                 "byte_order=\"LittleEndian\" header_type=\"UInt64\">\n<ImageData "
                 "WholeExtent=\"0 %d 0 %d 0 %d\" Origin=\"%.17g %.17g %.17g\" Spacing=\"%.17g "
                 "%.17g %.17g\">\n<Piece Extent=\"0 %d 0 %d 0 %d\">\n<CellData>\n",
                 size[0], size[1], size[2], t->origin_um[0] + low[0] * t->voxel_um[0],
                 t->origin_um[1] + low[1] * t->voxel_um[1],
                 t->origin_um[2] + low[2] * t->voxel_um[2], t->voxel_um[0], t->voxel_um[1],
                 t->voxel_um[2], size[0], size[1], size[2]);
    st_text_add(&head,
                "<DataArray type=\"UInt8\" Name=\"medium\" format=\"appended\" offset=\"0\"/>\n");
    size_t offset = 8 + count;
    for (int f = 0; f < t->field_count; f++) {
        st_text_addf(&head,
                     "<DataArray type=\"Float32\" Name=\"%s_M\" format=\"appended\" "
                     "offset=\"%zu\"/>\n",
                     t->field[f]->name, offset);
        offset += 8 + 4 * count;
    }
    const size_t matrix = offset;
    for (int m = 0; m < t->matrix_count; m++) {
        st_text_addf(&head,
                     "<DataArray type=\"Float64\" Name=\"%s\" format=\"appended\" "
                     "offset=\"%zu\"/>\n",
                     t->matrix[m].name, offset);
        offset += 8 + 8 * count;
    }
    st_text_add(&head, "</CellData>\n</Piece>\n</ImageData>\n<AppendedData encoding=\"raw\">\n_");
    static const char tail[] = "\n</AppendedData>\n</VTKFile>\n";
    char* data = head.failed ? NULL : st_alloc(ctx, head.length + offset + sizeof tail, 1);
    if (!data) {
        st_text_clear(&head);
        return ST_ERR_MEMORY;
    }
    memcpy(data, head.data, head.length);
    char* media = data + head.length;
    put_length(media, count);
    for (int f = 0; f < t->field_count; f++) {
        put_length(media + 8 + count + (size_t)f * (8 + 4 * count), 4 * count);
    }
    for (int m = 0; m < t->matrix_count; m++) {
        put_length(media + matrix + (size_t)m * (8 + 8 * count), 8 * count);
    }
    for (int b = 0; b < st_tissue_brick_count(t); b++) {
        int at[3];
        st_tissue_brick_voxel(t, b, at);
        const uint8_t* medium = st_tissue_brick_media(t, b);
        for (int v = 0; v < V; v++) {
            if (!medium[v]) {
                continue;
            }
            const size_t x = (size_t)(at[0] + (v & 7) - low[0]);
            const size_t y = (size_t)(at[1] + (v >> 3 & 7) - low[1]);
            const size_t z = (size_t)(at[2] + (v >> 6) - low[2]);
            const size_t to = (z * (size_t)size[1] + y) * (size_t)size[0] + x;
            media[8 + to] = (char)medium[v];
            for (int f = 0; f < t->field_count; f++) {
                memcpy(media + 8 + count + (size_t)f * (8 + 4 * count) + 8 + 4 * to,
                       &t->field[f]->level[(size_t)b * V + (size_t)v], 4);
            }
            for (int m = 0; m < t->matrix_count; m++) {
                memcpy(media + matrix + (size_t)m * (8 + 8 * count) + 8 + 8 * to,
                       &t->matrix[m].value[(size_t)b * V + (size_t)v], 8);
            }
        }
    }
    memcpy(media + offset, tail, sizeof tail - 1);
    *out = data;
    *length = head.length + offset + sizeof tail - 1;
    st_text_clear(&head);
    return ST_OK;
}

// --- pictures
// -----------------------------------------------------------------------------------

// Dark blue to yellow through green, even in lightness for the eye; nothing is white.
static void level_colour(double part, unsigned char rgb[3])
{
    static const unsigned char stops[5][3] = {
        {68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}};
    part = part < 0.0 ? 0.0 : part > 1.0 ? 1.0 : part;
    const int i = part < 1.0 ? (int)(part * 4.0) : 3;
    const double rest = part * 4.0 - i;
    for (int k = 0; k < 3; k++) {
        rgb[k] = (unsigned char)(stops[i][k] + rest * (stops[i + 1][k] - stops[i][k]) + 0.5);
    }
}

static void medium_colour(int medium, unsigned char rgb[3])
{
    static const unsigned char colours[8][3] = {{0, 114, 178},   {230, 159, 0},  {0, 158, 115},
                                                {204, 121, 167}, {86, 180, 233}, {213, 94, 0},
                                                {240, 228, 66},  {120, 120, 120}};
    memcpy(rgb, colours[(medium - 1) % 8], 3);
}

// Levels are shown in the power of a thousand that fits.
static const char* show_unit(double level_M, double* factor)
{
    static const char* const units[5] = {"M", "mM", "uM", "nM", "pM"};
    *factor = 1.0;
    int i = 0;
    while (i < 4 && level_M * *factor < 1.0) {
        *factor *= 1e3;
        i++;
    }
    return units[i];
}

static void add_legend(st_text* svg, const st_tissue_plan* plan, const st_slice_plan* s,
                       double high_M, double left, double top)
{
    if (s->field < 0) {
        for (int m = 1; m <= st_tissue_plan_medium_count(plan); m++) {
            unsigned char rgb[3];
            medium_colour(m, rgb);
            if (st_tissue_plan_is_bath(plan, m)) {
                continue;
            }
            st_text_addf(svg,
                         "<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"14\" "
                         "fill=\"rgb(%d,%d,%d)\"/><text x=\"%.1f\" y=\"%.1f\">",
                         left, top + 20 * m, rgb[0], rgb[1], rgb[2], left + 20, top + 20 * m + 12);
            st_text_add_xml(svg, st_tissue_plan_medium(plan, m));
            st_text_add(svg, "</text>\n");
        }
        return;
    }
    double factor;
    const char* unit = show_unit(high_M, &factor);
    for (int i = 0; i < 50; i++) {
        unsigned char rgb[3];
        level_colour((49.5 - i) / 50.0, rgb);
        st_text_addf(svg,
                     "<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"4.2\" "
                     "fill=\"rgb(%d,%d,%d)\"/>\n",
                     left, top + 20 + 4 * i, rgb[0], rgb[1], rgb[2]);
    }
    for (int i = 0; i <= 4; i++) {
        st_text_addf(svg, "<text x=\"%.1f\" y=\"%.1f\">%.4g</text>\n", left + 20,
                     top + 225 - 50 * i, high_M * factor * i / 4.0);
    }
    st_text_addf(svg, "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", left, top + 12, unit);
}

static st_status draw(st_ctx* ctx, const st_tissue* t, const st_tissue_plan* plan, int slice,
                      double high_M, unsigned char* rgba, st_text* svg)
{
    static const char names[] = "xyz";
    const st_slice_plan* s = st_tissue_plan_slice(plan, slice);
    const int across = s->axis == 0 ? 1 : 0;
    const int up = s->axis == 2 ? 1 : 2;
    const int width = t->size[across];
    const int height = t->size[up];
    int voxel[3];
    voxel[s->axis] = (int)((s->at_um - t->origin_um[s->axis]) / t->voxel_um[s->axis]);
    for (int pass = high_M > 0.0 ? 1 : 0; pass < 2; pass++) {
        for (int i = 0; i < width * height; i++) {
            voxel[across] = i % width;
            voxel[up] = height - 1 - i / width;
            const int medium = st_tissue_medium(t, voxel);
            const double level =
                s->field >= 0 && medium ? st_tissue_level_M(t, s->field, voxel) : 0.0;
            if (pass == 0) {
                high_M = level > high_M ? level : high_M;
            } else if (medium) {
                if (s->field >= 0) {
                    level_colour(high_M > 0.0 ? level / high_M : 0.0, rgba + 4 * (size_t)i);
                } else {
                    medium_colour(medium, rgba + 4 * (size_t)i);
                }
                rgba[4 * (size_t)i + 3] = 255;
            }
        }
    }
    st_text png;
    st_text_init(&png, ctx);
    // one pixel per voxel; where there is no tissue it is clear
    const st_status status = st_png_add(&png, rgba, width, height, 4, 6);
    if (status != ST_OK) {
        st_text_clear(&png);
        return status;
    }
    const double wide = width * t->voxel_um[across];
    const double high = height * t->voxel_um[up];
    const double scale = PICTURE_EDGE / (wide > high ? wide : high);
    double bar = 1.0; // the power of ten that fits into 0.4 of the width
    while (bar * 10.0 <= 0.4 * wide) {
        bar *= 10.0;
    }
    st_text_addf(svg,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                 "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" "
                 "height=\"100%%\" fill=\"white\"/>\n<text x=\"20\" y=\"20\">",
                 wide * scale + 160, fmax(high * scale, 240.0) + 80);
    st_text_add_xml(svg, st_tissue_plan_title(plan));
    st_text_addf(svg, "</text>\n<text x=\"20\" y=\"36\">%s, %c = %g um, %g min</text>\n",
                 s->field >= 0 ? t->field[s->field]->name : "media", names[s->axis], s->at_um,
                 t->time_min);
    st_text_addf(svg,
                 "<image x=\"20\" y=\"46\" width=\"%.1f\" height=\"%.1f\" data-minutes=\"%.9g\" "
                 "data-wide-um=\"%.9g\" data-tall-um=\"%.9g\" data-axes=\"%c%c%c\" "
                 "data-at-um=\"%.9g\" data-high-M=\"%.9g\" "
                 "preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" "
                 "href=\"data:image/png;base64,",
                 wide * scale, high * scale, t->time_min, wide, high, names[across], names[up],
                 names[s->axis], s->at_um, s->field >= 0 ? high_M : 0.0);
    st_png_add_base64(svg, png.data, png.length);
    st_text_addf(svg,
                 "\"/>\n<rect x=\"20\" y=\"46\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
                 "stroke=\"#888\"/>\n",
                 wide * scale, high * scale);
    st_text_addf(
        svg,
        "<line x1=\"20\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"black\" "
        "stroke-width=\"3\"/><text x=\"20\" y=\"%.1f\">%g um along %c, %c upwards</text>\n",
        20 + bar * scale, high * scale + 54, high * scale + 54, high * scale + 70, bar,
        names[across], names[up]);
    add_legend(svg, plan, s, high_M, wide * scale + 40, 46);
    st_text_add(svg, "</svg>\n");
    st_text_clear(&png);
    return svg->failed ? ST_ERR_MEMORY : ST_OK;
}

st_status st_tissue_view_slice(st_ctx* ctx, const st_tissue* t, const st_tissue_plan* plan,
                               int slice, double high_M, char** out, size_t* length)
{
    const st_slice_plan* s = st_tissue_plan_slice(plan, slice);
    const size_t width = (size_t)t->size[s->axis == 0 ? 1 : 0];
    const size_t height = (size_t)t->size[s->axis == 2 ? 1 : 2];
    if (width * height > (size_t)1 << 26) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: a slice of %zu x %zu voxels is too large", width,
                       height);
    }
    unsigned char* rgba = st_alloc(ctx, 4 * width * height, 1);
    if (!rgba) {
        return ST_ERR_MEMORY;
    }
    st_text svg;
    st_text_init(&svg, ctx);
    const st_status status = draw(ctx, t, plan, slice, high_M, rgba, &svg);
    st_free(ctx, rgba);
    if (status != ST_OK) {
        st_text_clear(&svg);
        return status;
    }
    *out = svg.data;
    *length = svg.length;
    return ST_OK;
}
