#include "builder.h"

#include <stdio.h>
#include <string.h>

// What a name means, seen from a place.

/// Place index in which `thing` is meant, -1 with a reason.
static int find_home(const builder* b, int thing, int at_place, const char* place_name, char* why,
                     size_t why_size)
{
    const thing_spec* t = &b->thing[thing];
    if (place_name != NULL) {
        const int place = st_declare_find_place(b, place_name);
        if (place < 0 || t->state[place] < 0) {
            snprintf(why, why_size, "'%s' does not live in '%s'", t->name, place_name);
            return -1;
        }
        return place;
    }
    if (at_place >= 0 && t->state[at_place] >= 0) {
        return at_place;
    }
    int place = -1;
    int count = 0;
    for (int i = 0; i < b->place_count; i++) {
        if (t->state[i] >= 0) {
            place = i;
            count++;
        }
    }
    if (count != 1) {
        snprintf(why, why_size, "'%s' lives in %d places, write '%s@place'", t->name, count,
                 t->name);
        return -1;
    }
    return place;
}

st_expr st_resolve_number(builder* b, int thing, int place)
{
    const thing_spec* t = &b->thing[thing];
    st_expr sum = ST_EXPR_ZERO;
    for (int i = 0; i < t->stage_count; i++) {
        const uint32_t slot = SLOT_STATE | (uint32_t)(t->state[place] + i);
        sum = st_expr_add(&b->graph, sum, st_expr_input(&b->graph, slot));
    }
    return sum;
}

/// Splits "il1@fluid" and finds thing and place; false with a reason, or none when no such thing.
static bool find_thing_at(const builder* b, int at_place, const char* name, int* thing, int* place,
                          char* why, size_t why_size)
{
    char base[64];
    const char* at = strchr(name, '@');
    const size_t length = at != NULL ? (size_t)(at - name) : strlen(name);
    if (length >= sizeof base) {
        return false;
    }
    memcpy(base, name, length);
    base[length] = '\0';
    *thing = st_declare_find_thing(b, base);
    if (*thing < 0) {
        return false;
    }
    *place = find_home(b, *thing, at_place, at != NULL ? at + 1 : NULL, why, why_size);
    return *place >= 0;
}

int st_resolve_state(builder* b, int at_place, const char* name, char* why, size_t why_size)
{
    why[0] = '\0';
    for (int i = 0; i < b->state_count; i++) {
        if (b->state[i].thing < 0 && strcmp(b->state[i].info.name, name) == 0) {
            return i;
        }
    }
    int thing;
    int place;
    if (find_thing_at(b, at_place, name, &thing, &place, why, why_size)) {
        return b->thing[thing].state[place];
    }
    return -1;
}

/// density.T: cells of a type per volume of the place that is asked from.
static bool resolve_density(builder* b, int at_place, const char* type, st_typed* out, char* why,
                            size_t why_size)
{
    const int cell = st_declare_find_thing(b, type);
    if (cell < 0 || b->thing[cell].kind != ST_STATE_CELL) {
        snprintf(why, why_size, "'density.%s' needs a cell type", type);
        return false;
    }
    if (at_place < 0 || b->thing[cell].state[at_place] < 0) {
        snprintf(why, why_size, "'density.%s' has a meaning only in a place where %s lives", type,
                 type);
        return false;
    }
    const st_typed* volume = &b->place[at_place].volume;
    const st_dim cells = st_value_dim("cells");
    *out = (st_typed){.e = st_expr_div(&b->graph, st_resolve_number(b, cell, at_place), volume->e),
                      .dim = st_dim_product(&cells, &volume->dim, -1.0)};
    return true;
}

bool st_resolve_is_broken(const builder* b, const char* name)
{
    static const char* const sections[] = {"parameters", "inputs",      "substrates",
                                           "cells",      "matrix",      "variables",
                                           "responses",  "definitions", "places"};
    char base[64];
    const size_t length = strcspn(name, "@");
    if (length >= sizeof base || st_ctx_mistake_count(b->ctx) == 0) {
        return false;
    }
    memcpy(base, name, length);
    base[length] = '\0';
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (st_node_child(st_node_child(b->root, sections[i]), base) != NULL) {
            return true;
        }
    }
    return false;
}

static bool resolve_unknown(builder* b, const char* name, char* why, size_t why_size)
{
    const char* names[512];
    int count = 0;
    const int limit = (int)(sizeof names / sizeof names[0]);
    for (int i = 0; i < b->parameter_count && count < limit; i++) {
        names[count++] = b->parameter[i].info.name;
    }
    for (int i = 0; i < b->input_count && count < limit; i++) {
        names[count++] = b->input[i].info.name;
    }
    for (int i = 0; i < b->thing_count && count < limit; i++) {
        names[count++] = b->thing[i].name;
    }
    for (int i = 0; i < b->state_count && count < limit; i++) {
        names[count++] = b->state[i].info.name;
    }
    for (int i = 0; i < b->definition_count && count < limit; i++) {
        names[count++] = b->definition[i].info.name;
    }
    const char* near = st_name_nearest(name, names, count);
    snprintf(why, why_size, "'%s' is no name here%s%s%s", name, near ? "; did you mean '" : "",
             near ? near : "", near ? "'?" : "");
    return false;
}

bool st_resolve_name(builder* b, int at_place, const char* name, st_typed* out, char* why,
                     size_t why_size)
{
    why[0] = '\0';
    if (strcmp(name, "time") == 0) {
        *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_TIME), .dim = st_value_dim("day")};
        return true;
    }
    for (int i = 0; i < b->parameter_count; i++) {
        if (strcmp(b->parameter[i].info.name, name) == 0) {
            *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_PARAMETER | (uint32_t)i),
                              .dim = b->parameter[i].dim};
            return true;
        }
    }
    for (int i = 0; i < b->input_count; i++) {
        if (strcmp(b->input[i].info.name, name) == 0) {
            *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_INPUT | (uint32_t)i),
                              .dim = b->input[i].dim};
            return true;
        }
    }
    for (int i = 0; i < b->definition_count; i++) {
        if (strcmp(b->definition[i].info.name, name) == 0) {
            if (!st_value_definition(b, i, why, why_size)) {
                return false;
            }
            *out = b->definition[i].value;
            return true;
        }
    }
    for (int i = 0; i < b->state_count; i++) {
        if (b->state[i].thing < 0 && strcmp(b->state[i].info.name, name) == 0) {
            *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_STATE | (uint32_t)i),
                              .dim = b->state[i].dim};
            return true;
        }
    }
    if (strncmp(name, "density.", 8) == 0) {
        return resolve_density(b, at_place, name + 8, out, why, why_size);
    }
    if (strncmp(name, "volume@", 7) == 0) {
        const int p = st_declare_find_place(b, name + 7);
        if (p >= 0 && b->place[p].has_volume) {
            *out = b->place[p].volume;
            return true;
        }
    }
    int thing;
    int place;
    if (find_thing_at(b, at_place, name, &thing, &place, why, why_size)) {
        *out = (st_typed){.e = st_resolve_number(b, thing, place),
                          .dim = b->state[b->thing[thing].state[place]].dim,
                          .bridge = b->thing[thing].bridge};
        return true;
    }
    if (st_grammar_spatial(name) != NULL) {
        snprintf(why, why_size,
                 "'%s' has no value in a well-mixed place; a rule may sense it and state "
                 "'well_mixed:', what stands in for it",
                 name);
        return false;
    }
    return why[0] != '\0' ? false : resolve_unknown(b, name, why, why_size);
}
