/// \file
/// From libfyaml's events to plain nodes. Private to doc.c.
#ifndef ST_BASE_DOC_BUILD_H
#define ST_BASE_DOC_BUILD_H

#include "doc.h"

struct fy_event;

/// One map or list that is still open.
typedef struct st_doc_level {
    st_node* node;
    st_node* last;   ///< its latest child
    const char* key; ///< map: the key that waits for its value, or NULL
    int key_line, key_column;
} st_doc_level;

typedef struct st_doc_build {
    st_ctx* ctx;
    const st_doc* doc;
    st_arena* arena;
    const char* name;
    st_doc_level level[ST_DOC_DEPTH_LIMIT];
    int depth;
    int document_count;
    st_node* root;
    const st_node** slot; ///< hash set of all nodes with a key, to find keys given twice
    size_t slot_count, slot_used;
} st_doc_build;

void st_doc_build_init(st_doc_build* build, st_ctx* ctx, const st_doc* doc, st_arena* arena);
void st_doc_build_clear(st_doc_build* build);
st_status st_doc_build_event(st_doc_build* build, struct fy_event* event);
st_status st_doc_build_finish(st_doc_build* build, const st_node** root);

#endif
