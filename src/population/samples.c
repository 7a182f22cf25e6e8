#include "samples.h"

/// Inputs that an operation or an output reads, in order.
static bool find_used(st_arena* arena, const st_tape* tape, st_samples* out)
{
    bool* is_used = st_arena_alloc(arena, (size_t)tape->register_count + 1, sizeof *is_used);
    out->used = st_arena_alloc(arena, (size_t)tape->input_count + 1, sizeof *out->used);
    if (is_used == NULL || out->used == NULL) {
        return false;
    }
    for (int i = 0; i < tape->op_count; i++) {
        is_used[tape->op[i].a] = true;
        is_used[tape->op[i].b] = true;
    }
    for (int i = 0; i < tape->output_count; i++) {
        is_used[tape->output[i]] = true;
    }
    for (int i = 0; i < tape->input_count; i++) {
        if (is_used[i]) {
            out->used[out->used_count++] = i;
        }
    }
    return true;
}

bool st_samples_init(st_arena* arena, const st_model* model, st_samples* samples)
{
    samples->tape = st_model_definition_tape(model);
    st_tape_prepare(samples->tape, samples->reg);
    return find_used(arena, samples->tape, samples);
}

void st_samples_add(st_samples* samples, const double* slot, double* out)
{
    double* lane = samples->reg + samples->count;
    for (int i = 0; i < samples->used_count; i++) {
        lane[(size_t)samples->used[i] * ST_LANES] = slot[samples->used[i]];
    }
    samples->out[samples->count++] = out;
    if (samples->count == ST_LANES) {
        st_samples_flush(samples);
    }
}

void st_samples_flush(st_samples* samples)
{
    const st_tape* tape = samples->tape;
    if (samples->count == 0) {
        return;
    }
    st_tape_run(tape, samples->reg); // lanes without a sample compute along harmlessly
    for (int lane = 0; lane < samples->count; lane++) {
        for (int i = 0; i < tape->output_count; i++) {
            samples->out[lane][i] = samples->reg[(size_t)tape->output[i] * ST_LANES + (size_t)lane];
        }
    }
    samples->count = 0;
}
