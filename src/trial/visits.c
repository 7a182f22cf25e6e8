#include "visits.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

#define YEAR_LIMIT 100

/// Days of one unit of time; 0 after a reported mistake.
static double days_of(st_ctx* ctx, const st_node* node, const char* text)
{
    st_unit unit, day;
    char why[128];

    if (text[0] == '\0') {
        st_node_fail(ctx, node,
                     "found no unit after the last visit, expected such as '0, 3, 6 "
                     "months'");
        return 0.0;
    }
    if (!st_unit_parse(text, &unit, why, sizeof why)) {
        st_node_fail(ctx, node, "found '%s', expected a unit of time: %s", text, why);
        return 0.0;
    }
    st_unit_parse("day", &day, why, sizeof why);
    if (!st_dim_equal(&unit.dim, &day.dim)) {
        const char* word = st_dim_word(&unit.dim);
        char dim[64];
        st_dim_text(&unit.dim, dim, sizeof dim);
        st_node_fail(ctx, node, "found '%s' (%s), expected a unit of time such as 'months'", text,
                     word != NULL ? word : dim);
        return 0.0;
    }
    return unit.factor / day.factor;
}

/// The numbers of the list; gives their count and leaves `rest` at the unit. -1 after a mistake.
static int read_numbers(st_ctx* ctx, const st_node* node, double* number, const char** rest)
{
    const char* at = node->text;
    int count = 0;

    for (;;) {
        size_t length;

        if (count == ST_VISITS_LIMIT) {
            st_node_fail(ctx, node, "found more than %d visits", ST_VISITS_LIMIT);
            return -1;
        }
        at += strspn(at, " ");
        length = st_number_parse(at, &number[count]);
        if (length == 0) {
            st_node_fail(ctx, node, "found '%s', expected visits such as '0, 3, 6, 12 months'",
                         node->text);
            return -1;
        }
        ++count;
        at += length;
        at += strspn(at, " ");
        if (*at != ',') {
            *rest = at;
            return count;
        }
        ++at;
    }
}

st_status st_visits_read(st_ctx* ctx, st_study* study, const st_node* node)
{
    double number[ST_VISITS_LIMIT];
    const char* unit;
    double days;
    int count;

    if (!st_node_expect(ctx, node, ST_NODE_SCALAR)) {
        return ST_OK;
    }
    count = read_numbers(ctx, node, number, &unit);
    days = count < 0 ? 0.0 : days_of(ctx, node, unit);
    if (!(days > 0.0)) {
        return ST_OK;
    }
    study->visit = st_arena_alloc(&study->arena, (size_t)count, sizeof *study->visit);
    if (study->visit == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < count; ++i) {
        if (i == 0 && number[i] != 0.0) {
            st_node_fail(ctx, node, "found a first visit at %g, expected 0, the day of treatment%s",
                         number[i], number[i] < 0.0 ? " (screening: is before it)" : "");
            return ST_OK;
        }
        if (i > 0 && !(number[i] > number[i - 1])) {
            st_node_fail(ctx, node, "found %g after %g, expected each visit once, in order of time",
                         number[i], number[i - 1]);
            return ST_OK;
        }
        study->visit[i].day = number[i] * days;
        study->visit[i].month = study->visit[i].day / ST_STUDY_MONTH_DAY;
    }
    if (count < 2 || study->visit[count - 1].day > YEAR_LIMIT * 12 * ST_STUDY_MONTH_DAY) {
        st_node_fail(ctx, node, "found '%s', expected at least one visit after 0, up to %d years",
                     node->text, YEAR_LIMIT);
        return ST_OK;
    }
    study->visit_count = count;
    return ST_OK;
}

int st_visits_find(const st_study* study, double day)
{
    for (int i = 0; i < study->visit_count; ++i) {
        if (fabs(study->visit[i].day - day) < 1.0 / 24.0) {
            return i;
        }
    }
    return -1;
}
