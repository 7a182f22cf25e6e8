#include "tissue/exact.h"

#include <math.h>
#include <string.h>

double st_exact_scale(double bound, int64_t count)
{
    if (!(bound > 0.0)) {
        return 1.0;
    }
    int size;
    int terms;
    (void)frexp(bound, &size);
    (void)frexp((double)count, &terms);
    const int bits = 61 - terms < 50 ? 61 - terms : 50;
    return ldexp(1.0, bits - size);
}

void st_exact_clear(st_totals* worker, int worker_count)
{
    memset(worker, 0, (size_t)worker_count * sizeof *worker);
}

st_totals st_exact_take(const st_totals* worker, int worker_count)
{
    st_totals sum = {0};
    for (int i = 0; i < worker_count; i++) {
        const st_totals* w = &worker[i];
        for (int m = 0; m <= ST_MEDIUM_LIMIT; m++) {
            st_exact_add(&sum.level[m], w->level[m]);
        }
        st_exact_add(&sum.change, w->change);
        st_exact_add(&sum.uptake, w->uptake);
        st_exact_add(&sum.uptake_slope, w->uptake_slope);
        st_exact_add(&sum.cells, w->cells);
        st_exact_add(&sum.cells_slope, w->cells_slope);
        st_exact_add(&sum.source, w->source);
        st_exact_add(&sum.in, w->in);
        st_exact_add(&sum.wall_level, w->wall_level);
        st_exact_add(&sum.clipped, w->clipped);
        sum.max_bits = w->max_bits > sum.max_bits ? w->max_bits : sum.max_bits;
        sum.difference_bits =
            w->difference_bits > sum.difference_bits ? w->difference_bits : sum.difference_bits;
        sum.end_below_bits =
            w->end_below_bits > sum.end_below_bits ? w->end_below_bits : sum.end_below_bits;
        sum.max_change_bits =
            w->max_change_bits > sum.max_change_bits ? w->max_change_bits : sum.max_change_bits;
        sum.min_negative_bits = w->min_negative_bits > sum.min_negative_bits
                                    ? w->min_negative_bits
                                    : sum.min_negative_bits;
    }
    return sum;
}
