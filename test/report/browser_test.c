// Opens the page in headless Chromium: no console message, no overlapping or cut text in any
// figure, no sideways scrolling on a phone. Exit status 77 (skipped) where there is no Chromium.
#include "report/fake_run.h"

#include "base/base.h"
#include "base/table.h"

#include <limits.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "report/fake_tissue.h"

#define EXIT_SKIPPED 77

// Measures the page from a frame around it, for the page itself allows no script. Only figures that
// are shown are looked at; texts of one figure may touch by two pixels.
static const char* const probe[] = {
    "<!doctype html><body style='margin:0'><iframe id=f src='report.html' style='border:0;width:",
    "px;height:2000px'></iframe><pre id=out>not measured</pre><script>\n"
    "f.onload=()=>{const d=f.contentDocument;let overlaps=0,outside=0,figures=0,names=[];\n"
    "d.querySelectorAll('details').forEach(e=>e.open=true);\n"
    "d.querySelectorAll('figure svg').forEach(s=>{const b=s.getBoundingClientRect();\n"
    "if(!b.width)return;figures++;\n"
    "const t=[...s.querySelectorAll('text')].filter(e=>e.textContent.trim());\n"
    "const r=t.map(e=>e.getBoundingClientRect());\n"
    "r.forEach((a,i)=>{if(a.left<b.left-1||a.right>b.right+1||a.top<b.top-1||a.bottom>b.bottom+1)"
    "{outside++;names.push('cut: '+t[i].textContent)}\n"
    "for(let k=0;k<i;k++){const c=r[k];if(Math.min(a.right,c.right)-Math.max(a.left,c.left)>2&&"
    "Math.min(a.bottom,c.bottom)-Math.max(a.top,c.top)>4)"
    "{overlaps++;names.push(t[i].textContent+' / '+t[k].textContent)}}})});\n"
    "const e=d.documentElement;out.textContent=`figures=${figures} overlaps=${overlaps} "
    "outside=${outside} sideways=${e.scrollWidth>e.clientWidth} ${names.slice(0,8).join('; ')}`}"
    "</script></body>\n"};

typedef struct scene {
    st_ctx* ctx;
    char dir[PATH_MAX];
} scene;

static const char* browser(void)
{
    static const char* const names[] = {"chromium", "chromium-browser", "google-chrome"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char command[64];
        snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", names[i]);
        if (system(command) == 0) {
            return names[i];
        }
    }
    return NULL;
}

static int set_up(void** state)
{
    scene* s = calloc(1, sizeof *s);
    char here[PATH_MAX - 64];
    s->ctx = st_ctx_create();
    assert_non_null(getcwd(here, sizeof here));
    snprintf(s->dir, sizeof s->dir, "%s/browser_test.XXXXXX", here);
    assert_non_null(mkdtemp(s->dir));
    *state = s;
    return 0;
}

static int tear_down(void** state)
{
    scene* s = *state;
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
    const int code = system(command);
    assert_int_equal(st_ctx_bytes_in_use(s->ctx), 0);
    st_ctx_destroy(s->ctx);
    free(s);
    return code;
}

static void make(const scene* s, const st_study* study)
{
    st_store* store = NULL;
    assert_int_equal(st_store_create(s->ctx, s->dir, true, &store), ST_OK);
    const st_sink sink = st_store_sink(store);
    assert_int_equal(fake_run(s->ctx, study, &sink), ST_OK);
    assert_int_equal(st_store_finish(s->ctx, store), ST_OK);
    st_store_destroy(store);
    assert_int_equal(st_report_write(s->ctx, s->dir), ST_OK);
}

// Runs the browser over one file of the scene; `arguments` say what it gives.
static void browse(const scene* s, const char* file, const char* arguments)
{
    char command[4 * PATH_MAX];
    snprintf(command, sizeof command,
             "cd '%s' && timeout 60 %s --headless --no-sandbox --disable-gpu "
             "--disable-background-networking --disable-dev-shm-usage --hide-scrollbars "
             "--allow-file-access-from-files --enable-logging=stderr --user-data-dir='%s/profile' "
             "%s 'file://%s/%s' > out.txt 2> log.txt",
             s->dir, browser(), s->dir, arguments, s->dir, file);
    assert_int_equal(system(command), 0);
}

static void read_file(const scene* s, const char* name, char** text)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    size_t length = 0;
    assert_int_equal(st_file_read(s->ctx, path, 50u << 20, text, &length), ST_OK);
}

// The console is silent: no refused request, no broken markup.
static void assert_silent(const scene* s)
{
    char* log = NULL;
    read_file(s, "log.txt", &log);
    const char* found = strstr(log, "CONSOLE");
    if (found) {
        fail_msg("the console said: %.300s", found);
    }
    st_free(s->ctx, log);
}

/// `least`: figures that must be there.
static void assert_fits_with(const scene* s, int width, int least)
{
    char path[PATH_MAX + 16];
    char size[64];
    snprintf(path, sizeof path, "%s/probe.html", s->dir);
    FILE* file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s%d%s", probe[0], width, probe[1]);
    fclose(file);
    snprintf(size, sizeof size, "--dump-dom --window-size=%d,2200", width + 100);
    browse(s, "probe.html", size);
    assert_silent(s);
    char* dom = NULL;
    read_file(s, "out.txt", &dom);
    const char* found = strstr(dom, "<pre id=\"out\">");
    assert_non_null(found);
    int figures = 0;
    int overlaps = -1;
    int outside = -1;
    char sideways[8] = "";
    const int fields =
        sscanf(found, "<pre id=\"out\">figures=%d overlaps=%d outside=%d sideways=%7s", &figures,
               &overlaps, &outside, sideways);
    if (fields != 4 || figures < least || overlaps != 0 || outside != 0 ||
        strncmp(sideways, "false", 5) != 0) {
        fail_msg("at %d px: %.400s", width, found);
    }
    st_free(s->ctx, dom);
}

static void assert_fits(const scene* s, int width)
{
    assert_fits_with(s, width, 3);
}

static void make_tissue(const scene* s, const fake_tissue* f)
{
    fake_tissue_write(s->ctx, s->dir, f);
    assert_int_equal(st_tissue_page_write(s->ctx, s->dir), ST_OK);
}

// Three kinds with a graft's story by depth; forty kinds; a single kind; fields alone.
static void pages_of_tissue_fit(void** state)
{
    const scene* s = *state;
    const fake_tissue usual = {.title = "Cells & fields",
                               .kinds = 3,
                               .outputs = 9,
                               .fields = 2,
                               .matrices = 2,
                               .has_profile = true,
                               .has_zoom = true,
                               .place = "gel"};
    make_tissue(s, &usual);
    assert_fits_with(s, 1200, 12);
    assert_fits_with(s, 390, 12);
    fake_tissue f = usual;
    f.kinds = 40;
    f.outputs = 100;
    f.place = NULL;
    make_tissue(s, &f);
    assert_fits_with(s, 1200, 12);
    assert_fits_with(s, 390, 12);
}

static void small_pages_of_tissue_fit(void** state)
{
    const scene* s = *state;
    const fake_tissue one = {.title = "One kind", .kinds = 1, .outputs = 2, .place = "gel"};
    make_tissue(s, &one);
    assert_fits_with(s, 1200, 3);
    assert_fits_with(s, 360, 3);
}

static void pages_of_fields_fit(void** state)
{
    const scene* s = *state;
    const fake_tissue fields = {.title = "Fields alone", .outputs = 9, .fields = 3};
    make_tissue(s, &fields);
    assert_fits_with(s, 1200, 4);
    assert_fits_with(s, 360, 4);
}

static void usual_page_opens_silently_and_fits(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(200);
    make(s, &study);
    browse(s, "report.html", "--screenshot=page.png --window-size=1200,1600");
    assert_silent(s);
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/page.png", s->dir);
    FILE* file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_true(ftell(file) > 50000); // an empty page takes a tenth of it
    fclose(file);
    assert_fits(s, 1200);
    assert_fits(s, 390);
}

static void twelve_arms_with_long_names_fit(void** state)
{
    const scene* s = *state;
    static char name[12][16];
    static char label[12][96];
    st_study study = fake_knee_study(40);
    study.arm_count = 12;
    for (int a = 0; a < 12; a++) {
        snprintf(name[a], sizeof name[a], "arm-%d", a);
        snprintf(label[a], sizeof label[a],
                 "Arm %d: WWWW <cells> & HYALURONIC ACID after two weeks of culture, again", a);
        study.arm[a] =
            (st_arm_info){name[a], label[a], "inject", 40, a == 0 ? -1 : 0, false, a % 2 == 1};
        study.effect[a] = -0.9 * a;
    }
    make(s, &study);
    assert_fits(s, 1200);
    assert_fits(s, 390);
}

static void page_of_one_arm_fits(void** state)
{
    const scene* s = *state;
    const st_study study = fake_one_arm_study(60);
    make(s, &study);
    assert_fits(s, 1200);
    assert_fits(s, 390);
}

static void page_without_completers_fits(void** state)
{
    const scene* s = *state;
    st_study study = fake_knee_study(10);
    study.nobody_stays = true;
    make(s, &study);
    assert_fits(s, 1200);
    assert_fits(s, 360);
}

int main(void)
{
    if (!browser()) {
        puts("skipped: no Chromium on this machine");
        return EXIT_SKIPPED;
    }
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(usual_page_opens_silently_and_fits),
        CASE(twelve_arms_with_long_names_fit),
        CASE(page_of_one_arm_fits),
        CASE(page_without_completers_fits),
        CASE(pages_of_tissue_fit),
        CASE(small_pages_of_tissue_fit),
        CASE(pages_of_fields_fit),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
