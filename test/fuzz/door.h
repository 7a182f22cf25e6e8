/// \file
/// The door that strangers' files come through: bytes -> document -> model. Nothing may crash, hang
/// or leak, whatever the bytes.
#ifndef ST_FUZZ_DOOR_H
#define ST_FUZZ_DOOR_H

#include "stroma/model.h"

#include "base/base.h"
#include "base/doc.h"

#include <stdio.h>
#include <stdlib.h>

/// Reads the bytes as a document and as a model; runs what was accepted once. Aborts on a leak and
/// on a refusal without words.
static inline void st_fuzz_door(const uint8_t* data, size_t size)
{
    st_ctx* ctx = st_ctx_create();
    st_doc* doc = NULL;
    st_model* model = NULL;
    if (ctx == NULL) {
        return;
    }
    if (st_doc_parse(ctx, "no-such-folder/f", (const char*)data, size, &doc) != ST_OK &&
        st_ctx_message_count(ctx) == 0) {
        abort();
    }
    st_doc_destroy(doc);
    st_ctx_clear_messages(ctx);
    const st_status status =
        st_model_parse(ctx, "no-such-folder/f", (const char*)data, size, NULL, &model);
    if ((status == ST_OK) != (model != NULL) ||
        (status != ST_OK && st_ctx_message_count(ctx) == 0)) {
        abort();
    }
    if (model != NULL) {
        const st_tape* tape = st_model_jacobian_tape(model);
        double* slot = calloc((size_t)tape->input_count + 1u, sizeof *slot);
        double* reg = calloc((size_t)tape->register_count + 1u, sizeof *reg);
        double* output = calloc((size_t)tape->output_count + 1u, sizeof *output);
        if (slot != NULL && reg != NULL && output != NULL) {
            st_tape_run_scalar(tape, slot, reg, output);
        }
        free(slot);
        free(reg);
        free(output);
    }
    const st_node* variants = model != NULL ? st_model_table(model, "variants") : NULL;
    if (variants != NULL && variants->first != NULL) {
        st_model* variant = NULL;
        st_model_parse(ctx, "no-such-folder/f", (const char*)data, size, variants->first->key,
                       &variant);
        st_model_destroy(variant);
    }
    st_model_destroy(model);
    if (st_ctx_bytes_in_use(ctx) != 0) {
        abort();
    }
    st_ctx_destroy(ctx);
}

#endif
