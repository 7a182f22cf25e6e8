/// \file
/// Private: numbers and names as people read them. Plain UTF-8; html.h escapes it for the page.
///
/// Minus is U+2212, so that a range never looks like a subtraction.
#ifndef ST_REPORT_WORDS_H
#define ST_REPORT_WORDS_H

#include "base/base.h"
#include "report/findings.h"

/// Text of a number, by value: no buffer to look after.
typedef struct st_words {
    char text[80];
} st_words;

/// Fixed decimals; "-0" is "0"; NAN is "not known".
st_words st_words_number(double value, int decimals);
/// The same with a plus where it is positive.
st_words st_words_signed(double value, int decimals);
/// "+3 [1, 5]"; without the range when it is narrower than the last digit shows, for [3, 3] would
/// look like a precision that nobody has. A dash where there is no number.
st_words st_words_interval(double value, double lo, double hi, int decimals);
/// `digits` significant digits; very large and small ones as "2.5 x 10^-11" (with U+00D7 and
/// superscripts).
st_words st_words_precise(double value, int digits);
/// A number of cells or people: "40 million", "5 300", "none".
st_words st_words_count(double count);
/// Whole number with thin spaces between groups of three digits.
st_words st_words_whole(int64_t value);
/// "baseline", "3 months", "day 10".
st_words st_words_visit(const st_visit_info* visit);
/// Share in percent without decimals; "under 1 %" and "over 99 %" where rounding would hide it.
st_words st_words_percent(double share);

/// Decimals that suit the uncertainty of a measure: its widest interval of a change has a half
/// width of 2 to 20 in the last digit shown.
int st_words_decimals(const st_findings* f, int measure);

/// Unit word of a measure without its range: "points" of "points (0-100)" and of "vas".
st_words st_words_unit(const char* unit);

/// Bytes of the first `characters` characters of UTF-8 text.
size_t st_words_prefix(const char* text, size_t characters);

/// Width of a text in em, estimated for a wide sans-serif; rather too much than too little.
double st_words_width(const char* text);

#endif
