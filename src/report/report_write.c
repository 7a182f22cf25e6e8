#include "report/folder.h"
#include "report/page.h"
#include "report/tissue_zooms.h"
#include "stroma/report.h"

st_status st_report_write(st_ctx* ctx, const char* dir)
{
    st_findings findings;
    ST_TRY(st_findings_load(ctx, dir, &findings));
    st_text page;
    st_text_init(&page, ctx);
    st_text zooms;
    st_text_init(&zooms, ctx);
    st_status status = st_tissue_zooms_add(ctx, dir, &zooms);
    if (status == ST_OK) {
        st_page_write(&page, &findings, zooms.length > 0 ? zooms.data : "");
        status = page.failed || zooms.failed ? ST_ERR_MEMORY : ST_OK;
    }
    st_text_clear(&zooms);
    char* path = st_folder_path(ctx, dir, "report.html");
    if (!path) {
        status = ST_ERR_MEMORY;
    }
    if (status == ST_OK) {
        status = st_file_write(ctx, path, page.data, page.length);
    }
    st_free(ctx, path);
    st_text_clear(&page);
    st_findings_clear(&findings);
    return status;
}
