#include "describe_math.h"

#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_unary(int code)
{
    return code == ST_OP_NEG || code == ST_OP_EXP || code == ST_OP_LOG || code == ST_OP_SQRT ||
           code == ST_OP_SQUARE || code == ST_OP_PLUS;
}

static bool is_leaf(int code)
{
    return code == ST_OP_INPUT || code == ST_OP_CONSTANT;
}

/// Follows the tape once: a register's node changes with every operation that writes it.
static void follow(st_describe_math* m, const st_tape* tape, int* at)
{
    for (int i = 0; i < tape->input_count + tape->constant_count; i++) {
        const bool is_input = i < tape->input_count;
        m->node[i] =
            (st_describe_node){.code = is_input ? ST_OP_INPUT : ST_OP_CONSTANT,
                               .a = i,
                               .value = is_input ? 0.0 : tape->constant[i - tape->input_count]};
        at[i] = i;
    }
    m->node_count = tape->input_count + tape->constant_count;
    for (int i = 0; i < tape->op_count; i++) {
        const st_op op = tape->op[i];
        m->node[m->node_count] = (st_describe_node){.code = op.code, .a = at[op.a], .b = at[op.b]};
        at[op.out] = m->node_count++;
    }
    for (int i = 0; i < tape->output_count; i++) {
        m->output[i] = at[tape->output[i]];
    }
}

/// Definitions first: where both have a value, the reader knows the definition.
static void give_names(st_describe_math* m)
{
    for (int d = 0; d < st_model_definition_count(m->model); d++) {
        st_describe_node* n = &m->node[st_describe_math_definition(m, d)];
        n->name = n->name == 0 && !is_leaf(n->code) ? d + 1 : n->name;
    }
    for (int b = 0; b < st_model_behaviour_count(m->model); b++) {
        st_describe_node* n = &m->node[st_describe_math_behaviour(m, b)];
        n->name = n->name == 0 && !is_leaf(n->code) ? -b - 1 : n->name;
    }
}

static st_status create(st_ctx* ctx, const st_model* model, const st_tape* tape,
                        st_describe_math* out)
{
    const int nodes = tape->input_count + tape->constant_count + tape->op_count;
    *out = (st_describe_math){
        .ctx = ctx, .model = model, .change_count = st_model_channel_tape(model)->output_count};
    out->node = st_alloc(ctx, (size_t)nodes, sizeof *out->node);
    out->output = st_alloc(ctx, (size_t)tape->output_count, sizeof *out->output);
    int* at = st_alloc(ctx, (size_t)tape->register_count, sizeof *at);
    if (!out->node || !out->output || !at) {
        st_free(ctx, at);
        st_describe_math_clear(out);
        return ST_ERR_MEMORY;
    }
    follow(out, tape, at);
    st_free(ctx, at);
    return ST_OK;
}

st_status st_describe_math_create(st_ctx* ctx, const st_model* model, st_describe_math* out)
{
    ST_TRY(create(ctx, model, st_model_description_tape(model), out));
    give_names(out);
    return ST_OK;
}

st_status st_describe_math_create_events(st_ctx* ctx, const st_model* model, st_describe_math* out)
{
    return create(ctx, model, st_model_event_tape(model), out);
}

int st_describe_math_output(const st_describe_math* math, int output)
{
    return math->output[output];
}

void st_describe_math_clear(st_describe_math* math)
{
    st_free(math->ctx, math->node);
    st_free(math->ctx, math->output);
    math->node = NULL;
    math->output = NULL;
}

int st_describe_math_change(const st_describe_math* math, const st_channel_change* change)
{
    return math->output[change->output];
}

int st_describe_math_behaviour(const st_describe_math* math, int behaviour)
{
    return math->output[st_model_behaviour(math->model, behaviour)->output];
}

int st_describe_math_definition(const st_describe_math* math, int definition)
{
    return math->output[math->change_count + st_model_behaviour_count(math->model) + definition];
}

void st_describe_math_prefer(st_describe_math* math, int behaviour)
{
    if (behaviour >= 0) {
        st_describe_node* n = &math->node[st_describe_math_behaviour(math, behaviour)];
        n->name = n->name < 0 ? -behaviour - 1 : n->name;
    }
}

bool st_describe_math_is_formula(const st_describe_math* math, int node)
{
    return !is_leaf(math->node[node].code);
}

int st_describe_math_sign(const st_describe_math* math, int node, bool* is_negative)
{
    const st_describe_node* n = &math->node[node];
    const bool minus_one = n->code == ST_OP_MUL && n->name == 0 &&
                           math->node[n->a].code == ST_OP_CONSTANT &&
                           math->node[n->a].value == -1.0;
    const bool one_minus = n->code == ST_OP_MUL && n->name == 0 &&
                           math->node[n->b].code == ST_OP_CONSTANT &&
                           math->node[n->b].value == -1.0;
    *is_negative = (n->code == ST_OP_NEG && n->name == 0) || minus_one || one_minus;
    return !*is_negative ? node : one_minus ? n->a : minus_one ? n->b : n->a;
}

void st_describe_math_escape(st_text* out, const char* text)
{
    st_text_add_escaped(out, text, strlen(text), "&<>\"");
}

void st_describe_math_name(st_text* out, const char* name)
{
    const char* at = strchr(name, '@');
    if (at == NULL) {
        st_text_add(out, "<mi>");
        st_describe_math_escape(out, name);
        st_text_add(out, "</mi>");
        return;
    }
    st_text_add(out, "<msub><mi>");
    char head[160];
    snprintf(head, sizeof head, "%.*s", (int)(at - name), name);
    st_describe_math_escape(out, head);
    st_text_add(out, "</mi><mi>");
    st_describe_math_escape(out, at + 1);
    st_text_add(out, "</mi></msub>");
}

static const char* slot_name(const st_describe_math* m, int slot)
{
    const int states = st_model_state_count(m->model);
    const int parameters = st_model_parameter_count(m->model);
    const int inputs = st_model_input_count(m->model);
    if (slot < states) {
        return st_model_state(m->model, slot)->name;
    }
    if (slot < states + parameters) {
        return st_model_parameter(m->model, slot - states)->name;
    }
    if (slot < states + parameters + inputs) {
        return st_model_input(m->model, slot - states - parameters)->name;
    }
    return "time";
}

// --- one walk, two ways to write ----------------------------------------------------------------

typedef struct writer {
    const st_describe_math* m;
    st_text* out;
    bool is_mathml;
    int top; ///< the node whose own name is not used
    int depth, count;
} writer;

/// How tightly an operation binds; brackets stand where the outer one binds more.
enum { BIND_SUM = 1, BIND_PRODUCT, BIND_POWER, BIND_ATOM };

/// Deeper formulas are cut: no reader follows them, and a call stack has an end.
#define DEPTH_LIMIT 200
#define COUNT_LIMIT 4000

static void write(writer* w, int node, int binding);

static void add(writer* w, const char* mathml, const char* plain)
{
    st_text_add(w->out, w->is_mathml ? mathml : plain);
}

static void write_leaf(writer* w, const st_describe_node* n)
{
    char number[32];
    if (n->code == ST_OP_INPUT) {
        if (w->is_mathml) {
            st_describe_math_name(w->out, slot_name(w->m, n->a));
        } else {
            st_text_add(w->out, slot_name(w->m, n->a));
        }
        return;
    }
    snprintf(number, sizeof number, w->is_mathml ? "%.6g" : "%.17g", n->value);
    if (!w->is_mathml) {
        st_number_text(n->value, number, sizeof number);
    }
    const char* e = strchr(number, 'e');
    if (!w->is_mathml || e == NULL) {
        add(w, "<mn>", "");
        st_text_add(w->out, number);
        add(w, "</mn>", "");
        return;
    }
    const long power = strtol(e + 1, NULL, 10);
    if (strncmp(number, "1e", 2) != 0) {
        st_text_addf(w->out, "<mn>%.*s</mn><mo>&#xb7;</mo>", (int)(e - number), number);
    }
    st_text_addf(w->out, "<msup><mn>10</mn><mn>%s%ld</mn></msup>", power < 0 ? "&#x2212;" : "",
                 power < 0 ? -power : power);
}

static bool write_named(writer* w, const st_describe_node* n)
{
    char name[256];
    if (n->name > 0) {
        snprintf(name, sizeof name, "%s", st_model_definition(w->m->model, n->name - 1)->name);
    } else {
        const st_behaviour_info* b = st_model_behaviour(w->m->model, -n->name - 1);
        snprintf(name, sizeof name, "[%s %s]", st_model_state(w->m->model, b->state)->name, b->key);
        if (w->is_mathml) {
            st_text_add(w->out, "<msub><mi>");
            st_describe_math_escape(w->out, b->key);
            st_text_add(w->out, "</mi><mi>");
            st_describe_math_escape(w->out, st_model_state(w->m->model, b->state)->name);
            st_text_add(w->out, "</mi></msub>");
            return true;
        }
    }
    if (w->is_mathml) {
        st_describe_math_name(w->out, name);
    } else {
        st_text_add(w->out, name);
    }
    return true;
}

static void open_bracket(writer* w, bool needed)
{
    if (needed) {
        add(w, "<mrow><mo>(</mo>", "(");
    }
}

static void close_bracket(writer* w, bool needed)
{
    if (needed) {
        add(w, "<mo>)</mo></mrow>", ")");
    }
}

static void write_function(writer* w, const char* name, int a, int b)
{
    add(w, "<mrow><mi>", "");
    st_text_add(w->out, name);
    add(w, "</mi><mo>(</mo>", "(");
    write(w, a, BIND_SUM);
    if (b >= 0) {
        add(w, "<mo>,</mo>", ", ");
        write(w, b, BIND_SUM);
    }
    add(w, "<mo>)</mo></mrow>", ")");
}

static void write_power(writer* w, int base, int exponent, const char* fixed)
{
    add(w, "<msup><mrow>", "");
    write(w, base, BIND_ATOM);
    add(w, "</mrow><mrow>", "^");
    if (fixed != NULL) {
        add(w, "<mn>", "");
        st_text_add(w->out, fixed);
        add(w, "</mn>", "");
    } else {
        write(w, exponent, BIND_ATOM);
    }
    add(w, "</mrow></msup>", "");
}

/// Is it w/(1 + w) with w = (x/h)^n? Then the reader sees x^n/(h^n + x^n).
static bool is_hill(const st_describe_math* m, const st_describe_node* n, int* x, int* h, int* p)
{
    if (n->code != ST_OP_DIV || m->node[n->b].code != ST_OP_ADD) {
        return false;
    }
    const st_describe_node* sum = &m->node[n->b];
    const int one = sum->a == n->a ? sum->b : sum->a;
    if ((sum->a != n->a && sum->b != n->a) || m->node[one].code != ST_OP_CONSTANT ||
        m->node[one].value != 1.0) {
        return false;
    }
    const st_describe_node* w = &m->node[n->a];
    if (w->name != 0 ||
        (w->code != ST_OP_PPOW && w->code != ST_OP_SQUARE && w->code != ST_OP_PLUS)) {
        return false;
    }
    const st_describe_node* ratio = &m->node[w->a];
    *x = ratio->code == ST_OP_DIV ? ratio->a : w->a;
    *h = ratio->code == ST_OP_DIV ? ratio->b : -1;
    *p = w->code == ST_OP_PPOW ? w->b : w->code == ST_OP_SQUARE ? -2 : -1;
    return true;
}

static void write_hill(writer* w, int x, int h, int p)
{
    if (!w->is_mathml) {
        st_text_add(w->out, "hill(");
        write(w, x, BIND_SUM);
        st_text_add(w->out, ", ");
        h >= 0 ? write(w, h, BIND_SUM) : st_text_add(w->out, "1");
        st_text_add(w->out, ", ");
        p >= 0 ? write(w, p, BIND_SUM) : st_text_add(w->out, p == -2 ? "2" : "1");
        st_text_add(w->out, ")");
        return;
    }
    const char* fixed = p == -2 ? "2" : NULL;
    const int parts[3] = {x, h, x};
    st_text_add(w->out, "<mfrac><mrow>");
    for (int i = 0; i < 3; i++) {
        if (i > 0) {
            st_text_add(w->out, i == 1 ? "</mrow><mrow>" : "<mo>+</mo>");
        }
        if (parts[i] < 0) {
            st_text_add(w->out, "<mn>1</mn>");
        } else if (p == -1) {
            write(w, parts[i], BIND_ATOM);
        } else {
            write_power(w, parts[i], p, fixed);
        }
    }
    st_text_add(w->out, "</mrow></mfrac>");
}

static void write_pair(writer* w, const st_describe_node* n, int binding)
{
    const bool is_sum = n->code == ST_OP_ADD || n->code == ST_OP_SUB;
    const int own = is_sum ? BIND_SUM : BIND_PRODUCT;
    const bool is_fraction = n->code == ST_OP_DIV && w->is_mathml;
    const bool bracket = binding > own && !(is_fraction && binding <= BIND_POWER);
    open_bracket(w, bracket);
    if (is_fraction) {
        st_text_add(w->out, "<mfrac><mrow>");
        write(w, n->a, BIND_SUM);
        st_text_add(w->out, "</mrow><mrow>");
        write(w, n->b, BIND_SUM);
        st_text_add(w->out, "</mrow></mfrac>");
    } else {
        static const char* const signs[][2] = {[ST_OP_ADD] = {"<mo>+</mo>", " + "},
                                               [ST_OP_SUB] = {"<mo>&#x2212;</mo>", " - "},
                                               [ST_OP_MUL] = {"<mo>&#xb7;</mo>", " * "},
                                               [ST_OP_DIV] = {"", " / "}};
        const bool is_tight = n->code == ST_OP_SUB || n->code == ST_OP_DIV;
        write(w, n->a, own);
        add(w, signs[n->code][0], signs[n->code][1]);
        write(w, n->b, is_tight ? own + 1 : own);
    }
    close_bracket(w, bracket);
}

static void write_other(writer* w, const st_describe_node* n, int binding)
{
    switch (n->code) {
    case ST_OP_NEG:
        open_bracket(w, binding > BIND_SUM);
        add(w, "<mo>&#x2212;</mo>", "-");
        write(w, n->a, BIND_PRODUCT);
        close_bracket(w, binding > BIND_SUM);
        break;
    case ST_OP_EXP:
        write_function(w, "exp", n->a, -1);
        break;
    case ST_OP_LOG:
        write_function(w, "log", n->a, -1);
        break;
    case ST_OP_SQRT:
        write_function(w, "sqrt", n->a, -1);
        break;
    case ST_OP_MIN:
        write_function(w, "min", n->a, n->b);
        break;
    case ST_OP_MAX:
        write_function(w, "max", n->a, n->b);
        break;
    case ST_OP_LE:
        write_function(w, "at_most", n->a, n->b);
        break;
    case ST_OP_PLUS:
        write(w, n->a, binding); // max(a, 0): a signal that is never below 0
        break;
    case ST_OP_SQUARE:
        write_power(w, n->a, -1, "2");
        break;
    default: // pow, ppow
        write_power(w, n->a, n->b, NULL);
        break;
    }
}

static void write(writer* w, int node, int binding)
{
    const st_describe_node* n = &w->m->node[node];
    int x;
    int h;
    int p;
    if (++w->depth > DEPTH_LIMIT || ++w->count > COUNT_LIMIT) {
        add(w, "<mo>&#x2026;</mo>", "...");
    } else if (is_leaf(n->code)) {
        write_leaf(w, n);
    } else if (n->name != 0 && node != w->top) {
        write_named(w, n);
    } else if (is_hill(w->m, n, &x, &h, &p)) {
        write_hill(w, x, h, p);
    } else if (is_unary(n->code) || n->code == ST_OP_MIN || n->code == ST_OP_MAX ||
               n->code == ST_OP_LE || n->code == ST_OP_POW || n->code == ST_OP_PPOW) {
        write_other(w, n, binding);
    } else {
        write_pair(w, n, binding);
    }
    w->depth--;
}

void st_describe_math_mathml(const st_describe_math* math, int node, st_text* out)
{
    writer w = {.m = math, .out = out, .is_mathml = true, .top = node};
    st_text_add(out, "<mrow>");
    write(&w, node, BIND_SUM);
    st_text_add(out, "</mrow>");
}

void st_describe_math_plain(const st_describe_math* math, int node, st_text* out)
{
    writer w = {.m = math, .out = out, .top = node};
    write(&w, node, BIND_SUM);
}
