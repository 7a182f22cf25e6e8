/// \file
/// For tests: a folder of its own that a page is written into, and what stands on the page.
#ifndef ST_REPORT_FAKE_PAGE_H
#define ST_REPORT_FAKE_PAGE_H

#include "base/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct page_scene {
    st_ctx* ctx;
    char dir[64];
    char* page; ///< the last that was read
} page_scene;

/// `name` is the test's.
static inline int page_scene_begin(void** state, const char* name)
{
    page_scene* s = calloc(1, sizeof *s);
    s->ctx = st_ctx_create();
    snprintf(s->dir, sizeof s->dir, "%.40s.XXXXXX", name);
    assert_non_null(mkdtemp(s->dir));
    *state = s;
    return 0;
}

/// STROMA_KEEP_PAGES=1 leaves the pages for someone who wants to look at them.
static inline int page_scene_end(void** state)
{
    page_scene* s = *state;
    char command[128];
    int code = 0;
    if (!getenv("STROMA_KEEP_PAGES")) {
        snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
        code = system(command);
    }
    st_free(s->ctx, s->page);
    assert_int_equal(st_ctx_bytes_in_use(s->ctx), 0);
    st_ctx_destroy(s->ctx);
    free(s);
    return code;
}

/// A file of the folder as text (st_alloc).
static inline char* page_scene_file(const page_scene* s, const char* name)
{
    char path[160];
    char* text = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    assert_int_equal(st_file_read(s->ctx, path, 50u << 20, &text, &length), ST_OK);
    return text;
}

static inline void page_scene_read(page_scene* s)
{
    st_free(s->ctx, s->page);
    s->page = NULL;
    s->page = page_scene_file(s, "report.html");
}

/// How often a text stands on a page.
static inline int page_scene_count(const char* page, const char* text)
{
    int count = 0;
    for (const char* at = page; (at = strstr(at, text)) != NULL; at++) {
        count += 1;
    }
    return count;
}

#endif
