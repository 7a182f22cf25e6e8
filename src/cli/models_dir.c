#include "models_dir.h"

#include "base/base.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// The model by which the folder is known.
#define LANDMARK "knee-oa.yaml"

static bool holds_models(const char* dir)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", dir, LANDMARK);
    return length > 0 && (size_t)length < sizeof path && access(path, R_OK) == 0;
}

/// `../share/stroma/models` from the folder of the running program; false when that is unknown.
static bool installed_dir(char* out, size_t size)
{
    char program[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) {
        return false;
    }
    program[length] = '\0';
    for (int up = 0; up < 2; ++up) { // the program's name, then its folder
        char* slash = strrchr(program, '/');
        if (!slash) {
            return false;
        }
        *slash = '\0';
    }
    const int written = snprintf(out, size, "%s/share/stroma/models", program);
    return written > 0 && (size_t)written < size;
}

st_status st_models_dir_find(st_ctx* ctx, char* out, size_t size)
{
    const char* named = getenv("STROMA_MODELS");
    if (named && *named) {
        // What was asked for by name is used or refused, never replaced by something else.
        if (!holds_models(named)) {
            return ST_FAIL(ctx, ST_ERR_FILE, "STROMA_MODELS: found no %s in '%s'", LANDMARK, named);
        }
        if (strlen(named) >= size) {
            return ST_FAIL(ctx, ST_ERR_FILE, "STROMA_MODELS: the path is too long");
        }
        memcpy(out, named, strlen(named) + 1);
        return ST_OK;
    }
    char installed[PATH_MAX] = "";
    if (installed_dir(installed, sizeof installed) && holds_models(installed) &&
        strlen(installed) < size) {
        memcpy(out, installed, strlen(installed) + 1);
        return ST_OK;
    }
    static const char built_from[] = ST_BUILD_MODEL_DIR;
    if (holds_models(built_from) && sizeof built_from <= size) {
        memcpy(out, built_from, sizeof built_from);
        return ST_OK;
    }
    return ST_FAIL(ctx, ST_ERR_FILE,
                   "found no %s in '%s' or '%s'; set STROMA_MODELS to the folder with the models",
                   LANDMARK, installed, built_from);
}
