#include "describe.h"

#include <stdio.h>
#include <string.h>

st_describe_counts st_describe_model(const st_model* model)
{
    st_describe_counts counts = {0};
    for (int i = 0; i < st_model_parameter_count(model); ++i) {
        if (st_model_parameter(model, i)->source) {
            ++counts.sourced;
        } else {
            ++counts.assumed;
        }
    }
    for (int i = 0; i < st_model_state_count(model); ++i) {
        switch (st_model_state(model, i)->kind) {
        case ST_STATE_CELL:
            ++counts.cell;
            break;
        case ST_STATE_SUBSTRATE:
            ++counts.substrate;
            break;
        case ST_STATE_MATRIX:
            ++counts.matrix;
            break;
        case ST_STATE_FREE:
            ++counts.other;
            break;
        }
    }
    return counts;
}

const char* st_describe_model_name(const st_model* model, char* out, size_t size)
{
    const char* path = "model";
    size_t length = 0;
    if (st_model_source_count(model) > 0) {
        st_model_source(model, 0, &path, &length);
    }
    const char* slash = strrchr(path, '/');
    snprintf(out, size, "%s", slash ? slash + 1 : path);
    char* dot = strrchr(out, '.');
    if (dot && dot != out) {
        *dot = '\0';
    }
    return out;
}
