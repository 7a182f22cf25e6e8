/// A tissue file: fields on bricks over time, into a folder of tables, pictures and VTK files.

#include "tissue_run.h"

#include "progress.h"
#include "tissue_about.h"
#include "tissue_cells.h"
#include "tissue_ranges.h"

#include "base/base.h"
#include "base/doc.h"
#include "base/table.h"
#include "stroma/report.h"
#include "stroma/tissue.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/// A checkpoint comes when the run has worked this many times as long as the last one took.
#define SAVE_SHARE 10.0
/// ... and no sooner than this.
#define SAVE_PAUSE_S 0.02

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool st_tissue_run_wants(const char* path)
{
    st_ctx* ctx = st_ctx_create();
    st_doc* doc = NULL;
    bool wants = false;
    if (ctx && st_doc_load(ctx, path, &doc) == ST_OK) {
        const st_node* root = st_doc_root(doc);
        wants = root && root->kind == ST_NODE_MAP && st_node_child(root, "tissue");
    }
    st_doc_destroy(doc);
    st_ctx_destroy(ctx);
    return wants;
}

// --- the folder
// ---------------------------------------------------------------------------------

static st_status write_at(st_ctx* ctx, const char* dir, const char* name, const char* data,
                          size_t length)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    return st_file_write(ctx, path, data, length);
}

static st_status write_text(st_ctx* ctx, const char* dir, const char* name, st_text* text)
{
    const st_status status =
        text->failed ? ST_ERR_MEMORY : write_at(ctx, dir, name, text->data, text->length);
    st_text_clear(text);
    return status;
}

// --- tables
// -------------------------------------------------------------------------------------

static void add_rows(st_text* csv, const st_tissue_plan* plan, const st_tissue* tissue)
{
    for (int f = 0; f < st_tissue_field_count(tissue); f++) {
        const st_field_ledger l = st_tissue_ledger(tissue, f);
        const double numbers[] = {
            l.lowest_M, l.highest_M, l.amount, l.supply,
            l.decay,    l.uptake,    l.in,     st_tissue_field_balance(tissue, f),
            l.deficit,  l.cells,     l.reacted};
        st_text_add_number(csv, st_tissue_time_min(tissue));
        st_text_add_field(csv, st_tissue_field_name(tissue, f));
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            st_text_add_number(csv, numbers[i]);
        }
        for (int m = 1; m <= st_tissue_plan_medium_count(plan); m++) {
            if (st_tissue_medium_voxel_count(tissue, m) > 0) {
                st_text_add_number(csv, st_tissue_mean_M(tissue, f, m));
            } else if (!st_tissue_plan_is_bath(plan, m)) {
                st_text_add_field(csv, "");
            }
        }
        st_tissue_ranges_add(csv, plan, tissue, f);
        st_text_end_record(csv);
    }
}

static void add_head(st_text* csv, const st_tissue_plan* plan)
{
    static const char* const heads[] = {
        "time_min",     "field",      "lowest_M",    "highest_M", "amount_fmol",
        "supply_fmol",  "decay_fmol", "uptake_fmol", "in_fmol",   "balance_error",
        "deficit_fmol", "cells_fmol", "reacted_fmol"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        st_text_add_field(csv, heads[i]);
    }
    for (int m = 1; m <= st_tissue_plan_medium_count(plan); m++) {
        if (!st_tissue_plan_is_bath(plan, m)) {
            char head[160];
            snprintf(head, sizeof head, "mean_%s_M", st_tissue_plan_medium(plan, m));
            st_text_add_field(csv, head);
        }
    }
    st_tissue_ranges_add_heads(csv, plan, "");
    st_text_end_record(csv);
}

static st_status write_about(st_ctx* ctx, const char* dir, const st_tissue_plan* plan,
                             const st_tissue* tissue)
{
    st_text csv;
    st_text values;
    st_text_init(&csv, ctx);
    st_text_init(&values, ctx);
    st_tissue_about_add(&csv, plan, tissue);
    st_text_addf(&csv, "hash,%016llx,1\r\n", (unsigned long long)st_tissue_hash(tissue));
    st_tissue_about_add_values(&values, plan);
    st_status status = write_text(ctx, dir, "values.csv", &values);
    if (status == ST_OK) {
        status = write_text(ctx, dir, "about.csv", &csv);
    }
    st_text_clear(&values);
    st_text_clear(&csv);
    return status;
}

static st_status write_pictures(st_ctx* ctx, const char* dir, const st_tissue_plan* plan,
                                const st_tissue* tissue, int output)
{
    for (int i = 0; i < st_tissue_plan_slice_count(plan); i++) {
        const int field = st_tissue_plan_slice(plan, i)->field;
        char* svg = NULL;
        size_t length = 0;
        char name[256];
        ST_TRY(st_tissue_view_slice(ctx, tissue, plan, i, 0.0, &svg, &length));
        snprintf(name, sizeof name, "slice_%d_%s_%06d.svg", i + 1,
                 field < 0 ? "media" : st_tissue_plan_field(plan, field), output);
        const st_status status = write_at(ctx, dir, name, svg, length);
        st_free(ctx, svg);
        ST_TRY(status);
    }
    return ST_OK;
}

/// A file per output, and a list of them with their times for ParaView.
static st_status write_vtk(st_ctx* ctx, const char* dir, const st_tissue* tissue, int output,
                           bool is_grid, st_text* pvd)
{
    char name[64];
    char* data = NULL;
    size_t length = 0;
    snprintf(name, sizeof name, is_grid ? "voxels_%06d.vtu" : "fields_%06d.vti", output);
    ST_TRY(is_grid ? st_tissue_view_vtu(ctx, tissue, &data, &length)
                   : st_tissue_view_vti(ctx, tissue, &data, &length));
    const st_status status = write_at(ctx, dir, name, data, length);
    st_free(ctx, data);
    st_text_addf(pvd, "<DataSet timestep=\"%.17g\" part=\"0\" file=\"%s\"/>\n",
                 st_tissue_time_min(tissue), name);
    return status;
}

// --- talking
// ------------------------------------------------------------------------------------

static void print_about(FILE* out, const st_tissue_plan* plan, const st_tissue* tissue)
{
    char voxels[32];
    int assumed;
    const int values = st_tissue_plan_value_count(plan, &assumed);
    fprintf(out, "%s  %s voxels in %d bricks, %.0f MiB; %d values (%d sourced, %d assumed)\n",
            st_tissue_plan_title(plan),
            st_progress_count_text(st_tissue_voxel_count(tissue), voxels, sizeof voxels),
            st_tissue_brick_count(tissue), (double)st_tissue_bytes(tissue) / 1048576.0, values,
            values - assumed, assumed);
    for (int m = 1; m <= st_tissue_plan_medium_count(plan); m++) {
        if (!st_tissue_plan_is_bath(plan, m)) {
            const double um3 = (double)st_tissue_medium_voxel_count(tissue, m) *
                               st_tissue_voxel_volume_um3(tissue);
            fprintf(out, "  medium %-16s %.4g mL\n", st_tissue_plan_medium(plan, m), um3 * 1e-12);
        }
    }
    for (int f = 0; f < st_tissue_field_count(tissue); f++) {
        const st_field_choice c = st_tissue_field_choice(tissue, f);
        fprintf(out, "  field  %-16s %s", st_tissue_field_name(tissue, f),
                c.is_steady ? "steady" : "transient");
        if (isfinite(c.relaxation_min)) {
            fprintf(out,
                    ": follows its surroundings within %.3g min, %.2g of the time over which "
                    "they change",
                    c.relaxation_min, c.lag);
        }
        fputc('\n', out);
    }
}

static void print_progress(st_progress_style style, const st_tissue* tissue, double until_min,
                           double seconds, bool is_last)
{
    double work = 0.0;
    for (int f = 0; f < st_tissue_field_count(tissue); f++) {
        work += (double)st_tissue_ledger(tissue, f).solve_count;
    }
    const double rate = work * (double)st_tissue_voxel_count(tissue) / fmax(seconds, 1e-9);
    const double time_min = st_tissue_time_min(tissue);
    if (style == ST_PROGRESS_LINE) {
        fprintf(stderr, "\r%3.0f %%  %.4g of %.4g min  %.2g voxel solves/s  %.0f MiB%s",
                100.0 * time_min / until_min, time_min, until_min, rate,
                (double)st_tissue_bytes(tissue) / 1048576.0, is_last ? "\n" : "");
    } else if (style == ST_PROGRESS_JSON) {
        fprintf(stderr,
                "{\"event\":\"%s\",\"minutes\":%.9g,\"of\":%.9g,\"voxel_solves_per_s\":%.3g,"
                "\"bytes\":%zu,\"seconds\":%.3f}\n",
                is_last ? "done" : "progress", time_min, until_min, rate, st_tissue_bytes(tissue),
                seconds);
    }
    fflush(stderr);
}

// --- going on
// ------------------------------------------------------------------------------------

/// When the state was saved, and how long that took.
typedef struct saver {
    st_checkpoint* checkpoint;
    double last_s, cost_s;
} saver;

static st_status save(st_ctx* ctx, saver* s, const st_tissue* tissue, int output,
                      const st_text* csv, const st_text* pvd, const st_text* pvu)
{
    const double begin = now_s();
    if (begin - s->last_s < fmax(SAVE_PAUSE_S, SAVE_SHARE * s->cost_s)) {
        return ST_OK;
    }
    if (csv->failed || pvd->failed || pvu->failed) {
        return ST_ERR_MEMORY;
    }
    const char* const text[3] = {csv->data, pvd->data, pvu->data};
    ST_TRY(st_checkpoint_save(ctx, s->checkpoint, tissue, output, text, 3, NULL));
    s->last_s = now_s();
    s->cost_s = s->last_s - begin;
    return ST_OK;
}

// Files that a killed run had not finished: NAME.PROCESS-N.tmp (base/file.c).
static void remove_unfinished(const char* dir)
{
    DIR* folder = opendir(dir);
    for (struct dirent* entry; folder && (entry = readdir(folder)) != NULL;) {
        const char* name = entry->d_name;
        const size_t length = strlen(name);
        const char* at = length > 4 ? name + length - 5 : name;
        if (length < 9 || strcmp(at + 1, ".tmp") != 0) {
            continue;
        }
        bool has_dash = false;
        while (at > name && (isdigit((unsigned char)*at) || *at == '-')) {
            has_dash = has_dash || *at == '-';
            at--;
        }
        const bool is_ours =
            strncmp(name, "fields", 6) == 0 || strncmp(name, "slice_", 6) == 0 ||
            strncmp(name, "voxels", 6) == 0 || strncmp(name, "about.csv", 9) == 0 ||
            strncmp(name, "values.csv", 10) == 0 || strncmp(name, "report.html", 11) == 0;
        char path[PATH_MAX];
        if (is_ours && has_dash && *at == '.' &&
            snprintf(path, sizeof path, "%s/%s", dir, name) < (int)sizeof path) {
            unlink(path);
        }
    }
    if (folder) {
        closedir(folder);
    }
}

// Starts the tables, or takes them up where a stopped run left them; gives the next output.
static st_status begin_tables(st_ctx* ctx, const st_tissue_plan* plan, st_tissue* tissue,
                              const char* dir, saver* s, st_text* csv, st_text* pvd, st_text* pvu,
                              int* next)
{
    *next = 0;
    s->last_s = now_s();
    if (!st_checkpoint_has_state(s->checkpoint)) {
        add_head(csv, plan);
        static const char open[] = "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" "
                                   "version=\"0.1\" byte_order=\"LittleEndian\">\n<Collection>\n";
        st_text_add(pvd, open);
        st_text_add(pvu, open);
        return ST_OK;
    }
    char* text[3];
    int64_t number = 0;
    ST_TRY(st_checkpoint_load(ctx, s->checkpoint, tissue, &number, text, 3, NULL));
    st_text_add(csv, text[0]);
    st_text_add(pvd, text[1]);
    st_text_add(pvu, text[2]);
    for (int i = 0; i < 3; i++) {
        st_free(ctx, text[i]);
    }
    remove_unfinished(dir);
    *next = (int)number + 1;
    return ST_OK;
}

// --- the run
// ------------------------------------------------------------------------------------

static st_status run(st_ctx* ctx, const st_tissue_plan* plan, st_tissue* tissue, const char* dir,
                     st_checkpoint* checkpoint, st_progress_style style)
{
    const double begin = now_s();
    const double until = st_tissue_plan_until_min(plan);
    const double every = st_tissue_plan_every_min(plan);
    const int outputs = (int)ceil(until / every - 1e-9);
    saver s = {.checkpoint = checkpoint};
    st_text csv;
    st_text pvd;
    st_text pvu;
    st_text_init(&csv, ctx);
    st_text_init(&pvd, ctx);
    st_text_init(&pvu, ctx);
    int first = 0;
    st_status status = begin_tables(ctx, plan, tissue, dir, &s, &csv, &pvd, &pvu, &first);
    if (first > 0 && style == ST_PROGRESS_LINE) {
        fprintf(stderr, "goes on from %.4g min\n", st_tissue_time_min(tissue));
    }
    double shown = begin;
    for (int i = first; i <= outputs && status == ST_OK; i++) {
        status = st_tissue_advance(ctx, tissue, i == outputs ? until : every * i);
        if (status == ST_OK) {
            add_rows(&csv, plan, tissue);
            status = write_pictures(ctx, dir, plan, tissue, i);
        }
        if (status == ST_OK && st_tissue_plan_writes_vtk(plan)) {
            status = write_vtk(ctx, dir, tissue, i, false, &pvd);
        }
        if (status == ST_OK && st_tissue_plan_writes_vtu(plan)) {
            status = write_vtk(ctx, dir, tissue, i, true, &pvu);
        }
        if (status == ST_OK && i < outputs) {
            status = save(ctx, &s, tissue, i, &csv, &pvd, &pvu);
        }
        const double now = now_s();
        if (status == ST_OK && (i == outputs || now - shown >= 0.5)) {
            print_progress(style, tissue, until, now - begin, i == outputs);
            shown = now;
        }
    }
    if (status != ST_OK && status != ST_ERR_NUMERIC) {
        st_text_clear(&csv); // the same command goes on
        st_text_clear(&pvd);
        st_text_clear(&pvu);
        return status;
    }
    // What was reached stays readable, also when the numerics failed.
    st_status written = write_text(ctx, dir, "fields.csv", &csv);
    st_text_add(&pvd, "</Collection>\n</VTKFile>\n");
    if (written == ST_OK && st_tissue_plan_writes_vtk(plan)) {
        written = write_text(ctx, dir, "fields.pvd", &pvd);
    }
    st_text_add(&pvu, "</Collection>\n</VTKFile>\n");
    if (written == ST_OK && st_tissue_plan_writes_vtu(plan)) {
        written = write_text(ctx, dir, "voxels.pvd", &pvu);
    }
    st_text_clear(&pvd);
    st_text_clear(&pvu);
    if (status == ST_OK && written == ST_OK) {
        written = write_about(ctx, dir, plan, tissue);
    }
    if (status == ST_OK && written == ST_OK) {
        written = st_tissue_page_write(ctx, dir);
    }
    return status != ST_OK ? status : written;
}

static bool kept_path(const char* dir, char* path, size_t size)
{
    const int length = snprintf(path, size, "%s/run.sqlite.part", dir);
    return length > 0 && (size_t)length < size;
}

bool st_tissue_run_is_kept(const char* dir)
{
    char path[PATH_MAX];
    return kept_path(dir, path, sizeof path) && access(path, F_OK) == 0;
}

static st_status run_in_folder(st_ctx* ctx, const st_tissue_plan* plan, st_tissue* tissue,
                               const st_arguments* arguments, const char* kept,
                               st_progress_style style)
{
    st_checkpoint* checkpoint = NULL;
    const char* identity = st_tissue_plan_identity(plan);
    ST_TRY((arguments->given & ST_OPTION_FORCE) != 0
               ? st_checkpoint_begin(ctx, kept, identity, &checkpoint)
               : st_checkpoint_open(ctx, kept, identity, &checkpoint));
    const st_status status = run(ctx, plan, tissue, arguments->output, checkpoint, style);
    const bool has_ended = status == ST_OK || status == ST_ERR_NUMERIC;
    const bool is_kept = !has_ended && st_checkpoint_has_state(checkpoint);
    st_checkpoint_close(checkpoint, !is_kept);
    return status;
}

st_status st_tissue_run_file(st_ctx* ctx, const st_arguments* arguments)
{
    char path[PATH_MAX];
    char kept[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/fields.csv", arguments->output) >= (int)sizeof path ||
        !kept_path(arguments->output, kept, sizeof kept)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    if ((arguments->given & (ST_OPTION_SEED | ST_OPTION_SHARD | ST_OPTION_SCREEN)) != 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "--%s: is for studies; a tissue file has its own `seed` under `cells` and "
                       "runs whole",
                       (arguments->given & ST_OPTION_SEED) != 0 ? "seed" : "shard");
    }
    const bool is_quiet = (arguments->given & ST_OPTION_QUIET) != 0;
    const st_progress_style style = is_quiet                ? ST_PROGRESS_SILENT
                                    : isatty(STDERR_FILENO) ? ST_PROGRESS_LINE
                                                            : ST_PROGRESS_JSON;
    if (access(path, F_OK) == 0 && access(kept, F_OK) != 0 &&
        (arguments->given & ST_OPTION_FORCE) == 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: holds a result; use --force to replace it", path);
    }
    st_tissue_plan* plan = NULL;
    ST_TRY(st_tissue_plan_load(ctx, arguments->file, &plan));
    if (st_tissue_plan_cells(plan)) {
        const st_status done = st_tissue_cells_run(ctx, arguments, plan);
        st_tissue_plan_destroy(plan);
        return done;
    }
    st_tissue* tissue = NULL;
    st_status status = st_tissue_plan_build(ctx, plan, arguments->threads, &tissue);
    if (status == ST_OK) {
        status = st_tissue_cells_folder(ctx, arguments->output);
    }
    if (status == ST_OK) {
        if (style == ST_PROGRESS_LINE) {
            print_about(stderr, plan, tissue);
        }
        status = run_in_folder(ctx, plan, tissue, arguments, kept, style);
    }
    if (status == ST_OK && !is_quiet) {
        for (int f = 0; f < st_tissue_field_count(tissue); f++) {
            const st_field_ledger l = st_tissue_ledger(tissue, f);
            printf("%-12s %.4g to %.4g M after %.4g min; %lld steps; balance to %.1e\n",
                   st_tissue_field_name(tissue, f), l.lowest_M, l.highest_M,
                   st_tissue_time_min(tissue), (long long)l.step_count,
                   st_tissue_field_balance(tissue, f));
        }
        printf("tables  %s/fields.csv, %s/about.csv\nreport  %s/report.html\n", arguments->output,
               arguments->output, arguments->output);
    }
    st_tissue_destroy(tissue);
    st_tissue_plan_destroy(plan);
    return status;
}

st_status st_tissue_run_check(st_ctx* ctx, const st_arguments* arguments)
{
    st_tissue_plan* plan = NULL;
    if ((arguments->given & (ST_OPTION_VARIANT | ST_OPTION_UNITS)) != 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "--%s: is for models; %s is a tissue file",
                       (arguments->given & ST_OPTION_VARIANT) != 0 ? "variant" : "units",
                       arguments->file);
    }
    ST_TRY(st_tissue_plan_load(ctx, arguments->file, &plan));
    if (st_tissue_plan_cells(plan)) {
        const st_status done = st_tissue_cells_check(ctx, arguments, plan);
        st_tissue_plan_destroy(plan);
        return done;
    }
    st_tissue* tissue = NULL;
    const st_status status = st_tissue_plan_build(ctx, plan, 0, &tissue);
    if (status == ST_OK) {
        print_about(stdout, plan, tissue);
    }
    st_tissue_destroy(tissue);
    st_tissue_plan_destroy(plan);
    return status;
}
