/// \file
/// Is it text? UTF-8 as RFC 3629 allows it, without control characters.
#ifndef ST_BASE_UTF8_H
#define ST_BASE_UTF8_H

#include "base.h"

/// Checks `length` bytes. On failure false, with the place (from 1, columns in characters) and a
/// short reason. Allowed control characters: tab, line feed, carriage return.
bool st_utf8_check(const char* text, size_t length, int* line, int* column, char* why,
                   size_t why_size);

#endif
