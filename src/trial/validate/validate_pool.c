#include "validate_pool.h"

#include "../stay.h"
#include "../study.h"

#include "base/maths.h"
#include "base/random.h"

#include <math.h>
#include <string.h>

/// Recipes computed at once: bounds the memory of a worker.
#define RECIPES_AT_ONCE 20
/// Least people that share one draw of the uncertain values.
#define BLOCK_LEAST          200
#define POSTERIOR_BYTE_LIMIT ((size_t)256 << 20)

/// One pass over the pool with some of the recipes.
typedef struct pass {
    st_ctx* ctx;
    const st_validate_def* def;
    const st_validate_rules* rules;
    const st_validate_plan* plan;
    const st_validate_posterior* posterior;
    st_validate_pool* pool;
    int recipe[RECIPES_AT_ONCE]; ///< of the twin arms
    int recipe_count;
    st_study* study;
    st_crew* crew;
    st_trace trace;
    st_stay_events* events;
    st_entrant* entrant;
    st_stay* stay;
    st_score* score;
    double *factor, *shift;
    double* context_sum; ///< [instrument]
    int64_t done, total;
} pass;

st_status st_validate_pool_read_posterior(st_ctx* ctx, const char* path, const st_model* model,
                                          st_arena* arena, st_validate_posterior* out)
{
    const int before = st_ctx_mistake_count(ctx);
    st_table* table = NULL;
    char* text = NULL;
    size_t length = 0;
    st_status status = st_file_read(ctx, path, POSTERIOR_BYTE_LIMIT, &text, &length);

    *out = (st_validate_posterior){0};
    if (status == ST_OK) {
        status = st_table_parse(ctx, path, text, length, &table);
    }
    if (status == ST_OK) {
        const int columns = st_table_column_count(table);
        const int rows = st_table_row_count(table);
        out->column_count = columns;
        out->row_count = rows;
        out->parameter = st_arena_alloc(arena, (size_t)columns + 1, sizeof *out->parameter);
        out->value = st_arena_alloc(arena, (size_t)columns * (size_t)rows + 1, sizeof *out->value);
        status = out->parameter == NULL || out->value == NULL ? ST_ERR_MEMORY : ST_OK;
        for (int c = 0; c < columns && status == ST_OK; ++c) {
            out->parameter[c] = st_model_find_parameter(model, st_table_head(table, c));
            if (out->parameter[c] < 0) {
                st_ctx_fail(ctx, ST_ERR_INPUT,
                            "%s:1: found '%s', expected a parameter of the model", path,
                            st_table_head(table, c));
            }
            for (int r = 0; r < rows; ++r) {
                if (st_table_number(ctx, table, r, c, &out->value[r * columns + c]) == 0) {
                    st_ctx_fail(ctx, ST_ERR_INPUT, "%s:%d: %s: found nothing, expected a number",
                                path, st_table_line(table, r), st_table_head(table, c));
                }
            }
        }
        if (status == ST_OK && rows < 1) {
            st_ctx_fail(ctx, ST_ERR_INPUT, "%s: found no draw below the head", path);
        }
    }
    st_table_destroy(table);
    st_free(ctx, text);
    return status == ST_OK && st_ctx_mistake_count(ctx) != before ? ST_ERR_INPUT : status;
}

/// The study that computes this pass: everybody under the first arm, then as twins under the
/// others.
static st_status load_study(pass* p)
{
    const st_validate_plan* plan = p->plan;
    st_text text;
    st_status status;

    st_text_init(&text, p->ctx);
    st_text_addf(&text, "study: Pool of virtual people\nmodel: \"%s\"\n", p->def->model);
    if (p->def->variant != NULL) {
        st_text_addf(&text, "variant: \"%s\"\n", p->def->variant);
    }
    st_text_addf(&text, "people: { from: \"%s\", screening: 0 day }\narms:\n", p->rules->people);
    st_text_addf(&text, "  pool: { n: %d, inject: { product: saline, volume: %.17g mL } }\n",
                 p->pool->person_count, p->rules->volume);
    for (int i = 0; i < p->recipe_count; ++i) {
        st_text_addf(&text, "  r%d: { twin_of: everyone, %s }\n", i, plan->recipe[p->recipe[i]]);
    }
    st_text_add(&text, "visits: 0");
    for (int v = 1; v < plan->month_count; ++v) {
        st_text_addf(&text, ", %.17g", plan->month[v]);
    }
    st_text_addf(&text, " months\nmeasure: [");
    for (int i = 0; i < p->pool->instrument_count; ++i) {
        st_text_addf(&text, "%s%s", i > 0 ? ", " : "", p->rules->instrument_name[i]);
    }
    st_text_addf(&text,
                 "]\nblinding: double\nprimary: { change: %s, at: %.17g months, versus: pool }\n",
                 p->rules->instrument_name[p->rules->pain], plan->month[1]);
    st_text_addf(&text, "seed: %llu\n", (unsigned long long)(p->def->seed & INT64_MAX));
    status = text.failed
                 ? ST_ERR_MEMORY
                 : st_study_parse(p->ctx, "validation", text.data, p->def->model_dir, &p->study);
    st_text_clear(&text);
    return status;
}

/// Everybody's factor and shift of the uncertain values in one block.                     [VAL-7]
static void draw_parameters(pass* p, int block)
{
    const st_model* model = p->study->model;
    const int count = st_model_parameter_count(model);

    for (int i = 0; i < count; ++i) {
        p->factor[i] = 1.0;
        p->shift[i] = 0.0;
    }
    if (p->posterior != NULL) {
        // Rows spread evenly over the blocks.
        const int row = (int)((int64_t)block * p->posterior->row_count / p->pool->block_count);
        for (int c = 0; c < p->posterior->column_count; ++c) {
            const int i = p->posterior->parameter[c];
            const st_parameter_info* about = st_model_parameter(model, i);
            const double value = p->posterior->value[row * p->posterior->column_count + c];
            if (about->spread_kind == ST_SPREAD_LOGNORMAL && value / about->value > 0.0) {
                p->factor[i] = value / about->value;
            } else {
                p->shift[i] = value - about->value;
            }
        }
        return;
    }
    for (int k = 0; k < p->rules->uncertain_count; ++k) {
        const st_validate_uncertain* u = &p->rules->uncertain[k];
        const st_random_key key = {p->def->seed, ST_STREAM_VALIDATE, (uint64_t)block,
                                   (uint64_t)u->parameter};
        const double z = st_random_normal(&key, 0);
        if (u->is_factor) {
            p->factor[u->parameter] = st_exp(u->spread * z);
        } else {
            p->shift[u->parameter] = u->spread * z;
        }
    }
}

static int* place_of(const st_validate_pool* pool, int recipe, int visit, int instrument)
{
    const int row = visit == 0 ? 0 : (recipe + 1) * pool->visit_count + visit;

    return &pool->place[(size_t)row * (size_t)pool->instrument_count + (size_t)instrument];
}

const float* st_validate_pool_readings(const st_validate_pool* pool, int recipe, int visit,
                                       int instrument)
{
    const int place = *place_of(pool, recipe, visit, instrument);

    ST_ASSERT(place >= 0);
    return pool->measured + (size_t)place * (size_t)pool->person_count;
}

static void keep_reading(st_validate_pool* pool, int recipe, int visit, int instrument, int person,
                         double measured)
{
    const int place = *place_of(pool, recipe, visit, instrument);

    if (place >= 0) {
        pool->measured[(size_t)place * (size_t)pool->person_count + (size_t)person] =
            (float)measured;
    }
}

/// Untreated people as printed: the same noise and fluctuation as in the arms.
static void keep_untreated(pass* p, int person, const st_score* score)
{
    st_validate_pool* pool = p->pool;
    const int visits = pool->visit_count;
    st_reading reading[ST_VALIDATE_VISIT_LIMIT + 2];

    for (int m = 0; m < pool->instrument_count; ++m) {
        for (int v = 0; v < visits; ++v) {
            reading[v] = (st_reading){.visit = v,
                                      .day = p->study->visit[v].day,
                                      .value = score[m * visits + v].untreated};
        }
        st_instrument_read(p->study->instruments, p->study->measure[m], p->def->seed,
                           pool->person[person].id, reading, visits);
        for (int v = 0; v < visits; ++v) {
            keep_reading(pool, ST_VALIDATE_UNTREATED, v, m, person, reading[v].measured);
        }
    }
}

static void keep_stays(pass* p, int first, int count)
{
    st_validate_pool* pool = p->pool;
    const int stays = 1 + p->recipe_count;
    const int visits = pool->visit_count;
    const size_t scores = (size_t)pool->instrument_count * (size_t)visits;

    for (int k = 0; k < count; ++k) {
        for (int s = 0; s < stays; ++s) {
            const st_stay* stay = &p->stay[k * stays + s];
            const st_score* score = p->score + (size_t)(k * stays + s) * scores;
            if (stay->is_failed) {
                pool->is_failed[first + k] = true;
                continue;
            }
            if (s == 0) {
                keep_untreated(p, first + k, score);
                for (int m = 0; m < pool->instrument_count; ++m) {
                    const st_score* last = &score[m * visits + visits - 1];
                    p->context_sum[m] += last->sham - last->untreated;
                }
                continue;
            }
            for (int m = 0; m < pool->instrument_count; ++m) {
                for (int v = 1; v < visits; ++v) {
                    keep_reading(pool, p->recipe[s - 1], v, m, first + k,
                                 score[m * visits + v].measured);
                }
            }
        }
    }
}

static st_status run_block(pass* p, int block, int capacity)
{
    st_validate_pool* pool = p->pool;
    const int begin = block * pool->block_size;
    const int end = begin + pool->block_size;

    draw_parameters(p, block);
    p->crew->parameter_factor = p->factor;
    p->crew->parameter_shift = p->shift;
    for (int first = begin; first < end; first += capacity) {
        // Behind the people whose courses are kept point by point: only visits are needed.
        st_stay_batch batch = {.entrant = p->entrant,
                               .first = ST_TRACE_PEOPLE + first,
                               .count = end - first < capacity ? end - first : capacity,
                               .events = p->events,
                               .trace = &p->trace,
                               .stay = p->stay,
                               .score = p->score};
        for (int k = 0; k < batch.count; ++k) {
            p->entrant[k] = (st_entrant){.person = pool->person[first + k],
                                         .slot = ST_TRACE_PEOPLE + first + k};
        }
        ST_TRY(st_crew_run(p->crew, (batch.count + ST_CREW_BLOCK - 1) / ST_CREW_BLOCK,
                           st_stay_block, &batch));
        keep_stays(p, first, batch.count);
        p->done += batch.count;
        if (p->def->progress != NULL) {
            p->def->progress(p->def->self, p->done, p->total);
        }
    }
    return ST_OK;
}

static st_status run_pass(pass* p)
{
    st_validate_pool* pool = p->pool;
    const size_t stays = 1 + (size_t)p->recipe_count;
    const size_t scores = (size_t)pool->instrument_count * (size_t)pool->visit_count;
    int capacity;

    ST_TRY(load_study(p));
    ST_TRY(st_trace_init(p->ctx, p->study, &p->trace));
    ST_TRY(st_crew_create(p->ctx, p->study, p->def->seed, p->def->worker_count, p->trace.day_count,
                          &p->crew));
    capacity = ST_CREW_BLOCK * 2 * p->crew->worker_count;
    p->events = st_alloc(p->ctx, (size_t)p->study->arm_count, sizeof *p->events);
    p->entrant = st_alloc(p->ctx, (size_t)capacity, sizeof *p->entrant);
    p->stay = st_alloc(p->ctx, (size_t)capacity * stays, sizeof *p->stay);
    p->score = st_alloc(p->ctx, (size_t)capacity * stays * scores, sizeof *p->score);
    p->factor = st_alloc(p->ctx, (size_t)st_model_parameter_count(p->study->model), sizeof(double));
    p->shift = st_alloc(p->ctx, (size_t)st_model_parameter_count(p->study->model), sizeof(double));
    if (p->events == NULL || p->entrant == NULL || p->stay == NULL || p->score == NULL ||
        p->factor == NULL || p->shift == NULL) {
        return ST_ERR_MEMORY;
    }
    ST_TRY(st_stay_list_events(p->ctx, p->study, p->events));
    for (int i = 0; i < pool->person_count; ++i) {
        st_people_draw(p->study->people, p->def->seed, (uint64_t)i + 1, &pool->person[i]);
    }
    for (int block = 0; block < pool->block_count; ++block) {
        ST_TRY(run_block(p, block, capacity));
    }
    return ST_OK;
}

static void end_pass(pass* p)
{
    st_free(p->ctx, p->shift);
    st_free(p->ctx, p->factor);
    st_free(p->ctx, p->score);
    st_free(p->ctx, p->stay);
    st_free(p->ctx, p->entrant);
    st_free(p->ctx, p->events);
    st_crew_destroy(p->crew);
    st_trace_clear(p->ctx, &p->trace);
    st_study_destroy(p->study);
    p->shift = p->factor = NULL;
    p->score = NULL;
    p->stay = NULL;
    p->entrant = NULL;
    p->events = NULL;
    p->crew = NULL;
    p->study = NULL;
    p->trace = (st_trace){0};
}

/// Gives a place to what a row needs.
static void need(st_validate_pool* pool, int recipe, int visit, int instrument, int* count)
{
    int* const place = place_of(pool, recipe, visit, instrument);

    if (*place < 0) {
        *place = (*count)++;
    }
}

static int list_places(const st_validate_plan* plan, st_validate_pool* pool)
{
    int count = 0;

    for (int m = 0; m < pool->instrument_count; ++m) {
        need(pool, ST_VALIDATE_UNTREATED, 0, m, &count);
    }
    for (int i = 0; i < plan->item_count; ++i) {
        const st_validate_item* item = &plan->item[i];
        const int recipe = plan->arm[item->arm].recipe;
        if (item->scale != NULL) {
            need(pool, recipe, item->visit, item->scale->instrument, &count);
            if (item->kind == ST_FORECAST_CONTRAST) {
                need(pool, item->versus, item->visit, item->scale->instrument, &count);
            }
            continue;
        }
        for (int k = 0; k < item->responder->any_count; ++k) {
            need(pool, recipe, item->visit, item->responder->any[k].instrument, &count);
        }
        for (int k = 0; k < item->responder->all_count; ++k) {
            need(pool, recipe, item->visit, item->responder->all[k].instrument, &count);
        }
    }
    return count;
}

static st_status make_room(st_ctx* ctx, const st_validate_def* def, const st_validate_rules* rules,
                           const st_validate_plan* plan, st_validate_pool* out)
{
    const size_t places = (size_t)(plan->recipe_count + 1) * (size_t)plan->month_count *
                          (size_t)rules->instrument_count;
    const int blocks = def->people / BLOCK_LEAST;
    size_t people;

    st_arena_init(&out->arena, ctx);
    out->block_count = blocks < 1 ? 1 : blocks < def->draws ? blocks : def->draws;
    out->block_size = (def->people + out->block_count - 1) / out->block_count;
    out->person_count = out->block_count * out->block_size;
    out->instrument_count = rules->instrument_count;
    out->visit_count = plan->month_count;
    out->recipe_count = plan->recipe_count;
    people = (size_t)out->person_count;
    out->person = st_arena_alloc(&out->arena, people, sizeof *out->person);
    out->is_failed = st_arena_alloc(&out->arena, people, sizeof *out->is_failed);
    out->context = st_arena_alloc(&out->arena, (size_t)out->instrument_count, sizeof(double));
    out->place = st_arena_alloc(&out->arena, places, sizeof *out->place);
    if (out->person == NULL || out->is_failed == NULL || out->context == NULL ||
        out->place == NULL) {
        return ST_ERR_MEMORY;
    }
    for (size_t i = 0; i < places; ++i) {
        out->place[i] = -1;
    }
    out->measured = st_alloc(ctx, (size_t)list_places(plan, out) * people, sizeof *out->measured);
    return out->measured == NULL ? ST_ERR_MEMORY : ST_OK;
}

st_status st_validate_pool_run(st_ctx* ctx, const st_validate_def* def,
                               const st_validate_rules* rules, const st_validate_plan* plan,
                               const st_validate_posterior* posterior, st_validate_pool* out)
{
    pass p = {
        .ctx = ctx, .def = def, .rules = rules, .plan = plan, .posterior = posterior, .pool = out};
    int next = 0;
    st_status status;

    *out = (st_validate_pool){0};
    status = make_room(ctx, def, rules, plan, out);
    p.context_sum = status == ST_OK ? out->context : NULL;
    p.total =
        (int64_t)out->person_count *
        (plan->recipe_count > 0 ? (plan->recipe_count + RECIPES_AT_ONCE - 1) / RECIPES_AT_ONCE : 1);
    do {
        p.recipe_count = 0;
        for (; next < plan->recipe_count && p.recipe_count < RECIPES_AT_ONCE; ++next) {
            p.recipe[p.recipe_count++] = next;
        }
        if (status == ST_OK) {
            status = run_pass(&p);
            end_pass(&p);
        }
    } while (status == ST_OK && next < plan->recipe_count);
    if (status == ST_OK) {
        const double pain = out->context[rules->pain];
        for (int m = 0; m < out->instrument_count; ++m) {
            out->context[m] = pain != 0.0 ? out->context[m] / pain : 0.0;
        }
    } else {
        st_validate_pool_clear(ctx, out);
    }
    return status;
}

void st_validate_pool_clear(st_ctx* ctx, st_validate_pool* pool)
{
    st_free(ctx, pool->measured);
    if (pool->arena.ctx != NULL) {
        st_arena_clear(&pool->arena);
    }
    *pool = (st_validate_pool){0};
}
