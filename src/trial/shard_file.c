#include "shard_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

static char* copy_text(st_ctx* ctx, const char* a, const char* b)
{
    const size_t length = strlen(a) + strlen(b) + 1u;
    char* text = st_alloc(ctx, length, 1);
    if (text != NULL) {
        snprintf(text, length, "%s%s", a, b);
    }
    return text;
}

static st_status start(st_ctx* ctx, const char* path, const char* opened, const char* mode,
                       st_shard_file* out)
{
    out->hash = XXH64_createState();
    if (out->hash == NULL || out->path == NULL) {
        st_shard_file_close(out);
        return ST_FAIL(ctx, ST_ERR_MEMORY, "out of memory for %s", path);
    }
    XXH64_reset(out->hash, 0);
    out->stream = fopen(opened, mode);
    if (out->stream == NULL) {
        const int reason = errno;
        st_shard_file_close(out);
        return ST_FAIL(ctx, ST_ERR_FILE, "%s: %s", path, strerror(reason));
    }
    return ST_OK;
}

st_status st_shard_file_create(st_ctx* ctx, const char* path, st_shard_file* out)
{
    *out = (st_shard_file){.ctx = ctx, .path = copy_text(ctx, path, "")};
    out->temporary = copy_text(ctx, path, ".partial");
    if (out->temporary == NULL) {
        st_shard_file_close(out);
        return ST_ERR_MEMORY;
    }
    return start(ctx, path, out->temporary, "wb", out);
}

st_status st_shard_file_open(st_ctx* ctx, const char* path, st_shard_file* out)
{
    *out = (st_shard_file){.ctx = ctx, .path = copy_text(ctx, path, "")};
    return start(ctx, path, path, "rb", out);
}

void st_shard_file_put(st_shard_file* file, const void* bytes, size_t count)
{
    if (count > 0) {
        XXH64_update(file->hash, bytes, count);
        file->is_bad = file->is_bad || fwrite(bytes, 1, count, file->stream) != count;
    }
}

st_status st_shard_file_status(st_ctx* ctx, const st_shard_file* file)
{
    return file->is_bad ? ST_FAIL(ctx, ST_ERR_FILE, "%s: could not be written", file->path) : ST_OK;
}

st_status st_shard_file_finish(st_ctx* ctx, st_shard_file* file)
{
    const uint64_t hash = XXH64_digest(file->hash);
    file->is_bad = file->is_bad || fwrite(&hash, sizeof hash, 1, file->stream) != 1;
    file->is_bad = file->is_bad || fflush(file->stream) != 0 || fsync(fileno(file->stream)) != 0;
    file->is_bad = fclose(file->stream) != 0 || file->is_bad;
    file->stream = NULL;
    file->is_bad = file->is_bad || rename(file->temporary, file->path) != 0;
    if (!file->is_bad) {
        st_free(file->ctx, file->temporary);
        file->temporary = NULL;
    }
    return st_shard_file_status(ctx, file);
}

bool st_shard_file_get(st_shard_file* file, void* bytes, size_t count)
{
    if (count == 0) {
        return true;
    }
    if (fread(bytes, 1, count, file->stream) != count) {
        return false;
    }
    XXH64_update(file->hash, bytes, count);
    return true;
}

bool st_shard_file_check(st_shard_file* file)
{
    const uint64_t wanted = XXH64_digest(file->hash);
    uint64_t found = 0;
    return fread(&found, sizeof found, 1, file->stream) == 1 && found == wanted &&
           fgetc(file->stream) == EOF;
}

void st_shard_file_close(st_shard_file* file)
{
    if (file->stream != NULL) {
        fclose(file->stream);
    }
    if (file->temporary != NULL) {
        remove(file->temporary);
    }
    XXH64_freeState(file->hash);
    st_free(file->ctx, file->temporary);
    st_free(file->ctx, file->path);
    *file = (st_shard_file){0};
}
