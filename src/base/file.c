#include "base/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_TRIES 100

static st_status report(st_ctx* ctx, const char* path, const char* what)
{
    return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot %s: %s", path, what, strerror(errno));
}

static bool write_all(int file, const char* data, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(file, data, length < 1 << 30 ? length : 1 << 30);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? EIO : errno;
            return false;
        }
        data += written;
        length -= (size_t)written;
    }
    return true;
}

// Makes the new name last through a power cut.
static bool sync_folder(const char* path, char* folder)
{
    const char* slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(folder, ".", 2);
    } else {
        const size_t length = slash == path ? 1 : (size_t)(slash - path);
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    const bool is_synced = fsync(file) == 0 || errno == EINVAL; // some file systems cannot
    const int error = errno;
    close(file);
    errno = error;
    return is_synced;
}

// Opens a new file beside `path`, on the same file system so that rename can replace `path`.
static int open_temporary(const char* path, char* name, size_t size)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        snprintf(name, size, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        const int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST) {
            return file;
        }
    }
    return -1;
}

st_status st_file_write(st_ctx* ctx, const char* path, const char* data, size_t length)
{
    const size_t name_size = strlen(path) + 64;
    char* name = st_alloc(ctx, name_size, 1);
    if (name == NULL) {
        return ST_ERR_MEMORY;
    }
    st_status status = ST_OK;
    const int file = open_temporary(path, name, name_size);
    if (file < 0) {
        status = report(ctx, path, "write");
        goto cleanup;
    }
    bool is_written = write_all(file, data, length) && fsync(file) == 0;
    const int error = errno;
    if (close(file) != 0 && is_written) {
        is_written = false;
    } else {
        errno = error;
    }
    if (!is_written || rename(name, path) != 0) {
        status = report(ctx, path, "write");
        unlink(name);
        goto cleanup;
    }
    if (!sync_folder(path, name)) {
        status = report(ctx, path, "write");
    }
cleanup:
    st_free(ctx, name);
    return status;
}

static st_status read_open(st_ctx* ctx, const char* path, int file, size_t limit, char** out,
                           size_t* length)
{
    struct stat info;
    if (fstat(file, &info) != 0) {
        return report(ctx, path, "read");
    }
    if (S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return report(ctx, path, "read");
    }
    // A pipe has no size: read until the end, doubling the room.
    size_t capacity =
        info.st_size > 0 && (uintmax_t)info.st_size <= limit ? (size_t)info.st_size + 1 : 4096;
    char* data = st_alloc(ctx, capacity + 1, 1);
    size_t used = 0;
    while (data != NULL) {
        const ssize_t got = read(file, data + used, capacity - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const st_status status = report(ctx, path, "read");
            st_free(ctx, data);
            return status;
        }
        used += (size_t)got;
        if (used > limit) {
            st_free(ctx, data);
            return ST_FAIL(ctx, ST_ERR_INPUT, "%s: the file is longer than %zu bytes", path, limit);
        }
        if (got == 0) {
            data[used] = '\0';
            *out = data;
            *length = used;
            return ST_OK;
        }
        if (used == capacity) {
            capacity *= 2;
            char* larger = st_realloc(ctx, data, capacity + 1, 1);
            if (larger == NULL) {
                st_free(ctx, data);
            }
            data = larger;
        }
    }
    return ST_ERR_MEMORY;
}

st_status st_file_read(st_ctx* ctx, const char* path, size_t limit, char** out, size_t* length)
{
    *out = NULL;
    *length = 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return report(ctx, path, "read");
    }
    const st_status status = read_open(ctx, path, file, limit, out, length);
    close(file);
    return status;
}
