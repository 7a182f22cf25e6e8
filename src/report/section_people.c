#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

// "candidacy: knee already replaced": what rules this person out; other reasons name what is not
// met.
static bool is_candidacy(const st_screening_row* row)
{
    return strncmp(row->reason, "candidacy: ", 11) == 0;
}

static void add_screening(st_text* out, const st_findings* f)
{
    int64_t screened = 0;
    for (int i = 0; i < f->screening_count; i++) {
        if (strcmp(f->screening[i].reason, "screened") == 0) {
            screened = f->screening[i].count;
        }
    }
    if (f->screening_count == 0) {
        return;
    }
    st_html_table(out, "Screening", "Step|#People|#Of those screened");
    for (int i = 0; i < f->screening_count; i++) {
        const st_screening_row* r = &f->screening[i];
        const bool is_step =
            strcmp(r->reason, "screened") == 0 || strcmp(r->reason, "entered") == 0;
        st_html_row(out);
        st_text_add(out, "<th scope=\"row\">");
        st_text_add(out, is_step || is_candidacy(r) ? "" : "not met: ");
        st_html_text(out, r->reason);
        st_text_add(out, "</th>");
        st_html_number_cell(out, st_words_whole(r->count).text);
        st_html_number_cell(
            out, screened > 0 ? st_words_percent((double)r->count / (double)screened).text : "–");
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "<p class=\"note\">A person is counted under the first criterion that is not "
                     "met. Entry is decided on measured scores, noise included.</p>\n");
}

static void add_flow(st_text* out, const st_findings* f)
{
    const st_words when = st_words_visit(&f->visit[f->primary_visit]);
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(out, "From entry to the primary visit",
                  "Arm|#In the study file|#Began|#Injection missed the joint|#Dropped out|"
                  "#Numerics failed|#Read at the primary visit|Who");
    for (int a = 0; a < f->arm_count; a++) {
        const st_finding_people* p = &f->people[a];
        const st_outcome_row* o = st_findings_outcome(f, a, f->primary_measure, f->primary_visit);
        st_html_row(out);
        st_html_head_cell(out, f->arm[a].label);
        st_html_number_cell(out, st_words_whole(f->arm[a].size).text);
        st_html_number_cell(out, st_words_whole(p->count).text);
        st_html_number_cell(out, st_words_whole(p->not_placed).text);
        st_html_number_cell(out, st_words_whole(p->left).text);
        st_html_number_cell(out, st_words_whole(p->failed).text);
        st_html_number_cell(out, st_words_whole(o ? o->n : 0).text);
        st_html_cell(out, f->arm[a].is_twin ? "the same people as in the other arms" : "its own");
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "<p class=\"note\">Primary visit: ");
    st_html_text(out, when.text);
    st_text_add(out, ". Nobody is invented for missing readings.</p></details>\n");
}

#define FLOW_LINES 6

static st_figure_flow_arm flow_arm(const st_findings* f, int arm, st_arena* arena)
{
    const st_finding_people* p = &f->people[arm];
    const st_outcome_row* o = st_findings_outcome(f, arm, f->primary_measure, f->primary_visit);
    const char** line = st_arena_alloc(arena, FLOW_LINES, sizeof *line);
    st_figure_flow_arm flow = {
        .label = f->arm[arm].label, .colour = st_palette_colour(f, arm), .line = line};
    if (!line) {
        return flow;
    }
    int count = 0;
    line[count++] = st_arena_format(arena, "%s %s", st_words_whole(p->count).text,
                                    f->arm[arm].is_twin ? "twins" : "allocated");
    if (strstr(f->arm[arm].recipe, "inject")) {
        line[count++] = st_arena_format(arena, "%s got the dose",
                                        st_words_whole(p->count - p->not_placed).text);
        line[count++] =
            st_arena_format(arena, "%s needle missed", st_words_whole(p->not_placed).text);
    } else {
        line[count++] = "without an injection";
    }
    line[count++] = st_arena_format(arena, "%s left early", st_words_whole(p->left).text);
    line[count++] = st_arena_format(arena, "%s not computable", st_words_whole(p->failed).text);
    line[count++] = st_arena_format(arena, "%s analysed", st_words_whole(o ? o->n : 0).text);
    flow.line_count = count;
    return flow;
}

// Most reasons that the box of those who did not enter can hold.
#define LEFT_LINES 10

// Why people did not enter, in the order of the file; the rarest together when there are many.
static int collect_left(const st_findings* f, st_arena* arena, const char** left, int64_t* screened)
{
    int reasons = 0;
    for (int i = 0; i < f->screening_count; i++) {
        const st_screening_row* r = &f->screening[i];
        if (strcmp(r->reason, "screened") == 0) {
            *screened = r->count;
        } else if (strcmp(r->reason, "entered") != 0) {
            reasons += 1;
        }
    }
    int count = 0;
    int others = 0;
    int64_t other_people = 0;
    for (int i = 0; i < f->screening_count; i++) {
        const st_screening_row* r = &f->screening[i];
        int more_frequent = 0;
        for (int k = 0; k < f->screening_count; k++) {
            const st_screening_row* o = &f->screening[k];
            more_frequent += strcmp(o->reason, "screened") != 0 &&
                             strcmp(o->reason, "entered") != 0 &&
                             (o->count > r->count || (o->count == r->count && k < i));
        }
        if (strcmp(r->reason, "screened") == 0 || strcmp(r->reason, "entered") == 0) {
            continue;
        }
        if (reasons > LEFT_LINES && (r->count == 0 || more_frequent >= LEFT_LINES - 1)) {
            others += 1;
            other_people += r->count;
            continue;
        }
        left[count++] =
            is_candidacy(r)
                ? st_arena_format(arena, "%s %s", st_words_whole(r->count).text, r->reason + 11)
                : st_arena_format(arena, "%s not: %s", st_words_whole(r->count).text, r->reason);
    }
    if (others > 0) {
        left[count++] = st_arena_format(arena, "%s for %d other reasons",
                                        st_words_whole(other_people).text, others);
    }
    return count;
}

static void add_flow_figure(st_text* out, const st_findings* f)
{
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    st_figure_flow_arm* arm = st_arena_alloc(&arena, (size_t)f->arm_count, sizeof *arm);
    const char** left = st_arena_alloc(&arena, (size_t)f->screening_count + 1, sizeof *left);
    st_figure_flow flow = {.arm = arm, .arm_count = f->arm_count, .left = left};
    int64_t screened = -1;
    int64_t entered = 0;
    for (int a = 0; arm && a < f->arm_count; a++) {
        arm[a] = flow_arm(f, a, &arena);
        entered += f->arm[a].is_twin ? 0 : f->people[a].count;
    }
    flow.left_count = left ? collect_left(f, &arena, left, &screened) : 0;
    flow.start = screened >= 0
                     ? st_arena_format(&arena, "%s screened", st_words_whole(screened).text)
                     : "people drawn without screening";
    flow.entered = st_arena_format(&arena, "%s entered", st_words_whole(entered).text);
    flow.about = (st_figure){
        .id = st_arena_format(&arena, "%sflow", f->prefix),
        .title = screened > 0
                     ? st_arena_format(&arena, "Of %s people screened, %s entered (%s)",
                                       st_words_whole(screened).text, st_words_whole(entered).text,
                                       st_words_percent((double)entered / (double)screened).text)
                     : st_arena_format(&arena, "%s people took part", st_words_whole(entered).text),
        .desc = "Flow of people after CONSORT: screened, entered, and for each arm allocated, "
                "treated, left and analysed. The numbers are in the tables below."};
    if (arm && left && flow.about.title) {
        st_figures_begin(out, &flow.about);
        st_figures_flow(out, &flow);
        st_text_addf(
            out,
            "<figcaption>Flow of people as CONSORT asks for it, from the numbers of this "
            "run. Analysed: read at %s. Left early: at any time of the study.</figcaption>\n",
            st_words_visit(&f->visit[f->primary_visit]).text);
        add_flow(out, f);
        st_figures_end(out);
    } else {
        out->failed = true;
    }
    st_arena_clear(&arena);
}

static void add_baseline(st_text* out, const st_findings* f)
{
    st_html_table(out, "People at entry: mean (standard deviation)",
                  "Arm|#Age, y|#Women|#BMI, kg/m²|#KL grade|#Inflammation, 1 = median|"
                  "#Cartilage, mm|#Years of symptoms|#Primary measure at entry");
    for (int a = 0; a < f->arm_count; a++) {
        const st_finding_people* p = &f->people[a];
        static const struct {
            st_attribute attribute;
            int decimals;
        } columns[] = {{ST_PERSON_BMI, 1},
                       {ST_PERSON_KL, 1},
                       {ST_PERSON_INFLAMMATION, 2},
                       {ST_PERSON_THICKNESS, 2},
                       {ST_PERSON_DURATION, 1}};
        st_html_row(out);
        st_html_head_cell(out, f->arm[a].label);
        st_text_addf(out, "<td class=\"n\">%s (%s)</td>",
                     st_words_number(p->mean[ST_PERSON_AGE], 1).text,
                     st_words_number(p->sd[ST_PERSON_AGE], 1).text);
        st_html_number_cell(out, st_words_percent(p->mean[ST_PERSON_FEMALE]).text);
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
            const st_attribute at = columns[i].attribute;
            st_text_addf(out, "<td class=\"n\">%s (%s)</td>",
                         st_words_number(p->mean[at], columns[i].decimals).text,
                         st_words_number(p->sd[at], columns[i].decimals).text);
        }
        const st_outcome_row* o = st_findings_outcome(f, a, f->primary_measure, 0);
        const int decimals = st_words_decimals(f, f->primary_measure);
        st_text_addf(out, "<td class=\"n\">%s (%s)</td></tr>\n",
                     st_words_number(o ? o->mean : (double)NAN, decimals).text,
                     st_words_number(o ? o->sd : (double)NAN, decimals).text);
    }
    st_html_table_end(out);
}

void st_section_people(st_text* out, const st_findings* f)
{
    st_text_add(out,
                "<section id=\"people\"><h2>Who took part</h2>\n<p>Virtual people drawn from: ");
    st_html_source(out, st_findings_about(f, "people_title"));
    st_text_add(out, ".</p>\n");
    add_flow_figure(out, f);
    add_screening(out, f);
    add_baseline(out, f);
    st_text_add(out, "</section>\n");
}
