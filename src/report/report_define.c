#include "report/report_define.h"
#include "report/folder.h"
#include "report/html.h"
#include "report/report_cdisc.h"

#include <stdio.h>
#include <string.h>

typedef struct dataset {
    const char *file, *name, *label, *structure, *class_name;
    const char* keys; ///< of a row, with spaces around each
} dataset;

static const dataset datasets[] = {
    {"ts.csv", "TS", "Trial summary", "One record per fact", "TRIAL DESIGN", " TSSEQ "},
    {"adsl.csv", "ADSL", "Subjects", "One record per subject and arm",
     "SUBJECT LEVEL ANALYSIS DATASET", " USUBJID "},
    {"adqs.csv", "ADQS", "Scores", "One record per subject, parameter and visit",
     "BASIC DATA STRUCTURE", " USUBJID PARAMCD AVISITN "},
    {"adae.csv", "ADAE", "Adverse events", "One record per subject and event",
     "OCCURRENCE DATA STRUCTURE", " USUBJID AESEQ "},
    {"adtte.csv", "ADTTE", "Time to event", "One record per subject and parameter",
     "BASIC DATA STRUCTURE", " USUBJID PARAMCD "},
};

typedef struct variable {
    const char *name, *label, *type;
} variable;

static const variable variables[] = {
    {"STUDYID", "Study identifier; SIM- marks a simulated study", "text"},
    {"DOMAIN", "Domain abbreviation", "text"},
    {"TSSEQ", "Sequence number", "integer"},
    {"TSPARMCD", "Trial summary parameter short name", "text"},
    {"TSPARM", "Trial summary parameter", "text"},
    {"TSVAL", "Parameter value", "text"},
    {"USUBJID", "Unique subject identifier", "text"},
    {"SUBJID", "Subject identifier; the same person keeps it in twin arms", "integer"},
    {"SITEID", "Study site identifier", "text"},
    {"ARM", "Planned arm", "text"},
    {"ACTARM", "Actual arm", "text"},
    {"TRT01P", "Planned treatment for period 01", "text"},
    {"TRT01PN", "Planned treatment for period 01 (N)", "integer"},
    {"TRT01A", "Actual treatment for period 01", "text"},
    {"TRT01AN", "Actual treatment for period 01 (N)", "integer"},
    {"TRTP", "Planned treatment", "text"},
    {"TRTA", "Actual treatment", "text"},
    {"TRTSDY", "Study day of treatment", "integer"},
    {"EOSSTT", "End of study status", "text"},
    {"DCSREAS", "Reason for discontinuation", "text"},
    {"EOSDY", "Study day of end of study", "integer"},
    {"AGE", "Age", "float"},
    {"AGEU", "Age units", "text"},
    {"SEX", "Sex", "text"},
    {"SAFFL", "Safety population flag", "text"},
    {"ITTFL", "Intent-to-treat population flag", "text"},
    {"BMIBL", "Baseline body mass index (kg/m2)", "float"},
    {"HGTCMBL", "Baseline height (cm)", "float"},
    {"KLGRBL", "Baseline Kellgren-Lawrence grade", "float"},
    {"VARDGBL", "Baseline varus angle (degree)", "float"},
    {"INFLBL", "Baseline synovitis relative to the median patient", "float"},
    {"THKMMBL", "Baseline medial tibial cartilage thickness (mm)", "float"},
    {"DURYBL", "Duration of symptoms at baseline (year)", "float"},
    {"DOSECELL", "Living cells that reached the joint", "float"},
    {"PLACEDFL", "Needle in the joint flag", "text"},
    {"TWINFL", "Counterfactual twin flag", "text"},
    {"PARAM", "Parameter", "text"},
    {"PARAMCD", "Parameter code", "text"},
    {"PARAMN", "Parameter (N)", "integer"},
    {"PARCAT1", "Parameter category 1", "text"},
    {"AVAL", "Analysis value", "float"},
    {"BASE", "Baseline value", "float"},
    {"CHG", "Change from baseline", "float"},
    {"PCHG", "Percent change from baseline", "float"},
    {"ABLFL", "Baseline record flag", "text"},
    {"BASETYPE", "Baseline type", "text"},
    {"AVISIT", "Analysis visit", "text"},
    {"AVISITN", "Analysis visit (N)", "integer"},
    {"ADY", "Analysis relative day", "integer"},
    {"ANL01FL", "Analysis flag 01", "text"},
    {"DTYPE", "Derivation type", "text"},
    {"CRIT1", "Analysis criterion 1", "text"},
    {"CRIT1FL", "Criterion 1 evaluation result flag", "text"},
    {"ASEQ", "Analysis sequence number", "integer"},
    {"AESEQ", "Sequence number", "integer"},
    {"AETERM", "Reported term, as the source of its rate names it", "text"},
    {"TRTEMFL", "Treatment emergent flag", "text"},
    {"ASTDY", "Study day of the step that the event is counted per, not of its onset", "integer"},
    {"CNSR", "Censor", "integer"},
    {"EVNTDESC", "Event description", "text"},
    {"CNSDTDSC", "Censor date description", "text"},
    {"STARTDY", "Time to event origin day", "integer"},
    {"SIMFL", "Simulated record flag", "text"},
};

static const variable* find_variable(const char* name)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        if (strcmp(variables[i].name, name) == 0) {
            return &variables[i];
        }
    }
    return NULL;
}

static const dataset* find_dataset(const char* file)
{
    for (size_t i = 0; i < sizeof datasets / sizeof datasets[0]; i++) {
        if (strcmp(datasets[i].file, file) == 0) {
            return &datasets[i];
        }
    }
    return NULL;
}

static bool is_key(const dataset* d, const char* name)
{
    char word[40];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(d->keys, word) != NULL;
}

static void add_group(st_text* out, const dataset* d, sqlite3_stmt* row)
{
    st_text_addf(out,
                 "<ItemGroupDef OID=\"IG.%s\" Name=\"%s\" Repeating=\"%s\" IsReferenceData=\"%s\" "
                 "SASDatasetName=\"%s\" Purpose=\"%s\" def:Structure=\"%s\" def:Class=\"%s\" "
                 "def:ArchiveLocationID=\"LF.%s\">\n<Description><TranslatedText xml:lang=\"en\">"
                 "%s, simulated</TranslatedText></Description>\n",
                 d->name, d->name, strcmp(d->name, "ADSL") == 0 ? "No" : "Yes",
                 strcmp(d->name, "TS") == 0 ? "Yes" : "No", d->name,
                 strcmp(d->name, "TS") == 0 ? "Tabulation" : "Analysis", d->structure,
                 d->class_name, d->name, d->label);
    int key = 0;
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const char* name = sqlite3_column_name(row, i);
        st_text_addf(out, "<ItemRef ItemOID=\"IT.%s.%s\" OrderNumber=\"%d\" Mandatory=\"%s\"",
                     d->name, name, i + 1, is_key(d, name) ? "Yes" : "No");
        if (is_key(d, name)) {
            st_text_addf(out, " KeySequence=\"%d\"", ++key);
        }
        st_text_add(out, "/>\n");
    }
    st_text_addf(out,
                 "<def:leaf ID=\"LF.%s\" xlink:href=\"%s\"><def:title>%s</def:title></def:leaf>\n"
                 "</ItemGroupDef>\n",
                 d->name, d->file, d->file);
}

static st_status add_items(st_ctx* ctx, st_text* out, const dataset* d, sqlite3_stmt* row)
{
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const char* name = sqlite3_column_name(row, i);
        const variable* v = find_variable(name);
        if (!v) {
            return ST_FAIL(ctx, ST_ERR_FILE, "define.xml: %s.%s has no label", d->name, name);
        }
        st_text_addf(out, "<ItemDef OID=\"IT.%s.%s\" Name=\"%s\" SASFieldName=\"%s\" ", d->name,
                     name, name, name);
        if (strcmp(v->type, "float") == 0) {
            st_text_add(out, "DataType=\"float\" Length=\"8\" SignificantDigits=\"15\"");
        } else {
            st_text_addf(out, "DataType=\"%s\" Length=\"%d\"", v->type,
                         strcmp(v->type, "text") == 0 ? 200 : 8);
        }
        st_text_add(out, "><Description><TranslatedText xml:lang=\"en\">");
        st_html_text(out, v->label);
        st_text_add(out, "</TranslatedText></Description><def:Origin Type=\"Derived\"/>"
                         "</ItemDef>\n");
    }
    return ST_OK;
}

// A run has no dates, so the one that the format demands is the first day of the epoch.
static const char head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ODM xmlns=\"http://www.cdisc.org/ns/odm/v1.3\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
    "xmlns:def=\"http://www.cdisc.org/ns/def/v2.0\" ODMVersion=\"1.3.2\" FileType=\"Snapshot\" "
    "CreationDateTime=\"1970-01-01T00:00:00\" ";

static st_status add_study(st_query* query, st_text* out)
{
    char name[64] = "SIM";
    size_t count = 0;
    const st_report_table* table = st_report_cdisc_tables(&count);
    ST_TRY(st_query_start(query, "SELECT 'SIM-' || upper(substr(xxh3_128, 1, 8)) FROM source_file"
                                 " WHERE role = 'study' ORDER BY position LIMIT 1"));
    if (st_query_next(query)) {
        snprintf(name, sizeof name, "%s", st_query_text(query, 0));
    }
    st_text_add(out, head);
    st_text_addf(out,
                 "FileOID=\"%s.define\">\n<Study OID=\"%s\">\n<GlobalVariables><StudyName>%s"
                 "</StudyName><StudyDescription>",
                 name, name, name);
    ST_TRY(st_query_start(query, "SELECT value FROM about WHERE key = 'study_title'"));
    st_html_text(out, st_query_next(query) ? st_query_text(query, 0) : "");
    st_text_addf(out,
                 ". All records are simulated; none describes a real person.</StudyDescription>"
                 "<ProtocolName>%s</ProtocolName></GlobalVariables>\n<MetaDataVersion "
                 "OID=\"MDV.1\" Name=\"Simulated trial\" def:DefineVersion=\"2.0.0\" "
                 "def:StandardName=\"ADaM-IG\" def:StandardVersion=\"1.1\">\n",
                 name);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            const dataset* d = find_dataset(table[i].file);
            if (!d) {
                return ST_FAIL(query->ctx, ST_ERR_FILE, "define.xml: %s has no entry",
                               table[i].file);
            }
            ST_TRY(st_query_start(query, table[i].sql));
            if (pass == 0) {
                add_group(out, d, query->statement);
            } else {
                ST_TRY(add_items(query->ctx, out, d, query->statement));
            }
        }
    }
    st_text_add(out, "</MetaDataVersion>\n</Study>\n</ODM>\n");
    return ST_OK;
}

st_status st_report_define(st_query* query, const char* folder)
{
    st_text text;
    st_text_init(&text, query->ctx);
    st_status status = add_study(query, &text);
    char* path = st_folder_path(query->ctx, folder, "define.xml");
    if (status == ST_OK && (!path || text.failed)) {
        status = ST_ERR_MEMORY;
    }
    if (status == ST_OK) {
        status = st_file_write(query->ctx, path, text.data, text.length);
    }
    st_free(query->ctx, path);
    st_text_clear(&text);
    return status;
}
