/// \file
/// Says what went wrong, on standard error.
#ifndef ST_CLI_MESSAGES_H
#define ST_CLI_MESSAGES_H

#include "cli.h"

#include <stdio.h>

/// Prints the messages of `ctx`, each on its own line, and a closing line that counts mistakes or
/// says what became of the run. Gives the exit status for `status`.
int st_messages_print(const st_ctx* ctx, st_status status, FILE* out);

#endif
