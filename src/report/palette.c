#include "report/palette.h"

// Position among the arms of the same kind: controls, or compared ones.
static int position(const st_findings* f, int arm)
{
    int before = 0;
    for (int a = 0; a < arm; a++) {
        before += (f->arm[a].control < 0) == (f->arm[arm].control < 0);
    }
    return before;
}

int st_palette_colour(const st_findings* f, int arm)
{
    if (f->arm[arm].control < 0 && f->arm_count > 1) {
        return 0;
    }
    return 1 + position(f, arm) % ST_FIGURE_COLOURS;
}

int st_palette_dash(const st_findings* f, int arm)
{
    const bool is_grey = st_palette_colour(f, arm) == 0;
    const int round = is_grey ? position(f, arm) : position(f, arm) / ST_FIGURE_COLOURS;
    return round % 3;
}
