// MOD-5, MOD-6: the snippets of docs/language.md and the models of examples/language are read, run
// and compared with what they announce:
//   # expect: NAME at TIME = VALUE          (relative to 1e-5)
//   # expect VARIANT: NAME at TIME = VALUE  (the same in a variant)
// A snippet that begins with `# file: NAME` is kept under that name, so that others can include it.
#include "stroma/population.h"

#include "base/base.h"
#include "base/table.h"
#include "base/units.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define EXPECTATION_LIMIT 64

typedef struct expectation {
    char variant[64], name[64];
    double day;
    double value; // in model units
    char line[160];
} expectation;

static double in_model_units(const char* text, char* rest_unit, size_t size)
{
    double number = NAN;
    st_unit unit;
    const char* unit_text;
    char why[128] = "";
    if (!st_quantity_parse(text, &number, &unit, &unit_text, why, sizeof why)) {
        fail_msg("'%s': %s", text, why);
    }
    snprintf(rest_unit, size, "%s", unit_text);
    return number * unit.factor * st_units_from_si(&ST_UNITS_POPULATION, &unit.dim);
}

/// Reads `# expect...: NAME at TIME = VALUE` lines.
static int read_expectations(const char* text, expectation* out)
{
    int count = 0;
    for (const char* at = strstr(text, "# expect"); at != NULL; at = strstr(at + 1, "# expect")) {
        expectation* e = &out[count];
        char when[64];
        char what[64];
        char unit[64];
        const int length = (int)strcspn(at, "\n");
        snprintf(e->line, sizeof e->line, "%.*s", length, at);
        e->variant[0] = '\0';
        const bool plain =
            sscanf(e->line, "# expect: %63s at %63[^=]= %63[^\n]", e->name, when, what) == 3;
        if (!plain && sscanf(e->line, "# expect %63[^:]: %63s at %63[^=]= %63[^\n]", e->variant,
                             e->name, when, what) != 4) {
            fail_msg("cannot read '%s'", e->line);
        }
        e->day = in_model_units(when, unit, sizeof unit);
        e->value = in_model_units(what, unit, sizeof unit);
        count++;
        assert_true(count < EXPECTATION_LIMIT);
    }
    return count;
}

static int find_output(const st_model* model, const char* name)
{
    const int s = st_model_find_state(model, name);
    const int d = st_model_find_definition(model, name);
    return s >= 0 ? s : d >= 0 ? st_model_state_count(model) + d : -1;
}

static void defaults(const st_model* model, double* parameter, double* input)
{
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        parameter[i] = st_model_parameter(model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(model); i++) {
        input[i] = st_model_input(model, i)->value;
    }
}

/// Runs one individual to `day`, in lanes and by the plain twin, without a single allocation.
static void run(st_ctx* ctx, const st_model* model, double day, double* sample)
{
    const int width = st_model_state_count(model) + st_model_definition_count(model);
    double* parameter = calloc((size_t)st_model_parameter_count(model) + 1u, sizeof *parameter);
    double* input = calloc((size_t)st_model_input_count(model) + 1u, sizeof *input);
    double* twin = calloc((size_t)width + 1u, sizeof *twin);
    st_population_def def = st_default_population_def();
    st_population* p = NULL;
    assert_true(parameter && input && twin);
    defaults(model, parameter, input);
    def.relative_tolerance = 1e-9;
    def.absolute_tolerance = 1e-12;
    assert_int_equal(st_population_create(ctx, model, &def, &p), ST_OK);
    st_course course = {.parameter = parameter,
                        .input = input,
                        .begin_day = -st_model_settle_days(model),
                        .end_day = day,
                        .sample_day = &day,
                        .sample_count = 1,
                        .sample = sample};
    st_ctx_fail_allocation(ctx, 1); // any allocation from here on would be seen
    assert_int_equal(st_population_solve(p, &course, 1), ST_OK);
    assert_int_equal(course.status, ST_OK);
    course.sample = twin;
    assert_int_equal(st_population_solve_scalar(p, &course, 1), ST_OK);
    st_ctx_fail_allocation(ctx, 0);
    assert_memory_equal(sample, twin, (size_t)width * sizeof *twin);
    st_population_destroy(p);
    free(parameter);
    free(input);
    free(twin);
}

static void check_one(const char* path, const expectation* e)
{
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    const char* variant = e->variant[0] != '\0' ? e->variant : NULL;
    const st_status status = st_model_load(ctx, path, variant, &model);
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        print_error("%s\n", st_ctx_message(ctx, i));
    }
    assert_int_equal(status, ST_OK);
    if (e->name[0] != '\0') {
        const int width = st_model_state_count(model) + st_model_definition_count(model);
        double* sample = calloc((size_t)width + 1u, sizeof *sample);
        const int output = find_output(model, e->name);
        assert_non_null(sample);
        if (output < 0) {
            fail_msg("%s: no '%s' for '%s'", path, e->name, e->line);
        }
        run(ctx, model, e->day, sample);
        if (!(fabs(sample[output] - e->value) <= 1e-5 * fabs(e->value) + 1e-12)) {
            fail_msg("%s: '%s': found %.9g in model units, expected %.9g", path, e->line,
                     sample[output], e->value);
        }
        free(sample);
    }
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

/// Loads the model of a file, each of its variants, and checks what it announces.
static int check_file(const char* path)
{
    st_ctx* ctx = st_ctx_create();
    char* text = NULL;
    size_t length;
    assert_int_equal(st_file_read(ctx, path, 1 << 20, &text, &length), ST_OK);
    expectation* e = calloc(EXPECTATION_LIMIT, sizeof *e);
    assert_non_null(e);
    const int count = read_expectations(text, e);
    for (int i = 0; i < count; i++) {
        check_one(path, &e[i]);
    }
    if (count == 0) {
        check_one(path, &e[0]);
    }
    free(e);
    st_free(ctx, text);
    st_ctx_destroy(ctx);
    return count;
}

// --- docs/language.md ---------------------------------------------------------------------------

/// Writes every YAML block of the page into `folder`; models are counted and named snippet-N.yaml.
static int extract(const char* page, const char* folder)
{
    int models = 0;
    for (const char* at = strstr(page, "```yaml\n"); at != NULL; at = strstr(at, "```yaml\n")) {
        const char* begin = at + strlen("```yaml\n");
        const char* end = strstr(begin, "\n```");
        char name[128];
        char path[512];
        assert_non_null(end);
        const size_t length = (size_t)(end - begin) + 1u;
        if (sscanf(begin, "# file: %127s", name) == 1) {
            snprintf(path, sizeof path, "%s/%s", folder, name);
        } else {
            if (strncmp(begin, "model:", 6) != 0) {
                fail_msg("a snippet of docs/language.md is no model: %.60s", begin);
            }
            snprintf(path, sizeof path, "%s/snippet-%02d.yaml", folder, models++);
        }
        FILE* file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fwrite(begin, 1, length, file) == length);
        fclose(file);
        at = end;
    }
    return models;
}

static void remove_folder(const char* folder)
{
    DIR* dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent* item = readdir(dir); item != NULL; item = readdir(dir)) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
        if (item->d_name[0] != '.') {
            unlink(path);
        }
    }
    closedir(dir);
    rmdir(folder);
}

static void snippets_do_what_they_say(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    char* page = NULL;
    size_t length;
    char folder[] = "snippets-XXXXXX";
    int expectations = 0;
    assert_int_equal(st_file_read(ctx, ST_SOURCE_DIR "/docs/language.md", 1 << 20, &page, &length),
                     ST_OK);
    assert_non_null(mkdtemp(folder));
    const int models = extract(page, folder);
    for (int i = 0; i < models; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/snippet-%02d.yaml", folder, i);
        expectations += check_file(path);
    }
    remove_folder(folder);
    print_message("%d models of docs/language.md, %d numbers compared\n", models, expectations);
    assert_true(models >= 10 && expectations >= 20);
    st_free(ctx, page);
    st_ctx_destroy(ctx);
}

static void examples_do_what_they_say(void** state)
{
    (void)state;
    const char* const folder = ST_SOURCE_DIR "/examples/language";
    DIR* dir = opendir(folder);
    int files = 0;
    int expectations = 0;
    assert_non_null(dir);
    for (const struct dirent* item = readdir(dir); item != NULL; item = readdir(dir)) {
        const size_t length = strlen(item->d_name);
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, item->d_name);
        if (length > 5 && strcmp(item->d_name + length - 5, ".yaml") == 0) {
            expectations += check_file(path);
            files++;
        }
    }
    closedir(dir);
    print_message("%d examples, %d numbers compared\n", files, expectations);
    assert_true(files >= 2 && expectations >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snippets_do_what_they_say),
        cmocka_unit_test(examples_do_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
