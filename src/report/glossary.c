#include "report/glossary.h"
#include "report/html.h"

#include "base/base.h"

#include <string.h>

static const struct {
    const char *key, *term, *meaning;
} terms[] = {
    {"ancova", "analysis of covariance",
     "Compares the changes of two arms as if everybody had begun with the same score."},
    {"arm", "arm", "A group of people who get the same treatment in a trial."},
    {"ci", "95 % interval",
     "A range made by a rule that would hold the true value in 95 of 100 trials of this size, "
     "were the model the truth."},
    {"context", "context",
     "What being treated does by itself: attention, expectation, the needle and the fluid."},
    {"control", "control", "What an arm is compared with."},
    {"important", "smallest important change",
     "The smallest change of a score that one person calls important, from the literature."},
    {"kl", "KL grade",
     "Kellgren and Lawrence's grade of the X-ray, 0 to 4; higher shows more osteoarthritis."},
    {"km", "Kaplan-Meier",
     "Counts, visit by visit, who reached an event for the first time among those still watched."},
    {"mean", "regression to the mean",
     "People are let in on a bad day; their next reading is better by chance, with any treatment."},
    {"msc", "MSC", "Mesenchymal stromal cells, also called mesenchymal stem cells."},
    {"paired", "paired difference",
     "The difference within the same person, computed once with and once without."},
    {"sham", "sham", "The same procedure without the product."},
    {"shrink", "shrinkage",
     "Pulls the result of a small group toward that of all, by how much of it is noise."},
    {"twin", "twin",
     "The same virtual person, computed once more under another treatment or under none."},
    {"vas", "VAS", "Visual analogue scale: pain marked on a line, read from 0 to 100."},
    {"wilson", "Wilson interval", "A 95 % interval of a share that stays between 0 and 100 %."},
    {"womac", "WOMAC", "A questionnaire on pain, stiffness and function of the knee or hip."},
};
#define TERM_COUNT (sizeof terms / sizeof terms[0])

void st_glossary_link(st_text* out, const char* key)
{
    for (size_t i = 0; i < TERM_COUNT; i++) {
        if (strcmp(terms[i].key, key) == 0) {
            st_text_addf(out, "<a class=\"term\" href=\"#term-%s\" title=\"%s\">%s</a>", key,
                         terms[i].meaning, terms[i].term);
            return;
        }
    }
    ST_ASSERT(key == NULL); // every key is a term of the list
}

void st_glossary_write(st_text* out)
{
    st_text_add(out, "<dl class=\"terms\">");
    for (size_t i = 0; i < TERM_COUNT; i++) {
        st_text_addf(out, "<dt id=\"term-%s\">", terms[i].key);
        st_html_text(out, terms[i].term);
        st_text_add(out, "</dt><dd>");
        st_html_text(out, terms[i].meaning);
        st_text_add(out, "</dd>");
    }
    st_text_add(out, "</dl>\n");
}
