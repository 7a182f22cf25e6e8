#include "builder.h"

#include "base/units.h"

#include <stdio.h>
#include <string.h>

// What each quantity of a file was computed to, for `stroma check --units`.

void st_note_quantity(builder* b, const st_node* node, double value, const char* unit)
{
    for (int i = b->quantity_count - 1; i >= 0; i--) {
        if (b->quantity_node[i] == node) { // read again, now in the units of its use
            b->quantity[i].value = value;
            b->quantity[i].unit = unit;
            return;
        }
    }
    if (b->quantity_count == b->quantity_capacity) {
        const int capacity = b->quantity_capacity == 0 ? 128 : 2 * b->quantity_capacity;
        st_quantity_info* grown = st_realloc(b->ctx, b->quantity, (size_t)capacity, sizeof *grown);
        b->quantity = grown != NULL ? grown : b->quantity;
        const st_node** nodes =
            st_realloc(b->ctx, b->quantity_node, (size_t)capacity, sizeof *nodes);
        b->quantity_node = nodes != NULL ? nodes : b->quantity_node;
        if (grown == NULL || nodes == NULL) {
            b->graph.failed = true;
            return;
        }
        b->quantity_capacity = capacity;
    }
    char path[256];
    st_node_path(node, path, sizeof path);
    b->quantity_node[b->quantity_count] = node;
    b->quantity[b->quantity_count++] =
        (st_quantity_info){.path = st_arena_text(b->arena, path, strlen(path)),
                           .file = st_doc_name(node->doc),
                           .line = node->line,
                           .column = node->column,
                           .written = node->text,
                           .value = value,
                           .unit = unit};
}

/// True when something was noted at that line and column of the same file.
bool st_note_is_there(const builder* b, const st_node* node)
{
    for (int i = b->quantity_count - 1; i >= 0; i--) {
        const st_quantity_info* q = &b->quantity[i];
        if (q->line == node->line && q->column == node->column &&
            q->file == st_doc_name(node->doc)) {
            return true;
        }
    }
    return false;
}

/// Notes each `[20 ng/mL]` of an expression.
void st_note_brackets(builder* b, const st_node* node)
{
    const char* open = strchr(node->text, '[');
    if (open == NULL) {
        return;
    }
    for (; open != NULL; open = strchr(open + 1, '[')) {
        char text[128];
        double number;
        st_unit unit;
        const char* unit_text;
        char why[64];
        const size_t length = strcspn(open + 1, "]");
        if (length >= sizeof text) {
            continue;
        }
        memcpy(text, open + 1, length);
        text[length] = '\0';
        if (st_quantity_parse(text, &number, &unit, &unit_text, why, sizeof why)) {
            // stands at its own column, with its own words
            st_node* spot = st_arena_alloc(b->arena, 1, sizeof *spot);
            char* written = st_arena_text(b->arena, text, length);
            if (spot == NULL || written == NULL) {
                return;
            }
            *spot = *node;
            spot->text = written;
            spot->column += (int)(open + 1 - node->text) + (node->is_quoted ? 1 : 0);
            if (!st_note_is_there(b, spot)) {
                st_note_quantity(b, spot,
                                 number * unit.factor *
                                     st_units_from_si(&ST_UNITS_POPULATION, &unit.dim),
                                 st_value_unit_text(b, &unit.dim));
            }
        }
    }
}
