#include "report/findings.h"

#include <math.h>
#include <string.h>

const char* st_findings_about(const st_findings* findings, const char* key)
{
    for (int i = 0; i < findings->about_count; i++) {
        if (strcmp(findings->about[i].key, key) == 0) {
            return findings->about[i].value;
        }
    }
    return "";
}

const st_outcome_row* st_findings_outcome(const st_findings* f, int arm, int measure, int visit)
{
    for (int i = 0; i < f->outcome_count; i++) {
        const st_outcome_row* r = &f->outcome[i];
        if (r->arm == arm && r->measure == measure && r->visit == visit) {
            return r;
        }
    }
    return NULL;
}

const st_split_row* st_findings_split(const st_findings* f, int arm, int measure, int visit,
                                      const char* part)
{
    for (int i = 0; i < f->split_count; i++) {
        const st_split_row* r = &f->split[i];
        if (r->arm == arm && r->measure == measure && r->visit == visit &&
            strcmp(r->part, part) == 0) {
            return r;
        }
    }
    return NULL;
}

const st_contrast_row* st_findings_contrast_with(const st_findings* f, int arm, int versus,
                                                 int measure, int visit)
{
    for (int i = 0; i < f->contrast_count; i++) {
        const st_contrast_row* r = &f->contrast[i];
        if (r->arm == arm && r->versus == versus && r->measure == measure && r->visit == visit &&
            isfinite(r->difference) && isfinite(r->lo) && isfinite(r->hi)) {
            return r;
        }
    }
    return NULL;
}

const st_contrast_row* st_findings_contrast(const st_findings* f, int arm, int measure, int visit)
{
    return st_findings_contrast_with(f, arm, f->arm[arm].control, measure, visit);
}

bool st_findings_is_comparator(const st_findings* f, int arm)
{
    bool is_control = false;
    for (int a = 0; a < f->arm_count; a++) {
        is_control = is_control || f->arm[a].control == arm;
    }
    return is_control || f->arm[arm].is_twin;
}

const char* st_findings_plain_name(st_arena* arena, const char* name)
{
    const char* place = strchr(name, '@');
    char* text = place ? st_arena_format(arena, "%.*s in %s", (int)(place - name), name, place + 1)
                       : st_arena_format(arena, "%s", name);
    for (char* c = text; c && *c; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    return text ? text : "";
}

const st_course_row* st_findings_course(const st_findings* f, int arm, const char* name, int* count)
{
    const st_course_row* first = NULL;
    *count = 0;
    for (int i = 0; i < f->course_count; i++) {
        const st_course_row* r = &f->course[i];
        if (r->arm == arm && strcmp(r->name, name) == 0) {
            first = first ? first : r;
            *count += 1;
        }
    }
    return first;
}

const st_finding_twin* st_findings_twin(const st_findings* f, int arm, int measure, int visit)
{
    for (int i = 0; i < f->twin_count; i++) {
        const st_finding_twin* r = &f->twin[i];
        if (r->arm == arm && r->measure == measure && r->visit == visit) {
            return r;
        }
    }
    return NULL;
}

const st_finding_response* st_findings_response(const st_findings* f, int arm, int measure,
                                                int visit)
{
    for (int i = 0; i < f->response_count; i++) {
        const st_finding_response* r = &f->response[i];
        if (r->arm == arm && r->measure == measure && r->visit == visit) {
            return r;
        }
    }
    return NULL;
}

const st_finding_subgroup* st_findings_subgroup(const st_findings* f, int arm, const char* factor,
                                                int position)
{
    for (int i = 0; i < f->subgroup_count; i++) {
        const st_finding_subgroup* r = &f->subgroup[i];
        if (r->arm == arm && r->position == position && strcmp(r->factor, factor) == 0) {
            return r;
        }
    }
    return NULL;
}
