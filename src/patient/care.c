/// \file
/// Plans of care: what they ask of inputs over time, and how much of it people do.       [PAT-8]
#include "base/base.h"

#include "patient/figure.h"
#include "patient/marginal.h"
#include "patient/name_key.h"

#include "base/maths.h"
#include "base/random.h"

#include "stroma/patient.h"

#include <math.h>
#include <string.h>

#define PHASE_LIMIT 16
#define INPUT_LIMIT 8
#define LONGEST_DAY 36525.0

/// Longest time over which an input is held while the plan moves it.
#define STEP_DAY 7.0
/// A move that is smaller than the plan's largest by this factor waits for the next step.
#define FINENESS 100.0

/// Times are whole minutes apart at least.
#define SAME_DAY (1.0 / (24.0 * 60.0))

/// A departure from the own value: times x own + plus.
typedef struct excursion {
    double times, plus;
} excursion;

/// What a phase asks of one input.
typedef struct target {
    int input; ///< position in st_care.input
    excursion aim;
    const char* text; ///< as written
    bool is_reached;  ///< in a straight line by the end of the phase; else at once
} target;

typedef struct phase {
    st_care_phase_info info;
    int target_count;
    target target[INPUT_LIMIT];
} phase;

struct st_care {
    st_ctx* ctx;
    st_arena arena;
    st_doc* doc;
    const st_model* model;
    const char* title;
    st_marginal adherence;
    double holds_day;     ///< adherence stays as drawn for so long
    double half_life_day; ///< then falls with this half-life; INFINITY = stays
    const char* adherence_text;
    st_figure_info figure[2 + PHASE_LIMIT];
    int figure_count;
    int input_count;
    int input[INPUT_LIMIT]; ///< of the model
    int phase_count;
    phase phase[PHASE_LIMIT];
    int change_count;
    st_care_change* change;
};

// --- reading --------------------------------------------------------------------------------

static void add_figure(st_care* care, const char* name, double value, const char* unit,
                       const char* source, const char* assumed)
{
    care->figure[care->figure_count++] = (st_figure_info){
        .name = name, .value = value, .unit = unit, .source = source, .assumed = assumed};
}

/// `{ value: 4 months, source: ... }`
static bool read_half_life(st_care* care, const st_node* node)
{
    st_figure figure = {0};
    if (!st_figure_read(care->ctx, node, "a half-life", "day", 0.0, LONGEST_DAY, NULL, &figure)) {
        return false;
    }
    care->half_life_day = figure.value;
    add_figure(care, "half-life of the adherence", figure.value, "day", figure.source,
               figure.assumed);
    return figure.value > 0.0 ||
           st_node_fail(care->ctx, node, "found a half-life of 0, expected more");
}

static bool read_adherence(st_care* care, const st_node* root)
{
    static const char* const KNOWN[] = {"share", "holds_for", "half_life", NULL};
    static const char* const KNOWN_SHARE[] = {"normal", "quantiles", "fixed",   "range",
                                              "round",  "source",    "assumed", NULL};
    st_ctx* const ctx = care->ctx;
    const st_node* const map = st_node_need(ctx, root, "adherence", "share: and where it is from");
    const char* source = NULL;
    const char* assumed = NULL;
    care->half_life_day = INFINITY;
    if (map == NULL || !st_node_check_keys(ctx, map, KNOWN)) {
        return false;
    }
    const st_node* const share = st_node_need(ctx, map, "share", "how much of the plan is done");
    const st_node* const holds = st_node_child(map, "holds_for");
    const st_node* const half = st_node_child(map, "half_life");
    bool good =
        share != NULL && st_node_check_keys(ctx, share, KNOWN_SHARE) &&
        st_figure_origin(ctx, share, &source, &assumed) &&
        st_marginal_read(ctx, share, "a share of the plan", "1", 0.0, 1.0, &care->adherence);
    if (holds != NULL) {
        good = st_node_read_quantity(ctx, holds, "a time", "day", NULL, 0.0, LONGEST_DAY,
                                     &care->holds_day) &&
               good;
    }
    if (good) {
        add_figure(care, "adherence", st_marginal_at(&care->adherence, 0.0), "1", source, assumed);
    }
    return (half == NULL || read_half_life(care, half)) && good;
}

/// Position of a model input among those that the plan moves, -1 after a reported mistake.
static int find_input(st_care* care, const st_node* node)
{
    const int input = st_model_find_input(care->model, node->key);
    if (input < 0) {
        const char* names[64];
        int count = 0;
        for (; count < st_model_input_count(care->model) && count < 64; ++count) {
            names[count] = st_model_input(care->model, count)->name;
        }
        const char* const near = st_name_nearest(node->key, names, count);
        st_node_fail_key(care->ctx, node, "found '%s', expected an input of the model%s%s%s",
                         node->key, near == NULL ? "" : "; did you mean '",
                         near == NULL ? "" : near, near == NULL ? "" : "'?");
        return -1;
    }
    for (int i = 0; i < care->input_count; ++i) {
        if (care->input[i] == input) {
            return i;
        }
    }
    if (care->input_count == INPUT_LIMIT) {
        st_node_fail_key(care->ctx, node, "found more than %d inputs", INPUT_LIMIT);
        return -1;
    }
    care->input[care->input_count] = input;
    return care->input_count++;
}

/// `125 %` of the own value, or a value in the input's unit.
static bool read_aim(st_care* care, const st_node* node, target* out)
{
    const st_input_info* const info = st_model_input(care->model, care->input[out->input]);
    double number = 0.0;
    if (!st_node_read_text(care->ctx, node, &out->text)) {
        return false;
    }
    const size_t length = strlen(out->text);
    if (length > 0 && out->text[length - 1] == '%') {
        if (!st_node_read_number(care->ctx, node, 0.0, 10.0, &number)) {
            return false;
        }
        out->aim = (excursion){.times = number - 1.0};
        return true;
    }
    if (!st_node_read_quantity(care->ctx, node, "a value, or a share of one's own such as 125 %",
                               info->unit, NULL, -INFINITY, INFINITY, &number)) {
        return false;
    }
    out->aim = (excursion){.times = -1.0, .plus = number};
    return true;
}

static bool read_targets(st_care* care, const st_node* map, bool is_reached, phase* out)
{
    bool good = true;
    if (map == NULL) {
        return true;
    }
    if (!st_node_expect(care->ctx, map, ST_NODE_MAP)) {
        return false;
    }
    for (const st_node* node = map->first; node != NULL; node = node->next) {
        target t = {.input = find_input(care, node), .is_reached = is_reached};
        if (t.input < 0 || !read_aim(care, node, &t)) {
            good = false;
            continue;
        }
        for (int i = 0; i < out->target_count; ++i) {
            if (out->target[i].input == t.input) {
                return st_node_fail_key(care->ctx, node,
                                        "found '%s' under both set: and reach:", node->key);
            }
        }
        out->target[out->target_count++] = t; // as many as inputs at most
    }
    return good;
}

static const char* text_of(st_care* care, const phase* p)
{
    const char* text = "";
    for (int i = 0; i < p->target_count && text != NULL; ++i) {
        const target* const t = &p->target[i];
        text = st_arena_format(&care->arena, "%s%s%s %s%s%s", text, i > 0 ? ", " : "",
                               st_model_input(care->model, care->input[t->input])->name,
                               t->is_reached ? "step by step to " : "at ", t->text,
                               t->aim.times == -1.0 ? "" : " of one's own");
    }
    return text;
}

static bool read_phase(st_care* care, const st_node* node)
{
    static const char* const KNOWN[] = {"name",   "during",  "set", "reach",
                                        "source", "assumed", NULL};
    st_ctx* const ctx = care->ctx;
    phase* const p = &care->phase[care->phase_count];
    st_range during = {0};
    *p = (phase){.info = {.name = ""}};
    if (!st_node_expect(ctx, node, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(ctx, node, KNOWN);
    const st_node* const name = st_node_need(ctx, node, "name", "a word for people");
    const st_node* const when = st_node_need(ctx, node, "during", "times such as 0..6 weeks");
    good = st_figure_origin(ctx, node, &p->info.source, &p->info.assumed) && good;
    good = name != NULL && st_node_read_text(ctx, name, &p->info.name) && good;
    good =
        when != NULL && st_node_read_range(ctx, when, "times of a phase", "day", &during) && good;
    good = read_targets(care, st_node_child(node, "set"), false, p) && good;
    good = read_targets(care, st_node_child(node, "reach"), true, p) && good;
    if (!good) {
        return false;
    }
    if (p->target_count == 0) {
        return st_node_fail(ctx, node, "found nothing to do, expected set: or reach: with inputs");
    }
    if (during.lo_open || during.hi_open || !(during.lo >= 0.0 && during.hi <= LONGEST_DAY) ||
        !(during.hi >= during.lo + SAME_DAY)) {
        return st_node_fail(ctx, when,
                            "found '%s', expected a beginning and a later end, such as "
                            "0..6 weeks",
                            when->text);
    }
    if (care->phase_count > 0 && during.lo < p[-1].info.to_day - SAME_DAY) {
        return st_node_fail(ctx, when, "found '%s', but the phase before ends on day %g",
                            when->text, p[-1].info.to_day);
    }
    p->info.from_day = during.lo;
    p->info.to_day = during.hi;
    p->info.text = text_of(care, p);
    care->phase_count += p->info.text != NULL;
    add_figure(care, p->info.name, (double)NAN, "", p->info.source, p->info.assumed);
    return p->info.text != NULL;
}

static bool read_phases(st_care* care, const st_node* root)
{
    const st_node* const list = st_node_need(care->ctx, root, "phases", "a list of phases");
    bool good = list != NULL && st_node_expect(care->ctx, list, ST_NODE_LIST);
    if (!good) {
        return false;
    }
    if (list->child_count < 1 || list->child_count > PHASE_LIMIT) {
        return st_node_fail(care->ctx, list, "found %d phases, expected 1 ... %d",
                            list->child_count, PHASE_LIMIT);
    }
    for (const st_node* node = list->first; node != NULL && good; node = node->next) {
        good = read_phase(care, node);
    }
    return good;
}

static bool read_document(st_care* care)
{
    static const char* const KNOWN[] = {"plan", "description", "adherence", "phases", NULL};
    st_ctx* const ctx = care->ctx;
    const st_node* const root = st_doc_root(care->doc);
    const char* words = NULL;
    if (!st_node_expect(ctx, root, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(ctx, root, KNOWN);
    const st_node* const title = st_node_need(ctx, root, "plan", "a title");
    const st_node* const about = st_node_need(ctx, root, "description", "what it is, in words");
    good = title != NULL && st_node_read_text(ctx, title, &care->title) && good;
    good = about != NULL && st_node_read_text(ctx, about, &words) && good;
    good = read_adherence(care, root) && good;
    return read_phases(care, root) && good;
}

// --- the course of inputs -------------------------------------------------------------------

/// Excursion of one input as the plan asks for it on a day, before adherence falls.
static excursion asked(const st_care* care, int input, double day)
{
    excursion now = {0};
    for (int k = 0; k < care->phase_count && care->phase[k].info.from_day <= day; ++k) {
        const phase* const p = &care->phase[k];
        for (int i = 0; i < p->target_count; ++i) {
            if (p->target[i].input == input) {
                const excursion aim = p->target[i].aim;
                const double done =
                    p->target[i].is_reached
                        ? fmin((day - p->info.from_day) / (p->info.to_day - p->info.from_day), 1.0)
                        : 1.0;
                now.times += done * (aim.times - now.times); //                           [PAT-8]
                now.plus += done * (aim.plus - now.plus);
            }
        }
    }
    return now;
}

/// What is left of the adherence at the start.                                           [PAT-8]
static double kept(const st_care* care, double day)
{
    return day <= care->holds_day || isinf(care->half_life_day)
               ? 1.0
               : st_pow(2.0, -(day - care->holds_day) / care->half_life_day);
}

/// End of the step that begins on `day`: the next bound of a phase, but a week later at most.
static double next_step(const st_care* care, double day)
{
    double next = day + STEP_DAY;
    for (int k = 0; k < care->phase_count; ++k) {
        const double bound[2] = {care->phase[k].info.from_day, care->phase[k].info.to_day};
        for (int i = 0; i < 2; ++i) {
            if (bound[i] > day + SAME_DAY && bound[i] < next) {
                next = bound[i];
            }
        }
    }
    return next;
}

/// Makes the list of changes, or only counts them when there is no room yet.
static int list_changes(st_care* care, double end_day, st_care_change* out)
{
    excursion held[INPUT_LIMIT] = {{0}};
    excursion largest[INPUT_LIMIT] = {{0}};
    int count = 0;
    for (int k = 0; k < care->phase_count; ++k) {
        for (int i = 0; i < care->phase[k].target_count; ++i) {
            const target* const t = &care->phase[k].target[i];
            excursion* const most = &largest[t->input];
            most->times = fmax(most->times, fabs(t->aim.times));
            most->plus = fmax(most->plus, fabs(t->aim.plus));
        }
    }
    for (double day = 0.0; day < end_day;) {
        const double next = next_step(care, day);
        const double middle = 0.5 * (day + next);
        for (int i = 0; i < care->input_count; ++i) {
            excursion now = asked(care, i, middle);
            now.times *= kept(care, middle);
            now.plus *= kept(care, middle);
            if (fabs(now.times - held[i].times) * FINENESS > largest[i].times ||
                fabs(now.plus - held[i].plus) * FINENESS > largest[i].plus) {
                if (out != NULL) {
                    out[count] = (st_care_change){
                        .day = day, .input = care->input[i], .times = now.times, .plus = now.plus};
                }
                held[i] = now;
                ++count;
            }
        }
        day = next;
    }
    return count;
}

static st_status finish(st_care* care, double end_day)
{
    care->change_count = list_changes(care, end_day, NULL);
    care->change =
        st_arena_alloc(&care->arena, (size_t)care->change_count + 1, sizeof *care->change);
    if (care->change == NULL) {
        return ST_ERR_MEMORY;
    }
    list_changes(care, end_day, care->change);
    const double median = 100.0 * st_marginal_at(&care->adherence, 0.0);
    care->adherence_text =
        isinf(care->half_life_day)
            ? st_arena_format(&care->arena, "the median person does %.0f %% of it", median)
            : st_arena_format(&care->arena,
                              "the median person does %.0f %% of it for %g days, then half as much "
                              "every %.0f days",
                              median, care->holds_day, care->half_life_day);
    return care->adherence_text == NULL ? ST_ERR_MEMORY : ST_OK;
}

st_status st_care_load(st_ctx* ctx, const char* path, const st_model* model, double end_day,
                       st_care** out)
{
    const int mistakes = st_ctx_mistake_count(ctx);
    st_care* const care = st_alloc(ctx, 1, sizeof *care);
    *out = NULL;
    if (care == NULL) {
        return ST_ERR_MEMORY;
    }
    care->ctx = ctx;
    care->model = model;
    st_arena_init(&care->arena, ctx);
    st_status status = st_doc_load(ctx, path, &care->doc);
    if (status == ST_OK && !read_document(care)) {
        status = st_ctx_mistake_count(ctx) > mistakes ? ST_ERR_INPUT : ST_ERR_MEMORY;
    }
    if (status == ST_OK) {
        status = finish(care, end_day);
    }
    if (status != ST_OK) {
        st_care_destroy(care);
        return status;
    }
    *out = care;
    return ST_OK;
}

void st_care_destroy(st_care* care)
{
    if (care != NULL) {
        st_doc_destroy(care->doc);
        st_arena_clear(&care->arena);
        st_free(care->ctx, care);
    }
}

int st_care_figure_count(const st_care* care)
{
    return care->figure_count;
}

st_figure_info st_care_figure(const st_care* care, int index)
{
    return care->figure[index];
}

const char* st_care_title(const st_care* care)
{
    return care->title;
}

const char* st_care_source(const st_care* care, const char** name, size_t* length)
{
    *name = st_doc_name(care->doc);
    return st_doc_text(care->doc, length);
}

int st_care_phase_count(const st_care* care)
{
    return care->phase_count;
}

const st_care_phase_info* st_care_phase(const st_care* care, int index)
{
    return &care->phase[index].info;
}

const char* st_care_adherence_text(const st_care* care)
{
    return care->adherence_text;
}

int st_care_change_count(const st_care* care)
{
    return care->change_count;
}

const st_care_change* st_care_changes(const st_care* care)
{
    return care->change;
}

double st_care_adherence(const st_care* care, uint64_t seed, uint64_t person)
{
    const st_random_key key = {.seed = seed,
                               .stream = ST_STREAM_PERSON,
                               .id = person,
                               .step = st_name_key("care.adherence")};
    return st_marginal_at(&care->adherence, st_random_normal(&key, 0));
}
