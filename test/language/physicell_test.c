// The rules of examples/language/physicell-rules.csv, evaluated from the table by the published
// formula, against the same rules written by hand in the language beside it.
#include "stroma/model.h"

#include "base/base.h"
#include "base/random.h"
#include "base/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER     ST_SOURCE_DIR "/examples/language/"
#define LINE_LIMIT 32
#define PER_DAY    1440.0 // minutes
#define CELL_mL    2494e-12
#define REACH_mL   (1e6 * 1e-12)

typedef struct csv_rule {
    char cell[32], signal[48], direction[16], behaviour[48];
    double maximum, half, power;
    int dead;
} csv_rule;

/// What a behaviour of the table is called in the model, its model value per value of the table,
/// and the base value in the table's unit (as the model's file has it).
static const struct behaviour {
    const char *csv, *key;
    double factor, base;
} BEHAVIOURS[] = {
    {"cycle entry", "divide", PER_DAY, 0.0001},
    {"necrosis", "become.tumor_necrotic", PER_DAY, 0.003},
    {"apoptosis", "become.tumor_apoptotic", PER_DAY, 5.3e-5},
    {"migration speed", "migrate", PER_DAY * 1e-4, 0.5},
    {"debris secretion", "relax.debris", PER_DAY* CELL_mL, 0.0},
    {"phagocytose tumor_apoptotic", "engulf.tumor_apoptotic", PER_DAY* REACH_mL, 0.0},
    {"transform to macrophage_m2", "become.macrophage_m2", PER_DAY, 0.0},
};
#define BEHAVIOUR_COUNT (sizeof BEHAVIOURS / sizeof BEHAVIOURS[0])

enum { OXYGEN, DEBRIS, PRESSURE, CONTACT, DEAD, SIGNAL_COUNT };
static const char* const SIGNALS[SIGNAL_COUNT] = {"oxygen", "debris", "pressure",
                                                  "contact with macrophage", "dead"};

static int read_rules(csv_rule* out)
{
    FILE* file = fopen(FOLDER "physicell-rules.csv", "r");
    char line[512];
    int count = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        csv_rule* r = &out[count];
        if (strncmp(line, "//", 2) == 0) {
            continue;
        }
        assert_true(count < LINE_LIMIT);
        const char* field[8] = {"", "", "", "", "", "", "", ""};
        char* rest = NULL;
        int fields = 0;
        for (char* f = strtok_r(line, ",\n", &rest); f != NULL; f = strtok_r(NULL, ",\n", &rest)) {
            assert_true(fields < 8);
            field[fields++] = f;
        }
        assert_int_equal(fields, 8);
        snprintf(r->cell, sizeof r->cell, "%s", field[0]);
        snprintf(r->signal, sizeof r->signal, "%s", field[1]);
        snprintf(r->direction, sizeof r->direction, "%s", field[2]);
        snprintf(r->behaviour, sizeof r->behaviour, "%s", field[3]);
        r->maximum = strtod(field[4], NULL);
        r->half = strtod(field[5], NULL);
        r->power = strtod(field[6], NULL);
        r->dead = strcmp(field[7], "1") == 0;
        count++;
    }
    fclose(file);
    return count;
}

/// The published grammar for one behaviour of one cell type, living or dead.
static double reference(const csv_rule* rule, int count, const char* cell, const char* behaviour,
                        double base, bool is_dead, const double* signal)
{
    double up = 0.0;
    double down = 0.0;
    double ceiling = -INFINITY;
    double floor_value = INFINITY;
    int ups = 0;
    int downs = 0;
    for (int i = 0; i < count; i++) {
        const csv_rule* r = &rule[i];
        if (strcmp(r->cell, cell) != 0 || strcmp(r->behaviour, behaviour) != 0) {
            continue;
        }
        int which = 0;
        while (strcmp(SIGNALS[which], r->signal) != 0) {
            which++;
            assert_true(which < SIGNAL_COUNT);
        }
        double s = which == DEAD ? (is_dead ? 1.0 : 0.0) : signal[which];
        s = is_dead && r->dead == 0 ? 0.0 : s;
        const double strength = pow(s / r->half, r->power);
        if (strcmp(r->direction, "increases") == 0) {
            up += strength;
            ceiling = fmax(ceiling, r->maximum);
            ups++;
        } else {
            down += strength;
            floor_value = fmin(floor_value, r->maximum);
            downs++;
        }
    }
    ceiling = downs > 0 ? fmax(ceiling, base) : ceiling;
    floor_value = ups > 0 ? fmin(floor_value, base) : floor_value;
    const double u = ups > 0 ? base + (ceiling - base) * up / (1.0 + up) : base;
    return downs > 0 ? u + (floor_value - u) * down / (1.0 + down) : u;
}

static void set_signals(const st_model* model, const double* signal, double* slot)
{
    const int inputs = st_model_state_count(model) + st_model_parameter_count(model);
    slot[st_model_find_state(model, "oxygen@tissue")] = signal[OXYGEN] * 1.3; // nmol/mL per mmHg
    slot[st_model_find_state(model, "debris@tissue")] = signal[DEBRIS];
    slot[inputs + st_model_find_input(model, "crowding")] = signal[PRESSURE];
    slot[inputs + st_model_find_input(model, "touching")] = signal[CONTACT];
}

/// Compares every behaviour of the model that the table has; gives how many.
static int compare(const st_model* model, const csv_rule* rule, int count, const double* output,
                   const double* signal)
{
    int compared = 0;
    for (int i = 0; i < st_model_behaviour_count(model); i++) {
        const st_behaviour_info* b = st_model_behaviour(model, i);
        char cell[64];
        snprintf(cell, sizeof cell, "%.*s",
                 (int)strcspn(st_model_state(model, b->state)->name, "@"),
                 st_model_state(model, b->state)->name);
        const bool is_dead = strncmp(cell, "tumor_", 6) == 0;
        for (size_t k = 0; k < BEHAVIOUR_COUNT; k++) {
            if (strcmp(BEHAVIOURS[k].key, b->key) != 0) {
                continue;
            }
            const double expected =
                BEHAVIOURS[k].factor * reference(rule, count, is_dead ? "tumor" : cell,
                                                 BEHAVIOURS[k].csv, BEHAVIOURS[k].base, is_dead,
                                                 signal);
            // close to the floor the formula takes two nearly equal numbers from each other
            const double rounding = 1e-15 * BEHAVIOURS[k].factor * fmax(BEHAVIOURS[k].base, 0.05);
            if (!(fabs(output[b->output] - expected) <= 1e-12 * fabs(expected) + rounding)) {
                fail_msg("%s of %s: %.17g, by the table %.17g", b->key, cell, output[b->output],
                         expected);
            }
            compared++;
        }
    }
    return compared;
}

static void each_line_of_the_table_means_the_same(void** state)
{
    (void)state;
    csv_rule rule[LINE_LIMIT];
    const int count = read_rules(rule);
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    assert_int_equal(count, 11);
    assert_int_equal(st_model_load(ctx, FOLDER "physicell-rules.yaml", NULL, &model), ST_OK);
    const st_tape* tape = st_model_description_tape(model);
    double* slot = calloc((size_t)tape->input_count, sizeof *slot);
    double* reg = calloc((size_t)tape->register_count, sizeof *reg);
    double* output = calloc((size_t)tape->output_count, sizeof *output);
    assert_true(slot && reg && output);
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        slot[st_model_state_count(model) + i] = st_model_parameter(model, i)->value;
    }
    print_message("seed 1 ... 200\n");
    for (uint64_t seed = 1; seed <= 200; seed++) {
        static const double size[SIGNAL_COUNT] = {60.0, 1.0, 2.0, 4.0, 0.0};
        double signal[SIGNAL_COUNT];
        for (int i = 0; i < SIGNAL_COUNT; i++) {
            const st_random_key key = {.seed = seed, .stream = ST_STREAM_TEST, .id = (uint64_t)i};
            const double u = st_random_uniform(&key, 0);
            signal[i] = u < 0.1 ? 0.0 : size[i] * u; // zero now and then
        }
        set_signals(model, signal, slot);
        st_tape_run_scalar(tape, slot, reg, output);
        // 5 behaviours of the living tumour cell, debris of two dead forms, 2 of the macrophage
        assert_int_equal(compare(model, rule, count, output, signal), 9);
    }
    free(slot);
    free(reg);
    free(output);
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_line_of_the_table_means_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
