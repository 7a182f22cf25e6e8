#include "report/html.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int set_up(void** state)
{
    st_text* text = test_malloc(sizeof *text);
    st_text_init(text, st_ctx_create());
    *state = text;
    return 0;
}

static int tear_down(void** state)
{
    st_text* text = *state;
    st_ctx* ctx = text->ctx;
    st_text_clear(text);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
    test_free(text);
    return 0;
}

static void assert_text(st_text* out, const char* expected)
{
    assert_string_equal(out->data ? out->data : "", expected);
    st_text_clear(out);
}

static void names_are_escaped(void** state)
{
    st_text* out = *state;
    st_html_text(out, "a<b> & \"c\" 'd' é\x01\x7f\n");
    assert_text(out, "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; é\n");
}

static void long_names_are_cut_between_characters(void** state)
{
    st_text* out = *state;
    st_html_short(out, "short", 20.0);
    assert_text(out, "short");
    st_html_short(out, "ééééééééé", 3.5);
    assert_text(out, "ééé…");
    st_html_short(out, "anything", 0.0);
    assert_text(out, "…");
}

static void sources_become_links(void** state)
{
    st_text* out = *state;
    st_html_source(out, "fig. 3, doi:10.1000/ab(1)c.");
    assert_text(out, "fig. 3, doi:<a rel=\"noopener noreferrer\" "
                     "href=\"https://doi.org/10.1000/ab(1)c\">10.1000/ab(1)c</a>.");
    st_html_source(out, "(PMID: 123, PMC45)");
    assert_text(out, "(<a rel=\"noopener noreferrer\" href=\"https://pubmed.ncbi.nlm.nih.gov/123\">"
                     "PMID: 123</a>, <a rel=\"noopener noreferrer\" "
                     "href=\"https://pmc.ncbi.nlm.nih.gov/articles/PMC45\">PMC45</a>)");
    st_html_source(out, "https://example.org/a?b=1&c=2, and 3.10.2");
    assert_text(out, "<a rel=\"noopener noreferrer\" href=\"https://example.org/a?b=1&amp;c=2\">"
                     "https://example.org/a?b=1&amp;c=2</a>, and 3.10.2");
}

static void no_source_can_break_out_of_a_link(void** state)
{
    st_text* out = *state;
    st_html_source(out, "https://x\"onclick=\"1 10.1000/<script> javascript:alert(1) PMID none");
    assert_non_null(out->data);
    assert_null(strstr(out->data, "<script>"));
    assert_null(strstr(out->data, "href=\"javascript"));
    assert_non_null(strstr(out->data, "href=\"https://x\">https://x</a>&quot;onclick"));
    st_text_clear(out);
}

static void intervals_read_well(void** state)
{
    st_text* out = *state;
    st_html_interval_cell(out, -7.0, -10.0, -4.0, 0);
    assert_text(out, "<td class=\"n\">−7 <span class=\"ci\">[−10, −4]</span></td>");
    st_html_interval_cell(out, (double)NAN, 0.0, 1.0, 0);
    assert_text(out, "<td class=\"n\">–</td>");
    st_html_interval_cell(out, 2.0, (double)NAN, (double)NAN, 1);
    assert_text(out, "<td class=\"n\">+2.0</td>");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(names_are_escaped),    CASE(long_names_are_cut_between_characters),
        CASE(sources_become_links), CASE(no_source_can_break_out_of_a_link),
        CASE(intervals_read_well),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
