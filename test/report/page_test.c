#include "report/fake_run.h"

#include "base/base.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "report/fake_page.h"

typedef page_scene scene;

static int set_up(void** state)
{
    return page_scene_begin(state, "page_test");
}

static void make(scene* s, const st_study* study)
{
    st_store* store = NULL;
    assert_int_equal(st_store_create(s->ctx, s->dir, true, &store), ST_OK);
    const st_sink sink = st_store_sink(store);
    assert_int_equal(fake_run(s->ctx, study, &sink), ST_OK);
    assert_int_equal(st_store_finish(s->ctx, store), ST_OK);
    st_store_destroy(store);
    assert_int_equal(st_report_write(s->ctx, s->dir), ST_OK);
    page_scene_read(s);
}

// Every opened element is closed in its order: what a parser would otherwise have to guess.
static void assert_balanced(const char* page)
{
    static const char* const empty[] = {"meta", "link",     "path", "circle",
                                        "rect", "!doctype", "wbr"};
    char stack[64][16];
    int depth = 0;
    for (const char* at = strchr(page, '<'); at; at = strchr(at + 1, '<')) {
        const bool closes = at[1] == '/';
        const size_t length = strcspn(at + 1 + closes, " >/\n");
        char name[16];
        assert_true(length < sizeof name);
        snprintf(name, sizeof name, "%.*s", (int)length, at + 1 + closes);
        const char* end = strchr(at, '>');
        assert_non_null(end);
        bool is_empty = end[-1] == '/';
        for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
            is_empty = is_empty || (!closes && strcmp(name, empty[i]) == 0 &&
                                    (end[-1] == '/' || i < 2 || i > 4));
        }
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(stack[--depth], name);
        } else if (!is_empty) {
            assert_true(depth < 64);
            snprintf(stack[depth++], sizeof stack[0], "%s", name);
        }
    }
    // The script stands after <main> and its footer, in <html> and <body>.
    assert_int_equal(depth, 2);
    assert_non_null(strstr(page, "</main>"));
}

// No number of the page is broken, and nothing can reach out of it.
static void assert_sound(const scene* s)
{
    // One script, at the end, allowed by the hash of its bytes: script_test.sh computes it.
    assert_int_equal(page_scene_count(s->page, "<script"), 1);
    assert_int_equal(page_scene_count(s->page, "script-src 'sha256-"), 1);
    char* script = strstr(s->page, "<script>");
    assert_non_null(script);
    assert_non_null(strstr(script, "</script>\n</body></html>"));
    *script = '\0'; // what follows is about the page itself
    assert_null(strstr(s->page, "nan"));
    assert_null(strstr(s->page, ">inf"));
    assert_null(strstr(s->page, " inf,"));
    assert_null(strstr(s->page, " src="));
    assert_null(strstr(s->page, "url("));
    assert_null(strstr(s->page, "@import"));
    assert_non_null(strstr(s->page, "default-src 'none'"));
    assert_non_null(strstr(s->page, "not medical advice"));
    assert_null(strstr(s->page, "success"));
    const int figures = page_scene_count(s->page, "<figure id=");
    assert_int_equal(page_scene_count(s->page, "<svg"), 2 * figures); // wide and narrow
    assert_int_equal(page_scene_count(s->page, "role=\"img\""), 2 * figures);
    assert_true(page_scene_count(s->page, "<summary>Show as table") + 1 >= figures);
    // The page names no folder of the machine that made it.
    assert_null(strstr(s->page, s->dir));
    assert_balanced(s->page);
    *script = '<';
}

static void page_of_a_usual_study_is_whole_and_quick(void** state)
{
    scene* s = *state;
    const st_study study = fake_knee_study(1000);
    make(s, &study);
    const clock_t start = clock();
    assert_int_equal(st_report_write(s->ctx, s->dir), ST_OK);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 1.0);
    assert_sound(s);
    assert_true(strlen(s->page) < 1500000);
    assert_non_null(strstr(s->page, "Marrow MSC in knee osteoarthritis"));
    assert_non_null(strstr(s->page, "LAMO2016; 10 people per arm"));
    assert_non_null(strstr(s->page, "medians with quartiles"));
    assert_non_null(strstr(s->page, "href=\"https://doi.org/10.1371/journal.pone.0000001\""));
    assert_non_null(strstr(s->page, "href=\"https://pmc.ncbi.nlm.nih.gov/articles/PMC1234567\""));
    assert_non_null(strstr(s->page, "href=\"https://pubmed.ncbi.nlm.nih.gov/24780287\""));
    assert_non_null(strstr(s->page, "26 of 75 values (35 %) are assumed"));
    // Values of people and of plans are among them, each plan once.
    assert_non_null(strstr(s->page, "height <span class=\"tag\">people</span>"));
    assert_non_null(strstr(s->page, "usual heights &lt;of&gt; older adults"));
    const char* plan = strstr(s->page, "Walking: adherence <span class=\"tag\">plan</span>");
    assert_non_null(plan);
    assert_null(strstr(plan + 1, "Walking: adherence <span"));
    assert_non_null(strstr(s->page, "stroma run study.yaml --seed 20161"));
    assert_non_null(strstr(s->page, "the step fell below 1e-9 day &lt;at&gt; &quot;il1&quot;"));
}

static void answer_tells_range_before_mean_and_what_was_not_shown(void** state)
{
    scene* s = *state;
    st_study study = fake_knee_study(1000);
    make(s, &study);
    const char* answer = strstr(s->page, "class=\"answer\"");
    assert_non_null(answer);
    assert_non_null(strstr(answer, "points lower with 10 million marrow MSC than with Hyaluronic "
                                   "acid (95 % range; mean "));
    assert_non_null(strstr(answer, ", better)"));
    assert_non_null(strstr(answer, "and the product itself "));
    assert_non_null(strstr(answer, "Not shown: a mean difference as large as the 15 points"));

    study.effect[2] = study.effect[1]; // no more than the control has
    study.arm[2].has_cells = study.arm[3].has_cells = false;
    study.effect[3] = 9.0; // and one that harms
    make(s, &study);
    answer = strstr(s->page, "class=\"answer\"");
    assert_non_null(strstr(answer, "; no clear difference)"));
    assert_non_null(strstr(answer, "points higher with 100 million marrow MSC"));
    assert_non_null(strstr(answer, ", worse)"));
    assert_non_null(strstr(answer, "Not shown: a difference of 10 million marrow MSC from its "
                                   "control (which does not prove them equal)"));
}

static void names_cannot_break_the_page(void** state)
{
    scene* s = *state;
    st_study study = fake_knee_study(20);
    study.title = "A <script>alert(1)</script> & \"quoted\" title";
    study.arm[2].label = "<b>An arm & its name \"that\" runs on and on, without end, for more than "
                         "one hundred characters, as names do";
    study.arm[3].label = "Zellen aus Fettgewebe, ≥ 10⁸ lebend, in Hyaluronsäure – zweimal gegeben";
    study.arm[3].recipe = "";
    make(s, &study);
    assert_sound(s);
    assert_non_null(strstr(s->page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted"));
    assert_null(strstr(s->page, "<b>"));
    char* summary = NULL;
    assert_int_equal(st_report_summary(s->ctx, s->dir, &summary), ST_OK);
    for (const char* c = summary; *c; c++) {
        assert_true(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
    }
    st_free(s->ctx, summary);
}

static void page_has_its_parts(void** state)
{
    scene* s = *state;
    const st_study study = fake_knee_study(300);
    make(s, &study);
    static const char* const part[] = {"figure-main\"",
                                       "figure-differences\"",
                                       "figure-icons\"",
                                       "figure-first\"",
                                       "figure-durability\"",
                                       "figure-parts\"",
                                       "figure-stream\"",
                                       "figure-benefit-2\"",
                                       "figure-flow\"",
                                       "id=\"harms\"",
                                       "class=\"sortable\"",
                                       "id=\"sources\"",
                                       "Question of interest",
                                       "Context of use",
                                       "Model influence",
                                       "Decision consequence",
                                       "Verification",
                                       "Validation",
                                       "Uncertainty",
                                       "id=\"term-km\"",
                                       "not: age",
                                       "counts no replacement of the joint"};
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        if (!strstr(s->page, part[i])) {
            fail_msg("not on the page: %s", part[i]);
        }
    }
    // The measured difference and what the product makes of it are told side by side.
    assert_non_null(strstr(s->page, "Of it the product"));
    assert_non_null(strstr(s->page, "after <a class=\"term\" href=\"#term-shrink\""));
    // No precision that nobody has.
    assert_null(strstr(s->page, "[0, 0]"));
    assert_null(strstr(s->page, "[0.0, 0.0]"));
    // The control's icons: as many out of 100 as the store says.
    assert_non_null(strstr(s->page, "Clearly better at 12 months: "));
}

static void two_runs_stand_side_by_side(void** state)
{
    scene* s = *state;
    st_study study = fake_knee_study(100);
    make(s, &study);
    char other[80];
    snprintf(other, sizeof other, "%s/other", s->dir);
    char dir[64];
    snprintf(dir, sizeof dir, "%s", s->dir);
    st_study changed = study;
    changed.effect[2] = 4.0;
    changed.arm_count = 3; // and one arm less
    snprintf(s->dir, sizeof s->dir, "%.50s/other", dir);
    make(s, &changed);
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    assert_int_equal(st_report_compare(s->ctx, dir, other), ST_OK);
    char* page = page_scene_file(s, "compare.html");
    assert_non_null(strstr(page, "Two runs side by side"));
    assert_int_equal(page_scene_count(page, "<figure id="), 2);
    assert_non_null(strstr(page, "person_row_count"));
    // An arm that only one of them has keeps its row, with dashes.
    assert_non_null(strstr(page, "<th scope=\"row\">100 million marrow MSC</th>"));
    assert_null(strstr(page, ">nan"));
    st_free(s->ctx, page);
    st_ctx_clear_messages(s->ctx);
    assert_int_equal(st_report_compare(s->ctx, dir, "nowhere"), ST_ERR_FILE);
}

static void figures_are_files_of_their_own(void** state)
{
    scene* s = *state;
    const st_study study = fake_knee_study(60);
    make(s, &study);
    char out[80];
    snprintf(out, sizeof out, "%s/figures", s->dir);
    int count = 0;
    assert_int_equal(st_report_figures(s->ctx, s->dir, out, &count), ST_OK);
    assert_int_equal(count, page_scene_count(s->page, "<figure id="));
    char* main_figure = page_scene_file(s, "figures/main.svg");
    assert_non_null(strstr(main_figure, "xmlns=\"http://www.w3.org/2000/svg\""));
    assert_null(strstr(main_figure, "var(")); // fixed colours
    st_free(s->ctx, main_figure);
}

static void one_arm_stands_beside_its_own_twins(void** state)
{
    scene* s = *state;
    const st_study study = fake_one_arm_study(200);
    make(s, &study);
    assert_sound(s);
    assert_non_null(strstr(s->page, "there is no control arm, so this is not the effect"));
    assert_non_null(strstr(s->page, "same people, untreated"));
    assert_non_null(strstr(s->page, "No difference from a control can be given"));
}

static void nobody_with_a_reading_is_said_so(void** state)
{
    scene* s = *state;
    st_study study = fake_knee_study(30);
    study.nobody_stays = true;
    study.published_count = 0;
    make(s, &study);
    assert_sound(s);
    assert_non_null(strstr(s->page, "measured in too few people to state a difference"));
    assert_non_null(strstr(s->page, "Not shown: any difference from control"));
    char* summary = NULL;
    assert_int_equal(st_report_summary(s->ctx, s->dir, &summary), ST_OK);
    assert_non_null(strstr(summary, "no number"));
    st_free(s->ctx, summary);
}

static void twelve_arms_fit(void** state)
{
    scene* s = *state;
    static char name[12][16];
    static char label[12][64];
    st_study study = fake_knee_study(100);
    study.arm_count = 12;
    for (int a = 0; a < 12; a++) {
        snprintf(name[a], sizeof name[a], "arm-%d", a);
        snprintf(label[a], sizeof label[a], "Arm %d, %d million cells", a, 1 << a);
        study.arm[a] =
            (st_arm_info){name[a], label[a], "inject", 100, a == 0 ? -1 : 0, false, a > 0 && a < 6};
        study.effect[a] = -0.9 * a;
    }
    make(s, &study);
    assert_sound(s);
    assert_true(strlen(s->page) < 1500000);
    assert_non_null(strstr(s->page, "of 5 arms beside their control"));
}

static void summary_shows_every_arm_with_its_control(void** state)
{
    scene* s = *state;
    const st_study study = fake_knee_study(1000);
    make(s, &study);
    char* summary = NULL;
    assert_int_equal(st_report_summary(s->ctx, s->dir, &summary), ST_OK);
    assert_non_null(strstr(summary, "Pain (VAS 0-100), 12 months"));
    assert_non_null(strstr(summary, " beyond saline"));
    assert_int_equal(page_scene_count(summary, " beyond ha"),
                     3); // two arms; responders of one of them
    assert_non_null(strstr(summary, "OMERACT-OARSI <responders>, of 100 people [95 %]"));
    assert_non_null(strstr(summary, " 60 [50, 70]  +10 [-2, 22] beyond ha"));
    assert_non_null(strstr(summary, "published: -50 (of medians, n 10)"));
    assert_non_null(strstr(summary, "26 of 75 values behind this (35 %) are assumed"));
    st_free(s->ctx, summary);
}

static void tables_say_what_the_store_says(void** state)
{
    scene* s = *state;
    const st_study study = fake_knee_study(50);
    make(s, &study);
    assert_int_equal(st_report_tables(s->ctx, s->dir), ST_OK);
    char* readings = page_scene_file(s, "tables/readings.csv");
    assert_int_equal(page_scene_count(readings, "\r\n"), 1 + 4 * 50 * 5 * 3);
    char* responders = page_scene_file(s, "tables/responders.csv");
    assert_int_equal(page_scene_count(responders, "\r\n"), 1 + 4 * 2);
    assert_non_null(strstr(responders, "omeract_oarsi,msc-1e7,12,47,30,0.6"));
    st_free(s->ctx, responders);
    assert_int_equal(strncmp(readings, "arm,person,measure,unit,at_month,measured,", 42), 0);
    assert_non_null(strstr(readings, "msc-1e8,49,vas_pain,points (0-100),12,"));
    st_free(s->ctx, readings);
    char* arms = page_scene_file(s, "tables/arms.csv");
    assert_non_null(strstr(arms, "msc-1e7,10 million marrow MSC,\"harvest 8 x 5 mL marrow, "));
    assert_non_null(strstr(arms, ",50,ha,0,1\r\n"));
    st_free(s->ctx, arms);
    char* published = page_scene_file(s, "tables/published.csv");
    assert_int_equal(page_scene_count(published, "\r\n"), 8);
    st_free(s->ctx, published);
}

// 2 of 3 points that single values move are assumed; parameter 6 leads figure, table and sentence.
static void what_the_answer_hangs_on_is_told(void** state)
{
    scene* s = *state;
    const st_study study = fake_knee_study(100);
    make(s, &study);
    assert_sound(s);
    const char* top = strstr(s->page, "<p class=\"rests\">");
    assert_non_null(top);
    assert_true(top < strstr(s->page, "figure-main\""));
    assert_non_null(strstr(top,
                           "What the product itself adds with 10 million marrow MSC rests mostly "
                           "on assumed values: of all that single values move "
                           "it, 67 % comes from values that were not measured"));
    assert_non_null(strstr(top, "(the strongest: “macrophage m1.rate 6”)"));
    assert_non_null(strstr(s->page, "What the product's part rests on."));
    const char* figure = strstr(s->page, "figure-influence\"");
    assert_non_null(figure);
    assert_non_null(strstr(figure, "“macrophage m1.rate 6” most, between −6"));
    const char* table = strstr(figure, "Every value that went in</caption>");
    assert_non_null(table);
    const char* six = strstr(table, "rate_<wbr>6</th>");
    const char* four = strstr(table, "rate_<wbr>4</th>");
    const char* zero = strstr(table, "rate_<wbr>0</th>");
    assert_true(six && four && zero && six < four && four < zero);
    assert_non_null(strstr(six, "data-v=\"2\">2</td>"));
}

static void way_from_harvest_to_joint_is_told(void** state)
{
    scene* s = *state;
    const st_study study = fake_knee_study(100);
    make(s, &study);
    const char* section = strstr(s->page, "<section id=\"harvest\">");
    assert_non_null(section);
    assert_non_null(strstr(section, "the largest loss is 20 %, at the step “syringe”"));
    assert_non_null(strstr(section, "1 of 2 computed medians lie in the band that was measured"));
    assert_non_null(strstr(section, "the median lies outside"));
    assert_non_null(strstr(section, "a protocol &lt;of&gt; &quot;one&quot; laboratory"));
    assert_non_null(strstr(section, "figure-tube-3-0\""));
    assert_non_null(strstr(section, "in the end red cells fill the lower 52"));
    assert_true(strstr(section, "figure-tube-3-0\"") < strstr(section, "<section id=\"cells\""));
}

static void other_analyses_have_a_finding(void** state)
{
    scene* s = *state;
    const st_study study = fake_knee_study(100);
    make(s, &study);
    assert_non_null(strstr(s->page, "1 of 2 other analyses of the difference at 12 months say the "
                                    "same as the primary one"));
    assert_non_null(strstr(s->page, "After the treatment: most often rescue, in 1 % of people"));
    assert_non_null(strstr(s->page, "12.0 of 100 with 10 million marrow MSC"));
    // Responders stand beside their control, visit by visit, with the definition.
    const char* responders = strstr(s->page, "<h3 id=\"responders\">");
    assert_non_null(responders);
    assert_non_null(strstr(responders, "OMERACT-OARSI &lt;responders&gt;"));
    assert_non_null(strstr(responders, "60 <span class=\"ci\">[50, 70]"));
    assert_non_null(strstr(responders, "+10 <span class=\"ci\">[−2, 22]"));
    assert_non_null(strstr(responders, "any of pain by 50 % &amp; 20 of 100"));
    // Published changes stand beside computed ones.
    assert_non_null(strstr(s->page, "published mean changes lie within the computed interval"));
    assert_non_null(strstr(s->page, " (◇ −9"));
}

// Define-XML names every variable of every dataset, in its order; events have their step's day.
static void cdisc_datasets_are_defined(void** state)
{
    static const char* const dataset[] = {"ts", "adsl", "adqs", "adae", "adtte"};
    scene* s = *state;
    const st_study study = fake_knee_study(20);
    make(s, &study);
    char out[80];
    snprintf(out, sizeof out, "%s/cdisc", s->dir);
    assert_int_equal(st_report_tables_to(s->ctx, s->dir, out), ST_OK);
    char* define = page_scene_file(s, "cdisc/define.xml");
    for (size_t i = 0; i < sizeof dataset / sizeof dataset[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "cdisc/%s.csv", dataset[i]);
        char* csv = page_scene_file(s, name);
        csv[strcspn(csv, "\r")] = '\0';
        const char* from = define;
        for (char* word = strtok(csv, ","); word; word = strtok(NULL, ",")) {
            char item[64];
            snprintf(item, sizeof item, ".%s\" OrderNumber", word);
            from = strstr(from, item);
            if (!from) {
                fail_msg("%s of %s is not defined in its place", word, dataset[i]);
                break; // never, but the analyzer does not know
            }
            snprintf(item, sizeof item, " Name=\"%s\"", word);
            assert_non_null(strstr(define, item));
        }
        st_free(s->ctx, csv);
    }
    assert_non_null(strstr(define, ">Study day of the step that the event is counted per, not of "
                                   "its onset<"));
    st_free(s->ctx, define);
    char* adae = page_scene_file(s, "cdisc/adae.csv");
    assert_non_null(strstr(adae, ",bruise of the hip,Y,-21,Y"));
    st_free(s->ctx, adae);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, page_scene_end)
    const struct CMUnitTest tests[] = {
        CASE(page_of_a_usual_study_is_whole_and_quick),
        CASE(answer_tells_range_before_mean_and_what_was_not_shown),
        CASE(names_cannot_break_the_page),
        CASE(page_has_its_parts),
        CASE(two_runs_stand_side_by_side),
        CASE(figures_are_files_of_their_own),
        CASE(one_arm_stands_beside_its_own_twins),
        CASE(nobody_with_a_reading_is_said_so),
        CASE(twelve_arms_fit),
        CASE(summary_shows_every_arm_with_its_control),
        CASE(tables_say_what_the_store_says),
        CASE(what_the_answer_hangs_on_is_told),
        CASE(way_from_harvest_to_joint_is_told),
        CASE(other_analyses_have_a_finding),
        CASE(cdisc_datasets_are_defined),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
