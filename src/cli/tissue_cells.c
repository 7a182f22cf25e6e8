/// A tissue file with single cells: fields, bodies and fates over time, into a folder of tables,
/// stills and VTK files.

#include "tissue_cells.h"

#include "cell_tables.h"
#include "tissue_about.h"

#include "base/base.h"
#include "base/doc.h"
#include "base/table.h"
#include "stroma/report.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static st_status write_bytes(const st_cell_run* r, const char* name, const char* data,
                             size_t length)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", r->dir, name) >= (int)sizeof path) {
        return ST_FAIL(r->ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    return st_file_write(r->ctx, path, data, length);
}

static st_status write_text(const st_cell_run* r, const char* name, const st_text* text)
{
    return text->failed ? ST_ERR_MEMORY : write_bytes(r, name, text->data, text->length);
}

st_status st_tissue_cells_folder(st_ctx* ctx, const char* path)
{
    char text[PATH_MAX];
    snprintf(text, sizeof text, "%s", path);
    for (char* at = text + 1;; at++) {
        const char end = *at;
        if (end == '/' || end == '\0') {
            *at = '\0';
            struct stat about;
            if (mkdir(text, 0777) != 0 &&
                (errno != EEXIST || stat(text, &about) != 0 || !S_ISDIR(about.st_mode))) {
                return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot make the folder: %s", text,
                               errno == EEXIST ? "a file is there" : strerror(errno));
            }
            *at = end;
        }
        if (end == '\0') {
            return ST_OK;
        }
    }
}

// --- pictures and VTK
// ------------------------------------------------------------------------------

static st_status write_still(const st_cell_run* r, int output)
{
    char* svg = NULL;
    size_t length = 0;
    char name[64];
    const st_profile_plan p = st_agents_plan_profile(r->cells_plan);
    // across the axis of the profile, so that depth is seen from the side
    const int axis = p.bin_count == 0 || p.axis == 1 ? 2 : 1;
    ST_TRY(st_agents_view_svg(r->ctx, r->agents, axis, &svg, &length));
    snprintf(name, sizeof name, "cells_%06d.svg", output);
    const st_status status = write_bytes(r, name, svg, length);
    st_free(r->ctx, svg);
    return status;
}

static st_status write_slices(const st_cell_run* r, int output)
{
    for (int i = 0; i < st_tissue_plan_slice_count(r->plan); i++) {
        const int field = st_tissue_plan_slice(r->plan, i)->field;
        char* svg = NULL;
        size_t length = 0;
        char name[256];
        ST_TRY(st_tissue_view_slice(r->ctx, r->tissue, r->plan, i, 0.0, &svg, &length));
        snprintf(name, sizeof name, "slice_%d_%s_%06d.svg", i + 1,
                 field < 0 ? "media" : st_tissue_plan_field(r->plan, field), output);
        const st_status status = write_bytes(r, name, svg, length);
        st_free(r->ctx, svg);
        ST_TRY(status);
    }
    return ST_OK;
}

static st_status write_vtk(st_cell_run* r, int output)
{
    char* data = NULL;
    size_t length = 0;
    char name[64];
    if (!st_tissue_plan_writes_vtk(r->plan)) {
        return ST_OK;
    }
    ST_TRY(st_cells_view_vtu(r->ctx, st_agents_cells(r->agents), &data, &length));
    snprintf(r->vtu[output], 32, "cells_%06d.vtu", output);
    st_status status = write_bytes(r, r->vtu[output], data, length);
    st_free(r->ctx, data);
    ST_TRY(status);
    ST_TRY(st_tissue_view_vti(r->ctx, r->tissue, &data, &length));
    snprintf(name, sizeof name, "fields_%06d.vti", output);
    status = write_bytes(r, name, data, length);
    st_free(r->ctx, data);
    return status;
}

static st_status write_series(const st_cell_run* r)
{
    char* data = NULL;
    size_t length = 0;
    if (!st_tissue_plan_writes_vtk(r->plan) || r->output_count == 0) {
        return ST_OK;
    }
    ST_TRY(st_cells_view_pvd(r->ctx, r->output_count, r->output_min, (const char* const*)r->vtu,
                             &data, &length));
    const st_status status = write_bytes(r, "cells.pvd", data, length);
    st_free(r->ctx, data);
    return status;
}

/// What the run was, and every value that went into it.
static st_status write_about(const st_cell_run* r)
{
    st_text csv;
    st_text values;
    st_text_init(&csv, r->ctx);
    st_text_init(&values, r->ctx);
    st_tissue_about_add(&csv, r->plan, r->tissue);
    st_tissue_about_add_cells(&csv, r->plan, r->cells_plan, r->agents);
    st_text_addf(&csv, "hash,%016llx,1\r\n", (unsigned long long)st_agents_hash(r->agents));
    st_tissue_about_add_values(&values, r->plan);
    st_status status = write_text(r, "values.csv", &values);
    if (status == ST_OK) {
        status = write_text(r, "about.csv", &csv);
    }
    st_text_clear(&values);
    st_text_clear(&csv);
    return status;
}

// --- the run
// ------------------------------------------------------------------------------------------

static st_status write_output(st_cell_run* r, int output, bool is_still_due)
{
    const double now = st_agents_time_min(r->agents);
    const double day = now / MIN_PER_DAY;
    r->output_min[output] = now;
    r->output_count = output + 1;
    st_cell_tables_add_cells(r, day);
    st_cell_tables_add_fields(r, day);
    ST_TRY(st_cell_tables_add_profile(r, day));
    if (is_still_due) {
        ST_TRY(write_still(r, output));
    }
    ST_TRY(write_slices(r, output));
    return write_vtk(r, output);
}

/// To the next output, with stops where cells are placed.
static st_status advance(st_cell_run* r, double until)
{
    while (st_agents_time_min(r->agents) < until) {
        const double now = st_agents_time_min(r->agents);
        const double next = st_agents_plan_next_min(r->cells_plan, now);
        ST_TRY(st_agents_advance(r->ctx, r->agents, fmin(next, until)));
        if (next <= until) {
            ST_TRY(st_agents_plan_place(r->ctx, r->cells_plan, r->agents));
        }
    }
    return ST_OK;
}

/// Rows of the tables go into the checkpoint as texts, all cells as blocks, in one transaction with
/// the levels.
enum { KEPT_CELLS, KEPT_FIELDS, KEPT_PROFILE, KEPT_COUNT };

static st_status keep_block(st_ctx* ctx, void* arg, int64_t block, void** out, size_t* length)
{
    const st_cell_run* r = arg;
    return st_agents_save_block(ctx, r->agents, block, out, length);
}

static st_status take_block(st_ctx* ctx, void* arg, int64_t block, const void* bytes, size_t length)
{
    const st_cell_run* r = arg;
    return st_agents_restore_block(ctx, r->agents, block, bytes, length);
}

static st_checkpoint_blocks blocks_of(st_cell_run* r)
{
    return (st_checkpoint_blocks){.count = st_agents_block_count(r->agents),
                                  .arg = r,
                                  .save = keep_block,
                                  .load = take_block};
}

static st_status keep(st_cell_run* r, int next)
{
    const char* text[KEPT_COUNT] = {r->cells.data, r->fields.data, r->profile.data};
    const st_checkpoint_blocks blocks = blocks_of(r);
    return st_checkpoint_save(r->ctx, r->checkpoint, r->tissue, next, text, KEPT_COUNT, &blocks);
}

/// Goes on from what an earlier run kept; *next = the first output that is missing.
static st_status go_on(st_cell_run* r, int* next)
{
    char* text[KEPT_COUNT] = {NULL};
    st_text* const table[KEPT_COUNT] = {&r->cells, &r->fields, &r->profile};
    const st_checkpoint_blocks blocks = blocks_of(r);
    int64_t number = 0;
    st_status status =
        st_checkpoint_load(r->ctx, r->checkpoint, r->tissue, &number, text, KEPT_COUNT, &blocks);
    if (status == ST_OK) {
        for (int i = 0; i < KEPT_COUNT; i++) {
            st_text_add(table[i], text[i]);
        }
        status = st_agents_restore_end(r->ctx, r->agents);
    }
    for (int i = 0; i < KEPT_COUNT; i++) {
        st_free(r->ctx, text[i]);
    }
    *next = (int)number;
    return status;
}

/// The cells of time 0, or the state that was kept.
static st_status begin_outputs(st_cell_run* r, double every, int* next)
{
    *next = 0;
    if (!st_checkpoint_has_state(r->checkpoint)) {
        st_cell_tables_begin(r);
        return st_agents_plan_place(r->ctx, r->cells_plan, r->agents);
    }
    ST_TRY(go_on(r, next));
    for (int i = 0; i < *next; i++) {
        r->output_min[i] = every * i;
        snprintf(r->vtu[i], 32, "cells_%06d.vtu", i);
        r->output_count = i + 1;
    }
    return ST_OK;
}

static st_status run_outputs(st_cell_run* r, bool is_quiet)
{
    int next;
    const double until = st_tissue_plan_until_min(r->plan);
    const double every = st_tissue_plan_every_min(r->plan);
    const int outputs = (int)ceil(until / every - 1e-9);
    const double begin = now_s();
    double shown = begin;
    r->output_min = st_alloc(r->ctx, (size_t)outputs + 2u, sizeof *r->output_min);
    r->vtu = st_alloc(r->ctx, (size_t)outputs + 2u, sizeof *r->vtu);
    if (r->output_min == NULL || r->vtu == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i <= outputs; i++) {
        r->vtu[i] = st_alloc(r->ctx, 32, 1);
        if (r->vtu[i] == NULL) {
            return ST_ERR_MEMORY;
        }
    }
    ST_TRY(begin_outputs(r, every, &next));
    for (int i = next; i <= outputs; i++) {
        ST_TRY(advance(r, i == outputs ? until : every * i));
        ST_TRY(write_output(r, i, i == 0 || i == outputs));
        if (i < outputs) {
            ST_TRY(keep(r, i + 1));
        }
        const double now = now_s();
        if (!is_quiet && (i == outputs || now - shown > 1.0)) {
            fprintf(stderr, "%3.0f %%  %.4g of %.4g days  %lld cells  %.1f s\n",
                    100.0 * st_agents_time_min(r->agents) / until,
                    st_agents_time_min(r->agents) / MIN_PER_DAY, until / MIN_PER_DAY,
                    (long long)st_cells_count(st_agents_cells(r->agents)), now - begin);
            shown = now;
        }
    }
    return ST_OK;
}

static void print_about(FILE* out, const st_cell_run* r)
{
    const st_cells* cells = st_agents_cells(r->agents);
    fprintf(out, "%s: %lld voxels in %d bricks, %lld cells, %zu bytes a cell\n",
            st_tissue_plan_title(r->plan), (long long)st_tissue_voxel_count(r->tissue),
            st_tissue_brick_count(r->tissue), (long long)st_cells_count(cells),
            st_cells_state_bytes(cells));
    for (int s = 0; s < st_cell_tables_states(r); s++) {
        if (st_cell_tables_has(r, s) && st_agents_count(r->agents, s) > 0) {
            fprintf(out, "  %-24s %lld cells\n", st_cell_tables_state(r, s),
                    (long long)st_agents_count(r->agents, s));
        }
    }
}

/// A time of the file at which something happens falls on a field step.
static void check_time(st_ctx* ctx, const st_node* node, double step_min)
{
    double time_min = 0.0;
    if (node != NULL &&
        st_node_read_quantity(ctx, node, "a time", "min", NULL, 0.0, 1e12, &time_min)) {
        const double steps = time_min / step_min;
        if (fabs(steps - floor(steps + 0.5)) > 1e-6) {
            st_node_fail(ctx, node,
                         "found %g min, %.6g field steps; expected a whole number of %g min",
                         time_min, steps, step_min);
        }
    }
}

static st_status check_times(st_ctx* ctx, const st_tissue_plan* plan)
{
    const st_node* root = st_tissue_plan_root(plan);
    const st_node* cells = st_tissue_plan_cells(plan);
    const st_node* field = st_node_child(st_node_child(cells, "steps"), "field");
    const st_node* place = st_node_child(cells, "place");
    const int before = st_ctx_mistake_count(ctx);
    double step_min = 0.0;
    if (!st_node_read_quantity(ctx, field, "a time", "min", NULL, 1e-9, 1e12, &step_min)) {
        return ST_ERR_INPUT;
    }
    check_time(ctx, st_node_child(st_node_child(root, "run"), "until"), step_min);
    check_time(ctx, st_node_child(st_node_child(root, "run"), "every"), step_min);
    for (const st_node* n = place != NULL ? place->first : NULL; n != NULL; n = n->next) {
        check_time(ctx, st_node_child(n, "at"), step_min);
    }
    return st_ctx_mistake_count(ctx) > before ? ST_ERR_INPUT : ST_OK;
}

static st_status begin(st_cell_run* r, st_ctx* ctx, const st_arguments* arguments,
                       st_tissue_plan* plan)
{
    *r = (st_cell_run){.ctx = ctx, .dir = arguments->output, .plan = plan};
    st_text_init(&r->cells, ctx);
    st_text_init(&r->fields, ctx);
    st_text_init(&r->profile, ctx);
    ST_TRY(st_agents_plan_load(ctx, plan, &r->cells_plan));
    ST_TRY(check_times(ctx, plan));
    ST_TRY(st_tissue_plan_build(ctx, plan, arguments->threads, &r->tissue));
    return st_agents_plan_build(ctx, r->cells_plan, r->tissue, arguments->threads, &r->agents);
}

static void end(st_cell_run* r)
{
    for (int i = 0; r->vtu != NULL && r->vtu[i] != NULL; i++) {
        st_free(r->ctx, r->vtu[i]);
    }
    st_free(r->ctx, r->vtu);
    st_free(r->ctx, r->output_min);
    st_text_clear(&r->cells);
    st_text_clear(&r->fields);
    st_text_clear(&r->profile);
    st_agents_destroy(r->agents);
    st_tissue_destroy(r->tissue);
    st_agents_plan_destroy(r->cells_plan);
}

/// What was reached stays readable, also when the run failed or was stopped.
static st_status write_tables(const st_cell_run* r)
{
    ST_TRY(write_text(r, "cells.csv", &r->cells));
    ST_TRY(write_text(r, "fields.csv", &r->fields));
    if (st_agents_plan_profile(r->cells_plan).bin_count > 0) {
        ST_TRY(write_text(r, "profile.csv", &r->profile));
    }
    return write_series(r);
}

/// Opens the state that a stopped run left, or makes room for one.
static st_status open_kept(st_cell_run* r, const st_arguments* arguments)
{
    char path[PATH_MAX];
    char identity[256];
    if (snprintf(path, sizeof path, "%s/run.sqlite.part", r->dir) >= (int)sizeof path) {
        return ST_FAIL(r->ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    if ((arguments->given & ST_OPTION_FORCE) != 0) {
        unlink(path);
    }
    snprintf(identity, sizeof identity, "%.200s %016llx", st_tissue_plan_identity(r->plan),
             (unsigned long long)st_agents_plan_hash(r->cells_plan));
    return st_checkpoint_open(r->ctx, path, identity, &r->checkpoint);
}

/// Letters of the first folder on the way to `path` that is not there; 0 = all are.
static size_t first_missing(const char* path)
{
    char text[PATH_MAX];
    for (size_t end = 1; end <= strlen(path) && end < sizeof text; end++) {
        if (path[end] == '/' || path[end] == '\0') {
            memcpy(text, path, end);
            text[end] = '\0';
            if (access(text, F_OK) != 0) {
                return end;
            }
        }
    }
    return 0;
}

/// Takes back the folders that were made for nothing.
static void remove_made(const char* path, size_t from)
{
    char text[PATH_MAX];
    for (size_t end = strlen(path); from > 0 && end >= from && end < sizeof text; end--) {
        if (path[end] == '/' || path[end] == '\0') {
            memcpy(text, path, end);
            text[end] = '\0';
            rmdir(text); // one that holds something stays
        }
    }
}

/// A mistake that shows itself later, such as more cells than the file allows, has results before
/// it: they stay, and the run has failed.
static st_status note_late_mistake(const st_cell_run* r)
{
    return ST_FAIL(r->ctx, ST_ERR_NUMERIC,
                   "stopped after %.4g days; the tables up to then are in %s",
                   st_agents_time_min(r->agents) / MIN_PER_DAY, r->dir);
}

static st_status run_kept(st_cell_run* r, const st_arguments* arguments, bool is_quiet)
{
    const size_t made_from = first_missing(r->dir);
    ST_TRY(st_tissue_cells_folder(r->ctx, r->dir));
    ST_TRY(open_kept(r, arguments));
    st_status status = run_outputs(r, is_quiet);
    if (status == ST_ERR_INPUT && r->output_count == 0) {
        st_checkpoint_close(r->checkpoint, true);
        remove_made(r->dir, made_from);
        return status;
    }
    status = status == ST_ERR_INPUT ? note_late_mistake(r) : status;
    // After a full disk there is no room for them, and without them the same command goes on.
    const st_status written = status == ST_ERR_FILE ? ST_OK : write_tables(r);
    status = status != ST_OK ? status : written;
    if (status == ST_OK) {
        status = write_about(r);
    }
    if (status == ST_OK) {
        status = st_tissue_page_write(r->ctx, r->dir);
    }
    const bool has_ended = status == ST_OK || status == ST_ERR_NUMERIC;
    const bool is_kept = !has_ended && st_checkpoint_has_state(r->checkpoint);
    st_checkpoint_close(r->checkpoint, !is_kept);
    return status;
}

st_status st_tissue_cells_run(st_ctx* ctx, const st_arguments* arguments, st_tissue_plan* plan)
{
    st_cell_run r;
    const bool is_quiet = (arguments->given & ST_OPTION_QUIET) != 0;
    st_status status = begin(&r, ctx, arguments, plan);
    if (status == ST_OK) {
        status = run_kept(&r, arguments, is_quiet);
    }
    if (status == ST_OK && !is_quiet) {
        print_about(stdout, &r);
        printf("tables  %s/cells.csv, %s/fields.csv\nreport  %s/report.html\n", r.dir, r.dir,
               r.dir);
    }
    end(&r);
    return status;
}

st_status st_tissue_cells_check(st_ctx* ctx, const st_arguments* arguments, st_tissue_plan* plan)
{
    st_cell_run r;
    st_status status = begin(&r, ctx, arguments, plan);
    if (status == ST_OK) {
        status = st_agents_plan_place(ctx, r.cells_plan, r.agents);
    }
    if (status == ST_OK) {
        print_about(stdout, &r);
    }
    end(&r);
    return status;
}
