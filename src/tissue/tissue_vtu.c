// The voxels that are tissue, and only these, as an unstructured VTK grid.

#include "tissue/state.h"

#include "base/table.h"

#include <stdio.h>
#include <string.h>

#define V ST_BRICK_VOXELS
/// Corners of a brick's voxels along an edge.
#define C (ST_BRICK_EDGE + 1)
/// Voxels that a file may have.
#define VOXEL_LIMIT ((int64_t)1 << 27)
#define VTK_VOXEL   11

// Corners of the voxels of one brick: numbered in x, y, z order, only those in use.
typedef struct corners {
    int32_t number[C * C * C]; ///< -1 = not in use
    int count;
} corners;

static void find_corners(const uint8_t* medium, corners* c)
{
    memset(c->number, 0xff, sizeof c->number);
    c->count = 0;
    for (int v = 0; v < V; v++) {
        for (int k = 0; k < 8 && medium[v]; k++) {
            const int x = (v & 7) + (k & 1);
            const int y = (v >> 3 & 7) + (k >> 1 & 1);
            const int z = (v >> 6) + (k >> 2);
            c->number[(z * C + y) * C + x] = 0;
        }
    }
    for (int i = 0; i < C * C * C; i++) {
        if (c->number[i] == 0) {
            c->number[i] = c->count++;
        }
    }
}

// Where each array begins behind the head: a length in 8 bytes, then the values.
typedef struct layout {
    size_t points, cells, point, connectivity, offset, type, medium, field, matrix, end;
} layout;

static layout plan_layout(const st_tissue* t)
{
    layout l = {0};
    corners c;
    for (int b = 0; b < st_tissue_brick_count(t); b++) {
        find_corners(st_tissue_brick_media(t, b), &c);
        l.points += (size_t)c.count;
    }
    l.cells = (size_t)st_tissue_voxel_count(t);
    l.connectivity = l.point + 8 + l.points * 3 * sizeof(float);
    l.offset = l.connectivity + 8 + l.cells * 8 * sizeof(int64_t);
    l.type = l.offset + 8 + l.cells * sizeof(int64_t);
    l.medium = l.type + 8 + l.cells;
    l.field = l.medium + 8 + l.cells;
    l.matrix = l.field + (size_t)t->field_count * (8 + l.cells * sizeof(float));
    l.end = l.matrix + (size_t)t->matrix_count * (8 + l.cells * sizeof(double));
    return l;
}

static void add_array(st_text* head, const char* type, const char* name, const char* suffix,
                      int components, size_t offset)
{
    st_text_addf(head, "<DataArray type=\"%s\" Name=\"%s%s\" ", type, name, suffix);
    if (components > 1) {
        st_text_addf(head, "NumberOfComponents=\"%d\" ", components);
    }
    st_text_addf(head, "format=\"appended\" offset=\"%zu\"/>\n", offset);
}

static void write_head(st_text* head, const st_tissue* t, const layout* l)
{
    st_text_addf(head,
                 "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" version=\"1.0\" "
                 "byte_order=\"LittleEndian\" header_type=\"UInt64\">\n<UnstructuredGrid>\n<Piece "
                 "NumberOfPoints=\"%zu\" NumberOfCells=\"%zu\">\n<Points>\n",
                 l->points, l->cells);
    add_array(head, "Float32", "um", "", 3, l->point);
    st_text_add(head, "</Points>\n<Cells>\n");
    add_array(head, "Int64", "connectivity", "", 1, l->connectivity);
    add_array(head, "Int64", "offsets", "", 1, l->offset);
    add_array(head, "UInt8", "types", "", 1, l->type);
    st_text_add(head, "</Cells>\n<CellData>\n");
    add_array(head, "UInt8", "medium", "", 1, l->medium);
    for (int f = 0; f < t->field_count; f++) {
        add_array(head, "Float32", t->field[f]->name, "_M", 1,
                  l->field + (size_t)f * (8 + l->cells * sizeof(float)));
    }
    for (int m = 0; m < t->matrix_count; m++) {
        add_array(head, "Float64", t->matrix[m].name, "", 1,
                  l->matrix + (size_t)m * (8 + l->cells * sizeof(double)));
    }
    st_text_add(head, "</CellData>\n</Piece>\n</UnstructuredGrid>\n"
                      "<AppendedData encoding=\"raw\">\n_");
}

static void put_length(char* data, size_t at, uint64_t length)
{
    memcpy(data + at, &length, sizeof length);
}

static void put_points(const st_tissue* t, int brick, const corners* c, char* to)
{
    int low[3];
    st_tissue_brick_voxel(t, brick, low);
    for (int i = 0; i < C * C * C; i++) {
        if (c->number[i] < 0) {
            continue;
        }
        const int at[3] = {low[0] + i % C, low[1] + i / C % C, low[2] + i / C / C};
        float um[3];
        for (int k = 0; k < 3; k++) {
            um[k] = (float)(t->origin_um[k] + at[k] * t->voxel_um[k]);
        }
        memcpy(to + (size_t)c->number[i] * sizeof um, um, sizeof um);
    }
}

static void put_cells(const st_tissue* t, int brick, const corners* c, const layout* l,
                      size_t first_point, size_t cell, char* data)
{
    const uint8_t* medium = st_tissue_brick_media(t, brick);
    for (int v = 0; v < V; v++) {
        if (!medium[v]) {
            continue;
        }
        int64_t corner[8];
        for (int k = 0; k < 8; k++) {
            const int x = (v & 7) + (k & 1);
            const int y = (v >> 3 & 7) + (k >> 1 & 1);
            const int z = (v >> 6) + (k >> 2);
            corner[k] = (int64_t)first_point + c->number[(z * C + y) * C + x];
        }
        const int64_t end = 8 * ((int64_t)cell + 1);
        const size_t at = (size_t)brick * V + (size_t)v;
        memcpy(data + l->connectivity + 8 + cell * sizeof corner, corner, sizeof corner);
        memcpy(data + l->offset + 8 + cell * sizeof end, &end, sizeof end);
        data[l->type + 8 + cell] = VTK_VOXEL;
        data[l->medium + 8 + cell] = (char)medium[v];
        for (int f = 0; f < t->field_count; f++) {
            const size_t to = l->field + (size_t)f * (8 + l->cells * sizeof(float));
            memcpy(data + to + 8 + cell * sizeof(float), &t->field[f]->level[at], sizeof(float));
        }
        for (int m = 0; m < t->matrix_count; m++) {
            const size_t to = l->matrix + (size_t)m * (8 + l->cells * sizeof(double));
            memcpy(data + to + 8 + cell * sizeof(double), &t->matrix[m].value[at], sizeof(double));
        }
        cell++;
    }
}

static void put_lengths(const st_tissue* t, const layout* l, char* data)
{
    put_length(data, l->point, l->points * 3 * sizeof(float));
    put_length(data, l->connectivity, l->cells * 8 * sizeof(int64_t));
    put_length(data, l->offset, l->cells * sizeof(int64_t));
    put_length(data, l->type, l->cells);
    put_length(data, l->medium, l->cells);
    for (int f = 0; f < t->field_count; f++) {
        const size_t size = l->cells * sizeof(float);
        put_length(data, l->field + (size_t)f * (8 + size), size);
    }
    for (int m = 0; m < t->matrix_count; m++) {
        const size_t size = l->cells * sizeof(double);
        put_length(data, l->matrix + (size_t)m * (8 + size), size);
    }
}

st_status st_tissue_view_vtu(st_ctx* ctx, const st_tissue* t, char** out, size_t* length)
{
    static const char tail[] = "\n</AppendedData>\n</VTKFile>\n";
    *out = NULL;
    if (st_tissue_voxel_count(t) > VOXEL_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "tissue: %lld voxels are too many for an unstructured VTK file",
                       (long long)st_tissue_voxel_count(t));
    }
    const layout l = plan_layout(t);
    st_text head;
    st_text_init(&head, ctx);
    write_head(&head, t, &l);
    char* data = head.failed ? NULL : st_alloc(ctx, head.length + l.end + sizeof tail, 1);
    if (!data) {
        st_text_clear(&head);
        return ST_ERR_MEMORY;
    }
    memcpy(data, head.data, head.length);
    char* raw = data + head.length;
    put_lengths(t, &l, raw);
    size_t point = 0;
    size_t cell = 0;
    for (int b = 0; b < st_tissue_brick_count(t); b++) {
        corners c;
        const uint8_t* medium = st_tissue_brick_media(t, b);
        find_corners(medium, &c);
        put_points(t, b, &c, raw + l.point + 8 + point * 3 * sizeof(float));
        put_cells(t, b, &c, &l, point, cell, raw);
        point += (size_t)c.count;
        for (int v = 0; v < V; v++) {
            cell += medium[v] != 0;
        }
    }
    memcpy(raw + l.end, tail, sizeof tail - 1);
    *out = data;
    *length = head.length + l.end + sizeof tail - 1;
    st_text_clear(&head);
    return ST_OK;
}
