/// `stroma zoom`: a piece of one trial patient's joint cell by cell, under that joint's own course.

#include "messages.h"
#include "tissue_cells.h"
#include "tissue_run.h"
#include "zoom_files.h"

#include "base/base.h"
#include "base/table.h"
#include "base/units.h"
#include "stroma/report.h"

#include <ctype.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Knots of the course: dense in the first days after something was given.
#define DENSE_DAYS  5
#define DENSE_KNOTS 20
#define KNOT_LIMIT  4000
/// Most days on which inputs change, each a knot of its own.
#define CHANGE_LIMIT 1000
/// A knot just before something is given, so that the course does not rise ahead of it.
#define BEFORE_DAY (0.5 / 1440.0)

static bool read_setting(st_zoom* z, const char* text)
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
    if (length == 3 && strncmp(text, "arm", 3) == 0 && strlen(equals + 1) < sizeof z->arm_name) {
        snprintf(z->arm_name, sizeof z->arm_name, "%s", equals + 1);
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

static st_status read_settings(st_zoom* z)
{
    snprintf(z->place, sizeof z->place, "synovium");
    z->edge_um = 1000.0;
    z->days = 30.0;
    for (int i = 0; i < z->arguments->set_count; i++) {
        if (!read_setting(z, z->arguments->set[i])) {
            return ST_FAIL(z->ctx, ST_ERR_INPUT,
                           "--set %s: expected place=NAME, edge=LENGTH from 50 um to 1 cm, or "
                           "arm=NAME of a twin arm",
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
            return ST_FAIL(z->ctx, ST_ERR_INPUT,
                           "--until %s: expected a time of 1 to 365 days, such as 30d",
                           z->arguments->until);
        }
        z->days = floor(z->days + 0.5);
    }
    return ST_OK;
}

static st_status name_folders(st_zoom* z)
{
    const st_arguments* a = z->arguments;
    const char* temporary = getenv("TMPDIR");
    int n = a->output != NULL
                ? snprintf(z->out, sizeof z->out, "%s", a->output)
                : snprintf(z->out, sizeof z->out, "%s/zoom-%d%s%s", a->file, a->patient,
                           z->arm_name[0] != '\0' ? "-" : "", z->arm_name);
    for (char* c = z->out + strlen(z->out) - strlen(z->arm_name); a->output == NULL && *c != '\0';
         c++) {
        *c = isalnum((unsigned char)*c) || strchr("-_.", *c) ? *c : '_';
    }
    for (; n > 1 && n < (int)sizeof z->out && z->out[n - 1] == '/'; n--) {
        z->out[n - 1] = '\0';
    }
    const int m = snprintf(z->sources, sizeof z->sources, "%s/stroma-zoom-XXXXXX",
                           temporary != NULL && temporary[0] != '\0' ? temporary : "/tmp");
    return n < (int)sizeof z->out - 64 && m < (int)sizeof z->sources - 64
               ? ST_OK
               : ST_FAIL(z->ctx, ST_ERR_INPUT, "-o: the path is too long");
}

/// A result is not written over unless that is asked for.
static st_status check_folder(const st_zoom* z)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/about.csv", PATH_MAX - 16, z->out);
    if (access(path, F_OK) == 0 && (z->arguments->given & ST_OPTION_FORCE) == 0) {
        return ST_FAIL(z->ctx, ST_ERR_INPUT, "%s: holds a result; use --force to replace it", path);
    }
    return ST_OK;
}

static int remove_one(const char* path, const struct stat* about, int flag, struct FTW* where)
{
    (void)about, (void)flag, (void)where;
    return remove(path);
}

// --- the joint's course
// -----------------------------------------------------------------------------

static int by_value(const void* left, const void* right)
{
    const double a = *(const double*)left;
    const double b = *(const double*)right;
    return a < b ? -1 : a > b;
}

static void add_knot(st_zoom* z, double day)
{
    if (day >= 0.0 && day <= z->days && z->knot_count < KNOT_LIMIT + CHANGE_LIMIT) {
        z->day[z->knot_count++] = day;
    }
}

/// Sorts the knots and keeps one of those that lie no further apart than `apart`.
static void merge_knots(st_zoom* z, double apart)
{
    int kept = 0;
    qsort(z->day, (size_t)z->knot_count, sizeof *z->day, by_value);
    for (int i = 0; i < z->knot_count; i++) {
        if (kept == 0 || z->day[i] - z->day[kept - 1] > apart) {
            z->day[kept++] = z->day[i];
        }
    }
    z->knot_count = kept;
}

/// Half days, dense ones after day 0 and after everything that was given later, and each day on
/// which an input changes, to the last digit: inputs hold from their row on.
static void choose_knots(st_zoom* z)
{
    z->knot_count = 0;
    for (int i = 0; i <= 2 * (int)z->days; i++) {
        add_knot(z, 0.5 * i);
    }
    for (int e = -1; e < z->single.event_count; e++) {
        const double from = e < 0 ? 0.0 : z->single.event[e].day;
        add_knot(z, from - BEFORE_DAY);
        for (int i = 0; i <= DENSE_DAYS * DENSE_KNOTS; i++) {
            add_knot(z, from + (double)i / DENSE_KNOTS);
        }
    }
    merge_knots(z, 1e-9);
    for (int i = 0; i < z->single.change_count; i++) {
        add_knot(z, z->change_day[i]);
    }
    merge_knots(z, 0.0);
}

static st_status make_room(st_zoom* z)
{
    const size_t knots = KNOT_LIMIT + CHANGE_LIMIT;
    const size_t inputs = (size_t)st_model_input_count(z->model);
    z->day = st_alloc(z->ctx, knots, sizeof *z->day);
    z->change_day = st_alloc(z->ctx, CHANGE_LIMIT, sizeof *z->change_day);
    z->parameter =
        st_alloc(z->ctx, (size_t)st_model_parameter_count(z->model) + 1u, sizeof(double));
    z->input = st_alloc(z->ctx, inputs + 1u, sizeof(double));
    z->input_at = st_alloc(z->ctx, knots * inputs + 1u, sizeof(double));
    z->state = st_alloc(z->ctx, knots * (size_t)z->state_count + 1u, sizeof(double));
    z->single = (st_single){.parameter = z->parameter,
                            .input = z->input,
                            .state = z->state,
                            .input_at = z->input_at,
                            .change_day = z->change_day,
                            .change_limit = CHANGE_LIMIT};
    return z->day && z->change_day && z->parameter && z->input && z->input_at && z->state
               ? ST_OK
               : ST_ERR_MEMORY;
}

/// The person's own arm, or the twin arm that is asked for.
static st_status choose_arm(st_zoom* z)
{
    const int own = z->arm;
    const char* twins[64];
    int count = 0;
    if (z->arm_name[0] == '\0') {
        return ST_OK;
    }
    for (int a = 0; a < st_study_arm_count(z->study); a++) {
        const st_arm_info* arm = st_study_arm(z->study, a);
        if ((a == own || arm->is_twin) && count < 64) {
            twins[count++] = arm->name;
        }
        if ((a == own || arm->is_twin) && strcmp(arm->name, z->arm_name) == 0) {
            z->arm = a;
            return ST_OK;
        }
    }
    st_text names;
    st_text_init(&names, z->ctx);
    for (int i = 0; i < count; i++) {
        st_text_addf(&names, "%s%s", i > 0 ? ", " : "", twins[i]);
    }
    const st_status status = ST_FAIL(
        z->ctx, ST_ERR_INPUT, "--set arm=%s: person %d is in %s; allowed: %s", z->arm_name,
        z->arguments->patient, st_study_arm(z->study, own)->name, names.failed ? "" : names.data);
    st_text_clear(&names);
    return status;
}

/// What the solver leaves below 0, within its tolerance, of states that are never negative is 0:
/// single cells cannot arrive in negative numbers.
static void drop_residues(st_zoom* z)
{
    for (int s = 0; s < z->state_count; s++) {
        const bool may_be_negative = st_model_state(z->model, s)->may_be_negative;
        for (int i = 0; i < z->knot_count && !may_be_negative; i++) {
            double* value = &z->state[(size_t)i * (size_t)z->state_count + (size_t)s];
            *value = *value < 0.0 ? 0.0 : *value;
        }
    }
}

/// Reads the run's own files again, finds the person, and computes the course: first what happened,
/// then all knots.
static st_status solve(st_zoom* z)
{
    char path[PATH_MAX];
    char models[PATH_MAX];
    const double ends[2] = {0.0, z->days};
    const int64_t id = z->arguments->patient;
    ST_TRY(st_store_sources(z->ctx, z->arguments->file, z->sources, id, &z->seed, &z->arm));
    if (z->arm < 0) {
        return ST_FAIL(z->ctx, ST_ERR_INPUT, "%s: the run has no person %d; people are in %s",
                       z->arguments->file, z->arguments->patient, "tables/people.csv");
    }
    snprintf(path, sizeof path, "%.*s/study.yaml", PATH_MAX - 16, z->sources);
    snprintf(models, sizeof models, "%.*s/models", PATH_MAX - 16, z->sources);
    ST_TRY(st_study_load(z->ctx, path, models, &z->study));
    z->model = st_study_model(z->study);
    z->state_count = st_model_state_count(z->model);
    ST_TRY(choose_arm(z));
    ST_TRY(make_room(z));
    ST_TRY(st_single_solve(z->ctx, z->study, z->seed, z->arm, id, ends, 2, &z->single));
    choose_knots(z);
    ST_TRY(
        st_single_solve(z->ctx, z->study, z->seed, z->arm, id, z->day, z->knot_count, &z->single));
    drop_residues(z);
    return ST_OK;
}

/// No such place: tells those in which cells live.
static st_status fail_place(const st_zoom* z)
{
    st_text names;
    st_text_init(&names, z->ctx);
    for (int p = 0; p < st_model_place_count(z->model); p++) {
        const char* name = st_model_place(z->model, p)->name;
        bool has_cells = false;
        for (int s = 0; s < z->state_count; s++) {
            const st_state_info* info = st_model_state(z->model, s);
            const char* at = strchr(info->name, '@');
            has_cells = has_cells ||
                        (info->kind == ST_STATE_CELL && at != NULL && strcmp(at + 1, name) == 0);
        }
        if (has_cells) {
            st_text_addf(&names, "%s%s", names.length > 0 ? ", " : "", name);
        }
    }
    const st_status status = ST_FAIL(
        z->ctx, ST_ERR_INPUT, "--set place=%s: the model has no such place with cells; allowed: %s",
        z->place, names.length > 0 ? names.data : "none");
    st_text_clear(&names);
    return status;
}

/// Room to compute volumes of places.
typedef struct volumes {
    const st_tape* tape;
    double *slot, *reg, *result;
    int output; ///< of the tape
} volumes;

/// Volume of the place with these inputs, mL; the states are those of day 0.
static double volume_with(const st_zoom* z, const volumes* v, const double* input)
{
    const int parameters = st_model_parameter_count(z->model);
    double* at = v->slot + z->state_count;
    memcpy(v->slot, z->state, (size_t)z->state_count * sizeof *at);
    memcpy(at, z->parameter, (size_t)parameters * sizeof *at);
    memcpy(at + parameters, input, (size_t)st_model_input_count(z->model) * sizeof *at);
    st_tape_run_scalar(v->tape, v->slot, v->reg, v->result);
    return v->result[v->output];
}

/// A piece has one volume: inputs may not change that of its place.
static st_status find_volume_in(const st_zoom* z, const volumes* v, double* out)
{
    const size_t inputs = (size_t)st_model_input_count(z->model);
    *out = volume_with(z, v, z->input);
    if (!(*out > 0.0)) {
        return fail_place(z);
    }
    for (int k = 0; k < z->knot_count; k++) {
        const double now = volume_with(z, v, z->input_at + (size_t)k * inputs);
        if (now != *out) {
            return ST_FAIL(z->ctx, ST_ERR_INPUT,
                           "--set place=%s: with what is given to person %d its volume is %.6g mL "
                           "at first and %.6g mL from day %.4g on; a piece has one volume",
                           z->place, z->arguments->patient, *out, now, z->day[k]);
        }
    }
    return ST_OK;
}

/// Volume of the place for this person, mL.
static st_status find_volume(const st_zoom* z, double* out)
{
    const st_tape* tape = st_model_description_tape(z->model);
    volumes v = {.tape = tape,
                 .slot = st_alloc(z->ctx, (size_t)tape->input_count + 1u, sizeof(double)),
                 .reg = st_alloc(z->ctx, (size_t)tape->register_count + 1u, sizeof(double)),
                 .result = st_alloc(z->ctx, (size_t)tape->output_count + 1u, sizeof(double)),
                 .output = -1};
    for (int p = 0; p < st_model_place_count(z->model); p++) {
        const st_place_info* place = st_model_place(z->model, p);
        v.output = strcmp(place->name, z->place) == 0 ? place->output : v.output;
    }
    st_status status = v.slot && v.reg && v.result ? ST_OK : ST_ERR_MEMORY;
    if (status == ST_OK) {
        status = v.output >= 0 ? find_volume_in(z, &v, out) : fail_place(z);
    }
    st_free(z->ctx, v.slot);
    st_free(z->ctx, v.reg);
    st_free(z->ctx, v.result);
    return status;
}

/// A path as a shell takes it.
static void print_path(const char* path)
{
    bool is_plain = path[0] != '-';
    for (const char* c = path; *c != '\0'; c++) {
        is_plain = is_plain && (isalnum((unsigned char)*c) || strchr("/-_.+,:@%", *c) != NULL);
    }
    if (is_plain) {
        fputs(path, stdout);
        return;
    }
    putchar('\'');
    for (const char* c = path; *c != '\0'; c++) {
        *c == '\'' ? fputs("'\\''", stdout) : putchar(*c);
    }
    putchar('\'');
}

/// What was done, and what can be done next.
static void print_story(const st_zoom* z)
{
    char file[PATH_MAX];
    printf("patient %d, arm %s: %g days of a cube of %g um of %s\n", z->arguments->patient,
           st_study_arm(z->study, z->arm)->name, z->days, z->edge_um, z->place);
    for (int e = 0; e < z->single.event_count; e++) {
        if (z->single.event[e].day <= z->days) {
            printf("later   %s on day %.4g, as in the trial\n", z->single.event[e].name,
                   z->single.event[e].day);
        }
    }
    printf("cells   %s/cells.csv, beside what the joint as a whole says in expected.csv\n", z->out);
    printf("report  %s/report.html\n", z->out);
    snprintf(file, sizeof file, "%.*s/tissue.yaml", PATH_MAX - 16, z->out);
    fputs("again   stroma run ", stdout);
    print_path(file);
    fputs(" -o ", stdout);
    print_path(z->out);
    fputs(" --force\n", stdout);
    if (z->arguments->output == NULL) {
        fputs("trial   stroma report ", stdout);
        print_path(z->arguments->file);
        fputs("   shows it on the page of the trial\n", stdout);
    }
    for (int a = 0; a < st_study_arm_count(z->study); a++) {
        const st_arm_info* arm = st_study_arm(z->study, a);
        if (arm->is_twin && a != z->arm) {
            fputs("control stroma zoom ", stdout);
            print_path(z->arguments->file);
            printf(" --patient %d --set arm=%s   the same person there\n", z->arguments->patient,
                   arm->name);
        }
    }
}

/// All that can be wrong is found before anything is written.
static st_status find_out(st_zoom* z, double* share)
{
    double volume_mL = 0.0;
    int kinds = 0;
    ST_TRY(solve(z));
    ST_TRY(find_volume(z, &volume_mL));
    *share = z->edge_um * z->edge_um * z->edge_um * 1e-12 / volume_mL;
    for (int s = 0; s < z->state_count; s++) {
        kinds += st_zoom_files_is_here(z, s);
    }
    return kinds > 0 ? ST_OK : fail_place(z);
}

static st_status zoom_in(st_zoom* z)
{
    char path[PATH_MAX];
    double share = 0.0;
    st_tissue_plan* plan = NULL;
    ST_TRY(read_settings(z));
    ST_TRY(name_folders(z));
    ST_TRY(check_folder(z));
    if (mkdtemp(z->sources) == NULL) {
        return ST_FAIL(z->ctx, ST_ERR_FILE, "%s: cannot be made: set TMPDIR to a folder with room",
                       z->sources);
    }
    st_status status = find_out(z, &share);
    nftw(z->sources, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    ST_TRY(status);
    ST_TRY(st_zoom_files_write(z, share));
    snprintf(path, sizeof path, "%.*s/tissue.yaml", PATH_MAX - 16, z->out);
    ST_TRY(st_tissue_plan_load(z->ctx, path, &plan));
    st_arguments arguments = *z->arguments;
    arguments.output = z->out;
    arguments.given |= ST_OPTION_QUIET;
    status = st_tissue_cells_run(z->ctx, &arguments, plan);
    st_tissue_plan_destroy(plan);
    return status;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    st_zoom z = {.ctx = ctx, .arguments = arguments};
    if ((arguments->given & ST_OPTION_PATIENT) == 0) {
        fputs("stroma zoom: which patient? expected --patient N, a person of the run; try stroma "
              "--help\n",
              stderr);
        return ST_EXIT_INPUT;
    }
    const st_status status = zoom_in(&z);
    const bool is_kept = status == ST_ERR_INTERRUPTED && st_tissue_run_is_kept(z.out);
    if (status == ST_OK && (arguments->given & ST_OPTION_QUIET) == 0) {
        print_story(&z);
    }
    st_free(ctx, z.day);
    st_free(ctx, z.parameter);
    st_free(ctx, z.input);
    st_free(ctx, z.input_at);
    st_free(ctx, z.change_day);
    st_free(ctx, z.state);
    st_study_destroy(z.study);
    if (is_kept) {
        fputs("interrupted; the last state is kept, the same command goes on\n", stderr);
        return ST_EXIT_INTERRUPTED;
    }
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
            "cube;\n                     arm=NAME: the same person in a twin arm (then "
            "DIR/zoom-N-NAME)\n"
            "      --threads N    default: one per CPU\n"
            "      --force        write over a result that is there\n"
            "  -q, --quiet        say nothing unless something is wrong\n",
    .options = ST_OPTION_OUTPUT | ST_OPTION_UNTIL | ST_OPTION_SET | ST_OPTION_THREADS |
               ST_OPTION_QUIET | ST_OPTION_PATIENT | ST_OPTION_FORCE | ST_OPTION_HELP,
    .perform = perform,
};
