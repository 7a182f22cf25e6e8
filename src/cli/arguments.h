/// \file
/// Reads what stands behind a command.
#ifndef ST_CLI_ARGUMENTS_H
#define ST_CLI_ARGUMENTS_H

#include "cli.h"

/// Reads `count` words after the command's name. On a mistake false, with one line in `why`: what
/// was found, what is allowed, the nearest known name. With --help nothing else is asked for.
bool st_arguments_read(const st_command* command, int count, char* const* word, st_arguments* out,
                       char* why, size_t why_size);

#endif
