#include "report/schema.h"

#define TABLE_END ") STRICT, WITHOUT ROWID"

// Columns without a unit in their name are numbers of the instrument's own unit (instrument.unit),
// of course.unit or parameter.unit, as docs/store.md says table by table.
static const struct {
    const char* name;
    const char* types; // of the columns in order
    const char* sql;
} tables[ST_TABLE_COUNT] = {
    [ST_TABLE_ABOUT] =
        {"about", "tt",
         "CREATE TABLE about(key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL" TABLE_END},
    [ST_TABLE_SOURCE_FILE] =
        {"source_file", "itttt",
         "CREATE TABLE source_file(position INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
         " role TEXT NOT NULL, xxh3_128 TEXT NOT NULL, text TEXT NOT NULL" TABLE_END},
    [ST_TABLE_PARAMETER] =
        {"parameter", "titdttdddtt",
         "CREATE TABLE parameter(origin TEXT NOT NULL CHECK(origin IN ('model', 'procedure',"
         " 'people', 'plan')),"
         " position INTEGER NOT NULL, name TEXT NOT NULL, value REAL, unit TEXT NOT NULL,"
         " spread_kind TEXT NOT NULL, spread REAL, lo REAL, hi REAL, source TEXT, assumed TEXT,"
         " PRIMARY KEY(origin, position)" TABLE_END},
    [ST_TABLE_QUANTITY] =
        {"quantity", "ttttt",
         "CREATE TABLE quantity(name TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL,"
         " unit TEXT NOT NULL, role TEXT NOT NULL, expression TEXT" TABLE_END},
    [ST_TABLE_INSTRUMENT] =
        {"instrument", "itttidtdddddd",
         "CREATE TABLE instrument(measure INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
         " title TEXT NOT NULL, unit TEXT NOT NULL, lower_is_better INTEGER NOT NULL,"
         " important_change REAL NOT NULL, important_source TEXT, lo REAL, hi REAL, step REAL,"
         " noise_sd REAL, drift_sd REAL, drift_tau_day REAL" TABLE_END},
    [ST_TABLE_ARM] = {"arm", "itttiiii",
                      "CREATE TABLE arm(arm INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
                      "label TEXT NOT NULL,"
                      " recipe TEXT NOT NULL, size_people INTEGER NOT NULL,"
                      " control INTEGER REFERENCES arm(arm), is_twin INTEGER NOT NULL,"
                      " has_cells INTEGER NOT NULL" TABLE_END},
    [ST_TABLE_VISIT] =
        {"visit", "idd",
         "CREATE TABLE visit(visit INTEGER NOT NULL PRIMARY KEY, at_day REAL NOT NULL,"
         " at_month REAL NOT NULL" TABLE_END},
    [ST_TABLE_PUBLISHED] =
        {"published", "ittiitddddddit",
         "CREATE TABLE published(position INTEGER NOT NULL PRIMARY KEY, trial_id TEXT NOT NULL,"
         " arm_id TEXT NOT NULL, arm INTEGER REFERENCES arm(arm),"
         " measure INTEGER NOT NULL REFERENCES instrument(measure), kind TEXT NOT NULL,"
         " at_month REAL NOT NULL, n_people REAL, value REAL, sd REAL, q25 REAL, q75 REAL, "
         "is_median INTEGER NOT NULL,"
         " source TEXT" TABLE_END},
    [ST_TABLE_PERSON] =
        {"person", "iididdddddddddidtdi",
         "CREATE TABLE person(arm INTEGER NOT NULL REFERENCES arm(arm), person INTEGER NOT NULL,"
         " age_y REAL, female INTEGER, height_m REAL, bmi_kg_per_m2 REAL, kl_grade REAL,"
         " varus_deg REAL, base_pain_points REAL, base_function_points REAL, inflammation_ratio "
         "REAL,"
         " base_thickness_mm REAL, duration_y REAL, strength_ratio REAL, injury INTEGER,"
         " left_day REAL, left_reason TEXT NOT NULL,"
         " dose_cells REAL, is_placed INTEGER NOT NULL, PRIMARY KEY(arm, person)" TABLE_END},
    [ST_TABLE_READING] =
        {"reading", "iiiidddd",
         "CREATE TABLE reading(arm INTEGER NOT NULL REFERENCES arm(arm), person INTEGER NOT NULL,"
         " visit INTEGER NOT NULL REFERENCES visit(visit),"
         " measure INTEGER NOT NULL REFERENCES instrument(measure), measured REAL, value REAL,"
         " sham REAL, untreated REAL, PRIMARY KEY(arm, person, visit, measure)" TABLE_END},
    [ST_TABLE_DOSE_STEP] =
        {"dose_step", "iitddddd",
         "CREATE TABLE dose_step(arm INTEGER NOT NULL REFERENCES arm(arm), step INTEGER NOT NULL,"
         " name TEXT NOT NULL, at_day REAL, volume_mL REAL, q05_cells REAL, q50_cells REAL,"
         " q95_cells REAL, PRIMARY KEY(arm, step)" TABLE_END},
    [ST_TABLE_COURSE] =
        {"course", "itdtdddddd",
         "CREATE TABLE course(arm INTEGER NOT NULL REFERENCES arm(arm), name TEXT NOT NULL,"
         " at_day REAL NOT NULL, unit TEXT NOT NULL, mean REAL, q05 REAL, q25 REAL, q50 REAL,"
         " q75 REAL, q95 REAL, PRIMARY KEY(arm, name, at_day)" TABLE_END},
    [ST_TABLE_OUTCOME] =
        {"outcome", "iiiidddddddddddd",
         "CREATE TABLE outcome(arm INTEGER NOT NULL REFERENCES arm(arm),"
         " measure INTEGER NOT NULL REFERENCES instrument(measure),"
         " visit INTEGER NOT NULL REFERENCES visit(visit), n_people INTEGER NOT NULL, mean REAL,"
         " sd REAL, q25 REAL, q50 REAL, q75 REAL, change REAL, change_sd REAL, change_lo REAL,"
         " change_hi REAL, responders_share REAL, responders_share_lo REAL, responders_share_hi "
         "REAL,"
         " PRIMARY KEY(arm, measure, visit)" TABLE_END},
    [ST_TABLE_CONTRAST] =
        {"contrast", "iiiitdddd",
         "CREATE TABLE contrast(arm INTEGER NOT NULL REFERENCES arm(arm),"
         " versus INTEGER NOT NULL REFERENCES arm(arm),"
         " measure INTEGER NOT NULL REFERENCES instrument(measure),"
         " visit INTEGER NOT NULL REFERENCES visit(visit), method TEXT NOT NULL, difference REAL,"
         " lo REAL, hi REAL, p REAL, PRIMARY KEY(arm, versus, measure, visit, method)" TABLE_END},
    [ST_TABLE_SPLIT] =
        {"split", "iiitddd",
         "CREATE TABLE split(arm INTEGER NOT NULL REFERENCES arm(arm),"
         " measure INTEGER NOT NULL REFERENCES instrument(measure),"
         " visit INTEGER NOT NULL REFERENCES visit(visit), part TEXT NOT NULL, mean REAL, lo REAL,"
         " hi REAL, PRIMARY KEY(arm, measure, visit, part)" TABLE_END},
    [ST_TABLE_EVENT] =
        {"event", "itidddt",
         "CREATE TABLE event(arm INTEGER NOT NULL REFERENCES arm(arm), name TEXT NOT NULL,"
         " count_people INTEGER NOT NULL, per_10000 REAL, lo_per_10000 REAL, hi_per_10000 REAL,"
         " source TEXT, PRIMARY KEY(arm, name)" TABLE_END},
    [ST_TABLE_SCREENING] =
        {"screening", "iti",
         "CREATE TABLE screening(position INTEGER NOT NULL PRIMARY KEY, reason TEXT NOT NULL,"
         " count_people INTEGER NOT NULL" TABLE_END},
    [ST_TABLE_FAILURE] =
        {"failure", "iiidt",
         "CREATE TABLE failure(position INTEGER NOT NULL PRIMARY KEY,"
         " arm INTEGER NOT NULL REFERENCES arm(arm), person INTEGER NOT NULL, at_day REAL,"
         " message TEXT NOT NULL" TABLE_END},
    [ST_TABLE_PERSON_EVENT] = {"person_event", "iitd",
                               "CREATE TABLE person_event(arm INTEGER NOT NULL REFERENCES arm(arm),"
                               " person INTEGER NOT NULL, name TEXT NOT NULL, at_day REAL,"
                               " PRIMARY KEY(arm, person, name)" TABLE_END},
    [ST_TABLE_RESPONSE] =
        {"response", "iiiiiii",
         "CREATE TABLE response(arm INTEGER NOT NULL REFERENCES arm(arm),"
         " measure INTEGER NOT NULL REFERENCES instrument(measure),"
         " visit INTEGER NOT NULL REFERENCES visit(visit), at_risk_people INTEGER NOT NULL,"
         " event_people INTEGER NOT NULL, first_people INTEGER NOT NULL,"
         " held_people INTEGER NOT NULL, PRIMARY KEY(arm, measure, visit)" TABLE_END},
    [ST_TABLE_TWIN] = {"twin", "iiiiddd",
                       "CREATE TABLE twin(arm INTEGER NOT NULL REFERENCES arm(arm),"
                       " measure INTEGER NOT NULL REFERENCES instrument(measure),"
                       " visit INTEGER NOT NULL REFERENCES visit(visit), n_people INTEGER NOT NULL,"
                       " value REAL NOT NULL, sham REAL NOT NULL, untreated REAL NOT NULL,"
                       " PRIMARY KEY(arm, measure, visit)" TABLE_END},
    [ST_TABLE_SUBGROUP] =
        {"subgroup", "itiddidddd",
         "CREATE TABLE subgroup(arm INTEGER NOT NULL REFERENCES arm(arm), factor TEXT NOT NULL,"
         " position INTEGER NOT NULL, lo REAL, hi REAL, n_people INTEGER NOT NULL,"
         " change REAL NOT NULL, change_sd REAL, product REAL, product_sd REAL,"
         " PRIMARY KEY(arm, factor, position)" TABLE_END},
    [ST_TABLE_LATER] =
        {"later", "iidtt",
         "CREATE TABLE later(arm INTEGER NOT NULL REFERENCES arm(arm), person INTEGER NOT NULL,"
         " at_day REAL NOT NULL, name TEXT NOT NULL, estimand TEXT NOT NULL,"
         " PRIMARY KEY(arm, person, at_day, name)" TABLE_END},
    [ST_TABLE_ANALYSIS] =
        {"analysis", "iiiitdddd",
         "CREATE TABLE analysis(arm INTEGER NOT NULL REFERENCES arm(arm),"
         " versus INTEGER NOT NULL REFERENCES arm(arm),"
         " measure INTEGER NOT NULL REFERENCES instrument(measure),"
         " visit INTEGER NOT NULL REFERENCES visit(visit), method TEXT NOT NULL, estimate REAL,"
         " lo REAL, hi REAL, p REAL, PRIMARY KEY(arm, versus, measure, visit, method)" TABLE_END},
    [ST_TABLE_SURVIVAL] =
        {"survival", "itddddii",
         "CREATE TABLE survival(arm INTEGER NOT NULL REFERENCES arm(arm), event TEXT NOT NULL,"
         " at_day REAL NOT NULL, share REAL, lo REAL, hi REAL, at_risk_people INTEGER NOT NULL,"
         " events_people INTEGER NOT NULL, PRIMARY KEY(arm, event, at_day)" TABLE_END},
    [ST_TABLE_INFLUENCE] =
        {"influence", "titiiiiidddddddd",
         "CREATE TABLE influence(origin TEXT NOT NULL CHECK(origin IN ('model', 'procedure', "
         "'dose')),"
         " position INTEGER NOT NULL, name TEXT NOT NULL, arm INTEGER NOT NULL REFERENCES arm(arm),"
         " versus INTEGER REFERENCES arm(arm), measure INTEGER NOT NULL REFERENCES "
         "instrument(measure), visit INTEGER NOT NULL REFERENCES visit(visit),"
         " panel_people INTEGER NOT NULL, value_lo REAL, value_hi REAL, contrast REAL,"
         " contrast_lo REAL, contrast_hi REAL, product REAL, product_lo REAL, product_hi REAL,"
         " PRIMARY KEY(origin, position)" TABLE_END},
    [ST_TABLE_PREPARED] =
        {"prepared", "iitttdidddddt",
         "CREATE TABLE prepared(arm INTEGER NOT NULL REFERENCES arm(arm),"
         " position INTEGER NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL,"
         " unit TEXT NOT NULL, middle REAL, n_people INTEGER NOT NULL, q05 REAL, q50 REAL,"
         " q95 REAL, band_lo REAL, band_hi REAL, source TEXT, PRIMARY KEY(arm, "
         "position)" TABLE_END},
    [ST_TABLE_TUBE] =
        {"tube", "iiidddttt",
         "CREATE TABLE tube(arm INTEGER NOT NULL REFERENCES arm(arm), spin INTEGER NOT NULL,"
         " step INTEGER NOT NULL, at_s REAL NOT NULL, height_mm REAL NOT NULL, interface_mm REAL,"
         " red_share TEXT NOT NULL, platelet_share TEXT NOT NULL, white_share TEXT NOT NULL,"
         " PRIMARY KEY(arm, spin, step)" TABLE_END},
    [ST_TABLE_RESPONDER] =
        {"responder", "tiittiidddidddd",
         "CREATE TABLE responder(name TEXT NOT NULL, arm INTEGER NOT NULL REFERENCES arm(arm),"
         " visit INTEGER NOT NULL REFERENCES visit(visit), title TEXT NOT NULL, rule TEXT NOT NULL,"
         " n_people INTEGER NOT NULL, responders_people INTEGER NOT NULL, share REAL,"
         " share_lo REAL, share_hi REAL, versus INTEGER REFERENCES arm(arm), difference REAL,"
         " difference_lo REAL, difference_hi REAL, p REAL,"
         " PRIMARY KEY(name, arm, visit)" TABLE_END},
    [ST_TABLE_ADHERENCE] =
        {"adherence", "iiitd",
         "CREATE TABLE adherence(arm INTEGER NOT NULL REFERENCES arm(arm), person INTEGER NOT NULL,"
         " plan INTEGER NOT NULL, title TEXT NOT NULL, share REAL NOT NULL,"
         " PRIMARY KEY(arm, person, plan)" TABLE_END},
};

const char* st_schema_table_name(st_schema_table table)
{
    return tables[table].name;
}

const char* st_schema_table_types(st_schema_table table)
{
    return tables[table].types;
}

const char* st_schema_table_sql(st_schema_table table)
{
    return tables[table].sql;
}
