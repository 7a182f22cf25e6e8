#include "tissue/label_map.h"

#include "base/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#define HEADER 348
/// Compressed bytes of a file, and voxels of a map, at most.
#define FILE_LIMIT  ((size_t)1 << 30)
#define VOXEL_LIMIT ((size_t)1 << 31)

typedef struct reader {
    const unsigned char* data;
    bool is_swapped;
} reader;

static uint64_t number_at(const reader* r, size_t at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        const int from = r->is_swapped ? i : bytes - 1 - i;
        value = value << 8 | r->data[at + (size_t)from];
    }
    return value;
}

static int short_at(const reader* r, size_t at)
{
    return (int16_t)(uint16_t)number_at(r, at, 2);
}

static double float_at(const reader* r, size_t at)
{
    const uint32_t bits = (uint32_t)number_at(r, at, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double double_at(const reader* r, size_t at)
{
    const uint64_t bits = number_at(r, at, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// NIfTI datatypes of one number per voxel; bytes 0 = not read here.
static int bytes_of(int type)
{
    switch (type) {
    case 2:
    case 256:
        return 1;
    case 4:
    case 512:
        return 2;
    case 8:
    case 16:
    case 768:
        return 4;
    case 64:
        return 8;
    default:
        return 0;
    }
}

static double value_at(const reader* r, size_t at, int type)
{
    switch (type) {
    case 2:
        return r->data[at];
    case 256:
        return (double)(int8_t)r->data[at];
    case 4:
        return short_at(r, at);
    case 512:
        return (double)number_at(r, at, 2);
    case 8:
        return (double)(int32_t)(uint32_t)number_at(r, at, 4);
    case 768:
        return (double)number_at(r, at, 4);
    case 16:
        return float_at(r, at);
    default:
        return double_at(r, at);
    }
}

// Rows of an affine (method 3 of the NIfTI-1 standard).
static void read_rows(const reader* r, double m[3][4])
{
    for (int i = 0; i < 12; i++) {
        m[i / 4][i % 4] = float_at(r, 280 + 4 * (size_t)i);
    }
}

// The affine of a quaternion (method 2).
static st_status read_quaternion(st_ctx* ctx, const char* path, const reader* r, double m[3][4])
{
    const double b = float_at(r, 256);
    const double c = float_at(r, 260);
    const double d = float_at(r, 264);
    const double rest = 1.0 - b * b - c * c - d * d;
    if (!(rest > -1e-4)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: quaternion (%g, %g, %g) is longer than 1", path, b,
                       c, d);
    }
    const double a = rest > 0.0 ? sqrt(rest) : 0.0;
    const double rotation[3][3] = {
        {a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)},
        {2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)},
        {2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c}};
    const double sign = float_at(r, 76) < 0.0 ? -1.0 : 1.0;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            m[i][j] = rotation[i][j] * float_at(r, 80 + 4 * (size_t)j) * (j == 2 ? sign : 1.0);
        }
        m[i][3] = float_at(r, 268 + 4 * (size_t)i);
    }
    return ST_OK;
}

static double determinant(double m[3][4])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

// A file may say twice how it lies. The two must agree, above all in handedness: a mirrored knee is
// the other knee.
static st_status read_affine(st_ctx* ctx, const char* path, const reader* r, double m[3][4])
{
    const int sform = short_at(r, 254);
    const int qform = short_at(r, 252);
    if (sform <= 0 && qform <= 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: sform code %d, qform code %d: the map does not say how it lies; "
                       "expected one of the two above 0",
                       path, sform, qform);
    }
    double q[3][4] = {{0}};
    if (qform > 0) {
        ST_TRY(read_quaternion(ctx, path, r, q));
    }
    if (sform <= 0) {
        memcpy(m, q, sizeof q);
        return ST_OK;
    }
    read_rows(r, m);
    if (qform > 0 && (determinant(m) < 0.0) != (determinant(q) < 0.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: its two orientations differ in handedness: determinant %g by sform, %g "
                       "by qform; left and right cannot be told",
                       path, determinant(m), determinant(q));
    }
    return ST_OK;
}

// How the file's axes lie along the person's: axis[i] of the file runs along axis i, upwards or
// not.
typedef struct lie {
    int axis[3];
    bool is_down[3];
    double edge_um[3], corner_um[3];
} lie;

static st_status find_lie(st_ctx* ctx, const char* path, double m[3][4], const int size[3],
                          double um, lie* out)
{
    bool taken[3] = {false, false, false};
    for (int i = 0; i < 3; i++) {
        double length = 0.0;
        int best = 0;
        for (int j = 0; j < 3; j++) {
            length += m[j][i] * m[j][i];
            best = fabs(m[j][i]) > fabs(m[best][i]) ? j : best;
        }
        length = sqrt(length);
        if (!(length * um >= 1.0) || !(length * um <= 1e4)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "%s: voxel edge %g um along axis %d of the file: expected 1 um to 1 cm",
                           path, length * um, i + 1);
        }
        const double cosine = fabs(m[best][i]) / length;
        if (!(cosine > 0.99985) || taken[best]) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "%s: axis %d of the file points along (%.4f, %.4f, %.4f): expected one "
                           "of the axes within 1 degree; resample the map",
                           path, i + 1, m[0][i] / length, m[1][i] / length, m[2][i] / length);
        }
        taken[best] = true;
        out->axis[best] = i;
        out->is_down[best] = m[best][i] < 0.0;
        out->edge_um[best] = length * um;
        const double first = m[best][3] * um;
        const double last = first + m[best][i] * um * (size[i] - 1);
        out->corner_um[best] = (first < last ? first : last) - 0.5 * length * um;
    }
    const double det = determinant(m);
    if (!(fabs(det) > 0.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: the map's axes have determinant %g", path, det);
    }
    return ST_OK;
}

static st_status read_voxels(st_ctx* ctx, const char* path, const reader* r, size_t begin, int type,
                             const int size[3], const lie* l, st_nifti* out)
{
    const int bytes = bytes_of(type);
    const double slope = float_at(r, 112);
    const double intercept = float_at(r, 116);
    const bool is_scaled = isfinite(slope) && (slope > 0.0 || slope < 0.0);
    for (int i = 0; i < 3; i++) {
        out->size[i] = size[l->axis[i]];
        out->voxel_um[i] = l->edge_um[i];
        out->origin_um[i] = l->corner_um[i];
    }
    const size_t count = (size_t)size[0] * (size_t)size[1] * (size_t)size[2];
    out->label = st_alloc(ctx, count, 1);
    if (!out->label) {
        return ST_ERR_MEMORY;
    }
    size_t stride[3] = {0}; // of the person's axes, by the file's
    for (int i = 0; i < 3; i++) {
        stride[l->axis[i]] =
            i == 0 ? 1
                   : (i == 1 ? (size_t)out->size[0] : (size_t)out->size[0] * (size_t)out->size[1]);
    }
    bool is_down[3] = {false};
    for (int i = 0; i < 3; i++) {
        is_down[l->axis[i]] = l->is_down[i];
    }
    size_t from = 0;
    for (int z = 0; z < size[2]; z++) {
        for (int y = 0; y < size[1]; y++) {
            for (int x = 0; x < size[0]; x++, from++) {
                double value = value_at(r, begin + from * (size_t)bytes, type);
                value = is_scaled ? slope * value + intercept : value;
                if (!(value >= 0.0 && value <= 255.0) || fabs(value - floor(value)) > 0.0) {
                    st_free(ctx, out->label);
                    out->label = NULL;
                    return ST_FAIL(ctx, ST_ERR_INPUT,
                                   "%s: voxel (%d, %d, %d) holds %g: expected a label, a whole "
                                   "number from 0 to 255",
                                   path, x, y, z, value);
                }
                const size_t at = (size_t)(is_down[0] ? size[0] - 1 - x : x) * stride[0] +
                                  (size_t)(is_down[1] ? size[1] - 1 - y : y) * stride[1] +
                                  (size_t)(is_down[2] ? size[2] - 1 - z : z) * stride[2];
                out->label[at] = (uint8_t)value;
            }
        }
    }
    return ST_OK;
}

st_status st_label_map_parse(st_ctx* ctx, const char* path, const unsigned char* data,
                             size_t length, st_nifti* out)
{
    *out = (st_nifti){0};
    reader r = {.data = data};
    if (length < HEADER + 4) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: %zu bytes, shorter than a NIfTI header", path,
                       length);
    }
    r.is_swapped = number_at(&r, 0, 4) != HEADER;
    if (number_at(&r, 0, 4) != HEADER || memcmp(data + 344, "n+1", 4) != 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: no NIfTI-1 file of one piece (.nii or .nii.gz)",
                       path);
    }
    const int type = short_at(&r, 70);
    const int dims = short_at(&r, 40);
    int size[3];
    size_t count = 1;
    for (int i = 0; i < 3; i++) {
        size[i] = short_at(&r, 42 + 2 * (size_t)i);
        if (dims < 3 || dims > 7 || size[i] < 1) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "%s: %d axes, %d voxels along axis %d: expected three", path, dims,
                           size[i], i + 1);
        }
        count *= (size_t)size[i];
    }
    for (int i = 3; i < dims; i++) {
        if (short_at(&r, 42 + 2 * (size_t)i) > 1) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "%s: %d maps along axis %d: expected one", path,
                           short_at(&r, 42 + 2 * (size_t)i), i + 1);
        }
    }
    if (bytes_of(type) == 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: datatype %d: expected whole numbers or floats", path,
                       type);
    }
    const double begin = float_at(&r, 108);
    if (!(begin >= HEADER) || !(begin <= (double)length) || count > VOXEL_LIMIT ||
        count * (size_t)bytes_of(type) > length - (size_t)begin) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: %zu voxels from byte %g on do not fit into %zu bytes: cut short?", path,
                       count, begin, length);
    }
    static const double um_of_code[4] = {1e3, 1e6, 1e3, 1.0}; // unknown (as mm), m, mm, um
    const double um = um_of_code[data[123] & 3];
    double m[3][4] = {{0}};
    lie l = {0};
    ST_TRY(read_affine(ctx, path, &r, m));
    ST_TRY(find_lie(ctx, path, m, size, um, &l));
    return read_voxels(ctx, path, &r, (size_t)begin, type, size, &l, out);
}

static st_status inflate_all(st_ctx* ctx, const char* path, const char* from, size_t length,
                             unsigned char** out, size_t* out_length)
{
    size_t capacity = 4 * length + 65536;
    unsigned char* data = st_alloc(ctx, capacity, 1);
    z_stream z = {0};
    if (!data || inflateInit2(&z, 15 + 16) != Z_OK) {
        st_free(ctx, data);
        return ST_ERR_MEMORY;
    }
    z.next_in = (z_const Bytef*)(uintptr_t)from;
    z.avail_in = (unsigned)length;
    size_t done = 0;
    st_status status = ST_OK;
    for (;;) {
        const size_t room = capacity - done < 1u << 30 ? capacity - done : 1u << 30;
        z.next_out = data + done;
        z.avail_out = (unsigned)room;
        const int code = inflate(&z, Z_NO_FLUSH);
        done += room - z.avail_out;
        if (code == Z_STREAM_END) {
            break;
        }
        if (code != Z_OK || (z.avail_out > 0 && z.avail_in == 0) || done > 8 * VOXEL_LIMIT) {
            status =
                ST_FAIL(ctx, ST_ERR_INPUT, "%s: damaged or cut short after %zu bytes", path, done);
            break;
        }
        if (done == capacity) {
            unsigned char* grown = st_realloc(ctx, data, 2 * capacity, 1);
            if (!grown) {
                status = ST_ERR_MEMORY;
                break;
            }
            data = grown;
            capacity *= 2;
        }
    }
    inflateEnd(&z);
    if (status != ST_OK) {
        st_free(ctx, data);
        return status;
    }
    *out = data;
    *out_length = done;
    return ST_OK;
}

st_status st_label_map_load(st_ctx* ctx, const char* beside, const char* name, st_nifti* out)
{
    *out = (st_nifti){0};
    char path[4096];
    const char* slash = strrchr(beside, '/');
    const int folder = slash && name[0] != '/' ? (int)(slash - beside) + 1 : 0;
    if (snprintf(path, sizeof path, "%.*s%s", folder, beside, name) >= (int)sizeof path) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: the path is too long", name);
    }
    char* bytes = NULL;
    size_t length = 0;
    ST_TRY(st_file_read(ctx, path, FILE_LIMIT, &bytes, &length));
    st_status status;
    if (length > 2 && (unsigned char)bytes[0] == 0x1f && (unsigned char)bytes[1] == 0x8b) {
        unsigned char* data = NULL;
        size_t whole = 0;
        status = inflate_all(ctx, path, bytes, length, &data, &whole);
        if (status == ST_OK) {
            status = st_label_map_parse(ctx, path, data, whole, out);
            st_free(ctx, data);
        }
    } else {
        status = st_label_map_parse(ctx, path, (const unsigned char*)bytes, length, out);
    }
    st_free(ctx, bytes);
    return status;
}
