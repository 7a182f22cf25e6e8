#include "parts.h"

#include "base/base.h"
#include "stroma/trial.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static st_status make_folder(st_ctx* ctx, const char* path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return ST_FAIL(ctx, ST_ERR_FILE, "%s: %s", path, strerror(errno));
    }
    return ST_OK;
}

static st_status name_part(st_ctx* ctx, const char* dir, const char* kind, int part, int part_count,
                           char* path, size_t size)
{
    char folder[PATH_MAX];
    const int length = snprintf(folder, sizeof folder, "%s/parts", dir);
    if (length < 0 || (size_t)length >= sizeof folder) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    for (char* at = folder + 1; *at != '\0'; ++at) {
        if (*at == '/') {
            *at = '\0';
            const st_status status = make_folder(ctx, folder);
            *at = '/';
            ST_TRY(status);
        }
    }
    ST_TRY(make_folder(ctx, folder));
    const int whole = snprintf(path, size, "%s/%s-%d-of-%d", folder, kind, part + 1, part_count);
    if (whole < 0 || (size_t)whole >= size) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    return ST_OK;
}

st_status st_parts_path(st_ctx* ctx, const char* dir, int part, int part_count, char* path,
                        size_t size)
{
    return name_part(ctx, dir, "part", part, part_count, path, size);
}

st_status st_parts_screen_path(st_ctx* ctx, const char* dir, int part, int part_count, char* path,
                               size_t size)
{
    return name_part(ctx, dir, "screen", part, part_count, path, size);
}

/// The N of "part-I-of-N"; 0 for any other name (a part that is being written, nothing of ours).
static int count_in_name(const char* name)
{
    char* end = NULL;
    if (strncmp(name, "part-", 5) != 0) {
        return 0;
    }
    const long part = strtol(name + 5, &end, 10);
    if (strncmp(end, "-of-", 4) != 0) {
        return 0;
    }
    const long count = strtol(end + 4, &end, 10);
    return *end == '\0' && part >= 1 && part <= count && count <= ST_PART_LIMIT ? (int)count : 0;
}

/// Into how many parts the run was cut; 0 when there is no part.
static st_status find_count(st_ctx* ctx, const char* folder, int* out)
{
    DIR* stream = opendir(folder);
    *out = 0;
    if (!stream) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: %s; expected the parts of stroma run --shard",
                       folder, strerror(errno));
    }
    st_status status = ST_OK;
    for (struct dirent* entry = readdir(stream); entry; entry = readdir(stream)) {
        const int count = count_in_name(entry->d_name);
        if (count != 0 && *out != 0 && *out != count) {
            status = ST_FAIL(ctx, ST_ERR_INPUT, "%s: found parts of %d and parts of %d", folder,
                             *out, count);
            break;
        }
        *out = count != 0 ? count : *out;
    }
    closedir(stream);
    return status;
}

st_status st_parts_find(st_ctx* ctx, const char* dir, st_parts* out)
{
    char folder[PATH_MAX];
    int count = 0;
    *out = (st_parts){0};
    snprintf(folder, sizeof folder, "%s/parts", dir);
    ST_TRY(find_count(ctx, folder, &count));
    if (count == 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: holds no part of a run", folder);
    }
    const size_t room = strlen(folder) + 64u;
    out->path = st_alloc(ctx, (size_t)count, sizeof *out->path);
    out->text = st_alloc(ctx, (size_t)count, room);
    if (!out->path || !out->text) {
        st_parts_clear(ctx, out);
        return ST_ERR_MEMORY;
    }
    out->count = count;
    for (int i = 0; i < count; ++i) {
        char* path = out->text + (size_t)i * room;
        snprintf(path, room, "%s/part-%d-of-%d", folder, i + 1, count);
        out->path[i] = path;
        if (access(path, R_OK) != 0) {
            const st_status status =
                ST_FAIL(ctx, ST_ERR_INPUT, "%s: part %d of %d is missing", folder, i + 1, count);
            st_parts_clear(ctx, out);
            return status;
        }
    }
    return ST_OK;
}

st_status st_parts_find_screens(st_ctx* ctx, const char* dir, int part_count, st_parts* out)
{
    const size_t room = strlen(dir) + 64u;
    *out = (st_parts){.path = st_alloc(ctx, (size_t)part_count, sizeof *out->path),
                      .text = st_alloc(ctx, (size_t)part_count, room)};
    if (!out->path || !out->text) {
        st_parts_clear(ctx, out);
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < part_count; ++i) {
        char* path = out->text + (size_t)i * room;
        snprintf(path, room, "%s/parts/screen-%d-of-%d", dir, i + 1, part_count);
        if (access(path, R_OK) == 0) {
            out->path[i] = path;
            out->count += 1;
        }
    }
    return ST_OK;
}

void st_parts_clear(st_ctx* ctx, st_parts* parts)
{
    st_free(ctx, parts->path);
    st_free(ctx, parts->text);
    *parts = (st_parts){0};
}
