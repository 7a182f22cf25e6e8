/// `stroma report`: page, tables, figures and a printed copy from a finished run.

#include "cli.h"
#include "messages.h"
#include "terminal.h"

#include "base/base.h"
#include "stroma/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

/// Longest time that a browser may take to print a page.
#define PRINT_LIMIT_S 120

/// True when the program is somewhere in PATH.
static bool is_installed(const char* name)
{
    const char* path = getenv("PATH");
    for (const char* at = path; at && *at;) {
        const size_t length = strcspn(at, ":");
        char file[PATH_MAX];
        const int written = snprintf(file, sizeof file, "%.*s/%s", (int)length, at, name);
        if (written > 0 && (size_t)written < sizeof file && access(file, X_OK) == 0) {
            return true;
        }
        at += length + (at[length] == ':');
    }
    return false;
}

static const char* find_browser(void)
{
    static const char* const names[] = {"chromium", "chromium-browser", "google-chrome",
                                        "google-chrome-stable"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        if (is_installed(names[i])) {
            return names[i];
        }
    }
    return NULL;
}

/// Waits for a child without end: after PRINT_LIMIT_S it is stopped.
static int wait_for(pid_t child)
{
    const struct timespec nap = {.tv_nsec = 50000000};
    int status = 0;
    for (int i = 0; i < 20 * PRINT_LIMIT_S; ++i) {
        const pid_t done = waitpid(child, &status, WNOHANG);
        if (done == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        if (done < 0 && errno != EINTR) {
            return -1;
        }
        nanosleep(&nap, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

/// The page as an address: bytes other than plain letters are written as %XX.
static bool make_address(const char* path, char* out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "file://");
    for (const char* c = path; *c; ++c) {
        if (used + 4 >= size) {
            return false;
        }
        const unsigned char byte = (unsigned char)*c;
        const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                              (byte >= '0' && byte <= '9') || strchr("/-_.~", byte);
        used += (size_t)snprintf(out + used, size - used, is_plain ? "%c" : "%%%02X", byte);
    }
    return true;
}

static bool start_browser(const char* browser, const char* pdf, const char* address, pid_t* child)
{
    char print[PATH_MAX + 32];
    snprintf(print, sizeof print, "--print-to-pdf=%s", pdf);
    // Without a sandbox of its own only where root asks: Chromium refuses to start otherwise.
    const char* arguments[] = {browser,
                               "--headless",
                               "--disable-gpu",
                               "--disable-background-networking",
                               "--no-pdf-header-footer",
                               print,
                               address,
                               geteuid() == 0 ? "--no-sandbox" : NULL,
                               NULL};
    posix_spawn_file_actions_t quiet;
    if (posix_spawn_file_actions_init(&quiet) != 0) {
        return false;
    }
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    // posix_spawnp changes none of the words; its type is older than const.
    const int code =
        posix_spawnp(child, browser, &quiet, NULL, (char* const*)(void*)arguments, environ);
    posix_spawn_file_actions_destroy(&quiet);
    return code == 0;
}

static st_status print_pdf(st_ctx* ctx, const char* dir, const char* pdf)
{
    const char* browser = find_browser();
    char file[PATH_MAX];
    char whole[PATH_MAX];
    char address[3 * PATH_MAX];
    pid_t child = 0;
    if (!browser) {
        return ST_FAIL(ctx, ST_ERR_FILE,
                       "--pdf: found no Chromium; install it (Debian: chromium), or print "
                       "report.html from any browser");
    }
    snprintf(file, sizeof file, "%.*s/report.html", PATH_MAX - 32, dir);
    if (!realpath(file, whole) || !make_address(whole, address, sizeof address)) {
        return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot be named as an address", file);
    }
    unlink(pdf); // so that what is there afterwards is new
    struct stat found;
    if (!start_browser(browser, pdf, address, &child) || wait_for(child) != 0 ||
        stat(pdf, &found) != 0 || found.st_size == 0) {
        return ST_FAIL(ctx, ST_ERR_FILE, "%s: %s could not print the page", pdf, browser);
    }
    return ST_OK;
}

/// A folder of `stroma run TISSUE.yaml` or of `stroma zoom`.
static st_status write_tissue_page(st_ctx* ctx, const st_arguments* arguments)
{
    const char* dir = arguments->file;
    const bool is_quiet = (arguments->given & ST_OPTION_QUIET) != 0;
    if (arguments->compare || arguments->tables || arguments->figures) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: holds a tissue run, found %s; allowed: --pdf, --quiet (its tables lie "
                       "beside the page)",
                       dir,
                       arguments->compare  ? "--compare"
                       : arguments->tables ? "--tables"
                                           : "--figures");
    }
    ST_TRY(st_tissue_page_write(ctx, dir));
    if (!is_quiet) {
        printf("report   %s/report.html\n", dir);
    }
    if (arguments->pdf) {
        ST_TRY(print_pdf(ctx, dir, arguments->pdf));
        if (!is_quiet) {
            printf("pdf      %s\n", arguments->pdf);
        }
    }
    return ST_OK;
}

/// Which kind of run a folder holds.
static bool has_store(const char* dir)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/results.sqlite", dir);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

static st_status write_report(st_ctx* ctx, const st_arguments* arguments)
{
    const char* dir = arguments->file;
    const bool is_quiet = (arguments->given & ST_OPTION_QUIET) != 0;
    if (!has_store(dir) && st_tissue_story_is_here(ctx, dir)) {
        return write_tissue_page(ctx, arguments);
    }
    if (!has_store(dir)) {
        return ST_FAIL(ctx, ST_ERR_FILE,
                       "%s: holds no finished run: found neither results.sqlite (a study) nor "
                       "about.csv beside fields.csv (a tissue)",
                       dir);
    }
    ST_TRY(st_report_write(ctx, dir));
    if (!is_quiet) {
        char* summary = NULL;
        ST_TRY(st_terminal_shows_utf8() ? st_report_summary_utf8(ctx, dir, &summary)
                                        : st_report_summary(ctx, dir, &summary));
        printf("%sreport   %s/report.html\n", summary, dir);
        st_free(ctx, summary);
    }
    if (arguments->compare) {
        ST_TRY(st_report_compare(ctx, dir, arguments->compare));
        if (!is_quiet) {
            printf("compare  %s/compare.html\n", dir);
        }
    }
    if (arguments->tables) {
        ST_TRY(st_report_tables_to(ctx, dir, arguments->tables));
        if (!is_quiet) {
            printf("tables   %s\n", arguments->tables);
        }
    }
    if (arguments->figures) {
        int count = 0;
        ST_TRY(st_report_figures(ctx, dir, arguments->figures, &count));
        if (!is_quiet) {
            printf("figures  %s (%d files)\n", arguments->figures, count);
        }
    }
    if (arguments->pdf) {
        ST_TRY(print_pdf(ctx, dir, arguments->pdf));
        if (!is_quiet) {
            printf("pdf      %s\n", arguments->pdf);
        }
    }
    return ST_OK;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    return st_messages_print(ctx, write_report(ctx, arguments), stderr);
}

const st_command ST_REPORT_COMMAND = {
    .name = "report",
    .operand = "DIR",
    .about = "make DIR/report.html again from the results in DIR, and more from the same file",
    .help = "      --compare DIR2  this run beside another: DIR/compare.html\n"
            "      --pdf FILE      print the page with Chromium, where it is installed\n"
            "      --figures OUT   every figure as an SVG file\n"
            "      --tables OUT    all tables as CSV, with CDISC datasets, each row marked as "
            "simulated\n"
            "  -q, --quiet         say nothing unless something is wrong\n",
    .options = ST_OPTION_COMPARE | ST_OPTION_PDF | ST_OPTION_FIGURES | ST_OPTION_TABLES |
               ST_OPTION_QUIET | ST_OPTION_HELP,
    .perform = perform,
};
