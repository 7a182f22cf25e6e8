/// \file
/// One document out of several: a model file, the files that it includes and the chosen variant.
/// Every node keeps the file, line and column where it was written.
#ifndef ST_MODEL_ASSEMBLE_H
#define ST_MODEL_ASSEMBLE_H

#include "base/doc.h"

/// Most files of one model.
#define ST_ASSEMBLE_FILE_LIMIT 32

typedef struct st_assembly {
    st_ctx* ctx;
    st_arena* arena;                     ///< holds the nodes
    st_doc* doc[ST_ASSEMBLE_FILE_LIMIT]; ///< owned; [0] is the model's own file
    const char* name[ST_ASSEMBLE_FILE_LIMIT];
    int doc_count;
    int open[ST_ASSEMBLE_FILE_LIMIT]; ///< files that are being read, outermost first
    int open_count;
    st_node* root;
} st_assembly;

/// Takes `doc` over. Mistakes are reported; the status tells only lack of memory and files that
/// cannot be read.
st_status st_assemble_document(st_assembly* a, st_ctx* ctx, st_arena* arena, st_doc* doc,
                               const char* variant);

/// Frees the documents. The nodes live in the arena but point into the documents.
void st_assemble_clear(st_assembly* a);

#endif
