#include "terminal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool is_given(const char* word)
{
    return word != NULL && word[0] != '\0';
}

bool st_terminal_words_say_utf8(const st_terminal_words* words)
{
    const char* locale = is_given(words->lc_all)     ? words->lc_all
                         : is_given(words->lc_ctype) ? words->lc_ctype
                         : is_given(words->lang)     ? words->lang
                                                     : "C";
    const char* dot = strchr(locale, '.');
    const size_t length = dot == NULL ? 0 : strcspn(dot + 1, "@");
    const bool is_utf8 = dot != NULL && ((length == 5 && strncasecmp(dot + 1, "utf-8", 5) == 0) ||
                                         (length == 4 && strncasecmp(dot + 1, "utf8", 4) == 0));
    return is_utf8 && is_given(words->term) && strcmp(words->term, "dumb") != 0;
}

bool st_terminal_shows_utf8(void)
{
    const st_terminal_words words = {getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG"),
                                     getenv("TERM")};
    return isatty(STDOUT_FILENO) != 0 && st_terminal_words_say_utf8(&words);
}
