#include "progress.h"

#include <math.h>
#include <string.h>

#define LINE_EVERY_S 0.1
#define JSON_EVERY_S 0.5
#define BAR_WIDTH    36
/// Room for the words beside the bar.
#define WORDS_WIDTH 60

const char* st_progress_count_text(int64_t count, char* out, size_t size)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    size_t at = 0;
    for (int i = 0; i < length && at + 1 < size; ++i) {
        const int left = length - i;
        if (i > 0 && digits[i - 1] != '-' && left % 3 == 0 && at + 2 < size) {
            out[at++] = ' ';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

void st_progress_print_json_text(FILE* out, const char* text)
{
    fputc('"', out);
    for (const unsigned char* at = (const unsigned char*)text; *at; ++at) {
        if (*at == '"' || *at == '\\') {
            fprintf(out, "\\%c", *at);
        } else if (*at < 0x20) {
            fprintf(out, "\\u%04x", *at);
        } else {
            fputc(*at, out);
        }
    }
    fputc('"', out);
}

void st_progress_init(st_progress* progress, FILE* out, st_progress_style style, int columns,
                      double now_s)
{
    *progress = (st_progress){.out = out,
                              .style = style,
                              .columns = columns,
                              .begin_s = now_s,
                              .shown_s = now_s,
                              .shown_done = -1};
}

static double people_per_second(const st_progress* progress, double now_s)
{
    const double elapsed_s = now_s - progress->begin_s;
    return elapsed_s > 0.0 ? (double)progress->done / elapsed_s : 0.0;
}

/// Seconds left at the pace so far; negative while there is no pace yet.
static double seconds_left(const st_progress* progress, double now_s)
{
    const double pace = people_per_second(progress, now_s);
    return pace > 0.0 ? (double)(progress->total - progress->done) / pace : -1.0;
}

static void time_left_text(double left_s, char* out, size_t size)
{
    if (left_s < 0.0) {
        snprintf(out, size, "%s", "");
    } else if (left_s < 90.0) {
        snprintf(out, size, "about %.0f s left", ceil(left_s));
    } else if (left_s < 5400.0) {
        snprintf(out, size, "about %.0f min left", ceil(left_s / 60.0));
    } else {
        snprintf(out, size, "about %.1f h left", left_s / 3600.0);
    }
}

/// people    ########--------  2 731/4 000   1 204/s   about 1 s left
static void draw_line(st_progress* progress, double now_s, bool is_last)
{
    char done[32];
    char total[32];
    char count[32];
    char left[48];
    char bar[BAR_WIDTH + 1];
    char line[256];
    const int room = progress->columns - WORDS_WIDTH;
    const int width = room > BAR_WIDTH ? BAR_WIDTH : (room > 0 ? room : 0);
    const int full =
        progress->total > 0
            ? (int)((double)width * (double)progress->done / (double)progress->total + 1e-9)
            : 0;
    memset(bar, '-', (size_t)width);
    memset(bar, '#', (size_t)(full < width ? full : width));
    bar[width] = '\0';
    if (is_last) {
        snprintf(left, sizeof left, "in %.1f s", now_s - progress->begin_s);
    } else {
        time_left_text(seconds_left(progress, now_s), left, sizeof left);
    }
    st_progress_count_text(progress->done, done, sizeof done);
    st_progress_count_text(progress->total, total, sizeof total);
    char pace[48] = ""; // nothing is known about it before the first people are done
    if (progress->done > 0) {
        st_progress_count_text((int64_t)(people_per_second(progress, now_s) + 0.5), count,
                               sizeof count);
        snprintf(pace, sizeof pace, "   %s/s   ", count);
    }
    int length = snprintf(line, sizeof line, "people    %s%s%s/%s%s%s", bar, width > 0 ? "  " : "",
                          done, total, pace, left);
    // A line that wraps cannot be drawn over.
    if (progress->columns > 1 && length > progress->columns - 1) {
        length = progress->columns - 1;
    }
    const int blanks = progress->shown_length > length ? progress->shown_length - length : 0;
    fprintf(progress->out, "\r%.*s%*s", length, line, blanks, "");
    fflush(progress->out);
    progress->shown_length = length;
}

static void print_json(st_progress* progress, double now_s)
{
    fprintf(
        progress->out, "{\"event\":\"progress\",\"done\":%lld,\"total\":%lld,\"per_second\":%.6g",
        (long long)progress->done, (long long)progress->total, people_per_second(progress, now_s));
    const double left_s = seconds_left(progress, now_s);
    if (left_s >= 0.0) {
        fprintf(progress->out, ",\"seconds_left\":%.3g", left_s);
    }
    fputs("}\n", progress->out);
    fflush(progress->out);
}

static void show(st_progress* progress, double now_s, bool is_last)
{
    if (progress->style == ST_PROGRESS_LINE) {
        draw_line(progress, now_s, is_last);
    } else {
        print_json(progress, now_s);
    }
    progress->shown_s = now_s;
    progress->shown_done = progress->done;
}

void st_progress_update(st_progress* progress, int64_t done, int64_t total, double now_s)
{
    progress->done = done;
    progress->total = total;
    const double every_s = progress->style == ST_PROGRESS_LINE ? LINE_EVERY_S : JSON_EVERY_S;
    const bool is_first = progress->shown_done < 0;
    if (progress->style != ST_PROGRESS_SILENT &&
        (is_first || now_s - progress->shown_s >= every_s)) {
        show(progress, now_s, false);
    }
}

void st_progress_finish(st_progress* progress, double now_s)
{
    if (progress->style == ST_PROGRESS_SILENT || progress->shown_done < 0) {
        return;
    }
    if (progress->style == ST_PROGRESS_LINE) {
        draw_line(progress, now_s, true);
        fputc('\n', progress->out);
        fflush(progress->out);
    } else if (progress->shown_done != progress->done) {
        show(progress, now_s, true);
    }
}
