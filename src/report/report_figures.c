#include "report/figures.h"
#include "report/folder.h"
#include "report/page.h"
#include "stroma/report.h"

#include <stdio.h>
#include <string.h>

// Fixed colours on white: programs that edit SVG know no variables of style sheets.
static const char* const colour[] = {"#6b6b6b", "#0072b2", "#d55e00", "#009e73",
                                     "#b4558c", "#c98500", "#3d9ad1"};

static const char* const style[] = {
    "text{fill:#1a1a1a;font-size:13px;font-family:'DejaVu Sans',Arial,Helvetica,sans-serif}",
    ".tick,.label{fill:#555}.strong,.head{font-weight:600}",
    ".grid{stroke:#d5d5d5;fill:none}.axis{stroke:#555;fill:none}",
    ".mark{stroke:#1a1a1a;stroke-width:1.2;stroke-dasharray:2 4;fill:none}",
    ".line{stroke-width:2.4;fill:none;stroke-linejoin:round}",
    ".d1{stroke-dasharray:8 5}.d2{stroke-dasharray:2 4}",
    ".band{opacity:.16}.faint{opacity:.07}.bar{opacity:.85}",
    ".total{fill:none;stroke:#1a1a1a;stroke-width:1.4}",
    ".leader{stroke-width:1;fill:none;opacity:.6}.whisker{stroke-width:1.8;fill:none}",
    ".error{stroke:#1a1a1a;stroke-width:1.3;fill:none}",
    ".tickbar{stroke:#1a1a1a;stroke-width:2.6;fill:none}.hollow{fill:#fff;stroke-width:2.2}",
    ".icon{stroke-width:8;stroke-linecap:round;fill:none}",
    ".flow{opacity:.75}.loss{opacity:.22}.box{fill:#fff;stroke-width:1.6}",
};

static void add_style(st_text* out)
{
    st_text_add(out, "<style>");
    for (size_t i = 0; i < sizeof style / sizeof style[0]; i++) {
        st_text_add(out, style[i]);
    }
    for (int k = 0; k <= ST_FIGURE_COLOURS; k++) {
        st_text_addf(out,
                     ".c%d .line,.c%d .leader,.c%d .whisker,.c%d .hollow,.c%d .box,.c%d "
                     ".icon{stroke:%s}.c%d .band,.c%d .dot,.c%d .bar,.c%d .flow,.c%d "
                     ".loss{fill:%s}",
                     k, k, k, k, k, k, colour[k], k, k, k, k, k, colour[k]);
    }
    st_text_add(out, ".c0 .empty,.empty.icon.icon.icon{stroke:#d5d5d5}</style>"
                     "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
}

static const char opening[] = "<svg class=\"wide\"";
static const char naming[] = "aria-labelledby=\"";

// Name of the figure whose <svg> begins at `at`: that of its title, without "-wide-t".
static bool read_name(const char* at, char* name, size_t size)
{
    const char* id = strstr(at, naming);
    const char* end = id ? strstr(id, "-wide-t") : NULL;
    if (!end || (size_t)(end - id) >= size + sizeof naming - 1) {
        return false;
    }
    const size_t length = (size_t)(end - id) - (sizeof naming - 1);
    memcpy(name, id + sizeof naming - 1, length);
    name[length] = '\0';
    return length > 0;
}

static st_status write_one(st_ctx* ctx, const char* folder, const char* at, size_t length)
{
    char name[80];
    char file[96];
    if (!read_name(at, name, sizeof name)) {
        return ST_FAIL(ctx, ST_ERR_FILE, "a figure of the page has no name");
    }
    snprintf(file, sizeof file, "%s.svg", name);
    st_text text;
    st_text_init(&text, ctx);
    const size_t head = (size_t)(strchr(at, '>') - at) + 1;
    st_text_add(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    st_text_add_bytes(&text, at + sizeof opening - 1, head - (sizeof opening - 1));
    add_style(&text);
    st_text_add_bytes(&text, at + head, length - head);
    st_text_add(&text, "\n");
    char* path = st_folder_path(ctx, folder, file);
    st_status status = path && !text.failed ? ST_OK : ST_ERR_MEMORY;
    if (status == ST_OK) {
        status = st_file_write(ctx, path, text.data, text.length);
    }
    st_free(ctx, path);
    st_text_clear(&text);
    return status;
}

st_status st_report_figures(st_ctx* ctx, const char* dir, const char* out, int* count)
{
    *count = 0;
    st_findings findings;
    ST_TRY(st_findings_load(ctx, dir, &findings));
    st_text page;
    st_text_init(&page, ctx);
    st_page_write(&page, &findings, "");
    st_findings_clear(&findings);
    size_t made_from = 0;
    st_status status = page.failed ? ST_ERR_MEMORY : st_folder_make(ctx, out, &made_from);
    const char* at = status == ST_OK ? strstr(page.data, opening) : NULL;
    while (at && status == ST_OK) {
        const char* end = strstr(at, "</svg>");
        if (!end) {
            break;
        }
        status = write_one(ctx, out, at, (size_t)(end - at) + 6);
        *count += status == ST_OK;
        at = strstr(end, opening);
    }
    st_text_clear(&page);
    return status;
}
