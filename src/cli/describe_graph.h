/// \file
/// Who acts on whom: the states of a model as an SVG graph in layers. An edge from x to y means
/// that the rate of y changes with x, at the typical state with default parameters.
#ifndef ST_CLI_DESCRIBE_GRAPH_H
#define ST_CLI_DESCRIBE_GRAPH_H

#include "cli.h"

#include "base/table.h"
#include "stroma/model.h"

typedef struct st_describe_edge {
    int from, to; ///< states
    int sign;     ///< +1 raises, -1 lowers, 0 neither at the typical state
} st_describe_edge;

/// Edges by ascending `to`, then `from`; owned by the caller (st_free).
st_status st_describe_graph_edges(st_ctx* ctx, const st_model* model, st_describe_edge** edge,
                                  int* count);

/// Adds the drawing.
st_status st_describe_graph_svg(st_ctx* ctx, const st_model* model, st_text* out);

#endif
