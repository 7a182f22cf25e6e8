#include "procedure/recipe/recipe_reader.h"

/// Adds a piece to the line for people.
void st_recipe_reader_tell(st_recipe_reader* r, const char* piece)
{
    st_recipe* recipe = r->recipe;
    if (piece == NULL) {
        recipe->is_memory_out = true;
        return;
    }
    const char* text = recipe->text == NULL
                           ? piece
                           : st_arena_format(&recipe->arena, "%s, %s", recipe->text, piece);
    recipe->is_memory_out = recipe->is_memory_out || text == NULL;
    recipe->text = text;
}

const char* st_recipe_reader_text(const st_node* map, const char* key)
{
    const st_node* node = st_node_child(map, key);
    return node != NULL ? node->text : "";
}

bool st_recipe_reader_detail(st_recipe_reader* r, const st_node* map)
{
    static const char* const name[] = {"table", "physics"};
    const st_node* node = st_node_child(map, "detail");
    int choice = r->is_physics ? 1 : 0;
    if (node != NULL) {
        (void)st_node_read_choice(r->ctx, node, name, 2, &choice);
    }
    return choice == 1;
}
