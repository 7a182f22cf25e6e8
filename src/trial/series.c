#include "series.h"

#include <math.h>
#include <string.h>

/// Numbers that are sorted in memory; a quantile among more is narrowed down first.
#define SORT_LIMIT 32768

/// Parts that a range of keys is divided into by one look at all numbers.
#define BIN_COUNT 2048

st_status st_series_init(st_ctx* ctx, st_spill* spill, int block, st_series* out)
{
    *out = (st_series){.ctx = ctx, .spill = spill, .block = block, .room_block = -1};
    out->tail = st_alloc(ctx, (size_t)block, sizeof *out->tail);
    return out->tail == NULL ? ST_ERR_MEMORY : ST_OK;
}

void st_series_clear(st_series* series)
{
    st_free(series->ctx, series->tail);
    st_free(series->ctx, series->room);
    st_free(series->ctx, series->at);
    *series = (st_series){0};
}

void st_series_restart(st_series* series)
{
    series->count = 0;
    series->room_block = -1;
}

/// Place of block `index`, the one after the last that was written or one that is written over.
static bool place(st_series* series, int64_t index, int64_t* at)
{
    if (index == series->at_count) {
        if (series->at_count == series->at_capacity) {
            const int64_t more = 2 * series->at_capacity + 64;
            int64_t* grown = series->at == NULL
                                 ? st_alloc(series->ctx, (size_t)more, sizeof *grown)
                                 : st_realloc(series->ctx, series->at, (size_t)more, sizeof *grown);
            if (grown == NULL) {
                series->spill->status = ST_ERR_MEMORY;
                return false;
            }
            series->at = grown;
            series->at_capacity = more;
        }
        series->at[series->at_count++] =
            st_spill_reserve(series->spill, (size_t)series->block * sizeof(double));
    }
    *at = series->at[index];
    return true;
}

void st_series_add(st_series* series, double x)
{
    const int64_t index = series->count / series->block;
    const int64_t in_tail = series->count - index * series->block;
    int64_t at;

    if (in_tail == 0 && series->count > 0 && place(series, index - 1, &at)) {
        st_spill_write(series->spill, at, series->tail, (size_t)series->block * sizeof(double));
    }
    series->tail[in_tail] = x;
    ++series->count;
}

static int64_t block_count(const st_series* series)
{
    return (series->count + series->block - 1) / series->block;
}

/// Numbers of block `index`, valid until the next call for this series; *count is how many.
static const double* block_at(st_series* series, int64_t index, int* count)
{
    const int64_t last = block_count(series) - 1;

    if (index == last) {
        *count = (int)(series->count - index * series->block);
        return series->tail;
    }
    *count = series->block;
    if (series->room == NULL) {
        series->room = st_alloc(series->ctx, (size_t)series->block, sizeof *series->room);
        if (series->room == NULL) {
            series->spill->status = ST_ERR_MEMORY;
            *count = 0;
            return series->tail;
        }
    }
    if (series->room_block != index) {
        st_spill_read(series->spill, series->at[index], series->room,
                      (size_t)series->block * sizeof(double));
        series->room_block = index;
    }
    return series->room;
}

void st_series_copy(st_series* series, double* out)
{
    for (int64_t b = 0; b < block_count(series); ++b) {
        int count;
        const double* x = block_at(series, b, &count);
        memcpy(out + b * series->block, x, (size_t)count * sizeof *out);
    }
}

// --- moments --------------------------------------------------------------------------------

/// As st_statistics_mean().
static double mean_of(st_series* series)
{
    const int64_t blocks = block_count(series);
    double sum = 0.0;
    double rest = 0.0;
    double mean;
    int count;

    if (series->count < 1) {
        return NAN;
    }
    for (int64_t b = 0; b < blocks; ++b) {
        const double* x = block_at(series, b, &count);
        for (int i = 0; i < count; ++i) {
            sum += x[i];
        }
    }
    mean = sum / (double)series->count;
    for (int64_t b = 0; b < blocks; ++b) {
        const double* x = block_at(series, b, &count);
        for (int i = 0; i < count; ++i) {
            rest += x[i] - mean;
        }
    }
    return mean + rest / (double)series->count;
}

st_moments st_series_moments(st_series* x, st_series* y)
{
    st_moments m = {.count = x->count, .x = mean_of(x)};

    ST_ASSERT(x->count == y->count && x->block == y->block);
    m.y = x == y ? m.x : mean_of(y);
    for (int64_t b = 0; b < block_count(x); ++b) {
        int count;
        const double* from_x = block_at(x, b, &count);
        const double* from_y = block_at(y, b, &count);
        for (int i = 0; i < count; ++i) {
            m.xx += (from_x[i] - m.x) * (from_x[i] - m.x);
            m.xy += (from_x[i] - m.x) * (from_y[i] - m.y);
            m.yy += (from_y[i] - m.y) * (from_y[i] - m.y);
        }
    }
    return m;
}

// --- quantiles ------------------------------------------------------------------------------

/// Numbers as whole numbers in the same order; -0 and 0 are one.
static uint64_t key_of(double x)
{
    const double plain = x + 0.0;
    uint64_t bits;

    memcpy(&bits, &plain, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double from_key(uint64_t key)
{
    const uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/// A range of keys that holds the number looked for.
typedef struct range {
    uint64_t lo, hi; ///< both belong to it
    int64_t below;   ///< numbers below it
    int64_t inside;
} range;

/// The part of the range that holds the number of rank `rank`, counted from 0 over all.
static void narrow(st_series* series, int64_t rank, range* r)
{
    const uint64_t span = r->hi - r->lo;
    const uint64_t width = span / BIN_COUNT + 1;
    int64_t hits[BIN_COUNT] = {0};
    int bin = 0;

    for (int64_t b = 0; b < block_count(series); ++b) {
        int count;
        const double* x = block_at(series, b, &count);
        for (int i = 0; i < count; ++i) {
            const uint64_t key = key_of(x[i]);
            if (key >= r->lo && key <= r->hi) {
                ++hits[(key - r->lo) / width];
            }
        }
    }
    while (bin < BIN_COUNT - 1 && r->below + hits[bin] <= rank) {
        r->below += hits[bin++];
    }
    r->inside = hits[bin];
    r->lo += (uint64_t)bin * width;
    r->hi = r->hi - r->lo < width ? r->hi : r->lo + width - 1;
}

/// Smallest number above the range.
static double next_above(st_series* series, const range* r)
{
    uint64_t least = UINT64_MAX;

    for (int64_t b = 0; b < block_count(series); ++b) {
        int count;
        const double* x = block_at(series, b, &count);
        for (int i = 0; i < count; ++i) {
            const uint64_t key = key_of(x[i]);
            least = key > r->hi && key < least ? key : least;
        }
    }
    return from_key(least);
}

/// The numbers of a range that fits, sorted.
static void gather(st_series* series, const range* r, double* out)
{
    int64_t found = 0;

    for (int64_t b = 0; b < block_count(series); ++b) {
        int count;
        const double* x = block_at(series, b, &count);
        for (int i = 0; i < count && found < r->inside; ++i) {
            const uint64_t key = key_of(x[i]);
            if (key >= r->lo && key <= r->hi) {
                out[found++] = x[i];
            }
        }
    }
    st_statistics_sort(out, (int)found);
}

/// The numbers of ranks `rank` and `rank` + 1; `*in_room` is the range that `room` holds.
static void pick(st_series* series, int64_t rank, double* room, range* in_room, double* here,
                 double* next)
{
    range r = {.lo = 0, .hi = UINT64_MAX, .inside = series->count};

    if (rank >= in_room->below && rank < in_room->below + in_room->inside) {
        r = *in_room;
    } else {
        while (r.inside > SORT_LIMIT && r.lo < r.hi) {
            narrow(series, rank, &r);
        }
        if (r.lo < r.hi) {
            gather(series, &r, room);
            *in_room = r;
        }
    }
    if (r.lo == r.hi) { // one number many times
        *here = from_key(r.lo);
        *next = rank + 1 < r.below + r.inside ? *here : next_above(series, &r);
        return;
    }
    *here = room[rank - r.below];
    *next = rank + 1 < r.below + r.inside ? room[rank + 1 - r.below] : next_above(series, &r);
}

void st_series_quantiles(st_series* series, const double* p, int p_count, double* out)
{
    const int64_t limit = series->count < SORT_LIMIT ? series->count : SORT_LIMIT;
    double* room = st_alloc(series->ctx, (size_t)limit + 1, sizeof *room);
    range in_room = {0};

    for (int i = 0; i < p_count; ++i) {
        // as st_statistics_quantile()                                                    [TRI-3]
        const double at = (double)(series->count - 1) * p[i];
        int64_t below;
        double here, next;

        out[i] = NAN;
        if (room == NULL) {
            series->spill->status = ST_ERR_MEMORY;
        }
        if (series->spill->status != ST_OK || series->count < 1 || !(p[i] >= 0.0 && p[i] <= 1.0)) {
            continue;
        }
        below = (int64_t)floor(at);
        if (below >= series->count - 1) {
            pick(series, series->count - 1, room, &in_room, &out[i], &next);
            continue;
        }
        pick(series, below, room, &in_room, &here, &next);
        out[i] = here + (at - (double)below) * (next - here);
    }
    st_free(series->ctx, room);
}
