#include "describe_page.h"

#include "describe.h"
#include "describe_graph.h"
#include "describe_tables.h"

#include "base/base.h"
#include "base/doc.h"

#include <math.h>
#include <string.h>

static const char STYLE[] =
    ":root{--bg:#fff;--fg:#1a1a1a;--soft:#555;--rule:#d5d5d5;--panel:#f4f4f2;--link:#0b57a4;"
    "--warn:#fdf3d8;--up:#0072b2;--down:#d55e00;--none:#8a8a8a;--cell:#e3f0f8;--substrate:#e6f4ec;"
    "--matrix:#f6ead8;--free:#f0e7f2;--mark:#c98500}"
    "@media screen and (prefers-color-scheme:dark){:root{--bg:#16181a;--fg:#ececec;--soft:#b4b4b4;"
    "--rule:#3c4043;--panel:#22262a;--link:#8ec5ff;--warn:#3b3216;--up:#4aa8e0;--down:#f28a3c;"
    "--none:#9a9a9a;--cell:#17354a;--substrate:#153a2a;--matrix:#41301a;--free:#38263d;"
    "--mark:#e8b13c}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);"
    "font:17px/1.5 system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif}"
    "main{max-width:64rem;margin:0 auto;padding:0 1.2rem 4rem}"
    "h1{font-size:1.8rem;line-height:1.2;margin:.8em 0 .2em}"
    "h2{font-size:1.35rem;margin:2.2em 0 .5em;padding-top:.5em;border-top:2px solid var(--rule)}"
    "h3{font-size:1.05rem;margin:1.4em 0 .3em}p{margin:.5em 0 .8em;max-width:46rem}"
    "a{color:var(--link)}.note{color:var(--soft);font-size:.92rem}"
    ".banner{background:var(--warn);padding:.5em 1em;font-size:.95rem;max-width:none}"
    "nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.15em 1.1em;padding:.6em 0;margin:0;"
    "border-block:1px solid var(--rule);font-size:.92rem}"
    ".scroll{overflow-x:auto;margin:.6em 0 1em}"
    "table{border-collapse:collapse;font-size:.9rem;line-height:1.35;min-width:100%}"
    "caption{text-align:left;font-weight:600;padding:.3em 0}"
    "th,td{text-align:left;vertical-align:top;padding:.3em .8em .3em 0;"
    "border-bottom:1px solid var(--rule)}thead th{color:var(--soft)}tbody th{font-weight:500}"
    "td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    "td.source{min-width:18em}.assumed th{border-left:3px solid var(--mark);padding-left:.5em}"
    ".tag{background:var(--panel);border-radius:.3em;padding:0 .4em;font-size:.85em;"
    "color:var(--soft)}"
    "table.terms{min-width:0}table.terms td{border:0;padding:.25em 1.4em .25em 0;"
    "vertical-align:middle}table.terms td.sign{padding-right:.2em}table.terms "
    "td.note{min-width:14em}math{font-size:1.15rem}"
    "figure{margin:1em 0}figure "
    "svg{width:100%;height:auto}figcaption{color:var(--soft);font-size:.92rem;max-width:46rem}"
    "svg text{font-size:12.5px;text-anchor:middle;fill:var(--fg);font-family:inherit}"
    "svg .place{font-size:11px;fill:var(--soft)}"
    ".box rect{stroke:var(--soft);stroke-width:1}.cell rect{fill:var(--cell)}"
    ".substrate rect{fill:var(--substrate)}.matrix rect{fill:var(--matrix)}"
    ".free rect{fill:var(--free)}"
    ".edge{fill:none;stroke-width:1.4;opacity:.75}.edge:hover{stroke-width:3.5;opacity:1}"
    ".edge.up{stroke:var(--up)}.edge.down{stroke:var(--down);stroke-dasharray:6 3}"
    ".edge.none{stroke:var(--none);stroke-dasharray:2 3}.head.up{fill:var(--up)}"
    ".head.none{fill:var(--none)}.bar.down{stroke:var(--down);stroke-width:2.4;fill:none}"
    "@media print{body{font-size:11pt}.scroll{overflow:visible}}";

st_status st_describe_page_start(st_ctx* ctx, const st_model* model, double* start)
{
    const st_tape* tape = st_model_initial_tape(model);
    const int n = st_model_state_count(model);
    double* slot = st_alloc(ctx, (size_t)tape->input_count, sizeof *slot);
    double* reg = st_alloc(ctx, (size_t)tape->register_count, sizeof *reg);
    if (slot != NULL && reg != NULL) {
        for (int p = 0; p < st_model_parameter_count(model); p++) {
            slot[n + p] = st_model_parameter(model, p)->value;
        }
        for (int i = 0; i < st_model_input_count(model); i++) {
            slot[n + st_model_parameter_count(model) + i] = st_model_input(model, i)->value;
        }
        st_tape_run_scalar(tape, slot, reg, start);
    }
    const st_status status = slot != NULL && reg != NULL ? ST_OK : ST_ERR_MEMORY;
    st_free(ctx, slot);
    st_free(ctx, reg);
    return status;
}

static void add_head(const st_model* model, st_text* out)
{
    const st_describe_counts counts = st_describe_model(model);
    char name[256];
    st_text_add(out,
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
    st_describe_math_escape(out, st_model_title(model));
    st_text_addf(out, "</title><style>%s</style></head>\n<body><main>\n<h1>", STYLE);
    st_describe_math_escape(out, st_model_title(model));
    st_text_add(out, "</h1>\n<p class=\"note\">");
    st_describe_math_escape(out, st_describe_model_name(model, name, sizeof name));
    if (*st_model_variant(model)) {
        st_text_add(out, ", variant ");
        st_describe_math_escape(out, st_model_variant(model));
    }
    st_text_addf(out,
                 " &#xb7; %d states (%d cell numbers, %d levels, %d matrix fractions, %d others) "
                 "&#xb7; %d parameters: %d sourced, %d assumed &#xb7; hash %016llx</p>\n",
                 st_model_state_count(model), counts.cell, counts.substrate, counts.matrix,
                 counts.other, st_model_parameter_count(model), counts.sourced, counts.assumed,
                 (unsigned long long)st_model_hash(model));
    st_text_add(out, "<p class=\"banner\">For research, teaching and trial design; not medical "
                     "advice. The headings are those of the ODD protocol (Grimm et al. 2020, "
                     "JASSS 23(2):7).</p>\n");
    st_text_add(out,
                "<nav aria-label=\"Contents\"><ul><li><a href=\"#purpose\">Purpose</a></li>"
                "<li><a href=\"#entities\">Entities</a></li><li><a href=\"#graph\">Who acts on "
                "whom</a></li><li><a href=\"#processes\">Processes</a></li><li><a href=\"#design\">"
                "Design concepts</a></li><li><a href=\"#initialisation\">Initialisation</a></li>"
                "<li><a href=\"#input\">Input data</a></li><li><a href=\"#submodels\">Equations</a>"
                "</li><li><a href=\"#parameters\">Parameters</a></li></ul></nav>\n");
}

static void add_purpose(const st_model* model, st_text* out)
{
    const st_node* about = st_model_table(model, "description");
    st_text_add(out, "<h2 id=\"purpose\">1 Purpose and patterns</h2>\n<p>");
    if (about != NULL && about->kind == ST_NODE_SCALAR && about->text[0] != '\0') {
        st_describe_math_escape(out, about->text);
    } else {
        st_text_add(out, "The file gives no <code>description</code>.");
    }
    st_text_add(out, "</p>\n");
    const st_node* instruments = st_model_table(model, "instruments");
    if (instruments != NULL && instruments->child_count > 0) {
        st_text_addf(out, "<p>What is measured, and so compared with patients: ");
        for (const st_node* n = instruments->first; n != NULL; n = n->next) {
            st_text_add(out, n == instruments->first ? "" : ", ");
            st_describe_math_escape(out, n->key != NULL ? n->key : "");
        }
        st_text_add(out, ".</p>\n");
    }
}

static st_status add_graph(st_ctx* ctx, const st_model* model, st_text* out)
{
    st_text_add(out, "<h3 id=\"graph\">Who acts on whom</h3>\n<figure><div class=\"scroll\">");
    ST_TRY(st_describe_graph_svg(ctx, model, out));
    st_text_add(out,
                "</div><figcaption>Round boxes are cells, the others levels, matrix and further "
                "variables. A line from x to y: the rate of y changes with x. Solid with an arrow: "
                "more x raises y. Dashed with a bar: more x lowers y. Dotted with a dot: neither, "
                "at the typical state with default parameters, where the signs were taken. What a "
                "state does to its own rate is left out. Touch a line for its names.</figcaption>"
                "</figure>\n");
    return ST_OK;
}

static int count_spread(const st_model* model)
{
    int count = 0;
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        count += st_model_parameter(model, i)->spread_kind != ST_SPREAD_NONE ? 1 : 0;
    }
    return count;
}

/// The eleven concepts of ODD, as far as a file of equations has something to say about them.
static void add_design(const st_model* model, st_text* out)
{
    const st_node* rules = st_model_table(model, "rules");
    const int rule_count = rules != NULL ? rules->child_count : 0;
    st_text_add(out, "<h2 id=\"design\">4 Design concepts</h2>\n");
    st_text_addf(
        out,
        "<p><b>Basic principles.</b> Mass action between cells, levels and matrix in "
        "well-mixed places; %d processes.</p>\n"
        "<p><b>Emergence.</b> Every level and number over time follows from these "
        "processes; none is imposed except by events and inputs.</p>\n"
        "<p><b>Adaptation, objectives, learning, prediction.</b> None: cells follow fixed "
        "rules.</p>\n"
        "<p><b>Sensing.</b> %d rules let a signal change what cells do.</p>\n"
        "<p><b>Interaction.</b> Through levels and matrix, and by contact where "
        "<code>engulf</code>, <code>turn</code> or a density appears; see the graph.</p>\n",
        st_model_channel_count(model), rule_count);
    st_text_addf(out,
                 "<p><b>Stochasticity.</b> None within a person as a population model; %d "
                 "parameters differ between people. The stochastic twin (<code>stroma simulate "
                 "--engine ssa</code>) lets every process happen at random.</p>\n"
                 "<p><b>Collectives.</b> Cells of one type in one place are one number.</p>\n"
                 "<p><b>Observation.</b> All states, and %d definitions listed below.</p>\n",
                 count_spread(model), st_model_definition_count(model));
}

st_status st_describe_page_write(st_ctx* ctx, const st_model* model, st_text* out)
{
    st_describe_math math;
    ST_TRY(st_describe_math_create(ctx, model, &math));
    double* start = st_alloc(ctx, (size_t)st_model_state_count(model), sizeof *start);
    st_status status = start != NULL ? st_describe_page_start(ctx, model, start) : ST_ERR_MEMORY;
    if (status == ST_OK) {
        add_head(model, out);
        add_purpose(model, out);
        st_describe_tables_states(model, out);
        status = add_graph(ctx, model, out);
    }
    if (status == ST_OK) {
        st_describe_tables_schedule(&math, out);
        add_design(model, out);
        st_describe_tables_start(model, start, out);
        st_describe_tables_inputs(model, out);
        st_describe_tables_equations(&math, out);
        st_describe_tables_parameters(model, out);
        st_text_add(out, "</main></body></html>\n");
    }
    st_free(ctx, start);
    st_describe_math_clear(&math);
    return status == ST_OK && out->failed ? ST_ERR_MEMORY : status;
}
