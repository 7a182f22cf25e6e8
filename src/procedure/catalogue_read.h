/// \file
/// Reading the catalogue's two files: each reader reports its mistakes in the catalogue's context
/// and goes on, so that one pass shows them all.
#ifndef ST_PROCEDURE_CATALOGUE_READ_H
#define ST_PROCEDURE_CATALOGUE_READ_H

#include "procedure/catalogue.h"

/// How one value is read.
typedef struct st_amount_rule {
    const char* unit; ///< that of the result
    double lo, hi;    ///< bounds in that unit
    st_amount_spread spread;
} st_amount_rule;

/// Reads `{ value, spread?, source | assumed }` and lists it under `name`, which must outlive the
/// catalogue. False when something was reported.
bool st_amount_read(st_catalogue* catalogue, const st_node* node, const char* name,
                    const st_amount_rule* rule, st_amount* out);

/// Lists a value for st_catalogue_value_at(). False when memory is out (reported).
bool st_amount_read_enter(st_catalogue* catalogue, const st_catalogue_value* value);

/// Sites, layers, media, preservatives, needles and joints of procedures.yaml.
void st_catalogue_lists_read(st_catalogue* catalogue, const st_node* root);

/// Table `products` of products.yaml.
void st_catalogue_wares_read(st_catalogue* catalogue, const st_node* root);

/// List `adverse_events` of procedures.yaml.
void st_catalogue_adverse_read(st_catalogue* catalogue, const st_node* list);

#endif
