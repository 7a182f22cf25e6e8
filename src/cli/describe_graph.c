#include "describe_graph.h"

#include "describe_math.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BOX_WIDTH  176.0
#define BOX_HEIGHT 38.0
#define GAP_X      120.0
#define GAP_Y      16.0
#define MARGIN     14.0
#define SWEEPS     12

typedef struct box {
    int state;
    int layer, row;
    double x, y;   ///< left upper corner
    double centre; ///< of its neighbours, while rows are ordered
} box;

typedef struct drawing {
    st_ctx* ctx;
    const st_model* model;
    st_describe_edge* edge;
    int edge_count;
    box* box;
    int box_count;
    int layer_count;
    double width, height;
} drawing;

st_status st_describe_graph_edges(st_ctx* ctx, const st_model* model, st_describe_edge** edge,
                                  int* count)
{
    const st_tape* tape = st_model_jacobian_tape(model);
    const st_pattern* pattern = st_model_pattern(model);
    const int n = pattern->size;
    double* slot = st_alloc(ctx, (size_t)tape->input_count, sizeof *slot);
    double* reg = st_alloc(ctx, (size_t)tape->register_count, sizeof *reg);
    double* out = st_alloc(ctx, (size_t)tape->output_count, sizeof *out);
    *edge = st_alloc(ctx, (size_t)pattern->entry_count, sizeof **edge);
    *count = 0;
    const bool ok = slot && reg && out && *edge;
    if (ok) {
        for (int s = 0; s < n; s++) {
            slot[s] = st_model_state(model, s)->scale;
        }
        for (int p = 0; p < st_model_parameter_count(model); p++) {
            slot[n + p] = st_model_parameter(model, p)->value;
        }
        for (int i = 0; i < st_model_input_count(model); i++) {
            slot[n + st_model_parameter_count(model) + i] = st_model_input(model, i)->value;
        }
        st_tape_run_scalar(tape, slot, reg, out);
        for (int row = 0; row < n; row++) {
            for (int e = pattern->row_start[row]; e < pattern->row_start[row + 1]; e++) {
                const double v = out[n + e];
                if (pattern->column[e] != row) {
                    (*edge)[(*count)++] = (st_describe_edge){
                        .from = pattern->column[e], .to = row, .sign = (v > 0.0) - (v < 0.0)};
                }
            }
        }
    } else {
        st_free(ctx, *edge);
        *edge = NULL;
    }
    st_free(ctx, slot);
    st_free(ctx, reg);
    st_free(ctx, out);
    return ok ? ST_OK : ST_ERR_MEMORY;
}

static int degree(const drawing* d, int state, bool incoming)
{
    int count = 0;
    for (int e = 0; e < d->edge_count; e++) {
        count += (incoming ? d->edge[e].to : d->edge[e].from) == state ? 1 : 0;
    }
    return count;
}

/// The connected state without a layer that depends least on others; -1 when there is none.
static int next_source(const drawing* d)
{
    int best = -1;
    int best_score = 0;
    for (int i = 0; i < d->box_count; i++) {
        const int in = degree(d, i, true);
        const int out = degree(d, i, false);
        const int score = 2 * in - out;
        if (d->box[i].layer < 0 && in + out > 0 && (best < 0 || score < best_score)) {
            best = i;
            best_score = score;
        }
    }
    return best;
}

/// Layers by distance from sources; what touches nothing comes last, by itself.
static void find_layers(drawing* d)
{
    for (int i = 0; i < d->box_count; i++) {
        const bool is_source = degree(d, i, true) == 0 && degree(d, i, false) > 0;
        d->box[i] = (box){.state = i, .layer = is_source ? 0 : -1};
    }
    for (int now = 0;;) {
        bool any = false;
        for (int e = 0; e < d->edge_count; e++) {
            if (d->box[d->edge[e].from].layer == now && d->box[d->edge[e].to].layer < 0) {
                d->box[d->edge[e].to].layer = now + 1;
                any = true;
            }
        }
        const int source = any ? -1 : next_source(d);
        if (source >= 0) { // a cycle that no source reaches
            d->box[source].layer = 0;
            now = 0;
        } else if (any) {
            now++;
        } else {
            break;
        }
    }
    d->layer_count = 0;
    for (int i = 0; i < d->box_count; i++) {
        d->layer_count = d->box[i].layer >= d->layer_count ? d->box[i].layer + 1 : d->layer_count;
    }
    for (int i = 0; i < d->box_count; i++) {
        d->box[i].layer = d->box[i].layer < 0 ? d->layer_count : d->box[i].layer;
    }
    d->layer_count += 1;
}

static int size_of_layer(const drawing* d, int layer)
{
    int count = 0;
    for (int i = 0; i < d->box_count; i++) {
        count += d->box[i].layer == layer ? 1 : 0;
    }
    return count;
}

static void place_rows(drawing* d)
{
    int most = 1;
    for (int l = 0; l < d->layer_count; l++) {
        const int size = size_of_layer(d, l);
        most = size > most ? size : most;
    }
    const double pitch = BOX_HEIGHT + GAP_Y;
    for (int i = 0; i < d->box_count; i++) {
        box* b = &d->box[i];
        const double spare = most - size_of_layer(d, b->layer);
        b->x = MARGIN + b->layer * (BOX_WIDTH + GAP_X);
        b->y = MARGIN + (b->row + 0.5 * spare) * pitch;
    }
    int last = 0;
    for (int i = 0; i < d->box_count; i++) {
        last = d->box[i].layer > last ? d->box[i].layer : last;
    }
    d->width = 2 * MARGIN + (last + 1) * (BOX_WIDTH + GAP_X);
    d->height = 2 * MARGIN + most * pitch;
}

static int by_layer_and_centre(const void* a, const void* b)
{
    const box* x = *(box* const*)a;
    const box* y = *(box* const*)b;
    if (x->layer != y->layer) {
        return x->layer - y->layer;
    }
    if (x->centre != y->centre) {
        return x->centre < y->centre ? -1 : 1;
    }
    return x->state - y->state;
}

/// Rows by the mean height of the neighbours, again and again.
static st_status order_rows(drawing* d)
{
    box** order = st_alloc(d->ctx, (size_t)d->box_count, sizeof *order);
    if (order == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < d->box_count; i++) {
        order[i] = &d->box[i];
        d->box[i].centre = i;
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        qsort(order, (size_t)d->box_count, sizeof *order, by_layer_and_centre);
        for (int i = 0, row = 0; i < d->box_count; i++) {
            row = i > 0 && order[i]->layer == order[i - 1]->layer ? row + 1 : 0;
            order[i]->row = row;
        }
        place_rows(d);
        for (int i = 0; i < d->box_count; i++) {
            double sum = d->box[i].y; // stays near where it is
            double weight = 1.0;
            for (int e = 0; e < d->edge_count; e++) {
                const st_describe_edge* edge = &d->edge[e];
                if (edge->from == i || edge->to == i) {
                    const box* other = &d->box[edge->from == i ? edge->to : edge->from];
                    sum += other->y;
                    weight += 1.0;
                }
            }
            d->box[i].centre = sum / weight;
        }
    }
    st_free(d->ctx, order);
    return ST_OK;
}

/// Does the edge leave its source on the right (and reach its target on the left)?
static bool leaves_right(const drawing* d, const st_describe_edge* e)
{
    return d->box[e->from].layer <= d->box[e->to].layer;
}

static bool arrives_right(const drawing* d, const st_describe_edge* e)
{
    return d->box[e->from].layer >= d->box[e->to].layer;
}

/// Height at which end `at_source` of edge e meets its box: ends share a side in the order of the
/// other ends.
static double height_of_end(const drawing* d, int e, bool at_source)
{
    const st_describe_edge* edge = &d->edge[e];
    const int own = at_source ? edge->from : edge->to;
    const bool right = at_source ? leaves_right(d, edge) : arrives_right(d, edge);
    const double other = d->box[at_source ? edge->to : edge->from].y;
    int rank = 0;
    int count = 0;
    for (int k = 0; k < d->edge_count; k++) {
        for (int end = 0; end < 2; end++) {
            const st_describe_edge* o = &d->edge[k];
            const bool source = end == 0;
            if ((source ? o->from : o->to) != own ||
                (source ? leaves_right(d, o) : arrives_right(d, o)) != right) {
                continue;
            }
            const double y = d->box[source ? o->to : o->from].y;
            count++;
            rank += y < other || (y == other && 2 * k + end < 2 * e + !at_source) ? 1 : 0;
        }
    }
    return d->box[own].y + BOX_HEIGHT * (rank + 1.0) / (count + 1.0);
}

static void draw_edge(const drawing* d, int e, st_text* out)
{
    static const char* const classes[] = {"down", "none", "up"};
    const st_describe_edge* edge = &d->edge[e];
    const box* from = &d->box[edge->from];
    const box* to = &d->box[edge->to];
    const bool out_right = leaves_right(d, edge);
    const bool in_right = arrives_right(d, edge);
    const double x1 = from->x + (out_right ? BOX_WIDTH : 0.0);
    const double x2 = to->x + (in_right ? BOX_WIDTH + 7.0 : -7.0);
    const double y1 = height_of_end(d, e, true);
    const double y2 = height_of_end(d, e, false);
    const double reach = from->layer == to->layer ? 0.2 * fabs(y2 - y1) + 24.0
                                                  : fmin(0.5 * fabs(x2 - x1), 0.9 * GAP_X);
    st_text_addf(out,
                 "<path class=\"edge %s\" marker-end=\"url(#%s)\" d=\"M%.1f %.1fC%.1f %.1f "
                 "%.1f %.1f %.1f %.1f\"><title>",
                 classes[edge->sign + 1], classes[edge->sign + 1], x1, y1,
                 x1 + (out_right ? reach : -reach), y1, x2 + (in_right ? reach : -reach), y2, x2,
                 y2);
    st_describe_math_escape(out, st_model_state(d->model, edge->from)->name);
    st_text_add(out, edge->sign > 0 ? " raises " : edge->sign < 0 ? " lowers " : " acts on ");
    st_describe_math_escape(out, st_model_state(d->model, edge->to)->name);
    st_text_add(out, "</title></path>\n");
}

/// At most `limit` letters of ASCII names; the rest is an ellipsis.
static void add_short(st_text* out, const char* text, size_t length, size_t limit)
{
    char word[64];
    const bool is_long = length > limit;
    const size_t keep = is_long ? limit - 1 : length;
    memcpy(word, text, keep);
    word[keep] = '\0';
    st_describe_math_escape(out, word);
    st_text_add(out, is_long ? "&#x2026;" : "");
}

static void draw_box(const drawing* d, const box* b, st_text* out)
{
    static const char* const kinds[] = {"cell", "substrate", "matrix", "free"};
    const st_state_info* info = st_model_state(d->model, b->state);
    const char* at = strchr(info->name, '@');
    const size_t length = at != NULL ? (size_t)(at - info->name) : strlen(info->name);
    st_text_addf(out,
                 "<g class=\"box %s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" "
                 "height=\"%.0f\" rx=\"%d\"/><text x=\"%.1f\" y=\"%.1f\">",
                 kinds[info->kind], b->x, b->y, BOX_WIDTH, BOX_HEIGHT,
                 info->kind == ST_STATE_CELL ? 19 : 4, b->x + BOX_WIDTH / 2,
                 b->y + (at != NULL ? 17.0 : 24.0));
    add_short(out, info->name, length, 24);
    if (at != NULL) {
        st_text_addf(out, "</text><text class=\"place\" x=\"%.1f\" y=\"%.1f\">",
                     b->x + BOX_WIDTH / 2, b->y + 31.0);
        add_short(out, at + 1, strlen(at + 1), 26);
    }
    st_text_add(out, "</text></g>\n");
}

static void draw(const drawing* d, st_text* out)
{
    st_text_addf(out,
                 "<svg viewBox=\"0 0 %.0f %.0f\" "
                 "style=\"max-width:%.0fpx;min-width:min(%.0fpx,46rem)\" role=\"img\" "
                 "aria-label=\"Graph of the states: who acts on whom\"><defs>"
                 "<marker id=\"up\" viewBox=\"0 0 8 8\" refX=\"1\" refY=\"4\" markerWidth=\"7\" "
                 "markerHeight=\"7\" orient=\"auto\" markerUnits=\"userSpaceOnUse\">"
                 "<path class=\"head up\" d=\"M0 0L8 4L0 8z\"/></marker>"
                 "<marker id=\"down\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" markerWidth=\"9\" "
                 "markerHeight=\"9\" orient=\"auto\" markerUnits=\"userSpaceOnUse\">"
                 "<path class=\"bar down\" d=\"M6 0V8\"/></marker>"
                 "<marker id=\"none\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" markerWidth=\"6\" "
                 "markerHeight=\"6\" orient=\"auto\" markerUnits=\"userSpaceOnUse\">"
                 "<circle class=\"head none\" cx=\"4\" cy=\"4\" r=\"3\"/></marker></defs>\n",
                 d->width, d->height, d->width, d->width);
    for (int e = 0; e < d->edge_count; e++) {
        draw_edge(d, e, out);
    }
    for (int i = 0; i < d->box_count; i++) {
        draw_box(d, &d->box[i], out);
    }
    st_text_add(out, "</svg>\n");
}

st_status st_describe_graph_svg(st_ctx* ctx, const st_model* model, st_text* out)
{
    drawing d = {.ctx = ctx, .model = model, .box_count = st_model_state_count(model)};
    ST_TRY(st_describe_graph_edges(ctx, model, &d.edge, &d.edge_count));
    d.box = st_alloc(ctx, (size_t)d.box_count, sizeof *d.box);
    st_status status = d.box != NULL ? ST_OK : ST_ERR_MEMORY;
    if (status == ST_OK) {
        find_layers(&d);
        status = order_rows(&d);
    }
    if (status == ST_OK) {
        draw(&d, out);
    }
    st_free(ctx, d.box);
    st_free(ctx, d.edge);
    return status;
}
