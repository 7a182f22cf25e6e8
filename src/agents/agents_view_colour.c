// Which colour a kind of cell has, in stills and wherever else it is shown.

#include "stroma/agents.h"

#define COLOUR_COUNT 12

/// Colours that people who do not tell red from green can tell apart, after Okabe and Ito, then
/// darker ones.
static const uint8_t COLOUR[COLOUR_COUNT][3] = {
    {0, 114, 178},  {230, 159, 0}, {0, 158, 115}, {204, 121, 167}, {86, 180, 233}, {213, 94, 0},
    {240, 228, 66}, {90, 90, 90},  {0, 60, 120},  {120, 70, 0},    {0, 90, 60},    {120, 40, 90},
};

void st_agents_view_colour(int type, uint8_t rgb[3])
{
    // The second dozen is lighter, the third darker; then they come again.
    const int round = type / COLOUR_COUNT % 3;
    for (int i = 0; i < 3; i++) {
        const int plain = COLOUR[type % COLOUR_COUNT][i];
        rgb[i] = (uint8_t)(round == 0 ? plain : round == 1 ? (plain + 255) / 2 : plain * 11 / 20);
    }
}
