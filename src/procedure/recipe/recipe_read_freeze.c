#include "procedure/recipe/recipe_reader.h"

#include "base/units.h"

void st_recipe_read_freeze(st_recipe_reader* r, const st_node* map)
{
    static const char* const known[] = {"months", "medium", "cold", NULL};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_freeze* freeze = &r->recipe->freeze;
    int choice = 0;
    char why[96];
    st_unit month, day;
    r->recipe->has_freeze = true;
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* months = st_node_need(ctx, map, "months", "a number of months");
    const st_node* medium = st_node_need(ctx, map, "medium", "a medium such as `10 % DMSO`");
    if (medium != NULL &&
        st_node_read_choice(ctx, medium, c->preservative_name, c->preservative_count, &choice)) {
        freeze->preservative = &c->preservative[choice];
    }
    const st_node* cold = st_node_child(map, "cold");
    if (cold != NULL) {
        (void)st_node_read_quantity(ctx, cold, "a time at 4 C", "day", NULL, 0.0, 7.0,
                                    &freeze->cold_days);
    }
    if (months != NULL && st_node_read_number(ctx, months, 0.0, 24.0, &freeze->months) &&
        st_unit_parse("month", &month, why, sizeof why) &&
        st_unit_parse("day", &day, why, sizeof why)) {
        freeze->days = freeze->months * month.factor / day.factor;
        st_recipe_reader_tell(
            r, st_arena_format(&r->recipe->arena, "keep frozen for %s months", months->text));
    }
}
