#include "report/figures.h"
#include "report/html.h"

#include <math.h>

#define LINE 18.0

// Width in em that a strong line of a box has.
static double head_em(double width)
{
    return (width - 14.0) / (1.1 * ST_FIGURE_LETTER);
}

// A box with lines of text; the head is strong.
static void add_box(st_text* out, const char* head, int head_lines, const char* const* line,
                    int line_count, double left, double top, double width, int colour)
{
    const double height = 14.0 + LINE * (head_lines + line_count);
    st_text_addf(out, "<g class=\"c%d\"><path class=\"box\" d=\"M%.1f %.1fh%.1fv%.1fh%.1fz\"/></g>",
                 colour, left, top, width, height, -width);
    st_html_lines(out, head, "strong", head_em(width), left + 8.0, top + 19.0);
    for (int i = 0; i < line_count; i++) {
        st_text_addf(out, "<text x=\"%.1f\" y=\"%.1f\">", left + 8.0,
                     top + 19.0 + LINE * (i + head_lines));
        st_html_short(out, line[i], (width - 14.0) / ST_FIGURE_LETTER);
        st_text_add(out, "</text>");
    }
    st_text_add(out, "\n");
}

static double arms_height(const st_figure_flow* flow, double width, int* head_lines)
{
    int lines = 0;
    *head_lines = 1;
    for (int a = 0; a < flow->arm_count; a++) {
        lines = flow->arm[a].line_count > lines ? flow->arm[a].line_count : lines;
        const int head = st_html_lines(NULL, flow->arm[a].label, "", head_em(width), 0.0, 0.0);
        *head_lines = head > *head_lines ? head : *head_lines;
    }
    return 14.0 + LINE * (*head_lines + lines);
}

static void add_flow(st_text* out, const st_figure_flow* flow, bool is_narrow)
{
    const double width = is_narrow ? 360.0 : 760.0;
    const int columns = is_narrow ? 1 : flow->arm_count < 4 ? flow->arm_count : 4;
    const int rows = (flow->arm_count + columns - 1) / columns;
    const double cell = (width - 20.0) / columns;
    int head_lines = 1;
    const double step = arms_height(flow, cell - 6.0, &head_lines) + 14.0;
    const double side = 14.0 + LINE * (1 + flow->left_count);
    const bool has_side = flow->left_count > 0;
    const double trunk = 32.0;
    // Wide: those who did not enter stand beside the trunk; narrow: between start and entry.
    const double entered_top = !has_side   ? trunk + 30.0
                               : is_narrow ? trunk + side + 48.0
                                           : fmax(trunk + 30.0, 26.0 + side + 10.0);
    const double arms_top = entered_top + trunk + 34.0;
    const double box = is_narrow ? 340.0 : 300.0;
    const double left = is_narrow ? 10.0 : 20.0;
    st_figures_open(out, &flow->about, width, arms_top + rows * step + 4.0, is_narrow);
    const double middle = left + 24.0;
    if (!is_narrow || !has_side) {
        st_text_addf(out, "<path class=\"axis\" d=\"M%.1f %.1fV%.1f\"/>", middle, trunk,
                     entered_top);
    }
    if (has_side && !is_narrow) {
        st_text_addf(out, "<path class=\"axis\" d=\"M%.1f 46H%.1f\"/>", middle, left + box + 60.0);
    }
    if (has_side && is_narrow) {
        st_text_addf(out, "<path class=\"axis\" d=\"M%.1f %.1fv24M%.1f %.1fV%.1f\"/>", middle,
                     trunk, middle, trunk + 24.0 + side, entered_top);
    }
    const double fork = entered_top + trunk + 17.0;
    st_text_addf(out, "<path class=\"axis\" d=\"M%.1f %.1fV%.1f", middle, entered_top + trunk,
                 is_narrow ? arms_top : fork);
    if (!is_narrow) {
        st_text_addf(out, "H%.1f", 10.0 + cell * (columns - 0.5));
        for (int c = 0; c < columns; c++) {
            st_text_addf(out, "M%.1f %.1fV%.1f", 10.0 + cell * (c + 0.5), fork, arms_top);
        }
    }
    st_text_add(out, "\"/>\n");
    add_box(out, flow->start, 1, NULL, 0, left, 0.5, box, 0);
    if (has_side) {
        add_box(out, "did not enter: first reason", 1, flow->left, flow->left_count,
                is_narrow ? 10.0 : left + box + 60.0, is_narrow ? trunk + 24.0 : 0.5,
                is_narrow ? 340.0 : width - (left + box + 70.0), 0);
    }
    add_box(out, flow->entered, 1, NULL, 0, left, entered_top, box, 0);
    for (int a = 0; a < flow->arm_count; a++) {
        const st_figure_flow_arm* arm = &flow->arm[a];
        const int row = a / columns;
        add_box(out, arm->label, head_lines, arm->line, arm->line_count,
                10.0 + cell * (a % columns) + 3.0, arms_top + step * row, cell - 6.0, arm->colour);
    }
    st_text_add(out, "</svg>\n");
}

void st_figures_flow(st_text* out, const st_figure_flow* flow)
{
    add_flow(out, flow, false);
    add_flow(out, flow, true);
}
