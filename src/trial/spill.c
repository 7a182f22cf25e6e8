#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_LIMIT 4096

void st_spill_init(st_spill* spill, st_ctx* ctx, const char* dir)
{
    *spill = (st_spill){.ctx = ctx, .dir = dir, .fd = -1, .status = ST_OK};
}

void st_spill_clear(st_spill* spill)
{
    if (spill->fd >= 0) {
        close(spill->fd);
    }
    *spill = (st_spill){.fd = -1};
}

static const char* folder_of(const st_spill* spill)
{
    const char* named = spill->dir != NULL ? spill->dir : getenv("TMPDIR");
    return named != NULL && named[0] != '\0' ? named : "/tmp";
}

static void fail(st_spill* spill, const char* what)
{
    if (spill->status == ST_OK) {
        spill->status =
            ST_FAIL(spill->ctx, ST_ERR_FILE, "%s: cannot %s a temporary file: %s", folder_of(spill),
                    what, errno == 0 ? "it ends too early" : strerror(errno));
    }
}

/// Made under a name of its own that is taken away at once.
static void open_file(st_spill* spill)
{
    char name[NAME_LIMIT];
    const int length = snprintf(name, sizeof name, "%s/stroma-XXXXXX", folder_of(spill));

    errno = ENAMETOOLONG;
    if (length > 0 && (size_t)length < sizeof name) {
        spill->fd = mkstemp(name);
    }
    if (spill->fd < 0) {
        fail(spill, "make");
        return;
    }
    unlink(name);
    fcntl(spill->fd, F_SETFD, FD_CLOEXEC);
}

int64_t st_spill_reserve(st_spill* spill, size_t length)
{
    const int64_t at = spill->length;

    spill->length += (int64_t)length;
    return at;
}

void st_spill_write(st_spill* spill, int64_t at, const void* bytes, size_t length)
{
    const char* from = bytes;

    if (spill->status == ST_OK && spill->fd < 0) {
        open_file(spill);
    }
    while (spill->status == ST_OK && length > 0) {
        const ssize_t done = pwrite(spill->fd, from, length, (off_t)at);
        if (done <= 0 && !(done < 0 && errno == EINTR)) {
            fail(spill, "write");
        } else if (done > 0) {
            from += done;
            at += done;
            length -= (size_t)done;
        }
    }
}

void st_spill_read(st_spill* spill, int64_t at, void* bytes, size_t length)
{
    char* to = bytes;

    while (spill->status == ST_OK && length > 0) {
        errno = 0;
        const ssize_t done = pread(spill->fd, to, length, (off_t)at);
        if (done <= 0 && !(done < 0 && errno == EINTR)) {
            fail(spill, "read");
        } else if (done > 0) {
            to += done;
            at += done;
            length -= (size_t)done;
        }
    }
    memset(to, 0, length);
}
