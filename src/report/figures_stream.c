#include "report/figures.h"
#include "report/html.h"

#include <math.h>

#define STREAM_HEIGHT 64.0 // of the whole
#define STREAM_ROOM   152.0

// One arm: a band from step to step, what is lost bends away below.
static void add_stream(st_text* out, const st_figure_stream_row* row, double top, double width,
                       bool is_narrow)
{
    const int count = row->step_count;
    const double left = is_narrow ? 4.0 : 10.0;
    const double span = (width - left - (is_narrow ? 46.0 : 80.0)) / (count > 1 ? count - 1 : 1);
    const double base = top + 44.0;
    const double em = (span - 6.0) / ST_FIGURE_LETTER;
    st_text_addf(out, "<text class=\"head\" x=\"2\" y=\"%.1f\">", top + 16.0);
    st_html_short(out, row->label, (width - 4.0) / (1.1 * ST_FIGURE_LETTER));
    st_text_addf(out, "</text><g class=\"c%d\">", row->colour);
    for (int i = 0; i + 1 < count; i++) {
        const double x = left + span * i;
        const double y0 = STREAM_HEIGHT * row->step[i].share;
        const double y1 = STREAM_HEIGHT * fmin(row->step[i + 1].share, row->step[i].share);
        st_text_addf(out,
                     "<path class=\"flow\" d=\"M%.1f %.1fV%.1fC%.1f %.1f %.1f %.1f %.1f %.1fV%.1fz\">"
                     "<title>",
                     x, base, base + y0, x + 0.5 * span, base + y0, x + 0.5 * span, base + y1,
                     x + span, base + y1, base);
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

static void add_streams(st_text* out, const st_figure_stream* stream, bool is_narrow)
{
    const double width = is_narrow ? 360.0 : 760.0;
    st_figures_open(out, &stream->about, width, STREAM_ROOM * stream->row_count + 4.0, is_narrow);
    for (int i = 0; i < stream->row_count; i++) {
        add_stream(out, &stream->row[i], STREAM_ROOM * i, width, is_narrow);
    }
    st_text_add(out, "</svg>\n");
}

void st_figures_stream(st_text* out, const st_figure_stream* stream)
{
    add_streams(out, stream, false);
    add_streams(out, stream, true);
}
