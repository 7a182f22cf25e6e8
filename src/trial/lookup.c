#include "lookup.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Most shipped names that a message lists.
#define NAME_LIMIT 64

const char* st_lookup_beside(st_arena* arena, const char* path, const char* name)
{
    const char* slash = strrchr(path, '/');

    if (name[0] == '/' || slash == NULL) {
        return st_arena_text(arena, name, strlen(name));
    }
    return st_arena_format(arena, "%.*s/%s", (int)(slash - path), path, name);
}

const char* st_lookup_base_name(const char* path)
{
    const char* slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

bool st_lookup_exists(const char* path)
{
    return access(path, R_OK) == 0;
}

static bool has_ending(const char* text, const char* ending)
{
    const size_t length = strlen(text);
    const size_t tail = strlen(ending);

    return length > tail && strcmp(text + length - tail, ending) == 0;
}

static int compare_names(const void* left, const void* right)
{
    return strcmp(*(const char* const*)left, *(const char* const*)right);
}

/// Names of the YAML files in a folder, without their ending, sorted.
static int names_in(st_arena* arena, const char* dir, const char** names)
{
    DIR* folder = opendir(dir);
    int count = 0;

    if (folder == NULL) {
        return 0;
    }
    for (const struct dirent* item = readdir(folder); item != NULL && count < NAME_LIMIT;
         item = readdir(folder)) {
        // The catalogue lies in the same folder and is no model.
        if (has_ending(item->d_name, ".yaml") && strcmp(item->d_name, "procedures.yaml") != 0 &&
            strcmp(item->d_name, "products.yaml") != 0 &&
            strcmp(item->d_name, "replacement.yaml") != 0) {
            names[count] = st_arena_text(arena, item->d_name, strlen(item->d_name) - 5);
            count += names[count] != NULL;
        }
    }
    closedir(folder);
    qsort(names, (size_t)count, sizeof *names, compare_names);
    return count;
}

const char* st_lookup_file(st_ctx* ctx, st_arena* arena, const st_node* node,
                           const char* study_path, const char* dir, const char* what)
{
    const char* names[NAME_LIMIT];
    const char* word;
    const char* path;
    const char* near;

    if (!st_node_read_text(ctx, node, &word)) {
        return NULL;
    }
    if (strchr(word, '/') != NULL || has_ending(word, ".yaml") || has_ending(word, ".csv")) {
        path = st_lookup_beside(arena, study_path, word);
        if (path != NULL && !st_lookup_exists(path)) {
            st_node_fail(ctx, node, "found '%s', expected %s: there is no such file", word, what);
            return NULL;
        }
        return path;
    }
    path = st_arena_format(arena, "%s/%s.yaml", dir, word);
    if (path == NULL || (word[0] != '\0' && st_lookup_exists(path))) {
        return path;
    }
    near = st_name_nearest(word, names, names_in(arena, dir, names));
    st_node_fail(ctx, node, "found '%s', expected %s%s%s%s", word, what,
                 near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                 near == NULL ? "" : "'?");
    return NULL;
}
