#include "procedure/catalogue_read.h"

#include <math.h>
#include <string.h>

/// `applies_to: all` or a list of product classes.
static void read_classes(st_ctx* ctx, const st_node* node, st_adverse_rule* rule)
{
    if (node->kind == ST_NODE_SCALAR && strcmp(node->text, "all") == 0) {
        rule->applies_to_all = true;
        return;
    }
    if (node->kind != ST_NODE_LIST || node->child_count == 0 ||
        node->child_count > ST_ADVERSE_CLASS_LIMIT) {
        st_node_fail(ctx, node, "found %s, expected `all` or a list of 1 to %d product classes",
                     node->kind == ST_NODE_SCALAR ? node->text : "something else",
                     ST_ADVERSE_CLASS_LIMIT);
        return;
    }
    for (const st_node* item = node->first; item != NULL; item = item->next) {
        if (st_node_read_text(ctx, item, &rule->product_class[rule->class_count])) {
            rule->class_count++;
        }
    }
}

static void read_rate(st_catalogue* catalogue, const st_node* node, st_adverse_rule* rule)
{
    st_ctx* ctx = catalogue->ctx;
    st_adverse* about = &rule->about;
    const st_node* rate = st_node_need(ctx, node, "rate", "a probability per step");
    if (rate != NULL) {
        (void)st_node_read_number(ctx, rate, 0.0, 1.0, &about->probability);
    }
    st_range range = {0.0, 1.0, false, false};
    const st_node* interval = st_node_need(ctx, node, "interval", "a range such as 0.1..0.4 %");
    if (interval != NULL && st_node_read_range(ctx, interval, "a probability", "1", &range)) {
        about->lo = range.lo;
        about->hi = range.hi;
        if (!(range.lo >= 0.0 && range.lo <= about->probability && about->probability <= range.hi &&
              range.hi <= 1.0)) {
            st_node_fail(ctx, interval,
                         "found '%s', expected an interval within 0..100 %% that "
                         "holds the rate",
                         interval->text);
        }
    }
    const st_node* source = st_node_child(node, "source");
    const st_node* assumed = st_node_child(node, "assumed");
    if ((source == NULL) == (assumed == NULL)) {
        st_node_fail(ctx, node, "found %s, expected either `source` or `assumed`",
                     source == NULL ? "neither source nor assumed" : "both");
        return;
    }
    if (source != NULL) {
        (void)st_node_read_text(ctx, source, &about->source);
    } else {
        (void)st_node_read_text(ctx, assumed, &about->assumed);
    }
    const char* name = st_arena_format(&catalogue->arena, "adverse_events.%s",
                                       about->name != NULL ? about->name : "");
    if (name == NULL) {
        catalogue->is_memory_out = true;
        return;
    }
    const st_catalogue_value entry = {name, about->probability, "1", about->source, about->assumed};
    (void)st_amount_read_enter(catalogue, &entry);
}

static void read_event(st_catalogue* catalogue, const st_node* node, st_adverse_rule* rule)
{
    static const char* const known[] = {"name",     "label",  "per",     "applies_to", "rate",
                                        "interval", "source", "assumed", NULL};
    st_ctx* ctx = catalogue->ctx;
    if (!st_node_check_keys(ctx, node, known)) {
        return;
    }
    const st_node* name = st_node_need(ctx, node, "name", "a name");
    const st_node* label = st_node_need(ctx, node, "label", "a label for people");
    const st_node* per = st_node_need(ctx, node, "per", "a step");
    const st_node* classes = st_node_need(ctx, node, "applies_to", "`all` or product classes");
    if (name != NULL) {
        (void)st_node_read_text(ctx, name, &rule->about.name);
    }
    if (label != NULL) {
        (void)st_node_read_text(ctx, label, &rule->about.label);
    }
    if (per != NULL) {
        int step = 0;
        if (st_node_read_choice(ctx, per, ST_STEP_KIND_NAME, ST_STEP_COUNT, &step)) {
            rule->step = (st_step_kind)step;
            rule->about.per = ST_STEP_KIND_NAME[step];
        }
    }
    if (classes != NULL) {
        read_classes(ctx, classes, rule);
    }
    read_rate(catalogue, node, rule);
}

void st_catalogue_adverse_read(st_catalogue* catalogue, const st_node* list)
{
    st_ctx* ctx = catalogue->ctx;
    if (!st_node_expect(ctx, list, ST_NODE_LIST)) {
        return;
    }
    st_adverse_rule* rule =
        st_arena_alloc(&catalogue->arena, (size_t)list->child_count, sizeof *rule);
    if (rule == NULL) {
        catalogue->is_memory_out = true;
        return;
    }
    int count = 0;
    for (const st_node* node = list->first; node != NULL; node = node->next, count++) {
        read_event(catalogue, node, &rule[count]);
        for (int i = 0; i < count; i++) {
            if (rule[i].about.name != NULL && rule[count].about.name != NULL &&
                strcmp(rule[i].about.name, rule[count].about.name) == 0) {
                st_node_fail(ctx, node, "found '%s' a second time, expected a new name",
                             rule[i].about.name);
            }
        }
    }
    catalogue->adverse = rule;
    catalogue->adverse_count = count;
}
