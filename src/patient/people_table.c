/// \file
/// People as rows of a CSV: a column per attribute, its unit in its name.
#include "base/base.h"

#include "patient/people.h"

#include <math.h>

static const char* const HEAD[ST_ATTRIBUTE_COUNT] = {
    [ST_PERSON_AGE] = "age_y",
    [ST_PERSON_FEMALE] = "female",
    [ST_PERSON_HEIGHT] = "height_m",
    [ST_PERSON_BMI] = "bmi_kg_m2",
    [ST_PERSON_KL] = "kl",
    [ST_PERSON_VARUS] = "varus_deg",
    [ST_PERSON_PAIN] = "base_pain_vas",
    [ST_PERSON_FUNCTION] = "base_function_womac",
    [ST_PERSON_INFLAMMATION] = "inflammation",
    [ST_PERSON_THICKNESS] = "base_thickness_mm",
    [ST_PERSON_DURATION] = "duration_y",
    [ST_PERSON_STRENGTH] = "strength",
    [ST_PERSON_INJURY] = "injury",
};

static bool read_cell(st_people* people, const st_table* table, int row, int attribute, int column)
{
    st_ctx* const ctx = people->ctx;
    double value = 0.0;
    double lo = 0.0;
    double hi = 0.0;
    st_people_bounds((st_attribute)attribute, &lo, &hi);
    const int found = st_table_number(ctx, table, row, column, &value);
    if (found < 0) {
        return false;
    }
    const bool is_whole = st_people_is_whole(attribute);
    if (found == 0 || !(value >= lo && value <= hi) || (is_whole && value != floor(value))) {
        ST_FAIL(ctx, ST_ERR_INPUT, "%s:%d: %s: found %s, expected a %snumber within %g..%g",
                people->name, st_table_line(table, row), HEAD[attribute],
                found == 0 ? "nothing" : st_table_cell(table, row, column),
                is_whole ? "whole " : "", lo, hi);
        return false;
    }
    people->row[(size_t)row * ST_ATTRIBUTE_COUNT + (size_t)attribute] = value;
    return true;
}

static st_status read_rows(st_people* people, const st_table* table)
{
    int column[ST_ATTRIBUTE_COUNT];
    bool good = true;
    for (int i = 0; i < ST_ATTRIBUTE_COUNT; ++i) {
        column[i] = st_table_column(table, HEAD[i]);
        double everybody = 0.0;
        if (column[i] < 0 && !st_people_may_be_left_out(i, &everybody)) {
            ST_FAIL(people->ctx, ST_ERR_INPUT, "%s:1: %s: missing; expected a column", people->name,
                    HEAD[i]);
            good = false;
        }
    }
    for (int k = 0; k < st_table_column_count(table); ++k) {
        bool is_known = false;
        for (int i = 0; i < ST_ATTRIBUTE_COUNT; ++i) {
            is_known = is_known || column[i] == k;
        }
        if (!is_known) {
            const char* const near =
                st_name_nearest(st_table_head(table, k), HEAD, ST_ATTRIBUTE_COUNT);
            ST_FAIL(people->ctx, ST_ERR_INPUT, "%s:1: found column %s%s%s", people->name,
                    st_table_head(table, k), near != NULL ? ", did you mean " : ", not known",
                    near != NULL ? near : "");
            good = false;
        }
    }
    const int row_count = st_table_row_count(table);
    if (row_count == 0) {
        ST_FAIL(people->ctx, ST_ERR_INPUT, "%s: found no people, expected at least one row",
                people->name);
        good = false;
    }
    if (!good) {
        return ST_ERR_INPUT;
    }
    people->row = st_alloc(people->ctx, (size_t)row_count * ST_ATTRIBUTE_COUNT, sizeof(double));
    if (people->row == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int row = 0; row < row_count; ++row) {
        for (int i = 0; i < ST_ATTRIBUTE_COUNT; ++i) {
            double* const value = &people->row[(size_t)row * ST_ATTRIBUTE_COUNT + (size_t)i];
            if (column[i] < 0) {
                st_people_may_be_left_out(i, value);
            } else {
                good = read_cell(people, table, row, i, column[i]) && good;
            }
        }
    }
    people->row_count = row_count;
    return good ? ST_OK : ST_ERR_INPUT;
}

st_status st_people_table_read(st_people* people)
{
    st_table* table = NULL;
    people->title = people->name;
    ST_TRY(
        st_file_read(people->ctx, people->name, ST_DOC_BYTE_LIMIT, &people->text, &people->length));
    ST_TRY(st_table_parse(people->ctx, people->name, people->text, people->length, &table));
    const st_status status = read_rows(people, table);
    st_table_destroy(table);
    return status;
}
