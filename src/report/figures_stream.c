#include "report/figures.h"
#include "report/html.h"

#include <math.h>

#define STREAM_HEIGHT 64.0 // of the whole
#define STREAM_ROOM   152.0
#define NARROW_HEAD   38.0
#define NARROW_STEP   28.0

// One arm: a band from step to step, what is lost bends away below.
static void add_stream(st_text* out, const st_figure_stream_row* row, double top, double width)
{
    const int count = row->step_count;
    const double left = 10.0;
    const double span = (width - left - 90.0) / (count > 1 ? count - 1 : 1);
    const double base = top + 44.0;
    const double em = (span - 6.0) / ST_FIGURE_LETTER;
    st_text_addf(out, "<text class=\"head\" x=\"2\" y=\"%.1f\">", top + 16.0);
    st_html_short(out, row->label, (width - 4.0) / (1.1 * ST_FIGURE_LETTER));
    st_text_addf(out, "</text><g class=\"c%d\">", row->colour);
    for (int i = 0; i + 1 < count; i++) {
        const double x = left + span * i;
        const double y0 = STREAM_HEIGHT * row->step[i].share;
        const double y1 = STREAM_HEIGHT * fmin(row->step[i + 1].share, row->step[i].share);
        st_text_addf(
            out,
            "<path class=\"flow\" d=\"M%.1f %.1fV%.1fC%.1f %.1f %.1f %.1f %.1f %.1fV%.1fz\">"
            "<title>",
            x, base, base + y0, x + 0.5 * span, base + y0, x + 0.5 * span, base + y1, x + span,
            base + y1, base);
        st_html_text(out, row->step[i].label);
        st_text_add(out, " to ");
        st_html_text(out, row->step[i + 1].label);
        st_text_add(out, ": ");
        st_html_text(out, row->step[i].text);
        st_text_add(out, " to ");
        st_html_text(out, row->step[i + 1].text);
        st_text_add(out, "</title></path>");
        if (y0 - y1 > 0.3) { // the part that is lost bends down and ends
            const double far = base + STREAM_HEIGHT + 10.0;
            st_text_addf(out,
                         "<path class=\"loss\" d=\"M%.1f %.1fV%.1fC%.1f %.1f %.1f %.1f %.1f "
                         "%.1fh%.1fC%.1f %.1f %.1f %.1f %.1f %.1fz\"/>",
                         x, base + y1, base + y0, x + 0.3 * span, base + y0, x + 0.45 * span,
                         base + y0, x + 0.45 * span, far, fmin(0.3 * span, y0 - y1),
                         x + 0.45 * span + fmin(0.3 * span, y0 - y1), base + y1 + 2.0,
                         x + 0.4 * span, base + y1, x, base + y1);
        }
    }
    st_text_add(out, "</g>");
    for (int i = 0; i < count; i++) {
        const double x = left + span * i;
        st_text_addf(out,
                     "<path class=\"axis\" d=\"M%.1f %.1fv%.1f\"/><text class=\"tick\" x=\"%.1f\" "
                     "y=\"%.1f\">",
                     x, base - 4.0, STREAM_HEIGHT + 22.0, x + 1.0, base - 9.0);
        st_html_short(out, row->step[i].label, i + 1 < count ? em : 8.0);
        st_text_addf(out, "</text><text class=\"end\" x=\"%.1f\" y=\"%.1f\">", x + 1.0,
                     base + STREAM_HEIGHT + 32.0);
        st_html_short(out, row->step[i].text, i + 1 < count ? em : 8.0);
        st_text_add(out, "</text>");
    }
    st_text_add(out, "\n");
}

// On a narrow page the stream runs downward: label, band, what is left.
static void add_narrow_stream(st_text* out, const st_figure_stream_row* row, double top)
{
    const double left = 132.0;
    const double span = 110.0;
    st_text_addf(out, "<text class=\"head\" x=\"2\" y=\"%.1f\">", top + 16.0);
    st_html_short(out, row->label, 340.0 / (1.1 * ST_FIGURE_LETTER));
    st_text_add(out, "</text>");
    for (int i = 0; i < row->step_count; i++) {
        const double y = top + NARROW_HEAD + NARROW_STEP * i;
        const double width = span * row->step[i].share;
        if (i + 1 < row->step_count) {
            const double next = span * fmin(row->step[i + 1].share, row->step[i].share);
            st_text_addf(out,
                         "<g class=\"c%d\"><path class=\"flow\" d=\"M%.1f %.1fh%.1fL%.1f "
                         "%.1fH%.1fz\"/><path class=\"loss\" d=\"M%.1f %.1fV%.1fH%.1fz\"/></g>",
                         row->colour, left, y, width, left + next, y + NARROW_STEP, left,
                         left + width, y, y + NARROW_STEP, left + next);
        }
        st_text_addf(out,
                     "<path class=\"axis\" d=\"M%.1f %.1fh%.1f\"/><text class=\"tick\" x=\"10\" "
                     "y=\"%.1f\">",
                     left - 4.0, y, span + 12.0, y + 4.5);
        st_html_short(out, row->step[i].label, 110.0 / ST_FIGURE_LETTER);
        st_text_addf(out, "</text><text class=\"end\" x=\"%.1f\" y=\"%.1f\">", left + span + 14.0,
                     y + 4.5);
        st_html_short(out, row->step[i].text, 96.0 / ST_FIGURE_LETTER);
        st_text_add(out, "</text>");
    }
    st_text_add(out, "\n");
}

static void add_wide(st_text* out, const st_figure_stream* stream)
{
    st_figures_open(out, &stream->about, 760.0, STREAM_ROOM * stream->row_count + 4.0, false);
    for (int i = 0; i < stream->row_count; i++) {
        add_stream(out, &stream->row[i], STREAM_ROOM * i, 760.0);
    }
    st_text_add(out, "</svg>\n");
}

static void add_narrow(st_text* out, const st_figure_stream* stream)
{
    double height = 4.0;
    for (int i = 0; i < stream->row_count; i++) {
        height += NARROW_HEAD + NARROW_STEP * stream->row[i].step_count;
    }
    st_figures_open(out, &stream->about, 360.0, height, true);
    double top = 0.0;
    for (int i = 0; i < stream->row_count; i++) {
        add_narrow_stream(out, &stream->row[i], top);
        top += NARROW_HEAD + NARROW_STEP * stream->row[i].step_count;
    }
    st_text_add(out, "</svg>\n");
}

void st_figures_stream(st_text* out, const st_figure_stream* stream)
{
    add_wide(out, stream);
    add_narrow(out, stream);
}
