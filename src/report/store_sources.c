// The texts that a run was made of, out of its store and back into files.

#include "query.h"

#include "base/table.h"
#include "stroma/report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/// Folder of a role, as the study's own folder and the models' folder are laid out.
static const char* folder_of(const char* role)
{
    static const char* const roles[][2] = {
        {"study", ""},           {"model", "models"},       {"people", "models/people"},
        {"products", "models"},  {"published", "evidence"}, {"candidacy", "models/candidacy"},
        {"plan", "models/plans"}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(roles[i][0], role) == 0) {
            return roles[i][1];
        }
    }
    return "models";
}

static st_status make_folders(st_ctx* ctx, const char* out)
{
    static const char* const names[] = {
        "", "/models", "/models/people", "/models/candidacy", "/models/plans", "/evidence"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (snprintf(path, sizeof path, "%s%s", out, names[i]) >= (int)sizeof path) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "%s: the path is too long", out);
        }
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot be made: %s", path, strerror(errno));
        }
    }
    return ST_OK;
}

/// Does a text name a file of its own folder, `x.yaml` or `./x.yaml`? A shipped one goes by its
/// name alone, without the ending.
static bool names_beside(const st_text* text, const char* file)
{
    const size_t length = strlen(file);
    const char* at = text->data != NULL ? strstr(text->data, file) : NULL;
    for (; at != NULL; at = strstr(at + 1, file)) {
        const char* before = at;
        if (before >= text->data + 2 && strncmp(before - 2, "./", 2) == 0) {
            before -= 2;
        }
        const bool begins = before == text->data || strchr(" [{,:'\"\n", before[-1]) != NULL;
        if (begins && strchr(" ]},'\"\r\n", at[length]) != NULL) {
            return true;
        }
    }
    return false;
}

/// One text into the folder of its role; beside the study as well if a text there names it so.
static st_status write_source(st_query* query, const char* out, st_text* beside)
{
    char path[PATH_MAX];
    const char* name = st_query_text(query, 0);
    const char* slash = strrchr(name, '/');
    const char* file = slash != NULL ? slash + 1 : name;
    const char* folder = folder_of(st_query_text(query, 1));
    const char* text = st_query_text(query, 2);
    const bool is_study = folder[0] == '\0';
    const bool is_beside =
        !is_study && strcmp(file, "study.yaml") != 0 && names_beside(beside, file);
    if (snprintf(path, sizeof path, "%s/%s%s%s", out, folder, is_study ? "" : "/",
                 is_study ? "study.yaml" : file) >= (int)sizeof path) {
        return ST_FAIL(beside->ctx, ST_ERR_INPUT, "%s: the path is too long", out);
    }
    ST_TRY(st_file_write(beside->ctx, path, text, strlen(text)));
    if (is_beside) { // shorter than the path above
        snprintf(path, sizeof path, "%s/%s", out, file);
        ST_TRY(st_file_write(beside->ctx, path, text, strlen(text)));
    }
    if (is_study || is_beside) {
        st_text_add(beside, text);
        st_text_add(beside, "\n");
    }
    return beside->failed ? ST_ERR_MEMORY : ST_OK;
}

static st_status write_sources(st_ctx* ctx, st_query* query, const char* out)
{
    st_text beside; // the study, and what it names beside itself
    ST_TRY(st_query_start(query, "SELECT name, role, text FROM source_file ORDER BY position"));
    st_text_init(&beside, ctx);
    st_status status = ST_OK;
    while (status == ST_OK && st_query_next(query)) {
        status = write_source(query, out, &beside);
    }
    st_text_clear(&beside);
    return status == ST_OK ? query->status : status;
}

static st_status find_arm(st_query* query, int64_t id, int* arm)
{
    char sql[200];
    *arm = -1;
    snprintf(sql, sizeof sql,
             "SELECT arm FROM person JOIN arm USING(arm) WHERE person = %lld ORDER BY is_twin, arm "
             "LIMIT 1",
             (long long)id);
    ST_TRY(st_query_start(query, sql));
    while (st_query_next(query)) {
        *arm = (int)st_query_integer(query, 0, -1);
    }
    return query->status;
}

static st_status find_seed(st_query* query, uint64_t* seed)
{
    *seed = 0;
    ST_TRY(st_query_start(query, "SELECT value FROM about WHERE key = 'seed'"));
    while (st_query_next(query)) {
        *seed = strtoull(st_query_text(query, 0), NULL, 10);
    }
    return query->status;
}

st_status st_store_sources(st_ctx* ctx, const char* dir, const char* out, int64_t id,
                           uint64_t* seed, int* arm)
{
    st_query query;
    ST_TRY(st_query_open(ctx, dir, &query));
    st_status status = make_folders(ctx, out);
    if (status == ST_OK) {
        status = write_sources(ctx, &query, out);
    }
    if (status == ST_OK) {
        status = find_seed(&query, seed);
    }
    if (status == ST_OK) {
        status = find_arm(&query, id, arm);
    }
    st_query_close(&query);
    return status;
}
