/// \file
/// What instruments print: the model's value, a slow fluctuation and noise, rounded and cut.
#include "base/base.h"

#include "patient/figure.h"
#include "patient/name_key.h"

#include "base/maths.h"
#include "base/random.h"
#include "base/units.h"

#include "stroma/patient.h"

#include <math.h>
#include <string.h>

typedef struct instrument {
    st_instrument_info info;
    int column; ///< in a sample row: states, then definitions
    uint64_t key;
} instrument;

struct st_instruments {
    st_ctx* ctx;
    st_arena arena;
    int count;
    instrument* item;
};

// --- reading the table ----------------------------------------------------------------------

typedef struct reader {
    st_ctx* ctx;
    const st_model* model;
    st_instruments* all;
    const st_node* table;
} reader;

static const char* keep(const reader* r, const char* text)
{
    return st_arena_text(&r->all->arena, text, strlen(text));
}

// `0..100 vas`: the unit is what follows the second number.
static bool read_range(const reader* r, const st_node* node, instrument* out, st_unit* unit)
{
    const char* text = NULL;
    char why[128];
    if (!st_node_read_text(r->ctx, node, &text)) {
        return false;
    }
    const char* const space = strchr(text, ' ');
    const char* const unit_text = space != NULL ? space + strspn(space, " ") : "1";
    if (!st_unit_parse(unit_text, unit, why, sizeof why)) {
        return st_node_fail(r->ctx, node,
                            "found %s, expected bounds with a unit such as 0..100 vas", text);
    }
    st_range range;
    if (!st_node_read_range(r->ctx, node, "a scale", unit_text, &range)) {
        return false;
    }
    if (!isfinite(range.lo) || !isfinite(range.hi) || !(range.hi > range.lo)) {
        return st_node_fail(r->ctx, node, "found %s, expected bounds such as 0..100 vas", text);
    }
    out->info.lo = range.lo;
    out->info.hi = range.hi;
    out->info.unit = keep(r, unit_text);
    return true;
}

static bool read_from(const reader* r, const st_node* node, const st_unit* unit, instrument* out)
{
    const char* name = NULL;
    const char* show_unit = NULL;
    if (!st_node_read_text(r->ctx, node, &name)) {
        return false;
    }
    const int state = st_model_find_state(r->model, name);
    const int definition = state < 0 ? st_model_find_definition(r->model, name) : -1;
    if (state >= 0) {
        show_unit = st_model_state(r->model, state)->show_unit;
        out->column = state;
    } else if (definition >= 0) {
        show_unit = st_model_definition(r->model, definition)->show_unit;
        out->column = st_model_state_count(r->model) + definition;
    } else {
        return st_node_fail(r->ctx, node, "found %s, expected a state or definition of the model",
                            name);
    }
    st_unit model_unit;
    char why[128];
    if (!st_unit_parse(show_unit, &model_unit, why, sizeof why) ||
        !st_dim_equal(&model_unit.dim, &unit->dim)) {
        return st_node_fail(r->ctx, node,
                            "found %s in %s, expected the dimension of the range (%s)", name,
                            show_unit, out->info.unit);
    }
    out->info.from = keep(r, name);
    out->info.factor = 1.0 / (unit->factor * st_units_from_si(&ST_UNITS_POPULATION, &unit->dim));
    return true;
}

// Which instrument's fluctuation it follows; it must come above and have one of its own.
static bool read_with(const reader* r, const st_node* node, int index, instrument* out)
{
    const char* name = NULL;
    if (!st_node_read_text(r->ctx, node, &name)) {
        return false;
    }
    for (int k = 0; k < index; ++k) {
        const st_instrument_info* const other = &r->all->item[k].info;
        if (other->name != NULL && strcmp(other->name, name) == 0) {
            if (other->drift_with != k || !(other->drift_sd > 0.0)) {
                break;
            }
            out->info.drift_with = k;
            out->info.drift_tau_day = other->drift_tau_day;
            return true;
        }
    }
    return st_node_fail(r->ctx, node,
                        "found %s, expected an instrument above with a drift of its own", name);
}

static bool read_drift(const reader* r, const st_node* node, int index, instrument* out)
{
    static const char* const KNOWN[] = {"sd", "time", "with", NULL};
    if (!st_node_expect(r->ctx, node, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(r->ctx, node, KNOWN);
    st_figure sd = {0};
    st_figure time = {0};
    const st_node* const sd_node = st_node_need(r->ctx, node, "sd", "a standard deviation");
    const st_node* const time_node = st_node_child(node, "time");
    const st_node* const with = st_node_child(node, "with");
    good = sd_node != NULL &&
           st_figure_read(r->ctx, sd_node, "a standard deviation", out->info.unit, 0.0, INFINITY,
                          NULL, &sd) &&
           good;
    out->info.drift_sd = sd.value;
    if ((time_node == NULL) == (with == NULL)) {
        return st_node_fail(r->ctx, node, "found %s, expected either time: or with:",
                            with != NULL ? "both time: and with:" : "neither time: nor with:");
    }
    if (with != NULL) {
        return read_with(r, with, index, out) && good;
    }
    if (!st_figure_read(r->ctx, time_node, "a correlation time", "day", 0.0, INFINITY, NULL,
                        &time)) {
        return false;
    }
    if (!(time.value > 0.0)) {
        return st_node_fail(r->ctx, time_node, "found 0, expected a correlation time above 0");
    }
    out->info.drift_tau_day = time.value;
    return good;
}

static bool read_important(const reader* r, const st_node* node, instrument* out)
{
    st_figure figure;
    if (!st_figure_read(r->ctx, node, "a change", out->info.unit, 0.0, INFINITY, NULL, &figure)) {
        return false;
    }
    out->info.important_change = figure.value;
    const char* const why = figure.source != NULL ? figure.source : figure.assumed;
    out->info.important_source =
        figure.source != NULL ? keep(r, why) : st_arena_format(&r->all->arena, "assumed: %s", why);
    return true;
}

static bool read_step(const reader* r, const st_node* node, instrument* out)
{
    if (!st_node_read_quantity(r->ctx, node, "a step", out->info.unit, NULL, 0.0,
                               out->info.hi - out->info.lo, &out->info.step)) {
        return false;
    }
    return out->info.step > 0.0 ||
           st_node_fail(r->ctx, node, "found %s, expected a step above 0", node->text);
}

static bool read_instrument(const reader* r, const st_node* node, int index)
{
    static const char* const KNOWN[] = {"title", "from",   "range",     "step", "noise",
                                        "drift", "better", "important", NULL};
    static const char* const BETTER[] = {"higher", "lower"};
    instrument* const out = &r->all->item[index];
    st_ctx* const ctx = r->ctx;
    out->info.drift_with = index;
    out->info.name = keep(r, node->key);
    out->key = st_name_key(node->key);
    if (!st_node_expect(ctx, node, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(ctx, node, KNOWN);
    const st_node* const title = st_node_need(ctx, node, "title", "a name for people");
    const st_node* const from = st_node_need(ctx, node, "from", "a state or definition");
    const st_node* const range = st_node_need(ctx, node, "range", "bounds such as 0..100 vas");
    const st_node* const better = st_node_need(ctx, node, "better", "lower or higher");
    const st_node* const step = st_node_child(node, "step");
    const st_node* const noise = st_node_child(node, "noise");
    const st_node* const drift = st_node_child(node, "drift");
    const st_node* const important = st_node_child(node, "important");
    const char* words = NULL;
    int choice = 0;
    st_unit unit;
    st_figure figure = {0};
    good = title != NULL && st_node_read_text(ctx, title, &words) && good;
    good = better != NULL && st_node_read_choice(ctx, better, BETTER, 2, &choice) && good;
    if (from == NULL || range == NULL || !read_range(r, range, out, &unit)) {
        return false; // all that follows is in the range's unit
    }
    good = read_from(r, from, &unit, out) && good;
    good = (step == NULL || read_step(r, step, out)) && good;
    good = (noise == NULL || st_figure_read(ctx, noise, "a standard deviation", out->info.unit, 0.0,
                                            INFINITY, NULL, &figure)) &&
           good;
    good = (drift == NULL || read_drift(r, drift, index, out)) && good;
    good = (important == NULL || read_important(r, important, out)) && good;
    if (good) {
        out->info.title = keep(r, words);
        out->info.noise_sd = figure.value;
        out->info.lower_is_better = choice == 1;
    }
    return good;
}

static st_status read_all(const reader* r)
{
    bool good = st_node_expect(r->ctx, r->table, ST_NODE_MAP);
    r->all->item =
        st_arena_alloc(&r->all->arena, (size_t)r->table->child_count, sizeof(instrument));
    if (r->all->item == NULL) {
        return ST_ERR_MEMORY;
    }
    int index = 0;
    if (good) {
        for (const st_node* node = r->table->first; node != NULL; node = node->next, ++index) {
            good = read_instrument(r, node, index) && good;
        }
    }
    if (!good) {
        return ST_ERR_INPUT;
    }
    r->all->count = index;
    for (int k = 0; k < index; ++k) { // the arena may have run dry
        const st_instrument_info* const info = &r->all->item[k].info;
        if (info->name == NULL || info->title == NULL || info->unit == NULL || info->from == NULL ||
            (info->important_change > 0.0 && info->important_source == NULL)) {
            return ST_ERR_MEMORY;
        }
    }
    return ST_OK;
}

st_status st_instruments_read(st_ctx* ctx, const st_model* model, st_instruments** out)
{
    *out = NULL;
    const st_node* const table = st_model_table(model, "instruments");
    if (table == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: instruments: missing; expected a table of instruments",
                       st_model_title(model));
    }
    st_instruments* const all = st_alloc(ctx, 1, sizeof *all);
    if (all == NULL) {
        return ST_ERR_MEMORY;
    }
    all->ctx = ctx;
    st_arena_init(&all->arena, ctx);
    const reader r = {.ctx = ctx, .model = model, .all = all, .table = table};
    const st_status status = read_all(&r);
    if (status != ST_OK) {
        st_instruments_destroy(all);
        return status;
    }
    *out = all;
    return ST_OK;
}

void st_instruments_destroy(st_instruments* instruments)
{
    if (instruments == NULL) {
        return;
    }
    st_arena_clear(&instruments->arena);
    st_free(instruments->ctx, instruments);
}

int st_instruments_count(const st_instruments* instruments)
{
    return instruments->count;
}

const st_instrument_info* st_instruments_at(const st_instruments* instruments, int index)
{
    ST_ASSERT(index >= 0 && index < instruments->count);
    return &instruments->item[index].info;
}

int st_instruments_find(const st_instruments* instruments, const char* name)
{
    for (int k = 0; k < instruments->count; ++k) {
        if (strcmp(instruments->item[k].info.name, name) == 0) {
            return k;
        }
    }
    return -1;
}

// --- readings -------------------------------------------------------------------------------

double st_instrument_value(const st_instruments* instruments, int index, const double* sample)
{
    const instrument* const it = &instruments->item[index];
    return sample[it->column] * it->info.factor;
}

void st_instrument_read(const st_instruments* instruments, int index, uint64_t seed,
                        uint64_t person, st_reading* reading, int count)
{
    const instrument* const it = &instruments->item[index];
    const st_instrument_info* const info = &it->info;
    const st_random_key noise = {
        .seed = seed, .stream = ST_STREAM_MEASUREMENT, .id = person, .step = it->key};
    const st_random_key slow = {.seed = seed,
                                .stream = ST_STREAM_FLUCTUATION,
                                .id = person,
                                .step = instruments->item[info->drift_with].key};
    // A scale that runs the other way falls when the one it follows rises.
    const bool is_turned =
        info->lower_is_better != instruments->item[info->drift_with].info.lower_is_better;
    const double drift_sd = is_turned ? -info->drift_sd : info->drift_sd;
    double drift = 0.0; // in standard deviations
    for (int k = 0; k < count; ++k) {
        st_reading* const r = &reading[k];
        double x = r->value;
        if (info->drift_sd > 0.0) { //                                                    [PAT-4]
            const double keep_share =
                k == 0 ? 0.0 : st_exp(-(r->day - reading[k - 1].day) / info->drift_tau_day);
            drift = keep_share * drift + sqrt(fmax(0.0, 1.0 - keep_share * keep_share)) *
                                             st_random_normal(&slow, (uint64_t)k);
            x += drift_sd * drift;
        }
        if (info->noise_sd > 0.0) {
            x += info->noise_sd * st_random_normal(&noise, (uint64_t)(int64_t)r->visit);
        }
        if (info->step > 0.0) { // half up                                                [PAT-5]
            x = floor(x / info->step + 0.5) * info->step;
        }
        r->measured = isnan(x) ? x : fmin(fmax(x, info->lo), info->hi);
    }
}
