#include "report/figures.h"

#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void scales_have_round_ends_that_hold_the_data(void** state)
{
    (void)state;
    const double pairs[][2] = {{0.0, 97.0}, {-26.2, 0.0}, {1.742, 1.751}, {1e-12, 3e-12}, {5, 1e9}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const double width = pairs[i][1] - pairs[i][0];
        const st_figures_scale s = st_figures_scale_round(pairs[i][0], pairs[i][1], 5);
        const double rounding = 1e-6 * s.step;
        assert_true(s.lo <= pairs[i][0] + rounding && s.hi >= pairs[i][1] - rounding);
        assert_true(s.hi - s.lo <= 2.0 * width);
        const double steps = (s.hi - s.lo) / s.step;
        assert_true(fabs(steps - floor(steps + 0.5)) < 1e-6);
        assert_true(steps >= 2.0 && steps <= 7.0);
    }
}

static void scales_survive_one_value_and_none(void** state)
{
    (void)state;
    const st_figures_scale one = st_figures_scale_round(3.0, 3.0, 5);
    assert_true(one.lo < 3.0 && one.hi > 3.0);
    const st_figures_scale none = st_figures_scale_round(INFINITY, -INFINITY, 5);
    assert_true(isfinite(none.lo) && none.hi > none.lo);
}

static void values_fall_linearly_between_the_ends(void** state)
{
    (void)state;
    const st_figures_scale s = {.lo = 0.0, .hi = 10.0, .from = 200.0, .to = 100.0};
    assert_true(fabs(st_figures_at(&s, 0.0) - 200.0) < 1e-12);
    assert_true(fabs(st_figures_at(&s, 5.0) - 150.0) < 1e-12);
    assert_true(fabs(st_figures_at(&s, 10.0) - 100.0) < 1e-12);
}

static void ticks_have_the_decimals_of_their_step(void** state)
{
    (void)state;
    assert_int_equal(st_figures_tick_decimals(5.0), 0);
    assert_int_equal(st_figures_tick_decimals(0.5), 1);
    assert_int_equal(st_figures_tick_decimals(0.02), 2);
}

static void lines_skip_what_is_missing(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_text out;
    st_text_init(&out, ctx);
    const double x[] = {0.0, 3.0, 6.0};
    const double y[] = {60.0, (double)NAN, 40.0};
    const double nothing[] = {(double)NAN, (double)NAN, (double)NAN};
    const st_figure_series series[] = {
        {.label = "some", .colour = 1, .count = 3, .x = x, .y = y, .has_dots = true},
        {.label = "none <of> these",
         .colour = 2,
         .count = 3,
         .x = x,
         .y = nothing,
         .lo = nothing,
         .hi = nothing}};
    const st_figure_lines lines = {
        .about = {.id = "f", .title = "t & t", .desc = "", .x_label = "", .y_label = ""},
        .series = series,
        .series_count = 2,
        .place_count = 1,
        .x_tick = x,
        .x_tick_count = 3,
        .y_floor = NAN};
    st_figures_lines(&out, &lines);
    assert_false(out.failed);
    assert_null(strstr(out.data, "nan"));
    assert_null(strstr(out.data, "none"));
    // The script's data say the same: a gap is null.
    assert_non_null(strstr(out.data, "&quot;n&quot;:&quot;some&quot;"));
    assert_non_null(strstr(out.data, "&quot;y&quot;:[60,null,40]"));
    assert_non_null(strstr(out.data, "<title id=\"f-wide-t\">t &amp; t</title>"));
    int dots = 0;
    for (const char* at = strstr(out.data, "<circle"); at; at = strstr(at + 1, "<circle")) {
        dots += 1;
    }
    assert_int_equal(dots, 5); // two in each size, one in the narrow key
    st_text_clear(&out);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void steps_keep_their_value_up_to_the_next_point(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_text out;
    st_text_init(&out, ctx);
    const double x[] = {0.0, 3.0, 12.0};
    const double y[] = {0.0, 50.0, 80.0};
    const st_figure_series series[] = {
        {.label = "s", .colour = 1, .count = 3, .x = x, .y = y, .is_step = true}};
    const st_figure_lines lines = {
        .about = {.id = "f", .title = "", .desc = "", .x_label = "", .y_label = ""},
        .series = series,
        .series_count = 1,
        .place_count = 1,
        .x_tick = x,
        .x_tick_count = 3,
        .y_floor = 0.0};
    st_figures_lines(&out, &lines);
    const char* line = strstr(out.data, "<path class=\"line d0\" d=\"M");
    assert_non_null(line);
    // Across at the old height, then up: two V and no slope.
    const char* end = strchr(line + 24, '"');
    int ups = 0;
    for (const char* c = line; c < strchr(strstr(line, "d=\"") + 3, '"'); c++) {
        ups += *c == 'V';
    }
    assert_non_null(end);
    assert_int_equal(ups, 2);
    st_text_clear(&out);
    st_ctx_destroy(ctx);
}

static void icons_show_as_many_dots_as_people(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    const int filled[] = {0, 37, 100};
    for (int i = 0; i < 3; i++) {
        st_text out;
        st_text_init(&out, ctx);
        const st_figure_icons_row row = {
            .label = "arm", .text = "of 100", .filled = filled[i], .colour = 1};
        const st_figure_icons icons = {
            .about = {.id = "i", .title = "", .desc = ""}, .row = &row, .row_count = 1};
        st_figures_icons(&out, &icons);
        const char* full = strstr(out.data, "<path class=\"icon\" d=\"");
        const char* empty = strstr(out.data, "<path class=\"icon empty\"");
        assert_true((full != NULL) == (filled[i] > 0));
        assert_true((empty != NULL) == (filled[i] < 100));
        int dots = 0;
        const char* end = full ? strstr(full, "/>") : NULL;
        for (const char* c = full; full && c < end; c++) {
            dots += strncmp(c, "h0", 2) == 0;
        }
        assert_int_equal(dots, filled[i]);
        st_text_clear(&out);
    }
    st_ctx_destroy(ctx);
}

static void log_bars_have_no_room_below_one(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_text out;
    st_text_init(&out, ctx);
    const st_figure_row row[] = {
        {.label = "many", .value = 1e6, .lo = 0.0, .hi = 1e7, .text = "1 million", .colour = 1},
        {.label = "less than one", .value = 0.3, .lo = 0.0, .hi = 2.0, .text = "under 1"},
        {.label = "none", .value = 0.0, .lo = 0.0, .hi = 0.0, .text = "none"}};
    const st_figure_rows rows = {.about = {.id = "r", .title = "", .desc = "", .x_label = ""},
                                 .row = row,
                                 .row_count = 3,
                                 .is_log = true,
                                 .mark_lo = NAN,
                                 .mark_hi = NAN};
    st_figures_rows(&out, &rows);
    assert_null(strstr(out.data, "nan"));
    assert_null(strstr(out.data, "inf"));
    int bars = 0;
    for (const char* at = strstr(out.data, "<rect"); at; at = strstr(at + 1, "<rect")) {
        bars += 1;
    }
    assert_int_equal(bars, 2); // one row, two sizes
    st_text_clear(&out);
    st_ctx_destroy(ctx);
}

// Bars of low and high start at the result as it is, in proportion; what is not known has none.
static void tornado_bars_start_at_the_usual_result(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_text out;
    st_text_init(&out, ctx);
    const st_figure_tornado_row row[] = {
        {.label = "strong", .text = "", .hover = "", .low = -8.0, .high = -2.0, .colour = 2},
        {.label = "one-sided", .text = "", .hover = "", .low = NAN, .high = -4.0, .colour = 1}};
    const st_figure_tornado t = {.about = {.id = "t", .title = "", .desc = "", .x_label = ""},
                                 .row = row,
                                 .row_count = 2,
                                 .usual = -6.0,
                                 .usual_label = "as it is: -6",
                                 .has_zero = true};
    st_figures_tornado(&out, &t);
    assert_null(strstr(out.data, "nan"));
    const char* mark = strstr(out.data, "class=\"mark\"");
    double usual = 0.0;
    assert_non_null(mark);
    assert_int_equal(sscanf(mark, "class=\"mark\" d=\"M%lf", &usual), 1);
    double x[2];
    double width[2];
    const char* low = strstr(out.data, "<rect class=\"loss\"");
    const char* high = strstr(out.data, "<rect class=\"bar\"");
    assert_int_equal(
        sscanf(low, "<rect class=\"loss\" x=\"%lf\" y=\"%*f\" width=\"%lf", &x[0], &width[0]), 2);
    assert_int_equal(
        sscanf(high, "<rect class=\"bar\" x=\"%lf\" y=\"%*f\" width=\"%lf", &x[1], &width[1]), 2);
    assert_true(fabs(x[0] + width[0] - usual) < 0.11); // low lies left of it
    assert_true(fabs(x[1] - usual) < 0.11);
    assert_true(fabs(width[1] / width[0] - 2.0) < 0.01); // 4 points beside 2
    int bars = 0;
    for (const char* at = strstr(out.data, "<rect"); at; at = strstr(at + 1, "<rect")) {
        bars += 1;
    }
    assert_int_equal(bars, 2 * 3); // two sizes
    st_text_clear(&out);
    st_ctx_destroy(ctx);
}

// Every place of the tube at every time has exactly one colour: red below the line, none above.
static void tube_is_filled_once(void** state)
{
    (void)state;
    static st_figure_tube t = {
        .about = {.id = "u", .title = "", .desc = ""}, .height_mm = 100.0, .time_count = 11};
    for (int i = 0; i < t.time_count; i++) {
        t.time_s[i] = 60.0 * i;
        t.interface_mm[i] = 100.0 - 5.0 * i;
        for (int h = 0; h < ST_FIGURE_TUBE_HEIGHTS; h++) {
            t.red[i][h] = 2.0 * h >= 5.0 * i ? 0.9 : 0.0;
        }
    }
    st_ctx* ctx = st_ctx_create();
    st_text out;
    st_text_init(&out, ctx);
    st_figures_tube(&out, &t);
    const char* end = strstr(out.data, "</svg>");
    double area = 0.0;
    int colours = 0;
    for (const char* at = strstr(out.data, "<path fill=\"#"); at && at < end;
         at = strstr(at + 1, "<path fill=\"#")) {
        double x, y, w, h;
        int used = 0;
        colours += 1;
        for (const char* d = strstr(at, "d=\"") + 3;
             sscanf(d, "M%lf %lfh%lfv%lfh-%*fz%n", &x, &y, &w, &h, &used) == 4; d += used) {
            area += (w - 0.4) * (h - 0.3); // less what covers the seams
            assert_true(x >= 48.0 - 0.1 && y >= 24.0 - 0.1 && y + h <= 24.0 + 240.0 + 0.5);
        }
    }
    assert_int_equal(colours, 2);
    assert_true(fabs(area / (240.0 * (760.0 - 56.0)) - 1.0) < 0.01);
    t.time_count = 1; // nothing to draw
    const size_t length = out.length;
    st_figures_tube(&out, &t);
    assert_int_equal(out.length, length);
    st_text_clear(&out);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_have_round_ends_that_hold_the_data),
        cmocka_unit_test(scales_survive_one_value_and_none),
        cmocka_unit_test(values_fall_linearly_between_the_ends),
        cmocka_unit_test(ticks_have_the_decimals_of_their_step),
        cmocka_unit_test(lines_skip_what_is_missing),
        cmocka_unit_test(steps_keep_their_value_up_to_the_next_point),
        cmocka_unit_test(icons_show_as_many_dots_as_people),
        cmocka_unit_test(log_bars_have_no_room_below_one),
        cmocka_unit_test(tornado_bars_start_at_the_usual_result),
        cmocka_unit_test(tube_is_filled_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
