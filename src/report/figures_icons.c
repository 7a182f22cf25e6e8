#include "report/figures.h"
#include "report/html.h"

#include <math.h>

#define DOT  11.0 // pixels from dot to dot
#define HEAD 67.0 // of an arm: name in up to two lines, and count

static void add_field(st_text* out, const st_figure_icons_row* row, double left, double top,
                      double width)
{
    st_html_lines(out, row->label, "strong", (width - 12.0) / (1.1 * ST_FIGURE_LETTER), left,
                  top + 14.0);
    st_text_addf(out, "<text x=\"%.1f\" y=\"%.1f\">", left, top + HEAD - 17.0);
    st_html_short(out, row->text, (width - 12.0) / ST_FIGURE_LETTER);
    st_text_addf(out, "</text><g class=\"c%d\"><title>", row->colour);
    st_html_text(out, row->label);
    st_text_add(out, ": ");
    st_html_text(out, row->text);
    st_text_add(out, "</title>");
    for (int is_filled = 1; is_filled >= 0; is_filled--) {
        int drawn = 0;
        for (int i = 0; i < 100; i++) {
            const int icon_row = i / 10;
            if ((i < row->filled) == (is_filled == 1)) {
                // A line of no length with round ends is a dot.
                st_text_addf(out, "%sM%.1f %.1fh0",
                             drawn++ > 0 ? ""
                             : is_filled ? "<path class=\"icon\" d=\""
                                         : "<path class=\"icon empty\" d=\"",
                             left + 5.0 + DOT * (i % 10), top + HEAD + 5.0 + DOT * icon_row);
            }
        }
        st_text_add(out, drawn > 0 ? "\"/>" : "");
    }
    st_text_add(out, "</g>\n");
}

static void add_icons(st_text* out, const st_figure_icons* icons, bool is_narrow)
{
    const double width = is_narrow ? 360.0 : 760.0;
    const int columns = is_narrow ? 2 : 4;
    const int rows = (icons->row_count + columns - 1) / columns;
    const double cell = width / columns;
    const double line = HEAD + 10.0 * DOT + 18.0;
    st_figures_open(out, &icons->about, width, rows * line, is_narrow);
    for (int i = 0; i < icons->row_count; i++) {
        const int row = i / columns;
        add_field(out, &icons->row[i], (i % columns) * cell + 4.0, row * line, cell);
    }
    st_text_add(out, "</svg>\n");
}

void st_figures_icons(st_text* out, const st_figure_icons* icons)
{
    add_icons(out, icons, false);
    add_icons(out, icons, true);
}
