// The files of a zoom, from which `stroma run` makes the same again.

#include "zoom_files.h"

#include "tissue_about.h"
#include "tissue_cells.h"

#include "base/table.h"
#include "stroma/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/// Voxels along each edge of the piece.
#define VOXELS 12

static st_status write_file(const st_zoom* z, const char* name, st_text* text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/%s", PATH_MAX - 32, z->out, name);
    const st_status status =
        text->failed ? ST_ERR_MEMORY : st_file_write(z->ctx, path, text->data, text->length);
    st_text_clear(text);
    return status;
}

static st_status write_person(const st_zoom* z)
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

/// An input at a knot.
static double input_at(const st_zoom* z, int knot, int input)
{
    return z->input_at[(size_t)knot * (size_t)st_model_input_count(z->model) + (size_t)input];
}

/// Does an input leave its value in person.csv?
static bool does_change(const st_zoom* z, int input)
{
    for (int i = 0; i < z->knot_count; i++) {
        if (input_at(z, i, input) != z->input[input]) {
            return true;
        }
    }
    return false;
}

/// The model's states, and those of its inputs that change, each held from its row on.
static st_status write_course(const st_zoom* z)
{
    st_text t;
    int changing_count = 0;
    int* changing = st_alloc(z->ctx, (size_t)st_model_input_count(z->model) + 1u, sizeof *changing);
    if (changing == NULL) {
        return ST_ERR_MEMORY;
    }
    st_text_init(&t, z->ctx);
    st_text_add(&t, "day");
    for (int s = 0; s < z->state_count; s++) {
        st_text_addf(&t, ",%s", st_model_state(z->model, s)->name);
    }
    for (int k = 0; k < st_model_input_count(z->model); k++) {
        if (does_change(z, k)) {
            changing[changing_count++] = k;
            st_text_addf(&t, ",%s", st_model_input(z->model, k)->name);
        }
    }
    st_text_add(&t, "\r\n");
    for (int i = 0; i < z->knot_count; i++) {
        st_text_addf(&t, "%.17g", z->day[i]);
        for (int s = 0; s < z->state_count; s++) {
            st_text_addf(&t, ",%.17g", z->state[(size_t)i * (size_t)z->state_count + (size_t)s]);
        }
        for (int k = 0; k < changing_count; k++) {
            st_text_addf(&t, ",%.17g", input_at(z, i, changing[k]));
        }
        st_text_add(&t, "\r\n");
    }
    st_free(z->ctx, changing);
    return write_file(z, "course.csv", &t);
}

bool st_zoom_files_is_here(const st_zoom* z, int state)
{
    const st_state_info* info = st_model_state(z->model, state);
    return info->kind == ST_STATE_CELL && strcmp(strchr(info->name, '@') + 1, z->place) == 0;
}

/// What the joint as a whole says of a cube of this size: to be held against cells.csv.
static st_status write_expected(const st_zoom* z, double share)
{
    st_text t;
    st_text_init(&t, z->ctx);
    st_text_add(&t, "day");
    for (int s = 0; s < z->state_count; s++) {
        if (st_zoom_files_is_here(z, s)) {
            st_text_addf(&t, ",%s", st_model_state(z->model, s)->name);
        }
    }
    for (int i = 0; i < z->knot_count; i++) {
        st_text_addf(&t, "\r\n%.9g", z->day[i]);
        for (int s = 0; s < z->state_count; s++) {
            if (st_zoom_files_is_here(z, s)) {
                st_text_addf(&t, ",%.6g",
                             share * z->state[(size_t)i * (size_t)z->state_count + (size_t)s]);
            }
        }
    }
    st_text_add(&t, "\r\n");
    return write_file(z, "expected.csv", &t);
}

/// Inside double quotes of YAML.
static void add_quoted(st_text* t, const char* text)
{
    for (const char* c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            st_text_add(t, "\\");
        }
        st_text_add_bytes(t, c, 1);
    }
}

static st_status write_tissue(const st_zoom* z, double share)
{
    const char* model = NULL;
    size_t length;
    st_text t;
    ST_TRY(write_expected(z, share));
    st_model_source(z->model, 0, &model, &length);
    const char* slash = strrchr(model, '/');
    st_text_init(&t, z->ctx);
    st_text_addf(&t, "tissue: \"Patient %d, arm ", z->arguments->patient);
    add_quoted(&t, st_study_arm(z->study, z->arm)->name);
    st_text_addf(
        &t,
        ", %s, cell by cell\"\n"
        "description: >-\n  A cube of the %s of one trial patient. Fluid, blood and all levels "
        "follow the\n  joint's own course (course.csv), computed once more from the run.\n"
        "model: source/models/%s\n"
        "box: { from: [0 um, 0 um, 0 um], to: [%.9g um, %.9g um, %.9g um], voxel: %.17g um }\n"
        "media:\n  piece: { place: %s }\n"
        "geometry:\n  - { medium: piece, box: { from: [0 um, 0 um, 0 um], to: [%.9g um, %.9g um, "
        "%.9g um] } }\n"
        "fields: {}\ncells:\n  seed: %llu\n  steps: { field: 3 h, mechanics: 6 h, fate: 6 h }\n"
        "  reach: whole\n  person: person.csv\n  course: course.csv\n  place:\n",
        z->place, z->place, slash != NULL ? slash + 1 : model, z->edge_um, z->edge_um, z->edge_um,
        z->edge_um / VOXELS, z->place, z->edge_um, z->edge_um, z->edge_um,
        (unsigned long long)(z->seed & 0x7fffffffffffffffull));
    for (int s = 0; s < z->state_count; s++) {
        if (st_zoom_files_is_here(z, s)) {
            st_text_addf(&t, "    - { cell: %s, number: %.0f }\n",
                         st_model_state(z->model, s)->name, floor(share * z->state[s] + 0.5));
        }
    }
    st_text_addf(&t, "run: { until: %g day, every: 1 day }\noutput: { vtk: true }\n", z->days);
    return write_file(z, "tissue.yaml", &t);
}

static void add_number_row(st_text* t, const char* what, double value, const char* unit)
{
    char number[40];
    snprintf(number, sizeof number, "%.9g", value);
    st_tissue_about_row(t, what, number, unit);
}

/// Whose tissue it is, and what they were given later: for the page.
static st_status write_about(const st_zoom* z)
{
    const st_arm_info* arm = st_study_arm(z->study, z->arm);
    st_text t;
    st_text_init(&t, z->ctx);
    st_text_add(&t, "what,value,unit\r\n");
    st_tissue_about_row(&t, "study", st_study_title(z->study), "");
    add_number_row(&t, "person", z->arguments->patient, "1");
    st_tissue_about_row(&t, "arm", arm->name, "");
    st_tissue_about_row(&t, "is_twin", arm->is_twin ? "1" : "0", "1");
    st_tissue_about_row(&t, "place", z->place, "");
    add_number_row(&t, "edge", z->edge_um, "um");
    add_number_row(&t, "days", z->days, "day");
    if (z->arguments->output == NULL) {
        st_tissue_about_row(&t, "run", "..", "");
    }
    for (int e = 0; e < z->single.event_count; e++) {
        char what[64];
        snprintf(what, sizeof what, "later_%s", z->single.event[e].name);
        add_number_row(&t, what, z->single.event[e].day, "day");
    }
    if (isfinite(z->single.left_day)) {
        add_number_row(&t, "left", z->single.left_day, "day");
    }
    return write_file(z, "zoom.csv", &t);
}

st_status st_zoom_files_write(const st_zoom* z, double share)
{
    char path[PATH_MAX];
    uint64_t seed = 0;
    int arm = -1;
    snprintf(path, sizeof path, "%.*s/source", PATH_MAX - 16, z->out);
    ST_TRY(st_tissue_cells_folder(z->ctx, path));
    ST_TRY(st_store_sources(z->ctx, z->arguments->file, path, z->arguments->patient, &seed, &arm));
    ST_TRY(write_person(z));
    ST_TRY(write_course(z));
    ST_TRY(write_about(z));
    return write_tissue(z, share);
}
