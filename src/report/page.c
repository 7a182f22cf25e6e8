#include "report/page.h"
#include "report/html.h"
#include "report/script/script.h"
#include "report/sections.h"
#include "report/tissue_page.h"

// Nothing is fetched: no font, no image from anywhere, and no script but the one that is written
// here and named by its hash.
static const char head_start[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; script-src '";
static const char head_rest[] =
    "'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n<title>";

static const char navigation_to_joint[] =
    "<nav aria-label=\"Sections\"><ul><li><a href=\"#answer\">The answer</a></li>"
    "<li><a href=\"#outcomes\">Arms beside control</a></li>"
    "<li><a href=\"#split\">Where change comes from</a></li>"
    "<li><a href=\"#harvest\">From harvest to joint</a></li>"
    "<li><a href=\"#cells\">The cells</a></li><li><a href=\"#joint\">Inside the joint</a></li>";
static const char navigation_zoom[] = "<li><a href=\"#zoom\">Seen cell by cell</a></li>";
static const char navigation_rest[] =
    "<li><a href=\"#benefit\">Who benefits</a></li>"
    "<li><a href=\"#people\">Who took part</a></li><li><a href=\"#harms\">Harms</a></li>"
    "<li><a href=\"#assumptions\">What it rests on</a></li>"
    "<li><a href=\"#methods\">Methods</a></li>"
    "<li><a href=\"#credibility\">How far to believe it</a></li>"
    "<li><a href=\"#glossary\">Words</a></li></ul></nav>\n";

static void add_header(st_text* out, const st_findings* f)
{
    st_text_add(out, "<header><h1>");
    st_html_text(out, st_findings_about(f, "study_title"));
    st_text_add(out, "</h1>\n<p class=\"sub\">A computed trial: ");
    st_text_addf(out, "%d arm%s, %s virtual people, visits to %s; model “", f->arm_count,
                 f->arm_count == 1 ? "" : "s", st_words_whole(f->person_count).text,
                 st_words_visit(&f->visit[f->visit_count - 1]).text);
    st_html_text(out, st_findings_about(f, "model_title"));
    st_text_add(out, "”");
    if (f->parameter_count > 0) {
        st_text_addf(out, "; %s of its values are assumed",
                     st_words_percent((double)f->assumed_count / f->parameter_count).text);
    }
    st_text_add(out, ".</p></header>\n");
}

static void add_pieces(st_text* out, const char* const* piece)
{
    for (; *piece; piece++) {
        st_text_add(out, *piece);
    }
}

static const char people[] = "Every person on this page is virtual.";

void st_page_begin(st_text* out, const char* title)
{
    st_page_begin_with(out, title, "", people);
}

void st_page_begin_with(st_text* out, const char* title, const char* style, const char* banner)
{
    st_text_add(out, head_start);
    st_text_add(out, st_script_hash);
    st_text_add(out, head_rest);
    st_html_text(out, title);
    st_text_add(out, "</title>\n<style>\n");
    add_pieces(out, st_script_uplot_style);
    st_text_add(out, "\n");
    st_page_style_write(out);
    st_text_add(out, style);
    st_text_add(out,
                "</style></head>\n<body>\n<a class=\"skip\" href=\"#answer\">To the answer</a>"
                "\n<main>\n<p class=\"banner\"><strong>Research, teaching and trial design; not "
                "medical advice.</strong> ");
    st_text_add(out, banner);
    st_text_add(out, "</p>\n");
}

void st_page_end(st_text* out, const char* version)
{
    st_text_add(out, "</main>\n<footer><p>Stroma ");
    st_html_text(out, version);
    st_text_add(out,
                ". Research, teaching and trial design; not medical advice. Charts to zoom into: "
                "uPlot (MIT).</p></footer>\n<script>");
    add_pieces(out, st_script_uplot);
    add_pieces(out, st_script_page);
    st_text_add(out, "</script>\n</body></html>\n");
}

void st_page_write(st_text* out, const st_findings* f, const char* zooms)
{
    st_page_begin_with(out, st_findings_about(f, "study_title"),
                       zooms[0] ? st_tissue_page_style() : "", people);
    add_header(out, f);
    st_text_add(out, navigation_to_joint);
    st_text_add(out, zooms[0] ? navigation_zoom : "");
    st_text_add(out, navigation_rest);
    st_section_answer(out, f);
    st_section_outcomes(out, f);
    st_section_split(out, f);
    st_section_harvest(out, f);
    st_section_cells(out, f);
    st_section_joint(out, f);
    st_text_add(out, zooms);
    st_section_benefit(out, f);
    st_section_people(out, f);
    st_section_harms(out, f);
    st_section_assumptions(out, f);
    st_section_methods(out, f);
    st_section_credibility(out, f);
    st_section_glossary(out, f);
    st_page_end(out, st_findings_about(f, "program_version"));
}
