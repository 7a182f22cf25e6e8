/// \file
/// Reading a recipe: what the readers of single steps share. Each reports its mistakes and goes on.
#ifndef ST_PROCEDURE_RECIPE_READER_H
#define ST_PROCEDURE_RECIPE_READER_H

#include "procedure/recipe.h"

#include "base/doc.h"

/// What reading has found so far.
typedef struct st_recipe_reader {
    st_ctx* ctx;
    st_recipe* recipe;
    double sample_mL;       ///< volume of the sample after the steps so far, 0 = none
    bool is_volume_unknown; ///< it depends on the donor: plasma down to the red cells
    bool is_cultured;
    bool is_physics;     ///< steps that do not say are computed in detail: physics
    int mistakes_before; ///< in the context when reading began
} st_recipe_reader;

/// Adds a piece to the line for people; NULL tells that memory was out.
void st_recipe_reader_tell(st_recipe_reader* r, const char* piece);

/// Text of a key that is known to be there, "" otherwise.
const char* st_recipe_reader_text(const st_node* map, const char* key);

/// Key `detail` of a step: table or physics.
bool st_recipe_reader_detail(st_recipe_reader* r, const st_node* map);

void st_recipe_read_harvest(st_recipe_reader* r, const st_node* map);
void st_recipe_read_spin(st_recipe_reader* r, const st_node* map);
void st_recipe_read_expand(st_recipe_reader* r, const st_node* map);
void st_recipe_read_freeze(st_recipe_reader* r, const st_node* map);
void st_recipe_read_gel(st_recipe_reader* r, const st_node* map);
void st_recipe_read_inject(st_recipe_reader* r, const st_node* map, bool is_ready);

#endif
