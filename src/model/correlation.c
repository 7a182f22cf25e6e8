#include "builder.h"

#include <string.h>

static int find_parameter(const builder* b, const char* name)
{
    for (int i = 0; i < b->parameter_count; i++) {
        if (strcmp(b->parameter[i].info.name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static int find_input(const builder* b, const char* name)
{
    for (int i = 0; i < b->input_count; i++) {
        if (strcmp(b->input[i].info.name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static void read_correlation(builder* b, const st_node* n)
{
    if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_CORRELATION)) {
        return;
    }
    const st_node* between = st_node_need(b->ctx, n, "between", "two parameters: [a, b]");
    const st_node* r = st_node_need(b->ctx, n, "r", "a number from -1 to 1");
    correlation* c = &b->correlation[b->correlation_count];
    if (between == NULL || r == NULL || !st_node_expect(b->ctx, between, ST_NODE_LIST) ||
        !st_node_read_number(b->ctx, r, -1.0, 1.0, &c->r)) {
        return;
    }
    if ((st_node_child(n, "source") == NULL) == (st_node_child(n, "assumed") == NULL)) {
        st_node_fail(b->ctx, n, "expected one of 'source:' and 'assumed:'");
        return;
    }
    int* const which[2] = {&c->a, &c->b};
    const st_node* item = between->first;
    for (int i = 0; i < 2; i++) {
        if (between->child_count != 2 || item->kind != ST_NODE_SCALAR) {
            st_node_fail(b->ctx, between, "expected two parameters: [a, b]");
            return;
        }
        *which[i] = find_parameter(b, item->text);
        if (*which[i] < 0 && find_input(b, item->text) < 0 && st_resolve_is_broken(b, item->text)) {
            return;
        }
        if (*which[i] < 0) {
            st_node_fail(b->ctx, item, "found '%s', expected a parameter", item->text);
            return;
        }
        item = item->next;
    }
    if (c->a == c->b) {
        st_node_fail(b->ctx, between, "expected two different parameters");
        return;
    }
    b->correlation_count++;
}

st_status st_correlation_read_all(builder* b)
{
    const st_node* list = st_node_child(b->root, "correlations");
    if (list == NULL || !st_node_expect(b->ctx, list, ST_NODE_LIST)) {
        return ST_OK;
    }
    b->correlation =
        st_arena_alloc(b->arena, (size_t)list->child_count + 1u, sizeof *b->correlation);
    if (b->correlation == NULL) {
        return ST_ERR_MEMORY;
    }
    for (const st_node* n = list->first; n != NULL; n = n->next) {
        read_correlation(b, n);
    }
    return ST_OK;
}
