#include "report/tissue_zooms.h"
#include "report/folder.h"
#include "report/html.h"
#include "report/tissue_page.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Stills of one page: each is some hundred kilobytes.
#define ZOOM_LIMIT 12

typedef struct zoom_folder {
    char name[256];
    long person;
} zoom_folder;

typedef struct zoom_list {
    zoom_folder* item;
    int count, capacity;
} zoom_list;

static int by_person(const void* left, const void* right)
{
    const zoom_folder* a = left;
    const zoom_folder* b = right;
    return a->person < b->person ? -1 : a->person > b->person ? 1 : strcmp(a->name, b->name);
}

static bool is_zoom(st_ctx* ctx, const char* path)
{
    char* zoom = st_folder_path(ctx, path, "zoom.csv");
    FILE* file = zoom ? fopen(zoom, "r") : NULL;
    st_free(ctx, zoom);
    if (file) {
        fclose(file);
    }
    return file && st_tissue_story_is_here(ctx, path);
}

/// Finished zooms, in an order that the file system has no part in.
static st_status list_zooms(st_ctx* ctx, const char* dir, zoom_list* list)
{
    st_status status = ST_OK;
    DIR* folder = opendir(dir);
    for (struct dirent* entry; folder && status == ST_OK && (entry = readdir(folder)) != NULL;) {
        if (strncmp(entry->d_name, "zoom-", 5) != 0) {
            continue;
        }
        char* path = st_folder_path(ctx, dir, entry->d_name);
        if (path && is_zoom(ctx, path)) {
            if (list->count == list->capacity) {
                const int capacity = 2 * list->capacity + 8;
                zoom_folder* more =
                    st_realloc(ctx, list->item, (size_t)capacity, sizeof *list->item);
                status = more ? ST_OK : ST_ERR_MEMORY;
                list->item = more ? more : list->item;
                list->capacity = more ? capacity : list->capacity;
            }
            if (status == ST_OK) {
                zoom_folder* z = &list->item[list->count++];
                snprintf(z->name, sizeof z->name, "%s", entry->d_name);
                z->person = strtol(entry->d_name + 5, NULL, 10);
            }
        }
        status = path ? status : ST_ERR_MEMORY;
        st_free(ctx, path);
    }
    if (folder) {
        closedir(folder);
    }
    if (list->count > 1) {
        qsort(list->item, (size_t)list->count, sizeof *list->item, by_person);
    }
    return status;
}

static void add_link(st_text* out, const char* name)
{
    st_text_add(out, "<a href=\"");
    for (const char* c = name; *c; c++) { // letters that an address may hold, others as %XX
        const bool is_plain = strchr("-_.~", *c) || (*c >= '0' && *c <= '9') ||
                              (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        st_text_addf(out, is_plain ? "%c" : "%%%02X", (unsigned char)*c);
    }
    st_text_add(out, "/report.html\">");
}

/// One zoom: whose, where, the last still, and its page.
static st_status add_zoom(st_ctx* ctx, const char* dir, const char* name, st_text* out)
{
    st_tissue_story s;
    char* path = st_folder_path(ctx, dir, name);
    st_status status = path ? st_tissue_story_load(ctx, path, &s) : ST_ERR_MEMORY;
    if (status == ST_OK) {
        st_text_add(out, "<section class=\"zoomed\"><h3>Person ");
        st_html_text(out, st_tissue_story_zoom(&s, "person"));
        st_text_add(out, ", arm ");
        st_html_text(out, st_tissue_story_zoom(&s, "arm"));
        st_text_add(out, st_tissue_story_zoom(&s, "is_twin")[0] == '1' ? " (twin)" : "");
        st_text_add(out, "</h3>\n<p>A cube of ");
        st_html_text(out, st_tissue_story_zoom(&s, "edge"));
        st_text_add(out, " µm of the ");
        st_html_text(out, st_tissue_story_zoom(&s, "place"));
        st_text_addf(out, ", %s to %s after treatment. ", st_tissue_page_time(&s, 0).text,
                     st_tissue_page_time(&s, s.time_count - 1).text);
        add_link(out, name);
        st_text_add(out, "The whole page</a>.</p>\n");
        st_tissue_page_stills_last(out, &s);
        st_text_add(out, "</section>\n");
        st_tissue_story_clear(&s);
    }
    st_free(ctx, path);
    return status;
}

/// Same person in the zoom beside: their twins.
static bool has_twin(const zoom_list* list, int at)
{
    return (at > 0 && list->item[at - 1].person == list->item[at].person) ||
           (at + 1 < list->count && list->item[at + 1].person == list->item[at].person);
}

st_status st_tissue_zooms_add(st_ctx* ctx, const char* dir, st_text* out)
{
    zoom_list list = {0};
    bool has_lonely = false;
    st_status status = list_zooms(ctx, dir, &list);
    if (status == ST_OK && list.count > 0) {
        st_text_add(out, "<section id=\"zoom\"><h2>Seen cell by cell</h2>\n<p>Pieces of these "
                         "people's joints, each cell by itself, under the joint's own course "
                         "(<code>stroma zoom</code>). One run of each: chance alone moves a count "
                         "by about its square root.</p>\n");
        for (int i = 0; i < list.count && i < ZOOM_LIMIT && status == ST_OK; i++) {
            const bool is_other = i == 0 || list.item[i - 1].person != list.item[i].person;
            st_text_add(out, is_other && i > 0 ? "</div>\n" : "");
            st_text_add(out, is_other ? "<div class=\"stills\">\n" : "");
            status = add_zoom(ctx, dir, list.item[i].name, out);
            has_lonely = has_lonely || !has_twin(&list, i);
        }
        st_text_add(out, "</div>\n");
        if (list.count > ZOOM_LIMIT) {
            st_text_addf(out, "<p>The first %d of %d zooms in this folder.</p>\n", ZOOM_LIMIT,
                         list.count);
        }
        if (has_lonely) {
            st_text_add(out, "<p class=\"note\">Who stands here without a twin: the same person in "
                             "a twin arm is made by <code>stroma zoom DIR --patient N --set "
                             "arm=NAME</code>, where the study has one.</p>\n");
        }
        st_text_add(out, "</section>\n");
    }
    st_free(ctx, list.item);
    return status;
}
