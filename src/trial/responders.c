#include "responders.h"

#include "compare.h"
#include "statistics.h"
#include "study.h"
#include "tally.h"

#include "base/table.h"

#include <math.h>
#include <string.h>

#define NAME_LIMIT 128

/// What reading one definition needs.
typedef struct reader {
    st_ctx* ctx;
    st_study* study;
    const st_node* asked; ///< where the study asks for it
    st_responders_definition* out;
} reader;

// --- reading --------------------------------------------------------------------------------

static int add_measure(st_responders_definition* out, int measure)
{
    for (int i = 0; i < out->measure_count; ++i) {
        if (out->measure[i] == measure) {
            return i;
        }
    }
    out->measure[out->measure_count] = measure;
    return out->measure_count++;
}

/// The first instrument of `node` that the study measures, as a position among the definition's
/// scores; -1 and a mistake when it measures none of them.
static int read_score(const reader* r, const st_node* node)
{
    const bool is_list = node->kind == ST_NODE_LIST;
    const char* names[NAME_LIMIT];
    const int known = st_instruments_count(r->study->instruments);
    int count = 0;
    st_text wanted;
    bool is_known = true;
    int score = -1;

    for (; count < known && count < NAME_LIMIT; ++count) {
        names[count] = st_instruments_at(r->study->instruments, count)->name;
    }
    st_text_init(&wanted, r->ctx);
    for (const st_node* item = is_list ? node->first : node; item != NULL && is_known;
         item = is_list ? item->next : NULL) {
        int choice = 0;
        is_known = st_node_read_choice(r->ctx, item, names, count, &choice);
        if (is_known && score < 0) {
            const int measure = st_study_find_measure(r->study, item->text);
            score = measure < 0 ? -1 : add_measure(r->out, measure);
            st_text_addf(&wanted, "%s%s", wanted.length > 0 ? " or " : "", item->text);
        }
    }
    if (is_known && score < 0) {
        st_node_fail(r->ctx, r->asked, "'%s' needs %s among measure:", r->out->name,
                     wanted.length > 0 ? wanted.data : "an instrument");
    }
    st_text_clear(&wanted);
    return score;
}

static int read_list(const reader* r, const st_node* list, st_responders_criterion* out)
{
    static const char* const keys[] = {"instrument", "percent", "points", NULL};
    int count = 0;

    if (list == NULL || !st_node_expect(r->ctx, list, ST_NODE_LIST)) {
        return 0;
    }
    if (list->child_count < 1 || list->child_count > ST_RESPONDERS_CRITERION_LIMIT) {
        st_node_fail(r->ctx, list, "found %d criteria, expected 1 ... %d", list->child_count,
                     ST_RESPONDERS_CRITERION_LIMIT);
        return 0;
    }
    for (const st_node* node = list->first; node != NULL; node = node->next) {
        const st_node *instrument, *percent, *points;
        st_responders_criterion* to = &out[count++];

        if (!st_node_check_keys(r->ctx, node, keys)) {
            continue;
        }
        instrument = st_node_need(r->ctx, node, "instrument", "an instrument or a list of them");
        percent = st_node_need(r->ctx, node, "percent", "percent of the score at entry");
        points = st_node_need(r->ctx, node, "points", "points of 100 of the scale");
        if (instrument != NULL && percent != NULL && points != NULL) {
            st_node_read_number(r->ctx, percent, 0.0, 100.0, &to->percent);
            st_node_read_number(r->ctx, points, 0.0, 100.0, &to->points);
            to->score = read_score(r, instrument);
        }
    }
    return count;
}

static void tell_list(st_text* out, const reader* r, const st_responders_criterion* list, int count)
{
    for (int i = 0; i < count; ++i) {
        const int measure = r->out->measure[list[i].score];
        st_text_addf(out, "%s%s by %g %% and %g of 100", i == 0 ? "" : ", ",
                     st_instruments_at(r->study->instruments, r->study->measure[measure])->title,
                     list[i].percent, list[i].points);
    }
}

/// The definition in words.
static st_status tell(const reader* r, const char* source)
{
    const st_responders_definition* d = r->out;
    st_text text;

    st_text_init(&text, r->ctx);
    st_text_add(&text, "better than at entry: ");
    if (d->any_count > 0) {
        st_text_add(&text, d->any_count > 1 ? "any of " : "");
        tell_list(&text, r, d->any, d->any_count);
    }
    if (d->all_count > 0) {
        st_text_addf(&text, "%s%d of ", d->any_count > 0 ? "; or " : "", d->enough);
        tell_list(&text, r, d->all, d->all_count);
    }
    st_text_addf(&text, " (%s)", source);
    r->out->rule = text.failed ? NULL : st_arena_text(&r->study->arena, text.data, text.length);
    st_text_clear(&text);
    return r->out->rule == NULL ? ST_ERR_MEMORY : ST_OK;
}

static st_status read_definition(const reader* r, const st_node* node)
{
    static const char* const keys[] = {"title", "any", "all", "enough", "source", NULL};
    const int before = st_ctx_mistake_count(r->ctx);
    const st_node *title, *source, *enough, *all;
    const char* source_text = "";
    int64_t number;

    if (!st_node_check_keys(r->ctx, node, keys)) {
        return ST_OK;
    }
    title = st_node_need(r->ctx, node, "title", "what to call these people");
    source = st_node_need(r->ctx, node, "source", "who defined it");
    if (title == NULL || source == NULL || !st_node_read_text(r->ctx, title, &r->out->title) ||
        !st_node_read_text(r->ctx, source, &source_text)) {
        return ST_OK;
    }
    all = st_node_child(node, "all");
    r->out->any_count = read_list(r, st_node_child(node, "any"), r->out->any);
    r->out->all_count = read_list(r, all, r->out->all);
    enough = st_node_child(node, "enough");
    number = r->out->all_count;
    if (enough != NULL) {
        st_node_read_integer(r->ctx, enough, 1, number > 1 ? number : 1, &number);
    }
    r->out->enough = (int)number;
    if (r->out->any_count + r->out->all_count == 0) {
        st_node_fail(r->ctx, node, "expected any: or all:, lists of criteria");
    }
    return st_ctx_mistake_count(r->ctx) == before ? tell(r, source_text) : ST_OK;
}

/// One name of the study's list.
static st_status read_asked(st_ctx* ctx, st_study* study, const st_node* table, const st_node* item)
{
    st_responders_definition* out = &study->responder[study->responder_count];
    const reader r = {.ctx = ctx, .study = study, .asked = item, .out = out};
    const char* names[NAME_LIMIT];
    int choice = 0;
    int count = 0;

    for (const st_node* n = table->first; n != NULL && count < NAME_LIMIT; n = n->next) {
        names[count++] = n->key;
    }
    if (!st_node_read_choice(ctx, item, names, count, &choice)) {
        return ST_OK;
    }
    for (int i = 0; i < study->responder_count; ++i) {
        if (strcmp(study->responder[i].name, names[choice]) == 0) {
            st_node_fail(ctx, item, "found '%s' a second time", names[choice]);
            return ST_OK;
        }
    }
    *out = (st_responders_definition){.name = names[choice]};
    study->responder_count += 1;
    return read_definition(&r, st_node_child(table, names[choice]));
}

st_status st_responders_read(st_ctx* ctx, st_study* study, const st_node* root)
{
    const st_node* list = st_node_child(root, "responders");
    const st_node* table;

    if (list == NULL || study->instruments == NULL || !st_node_expect(ctx, list, ST_NODE_LIST)) {
        return ST_OK; // not asked, or the model has mistakes of its own
    }
    table = st_model_table(study->model, "responders");
    if (table == NULL) {
        st_node_fail(ctx, list, "the model has no table responders:");
        return ST_OK;
    }
    if (!st_node_expect(ctx, table, ST_NODE_MAP)) {
        return ST_OK;
    }
    if (list->child_count > ST_RESPONDERS_LIMIT) {
        st_node_fail(ctx, list, "found %d definitions, expected at most %d", list->child_count,
                     ST_RESPONDERS_LIMIT);
        return ST_OK;
    }
    for (const st_node* item = list->first; item != NULL; item = item->next) {
        ST_TRY(read_asked(ctx, study, table, item));
    }
    return ST_OK;
}

// --- one person -----------------------------------------------------------------------------

/// Better by the percent of the way to the best end of the scale and by the points of 100. Scores
/// of whole points are compared exactly.                                                [TRI-40]
static bool meets(const st_study* study, const st_responders_definition* definition,
                  const st_responders_criterion* c, const double* entry, const double* now)
{
    const st_instrument_info* about =
        st_instruments_at(study->instruments, study->measure[definition->measure[c->score]]);
    const double from = entry[c->score];
    const double better = about->lower_is_better ? from - now[c->score] : now[c->score] - from;
    const double room = about->lower_is_better ? from - about->lo : about->hi - from;

    return better > 0.0 && 100.0 * better >= c->percent * room &&
           100.0 * better >= c->points * (about->hi - about->lo);
}

bool st_responders_meets(const st_study* study, const st_responders_definition* definition,
                         const double* entry, const double* now)
{
    int met = 0;

    for (int i = 0; i < definition->any_count; ++i) {
        if (meets(study, definition, &definition->any[i], entry, now)) {
            return true;
        }
    }
    for (int i = 0; i < definition->all_count; ++i) {
        met += meets(study, definition, &definition->all[i], entry, now);
    }
    return definition->all_count > 0 && met >= definition->enough;
}

// --- arms -----------------------------------------------------------------------------------

/// Responders among those with every score at entry and at the visit; what happened after treatment
/// counts as its estimand says.
static int64_t count_in(st_tally* tally, const st_responders_definition* definition, int arm,
                        int visit, int64_t* of)
{
    const int scores = definition->measure_count;
    st_tally_walk walk;
    int64_t hits = 0;

    *of = 0;
    st_tally_walk_begin(tally, 0, arm, &walk);
    for (int i = 0; i < scores; ++i) {
        st_tally_walk_add(&walk,
                          st_tally_score(tally, ST_TALLY_MEASURED, definition->measure[i], 0));
    }
    for (int i = 0; i < scores; ++i) {
        st_tally_walk_add(&walk,
                          st_tally_score(tally, ST_TALLY_ANALYSED, definition->measure[i], visit));
    }
    while (st_tally_walk_next(&walk)) {
        bool is_whole = true;
        for (int i = 0; i < 2 * scores; ++i) {
            is_whole = is_whole && !isnan(walk.x[i]);
        }
        *of += is_whole;
        hits += is_whole && st_responders_meets(tally->study, definition, walk.x, walk.x + scores);
    }
    return hits;
}

static st_responder_row row_of(st_tally* tally, const st_responders_definition* definition, int arm,
                               int visit)
{
    st_responder_row row = {.name = definition->name,
                            .title = definition->title,
                            .rule = definition->rule,
                            .arm = arm,
                            .visit = visit,
                            .versus = st_compare_control(tally->study, arm),
                            .difference = NAN,
                            .diff_lo = NAN,
                            .diff_hi = NAN,
                            .p = NAN};
    st_interval share;

    row.responders = count_in(tally, definition, arm, visit, &row.n);
    share = st_statistics_wilson(row.responders, row.n);
    row.share = share.mean;
    row.lo = share.lo;
    row.hi = share.hi;
    if (row.versus >= 0) {
        int64_t of = 0;
        const int64_t hits = count_in(tally, definition, row.versus, visit, &of);
        if (row.n > 0 && of > 0) {
            const st_contrast c = st_statistics_risk_difference(row.responders, row.n, hits, of);
            row.difference = c.difference;
            row.diff_lo = c.lo;
            row.diff_hi = c.hi;
            row.p = c.p;
        }
    }
    return row;
}

st_status st_responders_emit(st_ctx* ctx, struct st_tally* tally, const st_sink* sink)
{
    const st_study* study = tally->study;

    for (int k = 0; k < study->responder_count; ++k) {
        for (int visit = 1; visit < study->visit_count; ++visit) {
            for (int arm = 0; arm < study->arm_count; ++arm) {
                const st_responder_row row = row_of(tally, &study->responder[k], arm, visit);
                ST_TRY(sink->row(sink->self, ctx, ST_ROW_RESPONDER, &row));
            }
        }
    }
    return ST_OK;
}
