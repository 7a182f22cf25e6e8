/// \file
/// A number for a name, so that a draw belongs to the name and not to its position.
#ifndef ST_PATIENT_NAME_KEY_H
#define ST_PATIENT_NAME_KEY_H

#include <stdint.h>
#include <string.h>
#include <xxhash.h>

/// XXH64 with seed 0. Part of the result format: never change it.
static inline uint64_t st_name_key(const char* name)
{
    return XXH64(name, strlen(name), 0);
}

#endif
