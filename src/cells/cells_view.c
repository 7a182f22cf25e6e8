// Cells as points for VTK and ParaView.

#include "base/table.h"
#include "cells/cells_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct place {
    uint64_t id;
    int64_t slot;
} place;

static int by_id(const void* left, const void* right)
{
    const uint64_t a = ((const place*)left)->id;
    const uint64_t b = ((const place*)right)->id;
    return a < b ? -1 : a > b;
}

static void add_escaped(st_text* text, const char* name)
{
    for (; *name; name++) {
        const char c = *name;
        if (c == '<' || c == '>' || c == '&' || c == '"') {
            st_text_addf(text, "&#%d;", c);
        } else {
            st_text_add_bytes(text, name, 1);
        }
    }
}

static void add_array(st_text* head, const char* type, const char* name, int components,
                      size_t width, int64_t count, size_t* offset)
{
    st_text_addf(head, "<DataArray type=\"%s\" Name=\"", type);
    add_escaped(head, name);
    st_text_addf(head, "\" NumberOfComponents=\"%d\" format=\"appended\" offset=\"%zu\"/>\n",
                 components, *offset);
    *offset += 8 + (size_t)count * width;
}

static void add_head(st_text* head, const st_cells* cells, size_t* offset)
{
    const int64_t n = cells->count;
    static const char* const kinds[] = {"Float32", "Float64", "UInt32"};
    st_text_add(head, "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" "
                      "version=\"1.0\" byte_order=\"LittleEndian\" header_type=\"UInt64\">\n");
    st_text_add(head, "<!-- types:");
    for (int t = 0; t < cells->def.type_count; t++) {
        st_text_addf(head, " %d ", t);
        for (const char* c = cells->type[t].name; *c; c++) {
            st_text_add_bytes(head, *c == '-' ? "_" : c, 1); // "--" ends no comment
        }
    }
    st_text_addf(head,
                 " -->\n<UnstructuredGrid>\n<Piece NumberOfPoints=\"%lld\" "
                 "NumberOfCells=\"%d\">\n<PointData>\n",
                 (long long)n, n > 0 ? 1 : 0);
    add_array(head, "UInt64", "id", 1, 8, n, offset);
    add_array(head, "UInt8", "type", 1, 1, n, offset);
    add_array(head, "Float32", "radius_um", 1, 4, n, offset);
    add_array(head, "Float32", "pressure", 1, 4, n, offset);
    add_array(head, "UInt8", "is_asleep", 1, 1, n, offset);
    for (int i = 0; i < cells->column_count; i++) {
        const st_column_kind kind = cells->column[i].kind;
        add_array(head, kinds[kind], cells->column[i].name, 1, kind == ST_COLUMN_DOUBLE ? 8 : 4, n,
                  offset);
    }
    st_text_add(head, "</PointData>\n<Points>\n");
    add_array(head, "Float32", "position_um", 3, 12, n, offset);
    st_text_add(head, "</Points>\n<Cells>\n");
    add_array(head, "Int64", "connectivity", 1, 8, n, offset);
    add_array(head, "Int64", "offsets", 1, 8, n > 0, offset);
    add_array(head, "UInt8", "types", 1, 1, n > 0, offset);
    st_text_add(head, "</Cells>\n</Piece>\n</UnstructuredGrid>\n<AppendedData "
                      "encoding=\"raw\">\n_");
}

static char* put_length(char* to, uint64_t length)
{
    memcpy(to, &length, sizeof length);
    return to + sizeof length;
}

static char* put_column(char* to, const place* order, int64_t count, const void* from, size_t width)
{
    to = put_length(to, (uint64_t)count * width);
    for (int64_t i = 0; i < count; i++) {
        memcpy(to, (const char*)from + (size_t)order[i].slot * width, width);
        to += width;
    }
    return to;
}

static char* put_cells(char* to, const st_cells* cells, const place* order)
{
    const int64_t n = cells->count;
    to = put_column(to, order, n, cells->c.id, 8);
    to = put_length(to, (uint64_t)n);
    for (int64_t i = 0; i < n; i++) {
        *to++ = (char)(cells->c.body[order[i].slot].form & 255u);
    }
    to = put_length(to, (uint64_t)n * 4);
    for (int64_t i = 0; i < n; i++, to += 4) {
        const float radius = (float)st_cells_radius(cells, order[i].slot);
        memcpy(to, &radius, 4);
    }
    to = put_column(to, order, n, cells->c.pressure, 4);
    to = put_column(to, order, n, cells->c.rest, 1);
    for (int i = 0; i < cells->column_count; i++) {
        to = put_column(to, order, n, cells->c.extra[i],
                        cells->column[i].kind == ST_COLUMN_DOUBLE ? 8 : 4);
    }
    to = put_length(to, (uint64_t)n * 12);
    for (int64_t i = 0; i < n; i++) {
        double at[3];
        st_cells_position(cells, order[i].slot, at);
        for (int axis = 0; axis < 3; axis++, to += 4) {
            const float value = (float)at[axis];
            memcpy(to, &value, 4);
        }
    }
    // One cell of kind "many points" holds them all.
    to = put_length(to, (uint64_t)n * 8);
    for (int64_t i = 0; i < n; i++) {
        to = put_length(to, (uint64_t)i);
    }
    to = put_length(to, n > 0 ? 8 : 0);
    if (n > 0) {
        to = put_length(to, (uint64_t)n);
    }
    to = put_length(to, n > 0);
    if (n > 0) {
        *to++ = 2;
    }
    return to;
}

st_status st_cells_view_vtu(st_ctx* ctx, const st_cells* cells, char** out, size_t* length)
{
    static const char tail[] = "\n</AppendedData>\n</VTKFile>\n";
    place* order = st_alloc(ctx, (size_t)cells->count, sizeof *order);
    if (!order) {
        return ST_ERR_MEMORY;
    }
    for (int64_t s = 0; s < cells->count; s++) {
        order[s] = (place){cells->c.id[s], s};
    }
    qsort(order, (size_t)cells->count, sizeof *order, by_id);
    st_text head;
    st_text_init(&head, ctx);
    size_t data = 0;
    add_head(&head, cells, &data);
    char* bytes = head.failed ? NULL : st_alloc(ctx, head.length + data + sizeof tail, 1);
    if (bytes) {
        memcpy(bytes, head.data, head.length);
        char* end = put_cells(bytes + head.length, cells, order);
        ST_ASSERT(end == bytes + head.length + data);
        memcpy(end, tail, sizeof tail - 1);
        *out = bytes;
        *length = head.length + data + sizeof tail - 1;
    }
    st_text_clear(&head);
    st_free(ctx, order);
    return bytes ? ST_OK : ST_ERR_MEMORY;
}

st_status st_cells_view_pvd(st_ctx* ctx, int count, const double* time_min, const char* const* file,
                            char** out, size_t* length)
{
    st_text text;
    st_text_init(&text, ctx);
    st_text_add(&text, "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"1.0\" "
                       "byte_order=\"LittleEndian\">\n<Collection>\n");
    for (int i = 0; i < count; i++) {
        st_text_addf(&text, "<DataSet timestep=\"%.17g\" file=\"", time_min[i]);
        add_escaped(&text, file[i]);
        st_text_add(&text, "\"/>\n");
    }
    st_text_add(&text, "</Collection>\n</VTKFile>\n");
    char* bytes = text.failed ? NULL : st_alloc(ctx, text.length + 1, 1);
    if (bytes) {
        memcpy(bytes, text.data, text.length);
        *out = bytes;
        *length = text.length;
    }
    st_text_clear(&text);
    return bytes ? ST_OK : ST_ERR_MEMORY;
}
