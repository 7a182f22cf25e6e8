/// \file
/// How messages show what was found. Private to the document reader.
#ifndef ST_BASE_NODE_H
#define ST_BASE_NODE_H

#include "doc.h"

#define ST_FOUND_SIZE 96

/// `'21 nm'` cropped to one short line, `a map`, `a list`, `nothing`.
void st_node_found(const st_node* node, char* out, size_t size);

#endif
