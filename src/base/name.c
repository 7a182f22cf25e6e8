#include "base/doc.h"

#include <string.h>

#define WORD_LIMIT 64
#define EDIT       4

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

// Edit distance with swaps of neighbours, in quarters: a letter added, left out, changed or swapped
// costs EDIT, another case or `_` for `-` costs 1. Words longer than WORD_LIMIT are never near.
static int distance(const char* a, const char* b)
{
    const int length_a = (int)strnlen(a, WORD_LIMIT + 1);
    const int length_b = (int)strnlen(b, WORD_LIMIT + 1);
    if (length_a > WORD_LIMIT || length_b > WORD_LIMIT) {
        return EDIT * 2 * WORD_LIMIT;
    }
    int rows[3][WORD_LIMIT + 1];
    for (int j = 0; j <= length_b; j++) {
        rows[0][j] = EDIT * j;
    }
    for (int i = 1; i <= length_a; i++) {
        int* row = rows[i % 3];
        const int* above = rows[(i + 2) % 3];
        const int* above_two = rows[(i + 1) % 3];
        row[0] = EDIT * i;
        for (int j = 1; j <= length_b; j++) {
            const char x = a[i - 1];
            const char y = b[j - 1];
            const bool near = lower(x) == lower(y) || (strchr("-_ ", x) && strchr("-_ ", y));
            row[j] = above[j - 1] + (x == y ? 0 : near ? 1 : EDIT);
            row[j] = least(row[j], least(above[j], row[j - 1]) + EDIT);
            if (i > 1 && j > 1 && x == b[j - 2] && a[i - 2] == y) {
                row[j] = least(row[j], above_two[j - 2] + EDIT);
            }
        }
    }
    return rows[length_a % 3][length_b];
}

const char* st_name_nearest(const char* word, const char* const* names, int count)
{
    const char* best = NULL;
    int best_distance = 0;
    for (int i = 0; i < count; i++) {
        const int d = distance(word, names[i]);
        // At most a third of the letters may differ.
        if (3 * d <= EDIT * (int)strlen(names[i]) && (best == NULL || d < best_distance)) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}
