/// \file
/// What the terminal can show.
#ifndef ST_CLI_TERMINAL_H
#define ST_CLI_TERMINAL_H

#include <stdbool.h>

/// Variables of the environment, NULL when not set.
typedef struct st_terminal_words {
    const char *lc_all, *lc_ctype, *lang, *term;
} st_terminal_words;

/// True when these name a UTF-8 locale and the terminal is no dumb one. The first of LC_ALL,
/// LC_CTYPE and LANG that is set and not empty decides, as POSIX says.
bool st_terminal_words_say_utf8(const st_terminal_words* words);

/// True when standard output is a terminal that shows UTF-8. A file or a pipe gets ASCII.
bool st_terminal_shows_utf8(void);

#endif
