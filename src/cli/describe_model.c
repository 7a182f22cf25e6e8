/// `stroma describe`: a model as a readable page, or as JSON.

#include "cli.h"
#include "describe_json.h"
#include "describe_page.h"
#include "messages.h"

#include <stdio.h>

static st_status write_out(st_ctx* ctx, const char* path, const st_text* text)
{
    if (path != NULL) {
        return st_file_write(ctx, path, text->data, text->length);
    }
    fwrite(text->data, 1, text->length, stdout); // main() looks at what became of it
    return ST_OK;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    st_model* model = NULL;
    st_text text;
    st_text_init(&text, ctx);
    st_status status = st_model_load(ctx, arguments->file, arguments->variant, &model);
    if (status == ST_OK) {
        status = arguments->given & ST_OPTION_JSON ? st_describe_json_write(ctx, model, &text)
                                                   : st_describe_page_write(ctx, model, &text);
    }
    if (status == ST_OK) {
        status = write_out(ctx, arguments->output, &text);
    }
    st_text_clear(&text);
    st_model_destroy(model);
    return st_messages_print(ctx, status, stderr);
}

const st_command ST_DESCRIBE_COMMAND = {
    .name = "describe",
    .operand = "MODEL.yaml",
    .about = "a model as a page: equations, parameters with sources, who acts on whom",
    .help = "  -o, --output FILE  write there instead of to standard output\n"
            "      --json         JSON for programs instead of a page\n"
            "      --variant V    this variant of the model\n",
    .options = ST_OPTION_OUTPUT | ST_OPTION_JSON | ST_OPTION_VARIANT | ST_OPTION_HELP,
    .perform = perform,
};
