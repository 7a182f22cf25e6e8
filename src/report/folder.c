#include "report/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_PATH_LIMIT 4000

char* st_folder_path(st_ctx* ctx, const char* dir, const char* name)
{
    const size_t size = strlen(dir) + strlen(name) + 2;
    char* path = st_alloc(ctx, size, 1);
    if (path) {
        snprintf(path, size, "%s/%s", dir, name);
    }
    return path;
}

// Makes one folder. 1 = made, 0 = was there, -1 = failed with errno.
static int make_one(const char* path)
{
    if (mkdir(path, 0777) == 0) {
        return 1;
    }
    const int reason = errno;
    struct stat about;
    if (stat(path, &about) == 0) {
        if (S_ISDIR(about.st_mode)) {
            return 0;
        }
        errno = ENOTDIR;
        return -1;
    }
    errno = reason;
    return -1;
}

st_status st_folder_make(st_ctx* ctx, const char* dir, size_t* made_from)
{
    *made_from = 0;
    const size_t length = strlen(dir);
    if (length == 0 || length > FOLDER_PATH_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "output folder: found a name of %zu bytes, expected 1 to %d", length,
                       FOLDER_PATH_LIMIT);
    }
    char path[FOLDER_PATH_LIMIT + 1];
    for (size_t end = 1; end <= length; end++) {
        if (end < length && dir[end] != '/') {
            continue;
        }
        memcpy(path, dir, end);
        path[end] = '\0';
        const int made = make_one(path);
        if (made < 0) {
            const st_status status =
                ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot make the folder: %s", path, strerror(errno));
            st_folder_unmake(dir, *made_from);
            *made_from = 0;
            return status;
        }
        if (made == 1 && *made_from == 0) {
            *made_from = end;
        }
    }
    return ST_OK;
}

void st_folder_unmake(const char* dir, size_t made_from)
{
    char path[FOLDER_PATH_LIMIT + 1];
    if (made_from == 0) {
        return;
    }
    for (size_t end = strlen(dir); end >= made_from; end--) {
        if (dir[end] == '/' || dir[end] == '\0') {
            memcpy(path, dir, end);
            path[end] = '\0';
            rmdir(path); // one that is missing or holds something stays as it is
        }
    }
}

st_status st_folder_lock(st_ctx* ctx, const char* dir, const char* lock_path, int* fd)
{
    *fd = -1;
    // Another run may remove the file between open and flock; then take the new one.
    for (;;) {
        const int opened = open(lock_path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
        if (opened < 0) {
            return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot write: %s", lock_path, strerror(errno));
        }
        if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
            const int reason = errno;
            close(opened);
            if (reason == EWOULDBLOCK) {
                return ST_FAIL(ctx, ST_ERR_INPUT, "%s: another run is writing into this folder",
                               dir);
            }
            return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot lock: %s", lock_path, strerror(reason));
        }
        struct stat held;
        struct stat there;
        if (fstat(opened, &held) == 0 && stat(lock_path, &there) == 0 &&
            held.st_ino == there.st_ino && held.st_dev == there.st_dev) {
            *fd = opened;
            return ST_OK;
        }
        close(opened);
    }
}

void st_folder_unlock(const char* lock_path, int fd)
{
    if (fd >= 0) {
        unlink(lock_path);
        close(fd);
    }
}

st_status st_folder_sync(st_ctx* ctx, const char* path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool is_safe = fd >= 0 && fsync(fd) == 0;
    const int reason = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!is_safe) {
        return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot make durable: %s", path, strerror(reason));
    }
    return ST_OK;
}
