#include "messages.h"

static int exit_status(st_status status)
{
    switch (status) {
    case ST_OK:
        return ST_EXIT_DONE;
    case ST_ERR_INPUT:
        return ST_EXIT_INPUT;
    case ST_ERR_NUMERIC:
        return ST_EXIT_NUMERIC;
    case ST_ERR_FILE:
    case ST_ERR_MEMORY:
        return ST_EXIT_FILE;
    case ST_ERR_INTERRUPTED:
        return ST_EXIT_INTERRUPTED;
    }
    return ST_EXIT_FILE;
}

int st_messages_print(const st_ctx* ctx, st_status status, FILE* out)
{
    const int kept = st_ctx_message_count(ctx);
    const int all = st_ctx_mistake_count(ctx);
    for (int i = 0; i < kept; ++i) {
        fprintf(out, "%s\n", st_ctx_message(ctx, i));
    }
    if (all > kept) {
        fprintf(out, "... and %d more\n", all - kept);
    }
    if (status == ST_ERR_INPUT) {
        fprintf(out, "%d %s; nothing was written\n", all, all == 1 ? "mistake" : "mistakes");
    } else if (status == ST_ERR_INTERRUPTED) {
        fprintf(out, "interrupted; nothing was written\n");
    } else if (status != ST_OK && kept == 0) {
        fprintf(out, "failed: %s\n", st_status_name(status));
    }
    return exit_status(status);
}
