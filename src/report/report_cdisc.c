#include "report/report_cdisc.h"

// Study and subject; the study's name begins with SIM- and goes on with the hash of the study file.
#define STUDYID                                                                                    \
    "'SIM-' || upper(substr((SELECT xxh3_128 FROM source_file WHERE role = 'study'"                \
    " ORDER BY position LIMIT 1), 1, 8))"
#define SUBJECT STUDYID " AS STUDYID, " STUDYID " || '-' || a.name || '-' || p.person AS USUBJID"
#define MARK    "'Y' AS SIMFL"
// Around a day from the injection: day 1 is the day of treatment, CDISC knows no day 0.
#define DAY_OF "CAST("
#define AS_DAY " AS INTEGER) + 1 AS "

// Codes of at most eight letters, told apart by the measure's number where they would be the same.
#define CODES                                                                                      \
    "code(measure, short) AS (SELECT measure, upper(replace(name, '_', '')) FROM instrument),"     \
    "param(measure, paramcd) AS (SELECT measure, CASE WHEN (SELECT count(*) FROM code d"           \
    " WHERE substr(d.short, 1, 8) = substr(c.short, 1, 8)) > 1"                                    \
    " THEN substr(c.short, 1, 6) || measure ELSE substr(c.short, 1, 8) END FROM code c)"
#define PRIMARY_MEASURE                                                                            \
    "(SELECT measure FROM instrument WHERE name ="                                                 \
    " (SELECT value FROM about WHERE key = 'primary_measure'))"

static const char ts_sql[] =
    "WITH fact(seq, code, param, val) AS (VALUES"
    " (1, 'TITLE', 'Trial Title', (SELECT value FROM about WHERE key = 'study_title')),"
    " (2, 'SIMNOTE', 'Simulated', 'All records are simulated. No record describes a real person.'),"
    " (3, 'SIMTOOL', 'Program', 'stroma ' || (SELECT value FROM about WHERE key ="
    " 'program_version')),"
    " (4, 'SIMSEED', 'Seed', (SELECT value FROM about WHERE key = 'seed')),"
    " (5, 'SIMMODEL', 'Model', (SELECT value FROM about WHERE key = 'model_title')),"
    " (6, 'SIMHASH', 'Hash of the model', (SELECT value FROM about WHERE key = 'model_hash')),"
    " (7, 'SIMSTUDY', 'Hash of the study file (XXH3, 128 bits)', (SELECT xxh3_128 FROM source_file"
    " WHERE role = 'study' ORDER BY position LIMIT 1)),"
    " (8, 'TBLIND', 'Trial Blinding Schema', (SELECT value FROM about WHERE key = 'blinding')),"
    " (9, 'PLANSUB', 'Planned Number of Subjects', (SELECT sum(size_people) FROM arm WHERE NOT"
    " is_twin)),"
    " (10, 'NARMS', 'Planned Number of Arms', (SELECT count(*) FROM arm)))"
    " SELECT " STUDYID
    " AS STUDYID, 'TS' AS DOMAIN, seq AS TSSEQ, code AS TSPARMCD, param AS TSPARM,"
    " val AS TSVAL, " MARK " FROM fact ORDER BY seq";

static const char adsl_sql[] =
    "SELECT " SUBJECT ", p.person AS SUBJID, 'VIRTUAL' AS SITEID, a.label AS ARM,"
    " a.label AS ACTARM, a.label AS TRT01P, a.arm + 1 AS TRT01PN, a.label AS TRT01A,"
    " a.arm + 1 AS TRT01AN, 1 AS TRTSDY,"
    " CASE left_reason WHEN '' THEN 'COMPLETED' ELSE 'DISCONTINUED' END AS EOSSTT,"
    " CASE left_reason WHEN '' THEN '' WHEN 'lost' THEN 'LOST TO FOLLOW-UP'"
    " WHEN 'failed' THEN 'COMPUTATION FAILED' ELSE upper(left_reason) END AS DCSREAS,"
    " " DAY_OF "coalesce(left_day, (SELECT max(at_day) FROM visit))" AS_DAY "EOSDY,"
    " age_y AS AGE, 'YEARS' AS AGEU, CASE female WHEN 1 THEN 'F' ELSE 'M' END AS SEX,"
    " 'Y' AS SAFFL, CASE left_reason WHEN 'failed' THEN 'N' ELSE 'Y' END AS ITTFL,"
    " bmi_kg_per_m2 AS BMIBL, 100 * height_m AS HGTCMBL, kl_grade AS KLGRBL,"
    " varus_deg AS VARDGBL, inflammation_ratio AS INFLBL, base_thickness_mm AS THKMMBL,"
    " duration_y AS DURYBL, dose_cells AS DOSECELL,"
    " CASE is_placed WHEN 1 THEN 'Y' ELSE 'N' END AS PLACEDFL,"
    " CASE a.is_twin WHEN 1 THEN 'Y' ELSE 'N' END AS TWINFL, " MARK
    " FROM person p JOIN arm a ON a.arm = p.arm ORDER BY p.arm, p.person";

static const char adqs_sql[] =
    "WITH " CODES ", dim(measures) AS (SELECT count(*) FROM instrument)"
    " SELECT " SUBJECT ", a.label AS TRTP, a.label AS TRTA,"
    " i.title || ' (' || i.unit || ')' AS PARAM, c.paramcd AS PARAMCD, i.measure + 1 AS PARAMN,"
    " 'SIMULATED READING' AS PARCAT1, p.measured AS AVAL, b.measured AS BASE,"
    " CASE WHEN p.visit > 0 THEN p.measured - b.measured END AS CHG,"
    " CASE WHEN p.visit > 0 AND b.measured <> 0"
    " THEN 100 * (p.measured - b.measured) / b.measured END AS PCHG,"
    " CASE p.visit WHEN 0 THEN 'Y' ELSE '' END AS ABLFL,"
    " 'LAST READING BEFORE TREATMENT' AS BASETYPE,"
    " CASE p.visit WHEN 0 THEN 'Baseline' ELSE 'Month ' || round(v.at_month, 1) END AS AVISIT,"
    " p.visit AS AVISITN, " DAY_OF "v.at_day" AS_DAY "ADY, 'Y' AS ANL01FL, '' AS DTYPE,"
    " CASE WHEN i.important_change > 0 THEN 'Improved by at least ' || i.important_change"
    " ELSE '' END AS CRIT1,"
    " CASE WHEN i.important_change > 0 AND p.visit > 0 AND b.measured NOT NULL THEN"
    " CASE WHEN (CASE i.lower_is_better WHEN 1 THEN b.measured - p.measured"
    " ELSE p.measured - b.measured END) >= i.important_change THEN 'Y' ELSE 'N' END"
    " ELSE '' END AS CRIT1FL,"
    " p.visit * (SELECT measures FROM dim) + p.measure + 1 AS ASEQ, " MARK
    " FROM reading p JOIN arm a ON a.arm = p.arm JOIN instrument i ON i.measure = p.measure"
    " JOIN visit v ON v.visit = p.visit JOIN param c ON c.measure = p.measure"
    " LEFT JOIN reading b ON b.arm = p.arm AND b.person = p.person AND b.visit = 0"
    " AND b.measure = p.measure WHERE p.measured NOT NULL"
    " ORDER BY p.arm, p.person, p.visit, p.measure";

// The day is that of the step that the event is counted per; when it shows itself is not computed.
// There is no day 0: the injection is on day 1, the day before it is -1.
static const char adae_sql[] =
    "SELECT " SUBJECT ", a.label AS TRTA, row_number() OVER (PARTITION BY p.arm, p.person"
    " ORDER BY p.name) AS AESEQ, p.name AS AETERM, 'Y' AS TRTEMFL, CASE WHEN p.at_day <= -1 THEN"
    " CAST(p.at_day AS INTEGER) WHEN p.at_day NOT NULL THEN 1 END AS ASTDY, " MARK
    " FROM person_event p JOIN arm a ON a.arm = p.arm ORDER BY p.arm, p.person, p.name";

static const char adtte_sql[] =
    "WITH look AS (SELECT p.arm, p.person, p.visit, v.at_day, p.measured IS NULL OR b.measured IS"
    " NULL AS missing, CASE i.lower_is_better WHEN 1 THEN b.measured - p.measured ELSE p.measured -"
    " b.measured END >= i.important_change AS better FROM reading p"
    " JOIN visit v ON v.visit = p.visit JOIN instrument i ON i.measure = p.measure"
    " LEFT JOIN reading b ON b.arm = p.arm AND b.person = p.person AND b.visit = 0 AND b.measure ="
    " p.measure WHERE p.visit > 0 AND i.important_change > 0 AND p.measure = " PRIMARY_MEASURE "),"
    " first AS (SELECT arm, person, min(CASE WHEN better THEN visit END) AS event_visit,"
    " min(CASE WHEN missing THEN visit END) AS gap FROM look GROUP BY arm, person),"
    " seen AS (SELECT *, event_visit NOT NULL AND (gap IS NULL OR event_visit < gap) AS is_event"
    " FROM first),"
    " improved AS (SELECT s.arm, s.person, 'TTIMP' AS paramcd,"
    " 'Time to first clinically important improvement (day)' AS param,"
    " coalesce((SELECT at_day FROM visit WHERE visit = CASE WHEN is_event THEN event_visit"
    " WHEN gap IS NULL THEN (SELECT max(visit) FROM visit) ELSE gap - 1 END), 0) AS aval,"
    " NOT is_event AS cnsr, CASE WHEN is_event THEN 'READING WITH AN IMPORTANT CHANGE' ELSE '' END"
    " AS evnt, CASE WHEN is_event THEN '' WHEN gap IS NULL THEN 'END OF STUDY' ELSE"
    " 'NO FURTHER READING' END AS cnsdt FROM seen s),"
    " stopped AS (SELECT arm, person, 'TTDISC' AS paramcd, 'Time to discontinuation (day)' AS "
    "param,"
    " coalesce(left_day, (SELECT max(at_day) FROM visit)) AS aval, left_reason = '' AS cnsr,"
    " CASE left_reason WHEN '' THEN '' ELSE upper(left_reason) END AS evnt,"
    " CASE left_reason WHEN '' THEN 'END OF STUDY' ELSE '' END AS cnsdt FROM person),"
    " kind(name, paramcd, param) AS (VALUES ('replacement', 'TTREPL',"
    " 'Time to replacement of the joint (day)'), ('rescue', 'TTRESC', 'Time to rescue (day)'),"
    " ('repeat', 'TTREPEAT', 'Time to repeated treatment (day)')),"
    " late AS (SELECT w.arm, w.person, k.paramcd, k.param, coalesce(min(l.at_day), w.left_day,"
    " (SELECT max(at_day) FROM visit)) AS aval, min(l.at_day) IS NULL AS cnsr,"
    " CASE WHEN min(l.at_day) IS NULL THEN '' ELSE upper(k.name) END AS evnt,"
    " CASE WHEN min(l.at_day) NOT NULL THEN '' WHEN w.left_day IS NULL THEN 'END OF STUDY' ELSE"
    " 'LEFT THE STUDY' END AS cnsdt FROM person w CROSS JOIN kind k LEFT JOIN later l"
    " ON l.arm = w.arm AND l.person = w.person AND l.name = k.name"
    " WHERE k.name IN (SELECT name FROM later) GROUP BY w.arm, w.person, k.name),"
    " p AS (SELECT * FROM improved UNION ALL SELECT * FROM stopped UNION ALL SELECT * FROM late)"
    " SELECT " SUBJECT ", a.label AS TRTP, a.label AS TRTA, param AS PARAM, paramcd AS PARAMCD,"
    " aval AS AVAL, cnsr AS CNSR, evnt AS EVNTDESC, cnsdt AS CNSDTDSC, 1 AS STARTDY,"
    " " DAY_OF "aval" AS_DAY "ADY, " MARK
    " FROM p JOIN arm a ON a.arm = p.arm ORDER BY p.arm, p.person, paramcd";

static const st_report_table cdisc[] = {{"ts.csv", ts_sql},
                                        {"adsl.csv", adsl_sql},
                                        {"adqs.csv", adqs_sql},
                                        {"adae.csv", adae_sql},
                                        {"adtte.csv", adtte_sql}};

const st_report_table* st_report_cdisc_tables(size_t* count)
{
    *count = sizeof cdisc / sizeof cdisc[0];
    return cdisc;
}
