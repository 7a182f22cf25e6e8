// What a tissue run rests on: every value with its source or the reason why it is assumed; how the
// same is got again; the files.

#include "report/folder.h"
#include "report/html.h"
#include "report/tissue_page.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// --- values

static void add_values(st_text* out, const st_tissue_story* s, bool assumed)
{
    const st_table* t = s->values;
    const int file = st_table_column(t, "file");
    const int name = st_table_column(t, "name");
    const int value = st_table_column(t, "value");
    const int source = st_table_column(t, "source");
    const int reason = st_table_column(t, "assumed");
    if (file < 0 || name < 0 || value < 0 || source < 0 || reason < 0) {
        return;
    }
    st_html_sortable_table(out, assumed ? "Assumed values" : "Values with a source",
                           assumed ? "Value|Of|As given|Why assumed" : "Value|Of|As given|Source");
    for (int r = 0; r < st_table_row_count(t); r++) {
        if ((st_table_cell(t, r, reason)[0] != '\0') == assumed) {
            st_text_add(out, assumed ? "<tr class=\"assumed\">" : "<tr>");
            st_html_head_cell(out, st_table_cell(t, r, name));
            st_html_cell(out, st_table_cell(t, r, file));
            st_html_cell(out, st_table_cell(t, r, value));
            st_text_add(out, "<td class=\"source\">");
            st_html_source(out, st_table_cell(t, r, assumed ? reason : source));
            st_text_add(out, "</td></tr>\n");
        }
    }
    st_html_table_end(out);
}

static void add_basis(st_text* out, const st_tissue_story* s)
{
    const int sourced = s->value_count - s->assumed_count;
    st_text_add(out, "<section id=\"basis\"><h2>What it rests on</h2>\n");
    if (s->value_count == 0) {
        st_text_add(out,
                    "<p>values.csv is not in the folder, or names no value.</p>\n</section>\n");
        return;
    }
    st_text_addf(out,
                 "<p class=\"rests\">Of the %d values of the tissue file%s, <strong>%d are "
                 "assumed</strong> (%s); %d have a source.",
                 s->value_count, st_tissue_story_about(s, "model")[0] ? " and its model" : "",
                 s->assumed_count, st_words_percent((double)s->assumed_count / s->value_count).text,
                 sourced);
    if (s->zoom) {
        st_text_add(out, " The model's values stand here as in its file; this person's own are in "
                         "person.csv.");
    }
    st_text_add(out, " Geometry, steps and times are choices and are not counted.</p>\n");
    if (s->assumed_count > 0) {
        st_text_addf(out, "<details><summary>The %d assumed values</summary>\n", s->assumed_count);
        add_values(out, s, true);
        st_text_add(out, "</details>\n");
    }
    if (sourced > 0) {
        st_text_addf(out, "<details><summary>The %d values with a source</summary>\n", sourced);
        add_values(out, s, false);
        st_text_add(out, "</details>\n");
    }
    st_text_add(out, "</section>\n");
}

// --- how

static bool has(st_text* out, const st_tissue_story* s, const char* name)
{
    char* path = st_folder_path(s->ctx, s->dir, name);
    out->failed = out->failed || !path;
    const bool is_there = path && access(path, R_OK) == 0;
    st_free(s->ctx, path);
    return is_there;
}

static void add_files(st_text* out, const st_tissue_story* s)
{
    static const char* const files[][2] = {
        {"cells.csv", "cells of each kind at every output; births, deaths, changes, arrivals, "
                      "departures since the start"},
        {"fields.csv", "levels and matrix by medium at every output, with the error of the "
                       "balance"},
        {"profile.csv", "cells, levels and matrix by depth"},
        {"expected.csv", "what the joint as a whole says of a piece of this size"},
        {"about.csv", "size, seed, version, and the hash of the final state"},
        {"values.csv", "every value that went in, with source or reason"},
        {"zoom.csv", "whose tissue this is, and what they were given later"},
        {"tissue.yaml", "the tissue file; with course.csv, person.csv and source/ it makes this "
                        "folder again"},
        {"cells.pvd", "all cells over time for ParaView (cells_*.vtu), beside fields_*.vti"},
        {"fields.pvd", "all levels over time for ParaView (fields_*.vti)"},
        {"voxels.pvd", "the voxels that are tissue, for ParaView (voxels_*.vtu)"},
        {"cells_000000.svg", "stills of the start and the end, with legend and scale"},
    };
    st_text_add(out, "<h3>Files</h3>\n<dl>");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (has(out, s, files[i][0])) {
            st_text_addf(out, "<dt>%s</dt><dd>%s</dd>\n", files[i][0], files[i][1]);
        }
    }
    st_text_add(out, "</dl>\n");
}

static void add_row(st_text* out, const char* name, const char* value, const char* unit)
{
    if (value[0]) {
        st_text_add(out, "<dt>");
        st_html_text(out, name);
        st_text_add(out, "</dt><dd>");
        st_html_text(out, value);
        st_text_addf(out, "%s%s</dd>\n", unit[0] ? " " : "", unit);
    }
}

static void add_methods(st_text* out, const st_tissue_story* s)
{
    st_text_add(out, "<section id=\"methods\"><h2>How it was computed</h2>\n<p>");
    if (s->kind_count > 0) {
        st_text_add(out, "Every cell stands at a place of its own and acts by the terms of the "
                         "model with what it finds there: levels, matrix, neighbours. ");
    }
    if (s->field_count > 0) {
        st_text_add(out, "Levels diffuse on cubes of tissue, implicit in time. ");
    }
    st_text_add(out, "The same file and version give the same bytes for any number of threads.</p>"
                     "\n<dl>");
    add_row(out, "Version", st_tissue_story_about(s, "version"), "");
    add_row(out, "Seed", st_tissue_story_about(s, "seed"), "");
    add_row(out, "Voxels", st_tissue_story_about(s, "voxels"), "");
    const double edge = st_tissue_story_number(s, "voxel_volume");
    add_row(out, "Volume of a voxel", st_words_precise(edge, 4).text, "µm³");
    for (int m = 0; m < s->medium_count; m++) {
        char name[200];
        snprintf(name, sizeof name, "Volume of %.180s", s->medium[m]);
        const double um3 = s->volume_mL[m] * 1e12;
        const bool is_small = s->volume_mL[m] < 1e-3;
        add_row(out, name, st_words_precise(is_small ? um3 * 1e-9 : s->volume_mL[m], 4).text,
                is_small ? "mm³" : "mL");
    }
    add_row(out, "Hash of the final state", st_tissue_story_about(s, "hash"), "");
    st_text_add(out, "</dl>\n");
    add_files(out, s);
    st_text_add(out, "</section>\n");
}

void st_tissue_page_basis_section(st_text* out, const st_tissue_story* s)
{
    add_basis(out, s);
    add_methods(out, s);
}
