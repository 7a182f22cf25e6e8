/// \file
/// Private: the sections of the page, one file each. Every function adds a whole <section>.
#ifndef ST_REPORT_SECTIONS_H
#define ST_REPORT_SECTIONS_H

#include "base/table.h"
#include "report/findings.h"

void st_section_answer(st_text* out, const st_findings* f);      ///< sentences, main figure
void st_section_outcomes(st_text* out, const st_findings* f);    ///< arms beside their control
void st_section_response(st_text* out, const st_findings* f);    ///< part of the outcomes
void st_section_responders(st_text* out, const st_findings* f);  ///< part of the outcomes
void st_section_later(st_text* out, const st_findings* f);       ///< part of the outcomes
void st_section_benefit(st_text* out, const st_findings* f);     ///< who benefits
void st_section_credibility(st_text* out, const st_findings* f); ///< V&V 40, ICH M15
void st_section_glossary(st_text* out, const st_findings* f);    ///< words
void st_section_split(st_text* out, const st_findings* f);       ///< where the change comes from
void st_section_cells(st_text* out, const st_findings* f);       ///< the cells' story
void st_section_joint(st_text* out, const st_findings* f);       ///< matrix, thickness, factors
void st_section_people(st_text* out, const st_findings* f);      ///< screening, flow, baseline
void st_section_harms(st_text* out, const st_findings* f);       ///< adverse events
void st_section_harvest(st_text* out, const st_findings* f);     ///< from harvest to joint
void st_section_changes(st_text* out, const st_findings* f);     ///< part of the outcomes
void st_section_influence(st_text* out, const st_findings* f);   ///< part of what it rests on
void st_section_assumptions(st_text* out, const st_findings* f); ///< every value and its source
void st_section_methods(st_text* out, const st_findings* f); ///< methods, failures, reproduction

#endif
