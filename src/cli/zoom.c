/// `stroma zoom`: a piece of one trial patient's joint cell by cell, under that joint's own course.

#include "messages.h"
#include "tissue_cells.h"

#include "base/base.h"
#include "base/table.h"
#include "base/units.h"
#include "stroma/report.h"
#include "stroma/trial.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Knots of the course: dense in the first days, when an injection acts.
#define DENSE_DAYS  5
#define DENSE_KNOTS 20
#define KNOT_LIMIT  2000

/// Voxels along each edge of the piece.
#define VOXELS 12

/// What is looked at. Run defaults; `--set` changes them.
typedef struct zoom {
    st_ctx* ctx;
    const st_arguments* arguments;
    char out[PATH_MAX], sources[PATH_MAX];
    char place[64];
    double edge_um, days;
    uint64_t seed;
    int arm;
    st_study* study;
    const st_model* model;
    int state_count, knot_count;
    double *day, *parameter, *input, *state;
} zoom;

static bool read_setting(zoom* z, const char* text)
{
    const char* equals = strchr(text, '=');
    const size_t length = equals != NULL ? (size_t)(equals - text) : 0;
    double number;
    st_unit unit;
    st_unit um;
    const char* unit_text;
    char why[128];
    if (length == 5 && strncmp(text, "place", 5) == 0 && strlen(equals + 1) < sizeof z->place) {
        snprintf(z->place, sizeof z->place, "%s", equals + 1);
        return true;
    }
    if (length == 4 && strncmp(text, "edge", 4) == 0) {
        return st_unit_parse("um", &um, why, sizeof why) &&
               st_quantity_parse(equals + 1, &number, &unit, &unit_text, why, sizeof why) &&
               st_quantity_express(number, &unit, &um, NULL, &z->edge_um) && z->edge_um >= 50.0 &&
               z->edge_um <= 1e4;
    }
    return false;
}

static st_status read_settings(zoom* z)
{
    snprintf(z->place, sizeof z->place, "synovium");
    z->edge_um = 1000.0;
    z->days = 30.0;
    for (int i = 0; i < z->arguments->set_count; i++) {
        if (!read_setting(z, z->arguments->set[i])) {
            return ST_FAIL(z->ctx, ST_ERR_INPUT,
                           "--set %s: expected place=NAME, or edge=LENGTH from 50 um to 1 cm",
                           z->arguments->set[i]);
        }
    }
    if ((z->arguments->given & ST_OPTION_UNTIL) != 0) {
        double number;
        st_unit unit;
        st_unit day;
        const char* unit_text;
        char why[128];
        const bool is_read =
            st_unit_parse("day", &day, why, sizeof why) &&
            st_quantity_parse(z->arguments->until, &number, &unit, &unit_text, why, sizeof why) &&
            st_quantity_express(number, &unit, &day, NULL, &z->days);
        if (!is_read || !(z->days >= 1.0) || !(z->days <= 365.0)) {
            return ST_FAIL(z->ctx, ST_ERR_INPUT, "--until %s: expected a time of 1 to 365 days",
                           z->arguments->until);
        }
        z->days = floor(z->days + 0.5);
    }
    return ST_OK;
}

static st_status name_folders(zoom* z)
{
    const st_arguments* a = z->arguments;
    const int n = a->output != NULL
                      ? snprintf(z->out, sizeof z->out, "%s", a->output)
                      : snprintf(z->out, sizeof z->out, "%s/zoom-%d", a->file, a->patient);
    const int m = snprintf(z->sources, sizeof z->sources, "%.*s/source", PATH_MAX - 16, z->out);
    return n < (int)sizeof z->out - 16 && m < (int)sizeof z->sources
               ? ST_OK
               : ST_FAIL(z->ctx, ST_ERR_INPUT, "-o: the path is too long");
}

// --- the joint's course
// -----------------------------------------------------------------------------

static st_status make_room(zoom* z)
{
    z->day = st_alloc(z->ctx, KNOT_LIMIT, sizeof *z->day);
    for (int i = 0; z->day != NULL && i < KNOT_LIMIT; i++) {
        const double day = i <= DENSE_DAYS * DENSE_KNOTS
                               ? (double)i / DENSE_KNOTS
                               : DENSE_DAYS + 0.5 * (i - DENSE_DAYS * DENSE_KNOTS);
        if (day > z->days) {
            break;
        }
        z->day[z->knot_count++] = day;
    }
    z->parameter =
        st_alloc(z->ctx, (size_t)st_model_parameter_count(z->model) + 1u, sizeof(double));
    z->input = st_alloc(z->ctx, (size_t)st_model_input_count(z->model) + 1u, sizeof(double));
    z->state =
        st_alloc(z->ctx, (size_t)z->knot_count * (size_t)z->state_count + 1u, sizeof(double));
    return z->day && z->parameter && z->input && z->state ? ST_OK : ST_ERR_MEMORY;
}

static st_status solve(zoom* z)
{
    char path[PATH_MAX];
    char models[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/study.yaml", PATH_MAX - 16, z->sources);
    snprintf(models, sizeof models, "%.*s/models", PATH_MAX - 16, z->sources);
    ST_TRY(st_study_load(z->ctx, path, models, &z->study));
    z->model = st_study_model(z->study);
    z->state_count = st_model_state_count(z->model);
    ST_TRY(make_room(z));
    const st_single out = {.parameter = z->parameter, .input = z->input, .state = z->state};
    return st_single_solve(z->ctx, z->study, z->seed, z->arm, z->arguments->patient, z->day,
                           z->knot_count, &out);
}

/// Volume of the place for this person, mL.
static st_status find_volume(const zoom* z, double* out)
{
    const st_tape* tape = st_model_description_tape(z->model);
    double* slot = st_alloc(z->ctx, (size_t)tape->input_count + 1u, sizeof *slot);
    double* reg = st_alloc(z->ctx, (size_t)tape->register_count + 1u, sizeof *reg);
    double* result = st_alloc(z->ctx, (size_t)tape->output_count + 1u, sizeof *result);
    st_status status = slot && reg && result ? ST_OK : ST_ERR_MEMORY;
    *out = 0.0;
    if (status == ST_OK) {
        memcpy(slot, z->state, (size_t)z->state_count * sizeof *slot);
        double* at = slot + z->state_count;
        memcpy(at, z->parameter, (size_t)st_model_parameter_count(z->model) * sizeof *at);
        at += st_model_parameter_count(z->model);
        memcpy(at, z->input, (size_t)st_model_input_count(z->model) * sizeof *at);
        st_tape_run_scalar(tape, slot, reg, result);
        for (int p = 0; p < st_model_place_count(z->model); p++) {
            const st_place_info* place = st_model_place(z->model, p);
            *out = strcmp(place->name, z->place) == 0 && place->output >= 0 ? result[place->output]
                                                                            : *out;
        }
        if (!(*out > 0.0)) {
            status = ST_FAIL(z->ctx, ST_ERR_INPUT, "--set place=%s: the model has no such place",
                             z->place);
        }
    }
    st_free(z->ctx, slot);
    st_free(z->ctx, reg);
    st_free(z->ctx, result);
    return status;
}

// --- the files
// -------------------------------------------------------------------------------------

static st_status write_file(const zoom* z, const char* name, st_text* text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/%s", PATH_MAX - 32, z->out, name);
    const st_status status =
        text->failed ? ST_ERR_MEMORY : st_file_write(z->ctx, path, text->data, text->length);
    st_text_clear(text);
    return status;
}

static st_status write_person(const zoom* z)
{
    st_text t;
    st_text_init(&t, z->ctx);
    st_text_add(&t, "name,value\r\n");
    for (int i = 0; i < st_model_parameter_count(z->model); i++) {
        st_text_addf(&t, "%s,%.17g\r\n", st_model_parameter(z->model, i)->name, z->parameter[i]);
    }
    for (int i = 0; i < st_model_input_count(z->model); i++) {
        st_text_addf(&t, "%s,%.17g\r\n", st_model_input(z->model, i)->name, z->input[i]);
    }
    return write_file(z, "person.csv", &t);
}

static st_status write_course(const zoom* z)
{
    st_text t;
    st_text_init(&t, z->ctx);
    st_text_add(&t, "day");
    for (int s = 0; s < z->state_count; s++) {
        st_text_addf(&t, ",%s", st_model_state(z->model, s)->name);
    }
    st_text_add(&t, "\r\n");
    for (int i = 0; i < z->knot_count; i++) {
        st_text_addf(&t, "%.17g", z->day[i]);
        for (int s = 0; s < z->state_count; s++) {
            st_text_addf(&t, ",%.17g", z->state[(size_t)i * (size_t)z->state_count + (size_t)s]);
        }
        st_text_add(&t, "\r\n");
    }
    return write_file(z, "course.csv", &t);
}

static bool is_here(const zoom* z, int state)
{
    const st_state_info* info = st_model_state(z->model, state);
    return info->kind == ST_STATE_CELL && strcmp(strchr(info->name, '@') + 1, z->place) == 0;
}

/// What the joint as a whole says of a cube of this size: to be held against cells.csv.
static st_status write_expected(const zoom* z, double share)
{
    st_text t;
    st_text_init(&t, z->ctx);
    st_text_add(&t, "day");
    for (int s = 0; s < z->state_count; s++) {
        if (is_here(z, s)) {
            st_text_addf(&t, ",%s", st_model_state(z->model, s)->name);
        }
    }
    for (int i = 0; i < z->knot_count; i++) {
        st_text_addf(&t, "\r\n%.9g", z->day[i]);
        for (int s = 0; s < z->state_count; s++) {
            if (is_here(z, s)) {
                st_text_addf(&t, ",%.6g",
                             share * z->state[(size_t)i * (size_t)z->state_count + (size_t)s]);
            }
        }
    }
    st_text_add(&t, "\r\n");
    return write_file(z, "expected.csv", &t);
}

static st_status write_tissue(const zoom* z)
{
    const char* model = NULL;
    size_t length;
    double volume_mL;
    st_text t;
    ST_TRY(find_volume(z, &volume_mL));
    const double share = z->edge_um * z->edge_um * z->edge_um * 1e-12 / volume_mL;
    ST_TRY(write_expected(z, share));
    st_model_source(z->model, 0, &model, &length);
    const char* slash = strrchr(model, '/');
    st_text_init(&t, z->ctx);
    st_text_addf(
        &t,
        "tissue: Patient %d, %s, cell by cell\n"
        "description: >-\n  A cube of the %s of one trial patient. Fluid, blood and all levels "
        "follow the\n  joint's own course (course.csv), computed once more from the run.\n"
        "model: source/models/%s\n"
        "box: { from: [0 um, 0 um, 0 um], to: [%.9g um, %.9g um, %.9g um], voxel: %.17g um }\n"
        "media:\n  piece: { place: %s }\n"
        "geometry:\n  - { medium: piece, box: { from: [0 um, 0 um, 0 um], to: [%.9g um, %.9g um, "
        "%.9g um] } }\n"
        "fields: {}\ncells:\n  seed: %llu\n  steps: { field: 3 h, mechanics: 6 h, fate: 6 h }\n"
        "  reach: whole\n  person: person.csv\n  course: course.csv\n  place:\n",
        z->arguments->patient, z->place, z->place, slash != NULL ? slash + 1 : model, z->edge_um,
        z->edge_um, z->edge_um, z->edge_um / VOXELS, z->place, z->edge_um, z->edge_um, z->edge_um,
        (unsigned long long)(z->seed & 0x7fffffffffffffffull));
    int entries = 0;
    for (int s = 0; s < z->state_count; s++) {
        if (is_here(z, s)) {
            st_text_addf(&t, "    - { cell: %s, number: %.0f }\n",
                         st_model_state(z->model, s)->name, floor(share * z->state[s] + 0.5));
            entries++;
        }
    }
    st_text_addf(&t, "run: { until: %g day, every: 1 day }\noutput: { vtk: true }\n", z->days);
    if (entries == 0) {
        st_text_clear(&t);
        return ST_FAIL(z->ctx, ST_ERR_INPUT, "--set place=%s: no cells live there", z->place);
    }
    return write_file(z, "tissue.yaml", &t);
}

/// The cells of the piece beside what the joint as a whole says, at the end.
static void print_story(const zoom* z)
{
    printf("patient %d, arm %s: %g days of a cube of %g um of %s\n", z->arguments->patient,
           st_study_arm(z->study, z->arm)->name, z->days, z->edge_um, z->place);
    printf("cells   %s/cells.csv, beside what the joint as a whole says in expected.csv\n", z->out);
    printf("page    %s/summary.html; again: stroma run %s/tissue.yaml\n", z->out, z->out);
}

static st_status zoom_in(zoom* z)
{
    char path[PATH_MAX];
    st_tissue_plan* plan = NULL;
    ST_TRY(read_settings(z));
    ST_TRY(name_folders(z));
    ST_TRY(st_tissue_cells_folder(z->ctx, z->sources));
    ST_TRY(st_store_sources(z->ctx, z->arguments->file, z->sources, z->arguments->patient, &z->seed,
                            &z->arm));
    if (z->arm < 0) {
        return ST_FAIL(z->ctx, ST_ERR_INPUT, "%s: the run has no person %d", z->arguments->file,
                       z->arguments->patient);
    }
    ST_TRY(solve(z));
    ST_TRY(write_person(z));
    ST_TRY(write_course(z));
    ST_TRY(write_tissue(z));
    snprintf(path, sizeof path, "%.*s/tissue.yaml", PATH_MAX - 16, z->out);
    ST_TRY(st_tissue_plan_load(z->ctx, path, &plan));
    st_arguments arguments = *z->arguments;
    arguments.output = z->out;
    arguments.given |= ST_OPTION_QUIET;
    const st_status status = st_tissue_cells_run(z->ctx, &arguments, plan);
    st_tissue_plan_destroy(plan);
    return status;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    zoom z = {.ctx = ctx, .arguments = arguments};
    if ((arguments->given & ST_OPTION_PATIENT) == 0) {
        fputs("stroma zoom: which patient? expected --patient N, a person of the run; try stroma "
              "--help\n",
              stderr);
        return ST_EXIT_INPUT;
    }
    const st_status status = zoom_in(&z);
    if (status == ST_OK && (arguments->given & ST_OPTION_QUIET) == 0) {
        print_story(&z);
    }
    st_free(ctx, z.day);
    st_free(ctx, z.parameter);
    st_free(ctx, z.input);
    st_free(ctx, z.state);
    st_study_destroy(z.study);
    return st_messages_print(ctx, status, stderr);
}

const st_command ST_ZOOM_COMMAND = {
    .name = "zoom",
    .operand = "DIR",
    .about = "a piece of one trial patient's joint, cell by cell, under that joint's own course",
    .help = "      --patient N    the person, as numbered in the run (required)\n"
            "  -o, --output OUT   folder for the result; default DIR/zoom-N\n"
            "      --until T      how long after day 0; default 30d\n"
            "      --set P=V      place=synovium, edge=1mm: which place of the model, how large a "
            "cube\n"
            "      --threads N    default: one per CPU\n"
            "  -q, --quiet        say nothing unless something is wrong\n",
    .options = ST_OPTION_OUTPUT | ST_OPTION_UNTIL | ST_OPTION_SET | ST_OPTION_THREADS |
               ST_OPTION_QUIET | ST_OPTION_PATIENT | ST_OPTION_HELP,
    .perform = perform,
};
