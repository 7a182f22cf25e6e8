/// `stroma simulate`: any model, one default individual, by the population engine or by its
/// stochastic twin.

#include "cli.h"
#include "messages.h"
#include "simulate_set.h"

#include "base/base.h"
#include "base/table.h"

#include <math.h>
#include <stdio.h>

/// One person needs little time, so the solver may be exact.
#define RELATIVE_TOLERANCE 1e-7
#define ABSOLUTE_TOLERANCE 1e-9
#define CELLS_DEFAULT      1000.0
#define SAMPLE_DEFAULT     100
#define SAMPLE_LIMIT       1000000

typedef struct simulation {
    st_ctx* ctx;
    const st_arguments* arguments;
    st_model* model;
    int state_count, width;
    double* parameter;
    double* input;
    st_action* action; ///< --set of states
    int action_count;
    double* day; ///< samples
    int day_count;
    double until;
    double* sample;     ///< [day_count][width] of the population engine
    double* run_sample; ///< [runs][day_count][width] of the twin
    st_course* course;  ///< [runs]
    st_action* start;   ///< [state_count] the twin starts where the engine has settled
    double* scale;      ///< [state_count] largest values of the engine's course
    st_text text;
} simulation;

static void clear(simulation* s)
{
    void* const room[] = {s->parameter,  s->input,  s->action, s->day,  s->sample,
                          s->run_sample, s->course, s->start,  s->scale};
    for (size_t i = 0; i < sizeof room / sizeof room[0]; i++) {
        st_free(s->ctx, room[i]);
    }
    st_text_clear(&s->text);
    st_model_destroy(s->model);
}

/// Sample days 0, every, 2 every ... and the end.
static st_status plan_days(simulation* s)
{
    const st_arguments* a = s->arguments;
    if (!a->until) {
        return ST_FAIL(s->ctx, ST_ERR_INPUT,
                       "stroma simulate: for how long? expected --until, such as --until 28d");
    }
    ST_TRY(st_simulate_set_time(s->ctx, "--until", a->until, &s->until));
    double every = s->until / SAMPLE_DEFAULT;
    if (a->every) {
        ST_TRY(st_simulate_set_time(s->ctx, "--every", a->every, &every));
    }
    const double count = floor(s->until / every * (1.0 + 1e-12));
    if (count > SAMPLE_LIMIT) {
        return ST_FAIL(s->ctx, ST_ERR_INPUT, "--every: %.17g rows, expected at most %d", count,
                       SAMPLE_LIMIT);
    }
    s->day = st_alloc(s->ctx, (size_t)count + 2u, sizeof *s->day);
    if (s->day == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i <= (int)count; i++) {
        s->day[s->day_count++] = fmin(i * every, s->until);
    }
    if (s->day[s->day_count - 1] < s->until) {
        s->day[s->day_count++] = s->until;
    }
    return ST_OK;
}

static st_status set_up(simulation* s)
{
    const int parameters = st_model_parameter_count(s->model);
    const int inputs = st_model_input_count(s->model);
    s->state_count = st_model_state_count(s->model);
    s->width = s->state_count + st_model_definition_count(s->model);
    ST_TRY(plan_days(s));
    s->parameter = st_alloc(s->ctx, (size_t)parameters, sizeof *s->parameter);
    s->input = st_alloc(s->ctx, (size_t)inputs, sizeof *s->input);
    s->action = st_alloc(s->ctx, (size_t)s->arguments->set_count, sizeof *s->action);
    s->sample = st_alloc(s->ctx, (size_t)s->day_count * (size_t)s->width, sizeof *s->sample);
    if (!s->parameter || !s->input || !s->action || !s->sample) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < parameters; i++) {
        s->parameter[i] = st_model_parameter(s->model, i)->value;
    }
    for (int i = 0; i < inputs; i++) {
        s->input[i] = st_model_input(s->model, i)->value;
    }
    return st_simulate_set_apply(s->ctx, s->model, s->arguments, -st_model_settle_days(s->model),
                                 s->parameter, s->input, s->action, &s->action_count);
}

static st_status fail_course(simulation* s, const st_course* course, const char* what)
{
    const int state = course->failed_state;
    return ST_FAIL(s->ctx, ST_ERR_NUMERIC, "%s failed on day %g%s%s", what, course->failed_day,
                   state >= 0 ? ": " : "", state >= 0 ? st_model_state(s->model, state)->name : "");
}

static st_status run_population(simulation* s)
{
    st_population_def def = st_default_population_def();
    st_population* population = NULL;
    def.relative_tolerance = RELATIVE_TOLERANCE;
    def.absolute_tolerance = ABSOLUTE_TOLERANCE;
    ST_TRY(st_population_create(s->ctx, s->model, &def, &population));
    st_course course = {.parameter = s->parameter,
                        .input = s->input,
                        .action = s->action,
                        .action_count = s->action_count,
                        .begin_day = -st_model_settle_days(s->model),
                        .end_day = s->until,
                        .sample_day = s->day,
                        .sample_count = s->day_count,
                        .sample = s->sample};
    st_status status = st_population_solve(population, &course, 1);
    if (status == ST_OK && course.status != ST_OK) {
        status = fail_course(s, &course, "the population engine");
    }
    st_population_destroy(population);
    return status;
}

/// A state's typical size: the largest value along the engine's course, and not below what the
/// model calls typical, or a state that balances near zero would be cut into dust.
static void find_scale(simulation* s)
{
    for (int v = 0; v < s->state_count; v++) {
        double largest = st_model_state(s->model, v)->scale;
        for (int i = 0; i < s->day_count; i++) {
            largest = fmax(largest, fabs(s->sample[(size_t)i * (size_t)s->width + (size_t)v]));
        }
        s->scale[v] = largest;
        s->start[v] = (st_action){.kind = ST_ACTION_SET, .index = v, .value = s->sample[v]};
    }
}

static st_status run_twin(simulation* s, int runs)
{
    const size_t rows = (size_t)s->day_count * (size_t)s->width;
    st_ssa_def def = st_default_ssa_def();
    s->course = st_alloc(s->ctx, (size_t)runs, sizeof *s->course);
    s->run_sample = st_alloc(s->ctx, (size_t)runs * rows, sizeof *s->run_sample);
    s->start = st_alloc(s->ctx, (size_t)s->state_count, sizeof *s->start);
    s->scale = st_alloc(s->ctx, (size_t)s->state_count, sizeof *s->scale);
    if (!s->course || !s->run_sample || !s->start || !s->scale) {
        return ST_ERR_MEMORY;
    }
    find_scale(s);
    for (int r = 0; r < runs; r++) {
        s->course[r] = (st_course){.parameter = s->parameter,
                                   .input = s->input,
                                   .action = s->start,
                                   .action_count = s->state_count,
                                   .end_day = s->until,
                                   .sample_day = s->day,
                                   .sample_count = s->day_count,
                                   .sample = s->run_sample + (size_t)r * rows};
    }
    def.cells = s->arguments->cells > 0.0 ? s->arguments->cells : CELLS_DEFAULT;
    def.scale = s->scale;
    def.seed = s->arguments->given & ST_OPTION_SEED ? s->arguments->seed : def.seed;
    ST_TRY(st_ssa_solve_runs(s->ctx, s->model, &def, s->course, runs, s->arguments->threads));
    for (int r = 0; r < runs; r++) {
        if (s->course[r].status != ST_OK) {
            char what[160];
            const bool is_long = s->course[r].failed_state < 0;
            snprintf(what, sizeof what, "stochastic run %d%s", r + 1,
                     is_long ? ", with too much happening (fewer --cells?)," : "");
            return fail_course(s, &s->course[r], what);
        }
    }
    return ST_OK;
}

static void write_head(simulation* s, bool has_runs)
{
    char field[256];
    if (has_runs) {
        st_text_add_field(&s->text, "engine");
        st_text_add_field(&s->text, "run");
    }
    st_text_add_field(&s->text, "time [day]");
    for (int v = 0; v < s->state_count; v++) {
        const st_state_info* info = st_model_state(s->model, v);
        snprintf(field, sizeof field, "%s [%s]", info->name, info->show_unit);
        st_text_add_field(&s->text, field);
    }
    for (int d = 0; d < s->width - s->state_count; d++) {
        const st_definition_info* info = st_model_definition(s->model, d);
        snprintf(field, sizeof field, "%s [%s]", info->name, info->show_unit);
        st_text_add_field(&s->text, field);
    }
    st_text_end_record(&s->text);
}

/// run 0 is the population engine.
static void write_rows(simulation* s, const double* sample, int run, bool has_runs)
{
    for (int i = 0; i < s->day_count; i++) {
        const double* row = sample + (size_t)i * (size_t)s->width;
        if (has_runs) {
            st_text_add_field(&s->text, run == 0 ? "population" : "ssa");
            st_text_add_number(&s->text, run);
        }
        st_text_add_number(&s->text, s->day[i]);
        for (int v = 0; v < s->width; v++) {
            const double factor =
                v < s->state_count ? st_model_state(s->model, v)->show_factor
                                   : st_model_definition(s->model, v - s->state_count)->show_factor;
            st_text_add_number(&s->text, row[v] * factor);
        }
        st_text_end_record(&s->text);
    }
}

static st_status write_out(simulation* s, int runs)
{
    const size_t rows = (size_t)s->day_count * (size_t)s->width;
    write_head(s, runs > 0);
    write_rows(s, s->sample, 0, runs > 0);
    for (int r = 0; r < runs; r++) {
        write_rows(s, s->run_sample + (size_t)r * rows, r + 1, true);
    }
    if (s->text.failed) {
        return ST_ERR_MEMORY;
    }
    if (s->arguments->output) {
        return st_file_write(s->ctx, s->arguments->output, s->text.data, s->text.length);
    }
    fwrite(s->text.data, 1, s->text.length, stdout); // main() looks at what became of it
    return ST_OK;
}

/// --cells, --runs, --seed and --threads say something about the twin only.
static st_status check_options(st_ctx* ctx, const st_arguments* a, bool is_twin)
{
    const unsigned twin = ST_OPTION_CELLS | ST_OPTION_RUNS | ST_OPTION_SEED | ST_OPTION_THREADS;
    if (!is_twin && (a->given & twin)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "stroma simulate: --cells, --runs, --seed and --threads need --engine ssa");
    }
    return ST_OK;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    const bool is_twin = arguments->engine && arguments->engine[0] == 's';
    const int runs = !is_twin ? 0 : arguments->runs > 0 ? arguments->runs : 1;
    simulation s = {.ctx = ctx, .arguments = arguments};
    st_text_init(&s.text, ctx);
    st_status status = check_options(ctx, arguments, is_twin);
    if (status == ST_OK) {
        status = st_model_load(ctx, arguments->file, arguments->variant, &s.model);
    }
    if (status == ST_OK) {
        status = set_up(&s);
    }
    if (status == ST_OK) {
        status = run_population(&s);
    }
    if (status == ST_OK && runs > 0) {
        status = run_twin(&s, runs);
    }
    if (status == ST_OK) {
        status = write_out(&s, runs);
    }
    clear(&s);
    return st_messages_print(ctx, status, stderr);
}

const st_command ST_SIMULATE_COMMAND = {
    .name = "simulate",
    .operand = "MODEL.yaml",
    .about = "run a model for one default individual; a table of every state over time",
    .help = "      --until T      how long, with a unit: 28d, 12h (needed)\n"
            "      --every T      a row this often; default a hundredth of --until\n"
            "      --set X=V      a parameter, input or starting value, with its unit; again for\n"
            "                     more\n"
            "      --variant V    this variant of the model\n"
            "  -o, --output FILE  write the CSV there instead of to standard output\n"
            "      --engine E     population (default), or ssa: its exact stochastic twin as well\n"
            "      --cells N      size of the twin: steps of the largest value; default 1000\n"
            "      --runs R       runs of the twin; default 1\n"
            "      --seed S       seed of the twin; default 1\n"
            "      --threads N    workers of the twin; the result does not depend on it\n",
    .options = ST_OPTION_UNTIL | ST_OPTION_EVERY | ST_OPTION_SET | ST_OPTION_VARIANT |
               ST_OPTION_OUTPUT | ST_OPTION_ENGINE | ST_OPTION_CELLS | ST_OPTION_RUNS |
               ST_OPTION_SEED | ST_OPTION_THREADS | ST_OPTION_HELP,
    .perform = perform,
};
