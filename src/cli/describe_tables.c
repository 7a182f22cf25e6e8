#include "describe_tables.h"

#include "base/doc.h"
#include "base/maths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin_table(st_text* out, const char* caption, const char* const* head)
{
    st_text_addf(out, "<div class=\"scroll\"><table><caption>%s</caption><thead><tr>", caption);
    for (int i = 0; head[i] != NULL; i++) {
        st_text_addf(out, "<th scope=\"col\">%s</th>", head[i]);
    }
    st_text_add(out, "</tr></thead><tbody>\n");
}

static void end_table(st_text* out)
{
    st_text_add(out, "</tbody></table></div>\n");
}

static void add_cell(st_text* out, const char* text)
{
    st_text_add(out, "<td>");
    st_describe_math_escape(out, text != NULL ? text : "");
    st_text_add(out, "</td>");
}

/// Five digits, a power of ten as people write it.
static void add_number(st_text* out, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.5g", value);
    char* e = strchr(text, 'e');
    if (e == NULL) {
        st_text_add(out, text);
        return;
    }
    const long power = strtol(e + 1, NULL, 10);
    *e = '\0';
    st_text_addf(out, "%s%s10<sup>%s%ld</sup>", strcmp(text, "1") == 0 ? "" : text,
                 strcmp(text, "1") == 0 ? "" : "&#xb7;", power < 0 ? "&#x2212;" : "",
                 power < 0 ? -power : power);
}

/// "0.25 1/day"; a unit of 1 is not shown.
static void add_quantity(st_text* out, double value, const char* unit)
{
    st_text_add(out, "<td class=\"n\">");
    add_number(out, value);
    st_text_add(out, " ");
    if (strcmp(unit, "1") != 0) {
        st_describe_math_escape(out, unit);
    }
    st_text_add(out, "</td>");
}

/// The `label:` of a state's thing or variable, a definition or an input; "" without one.
static const char* label_of(const st_model* model, const char* const* sections, const char* name)
{
    char plain[160];
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(name, "@"), name);
    for (int i = 0; sections[i] != NULL; i++) {
        const st_node* entry = st_node_child(st_model_table(model, sections[i]), plain);
        const st_node* label =
            entry != NULL && entry->kind == ST_NODE_MAP ? st_node_child(entry, "label") : NULL;
        if (label != NULL && label->kind == ST_NODE_SCALAR) {
            return label->text;
        }
    }
    return "";
}

static const char* state_label(const st_model* model, int state)
{
    static const char* const sections[] = {"cells", "substrates", "matrix", "variables", NULL};
    return label_of(model, sections, st_model_state(model, state)->name);
}

void st_describe_tables_states(const st_model* model, st_text* out)
{
    static const char* const kinds[] = {"cells", "level", "matrix fraction", "variable"};
    static const char* const head[] = {"State", "What it is", "Kind", "Unit", "Typical size", NULL};
    st_text_add(out, "<h2 id=\"entities\">2 Entities, state variables and scales</h2>\n");
    begin_table(out, "States", head);
    for (int i = 0; i < st_model_state_count(model); i++) {
        const st_state_info* s = st_model_state(model, i);
        st_text_add(out, "<tr><th scope=\"row\">");
        st_describe_math_escape(out, s->name);
        st_text_add(out, "</th>");
        add_cell(out, state_label(model, i));
        add_cell(out, kinds[s->kind]);
        add_cell(out, s->show_unit);
        add_quantity(out, s->scale * s->show_factor, s->show_unit);
        st_text_add(out, "</tr>\n");
    }
    end_table(out);
    const st_node* places = st_model_table(model, "places");
    st_text_add(out, "<p>Time is continuous, in days. ");
    if (places != NULL && places->child_count > 0) {
        st_text_add(out, "Space is well mixed within each place: ");
        for (const st_node* p = places->first; p != NULL; p = p->next) {
            st_text_add(out, p == places->first ? "" : ", ");
            st_describe_math_escape(out, p->key != NULL ? p->key : "");
        }
        st_text_add(out, ".");
    }
    st_text_add(out, "</p>\n");
}

static void add_value(const st_describe_math* values, int output, st_text* out)
{
    st_text_add(out, "<math>");
    st_describe_math_mathml(values, st_describe_math_output(values, output), out);
    st_text_add(out, "</math>");
}

static void add_actions(const st_describe_math* values, const st_event_info* event, st_text* out)
{
    static const char* const words[][2] = {[ST_CHANGE_SET] = {"set ", " to "},
                                           [ST_CHANGE_ADD] = {"raise ", " by "},
                                           [ST_CHANGE_SCALE] = {"multiply ", " by "}};
    st_text_add(out, "<td>");
    for (int a = 0; a < event->action_count; a++) {
        const st_event_action* action = &event->action[a];
        st_text_addf(out, "%s%s", a > 0 ? "<br>" : "", words[action->change][0]);
        st_describe_math_escape(out, st_model_state(values->model, action->state)->name);
        st_text_add(out, words[action->change][1]);
        add_value(values, action->output, out);
    }
    st_text_add(out, "</td>");
}

static void add_event(const st_describe_math* values, const st_event_info* e, st_text* out)
{
    st_text_add(out, "<tr><th scope=\"row\">");
    st_describe_math_escape(out, e->name);
    st_text_add(out, "</th><td>");
    if (e->trigger >= 0) {
        st_text_addf(out, "%s ", e->once ? "the first time that" : "whenever");
        add_value(values, e->trigger, out);
        st_text_add(out, "<math><mo>&gt;</mo><mn>0</mn></math>");
    } else {
        st_text_addf(out, "day %.6g", e->day);
    }
    if (e->every_day > 0.0) {
        st_text_addf(out, ", every %.6g days", e->every_day);
    }
    st_text_add(out, "</td>");
    add_actions(values, e, out);
    st_text_add(out, "</tr>\n");
}

static void add_plans(const st_describe_math* values, st_text* out)
{
    static const char* const head[] = {"Input", "From", "Value", NULL};
    if (st_model_plan_count(values->model) == 0) {
        return;
    }
    begin_table(out, "Planned inputs", head);
    for (int i = 0; i < st_model_plan_count(values->model); i++) {
        const st_plan_info* plan = st_model_plan(values->model, i);
        st_text_add(out, "<tr><th scope=\"row\">");
        st_describe_math_escape(out, st_model_input(values->model, plan->input)->name);
        st_text_addf(out, "</th><td>day %.6g</td><td>", plan->day);
        add_value(values, plan->output, out);
        st_text_add(out, "</td></tr>\n");
    }
    end_table(out);
}

/// Events with their values, in the model's units.
static void add_events(const st_model* model, st_ctx* ctx, st_text* out)
{
    static const char* const head[] = {"Event", "When", "What", NULL};
    st_describe_math values;
    if (st_describe_math_create_events(ctx, model, &values) != ST_OK) {
        out->failed = true;
        return;
    }
    if (st_model_event_count(model) > 0) {
        begin_table(out, "Events", head);
        for (int i = 0; i < st_model_event_count(model); i++) {
            add_event(&values, st_model_event(model, i), out);
        }
        end_table(out);
    }
    add_plans(&values, out);
    st_describe_math_clear(&values);
}

static void add_doses(const st_model* model, st_text* out)
{
    static const char* const head[] = {"Product class", "Counted in", "Goes to", NULL};
    if (st_model_dose_count(model) == 0) {
        return;
    }
    begin_table(out, "Doses", head);
    for (int i = 0; i < st_model_dose_count(model); i++) {
        const st_dose_target* d = st_model_dose(model, i);
        const int states[3] = {d->alive_state, d->latent_state, d->dead_state};
        static const char* const parts[] = {"", " (dying)", " (dead)"};
        st_text_add(out, "<tr><th scope=\"row\">");
        st_describe_math_escape(out, d->product_class);
        st_text_addf(out, "</th><td>%s</td><td>", d->is_cell ? "cells" : "mass");
        bool any = false;
        for (int k = 0; k < 3; k++) {
            if (states[k] >= 0) {
                st_text_add(out, any ? ", " : "");
                st_describe_math_escape(out, st_model_state(model, states[k])->name);
                st_text_add(out, parts[k]);
                any = true;
            }
        }
        st_text_add(out, any ? "</td></tr>\n" : "nowhere</td></tr>\n");
    }
    end_table(out);
}

void st_describe_tables_schedule(const st_describe_math* math, st_text* out)
{
    const st_model* model = math->model;
    int count[ST_TERM_OTHER + 1] = {0};
    for (int c = 0; c < st_model_channel_count(model); c++) {
        count[st_model_channel(model, c)->kind]++;
    }
    st_text_add(out,
                "<h2 id=\"processes\">3 Process overview and scheduling</h2>\n<p>All processes "
                "act at the same time, as rates of ordinary differential equations: ");
    bool any = false;
    for (int k = 0; k <= ST_TERM_OTHER; k++) {
        if (count[k] > 0) {
            st_text_addf(out, "%s%d &#xd7; %s", any ? ", " : "", count[k],
                         st_term_kind_name((st_term_kind)k));
            any = true;
        }
    }
    st_text_add(out, any ? ". Events happen at their exact time, in the order of the file.</p>\n"
                         : "none.</p>\n");
    add_events(model, math->ctx, out);
    add_doses(model, out);
}

void st_describe_tables_start(const st_model* model, const double* start, st_text* out)
{
    static const char* const head[] = {"State", "Start", NULL};
    st_text_add(out, "<h2 id=\"initialisation\">5 Initialisation</h2>\n<p>");
    if (st_model_settle_days(model) > 0.0) {
        st_text_addf(out,
                     "The model starts %.6g days before day 0 and settles to its own balance "
                     "before anything is done to it. ",
                     st_model_settle_days(model));
    }
    st_text_add(out, "Values are those of the default individual.</p>\n");
    begin_table(out, "Starting values", head);
    for (int i = 0; i < st_model_state_count(model); i++) {
        const st_state_info* s = st_model_state(model, i);
        st_text_add(out, "<tr><th scope=\"row\">");
        st_describe_math_escape(out, s->name);
        st_text_add(out, "</th>");
        add_quantity(out, start[i] * s->show_factor, s->show_unit);
        st_text_add(out, "</tr>\n");
    }
    end_table(out);
}

void st_describe_tables_inputs(const st_model* model, st_text* out)
{
    static const char* const sections[] = {"inputs", NULL};
    static const char* const head[] = {"Input", "What it is", "Default", NULL};
    st_text_add(out, "<h2 id=\"input\">6 Input data</h2>\n");
    if (st_model_input_count(model) == 0) {
        st_text_add(out, "<p>The model takes no input from outside.</p>\n");
        return;
    }
    st_text_add(out, "<p>Who the person is, and plans over time; they come from outside.</p>\n");
    begin_table(out, "Inputs", head);
    for (int i = 0; i < st_model_input_count(model); i++) {
        const st_input_info* in = st_model_input(model, i);
        st_text_add(out, "<tr><th scope=\"row\">");
        st_describe_math_escape(out, in->name);
        st_text_add(out, "</th>");
        add_cell(out, label_of(model, sections, in->name));
        add_quantity(out, in->value * in->show_factor, in->show_unit);
        st_text_add(out, "</tr>\n");
    }
    end_table(out);
}

// --- equations ----------------------------------------------------------------------------------

static void add_formula(const st_describe_math* math, int node, st_text* out)
{
    st_describe_math_mathml(math, node, out);
}

/// One summand of a rate, with the process that it belongs to.
static void add_term(st_describe_math* math, const st_channel_info* info,
                     const st_channel_change* change, bool is_first, st_text* out)
{
    bool is_negative;
    st_describe_math_prefer(math, info->behaviour);
    const int node =
        st_describe_math_sign(math, st_describe_math_change(math, change), &is_negative);
    st_text_addf(out, "<tr><td class=\"sign\">%s</td><td><math displaystyle=\"true\">",
                 is_negative ? "&#x2212;"
                 : is_first  ? ""
                             : "+");
    add_formula(math, node, out);
    st_text_addf(out, "</math></td><td class=\"note\">%s", st_term_kind_name(info->kind));
    if (info->actor >= 0) {
        st_text_add(out, " by ");
        st_describe_math_escape(out, st_model_state(math->model, info->actor)->name);
    } else if (info->kind == ST_TERM_REACTION || info->kind == ST_TERM_EXCHANGE) {
        st_text_add(out, " of ");
        st_describe_math_escape(out, info->name);
    }
    st_text_add(out, "</td></tr>\n");
}

static void add_state(st_describe_math* math, int state, st_text* out)
{
    const st_state_info* s = st_model_state(math->model, state);
    const char* label = state_label(math->model, state);
    st_text_add(out, "<h3>");
    st_describe_math_escape(out, s->name);
    if (*label) {
        st_text_add(out, " <span class=\"note\">");
        st_describe_math_escape(out, label);
        st_text_add(out, "</span>");
    }
    st_text_add(out, "</h3>\n<div class=\"scroll\"><table class=\"terms\"><tbody><tr><td></td><td>"
                     "<math displaystyle=\"true\"><mfrac><mrow><mi>d</mi>");
    st_describe_math_name(out, s->name);
    st_text_add(out, "</mrow><mrow><mi>d</mi><mi>t</mi></mrow></mfrac><mo>=</mo></math></td>"
                     "<td class=\"note\">");
    st_text_addf(out, "%s per day</td></tr>\n", s->unit);
    bool any = false;
    for (int c = 0; c < st_model_channel_count(math->model); c++) {
        const st_channel_info* info = st_model_channel(math->model, c);
        for (int i = 0; i < info->change_count; i++) {
            if (info->change[i].state == state) {
                add_term(math, info, &info->change[i], !any, out);
                any = true;
            }
        }
    }
    if (!any) {
        st_text_add(out, "<tr><td></td><td><math><mn>0</mn></math></td>"
                         "<td class=\"note\">changed by events and doses only</td></tr>\n");
    }
    st_text_add(out, "</tbody></table></div>\n");
}

/// What a name in the equations stands for: `name = formula`.
static void add_equation(const st_describe_math* math, int node, const char* name,
                         const char* below, const char* note, st_text* out)
{
    st_text_add(out, "<tr><td><math displaystyle=\"true\">");
    if (below != NULL) {
        st_text_add(out, "<msub><mi>");
        st_describe_math_escape(out, name);
        st_text_add(out, "</mi><mi>");
        st_describe_math_escape(out, below);
        st_text_add(out, "</mi></msub>");
    } else {
        st_describe_math_name(out, name);
    }
    st_text_add(out, "<mo>=</mo>");
    add_formula(math, node, out);
    st_text_add(out, "</math></td><td class=\"note\">");
    st_describe_math_escape(out, note);
    st_text_add(out, "</td></tr>\n");
}

static void add_behaviours(const st_describe_math* math, st_text* out)
{
    bool any = false;
    for (int b = 0; b < st_model_behaviour_count(math->model); b++) {
        const st_behaviour_info* info = st_model_behaviour(math->model, b);
        const int node = st_describe_math_behaviour(math, b);
        if (!st_describe_math_is_formula(math, node)) {
            continue;
        }
        if (!any) {
            st_text_add(out, "<h3>What cells do, after their rules</h3>\n<div class=\"scroll\">"
                             "<table class=\"terms\"><tbody>\n");
            any = true;
        }
        add_equation(math, node, info->key, st_model_state(math->model, info->state)->name, "",
                     out);
    }
    st_text_add(out, any ? "</tbody></table></div>\n" : "");
}

static void add_definitions(const st_describe_math* math, st_text* out)
{
    static const char* const sections[] = {"definitions", NULL};
    if (st_model_definition_count(math->model) == 0) {
        return;
    }
    st_text_add(out,
                "<h3>Definitions</h3>\n<div class=\"scroll\"><table class=\"terms\"><tbody>\n");
    for (int d = 0; d < st_model_definition_count(math->model); d++) {
        const st_definition_info* info = st_model_definition(math->model, d);
        char note[256];
        snprintf(note, sizeof note, "%s%s[%s]", label_of(math->model, sections, info->name),
                 *label_of(math->model, sections, info->name) ? " " : "", info->show_unit);
        add_equation(math, st_describe_math_definition(math, d), info->name, NULL, note, out);
    }
    st_text_add(out, "</tbody></table></div>\n");
}

void st_describe_tables_equations(st_describe_math* math, st_text* out)
{
    st_text_add(out,
                "<h2 id=\"submodels\">7 Submodels</h2>\n<p>The rate of every state, one summand "
                "per process. A name is a state, a parameter, an input, a definition or what "
                "cells of a type do; an index is the place. Numbers inside the equations are in "
                "mL, cm, day, nmol, g and cells. A power of a signal is 0 below 0.</p>\n");
    for (int s = 0; s < st_model_state_count(math->model); s++) {
        add_state(math, s, out);
    }
    add_behaviours(math, out);
    add_definitions(math, out);
}

static void add_spread(const st_parameter_info* p, st_text* out)
{
    st_text_add(out, "<td class=\"n\">");
    if (p->spread_kind == ST_SPREAD_LOGNORMAL) {
        st_text_addf(out, "&#xd7;/&#xf7; %.3g", st_exp(p->spread));
    } else if (p->spread_kind == ST_SPREAD_NORMAL) {
        st_text_addf(out, "&#xb1; %.3g", p->spread * p->show_factor);
    }
    if (isfinite(p->lo) || isfinite(p->hi)) {
        st_text_addf(out, " in %.4g..%.4g", p->lo * p->show_factor, p->hi * p->show_factor);
    }
    st_text_add(out, "</td>");
}

void st_describe_tables_parameters(const st_model* model, st_text* out)
{
    static const char* const head[] = {"Parameter", "Value", "Between people", "Source", NULL};
    st_text_add(out, "<h3 id=\"parameters\">Parameters</h3>\n<p>Between people: &#xd7;/&#xf7; is a "
                     "log-normal with that geometric standard deviation, &#xb1; a normal standard "
                     "deviation. An assumed value has a coloured edge and says why.</p>\n");
    if (st_model_parameter_count(model) == 0) {
        return;
    }
    begin_table(out, "Values and where they come from", head);
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        const st_parameter_info* p = st_model_parameter(model, i);
        st_text_add(out, p->source != NULL ? "<tr>" : "<tr class=\"assumed\">");
        st_text_add(out, "<th scope=\"row\">");
        st_describe_math_escape(out, p->name);
        st_text_add(out, "</th>");
        add_quantity(out, p->value * p->show_factor, p->show_unit);
        add_spread(p, out);
        st_text_add(out, p->source != NULL ? "<td class=\"source\">"
                                           : "<td class=\"source\"><span class=\"tag\">assumed"
                                             "</span> ");
        const char* why = p->source != NULL ? p->source : p->assumed;
        st_describe_math_escape(out, why != NULL ? why : "");
        st_text_add(out, "</td></tr>\n");
    }
    end_table(out);
}
