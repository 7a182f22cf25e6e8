/// \file
/// Virtual trials: a study file becomes people, arms, visits, twins and statistics.
///
/// Unit: day. Scores are in their instrument's points. docs/equations/trial.md.
#ifndef STROMA_TRIAL_H
#define STROMA_TRIAL_H

#include "stroma/patient.h"
#include "stroma/procedure.h"

typedef struct st_study st_study;

/// Loads a study and all it names: the model, people, products, published rows. `model_dir` is the
/// folder with the shipped models; a name with a slash or ending in .yaml is taken relative to the
/// study.
ST_API st_status st_study_load(st_ctx* ctx, const char* path, const char* model_dir,
                               st_study** out);
ST_API void st_study_destroy(st_study* study);

ST_API const char* st_study_title(const st_study* study);
ST_API const st_model* st_study_model(const st_study* study);
ST_API const st_instruments* st_study_instruments(const st_study* study);
ST_API const st_catalogue* st_study_catalogue(const st_study* study);
ST_API const st_people* st_study_people(const st_study* study);
ST_API uint64_t st_study_seed(const st_study* study);
ST_API const char* st_study_blinding(const st_study* study); ///< "open", "single", "double"

typedef struct st_arm_info {
    const char* name;   ///< key in the file: "msc-1e7"
    const char* label;  ///< for people
    const char* recipe; ///< one line: what is done, injection and plan
    int size;           ///< people; in a twin arm those of all other arms together
    int control;        ///< arm that it is compared with, -1 for the study's control arm itself and
                        ///< for twin arms (every other arm is compared with those, pair by pair)
    bool is_twin;       ///< runs the people of all other arms (counterfactual), not its own
    bool has_cells;
} st_arm_info;
ST_API int st_study_arm_count(const st_study* study);
ST_API const st_arm_info* st_study_arm(const st_study* study, int arm);

/// Plans of care of an arm.
ST_API int st_study_plan_count(const st_study* study, int arm);
ST_API const st_care* st_study_plan(const st_study* study, int arm, int index);

/// Why candidates may be turned away before a score is looked at, in the order of asking: entry
/// bounds on attributes and scores, then criteria of candidacy.
ST_API int st_study_criterion_count(const st_study* study);
ST_API const char* st_study_criterion(const st_study* study, int index);
/// Rescue medicine in words, what it means to the analysis included; "" when the study has none.
ST_API const char* st_study_rescue(const st_study* study);
/// The criteria of candidacy asked of people, NULL when the study asks none.
ST_API const st_candidacy* st_study_candidacy(const st_study* study);

typedef struct st_visit_info {
    double day;
    double month;
} st_visit_info;
ST_API int st_study_visit_count(const st_study* study); ///< visit 0 is the baseline
ST_API const st_visit_info* st_study_visit(const st_study* study, int visit);

/// Which instruments the study measures, as indices into st_study_instruments().
ST_API int st_study_measure_count(const st_study* study);
ST_API int st_study_measure(const st_study* study, int index);
/// The primary endpoint: position among the measures, and visit.
ST_API int st_study_primary_measure(const st_study* study);
ST_API int st_study_primary_visit(const st_study* study);

/// Source texts for the store (study, model, people, products, published table).
ST_API int st_study_source_count(const st_study* study);
ST_API const char* st_study_source(const st_study* study, int index, const char** name,
                                   const char** role, size_t* length);

/// A published number drawn beside the simulated ones.
typedef struct st_published_row {
    const char* trial_id;
    const char* arm_id;
    int arm;        ///< arm of this study that it stands beside, -1 none
    int measure;    ///< position among the measures
    bool is_change; ///< `value` is a change from baseline, not a level
    double month;
    double n;        ///< 0 = not given
    double value;    ///< mean or median in the instrument's points
    double sd;       ///< 0 = not given
    double q25, q75; ///< quartiles, NAN = not given
    bool is_median;
    const char* source;
} st_published_row;
ST_API int st_study_published_count(const st_study* study);
ST_API const st_published_row* st_study_published(const st_study* study, int index);

// --- what a run gives
// ------------------------------------------------------------------------------

typedef enum st_row_kind {
    ST_ROW_PERSON,
    ST_ROW_READING,
    ST_ROW_DOSE_STEP,
    ST_ROW_COURSE,
    ST_ROW_OUTCOME,
    ST_ROW_CONTRAST,
    ST_ROW_SPLIT,
    ST_ROW_EVENT,
    ST_ROW_SCREENING,
    ST_ROW_FAILURE,
    ST_ROW_PERSON_EVENT,
    ST_ROW_LATER,
    ST_ROW_INFLUENCE,
    ST_ROW_PREPARED,
    ST_ROW_TUBE,
    ST_ROW_ANALYSIS,
    ST_ROW_RESPONDER,
    ST_ROW_ADHERENCE,
    ST_ROW_SURVIVAL,
} st_row_kind;

/// One person of one arm.
typedef struct st_person_row {
    int arm;
    const st_person* person;
    double left_day;         ///< drop-out day, INFINITY when the person stayed
    const char* left_reason; ///< "" or "lost", "failed", "replaced"
    double dose_cells;       ///< therapeutic cells alive that reached the joint
    bool is_placed;
} st_person_row;

/// One reading: person x visit x measure. In the twin arm the same person ids return.
typedef struct st_reading_row {
    int arm;
    uint64_t person;
    int visit, measure;
    double measured;  ///< what the instrument printed; NAN = missing (drop-out)
    double value;     ///< without noise, this arm
    double sham;      ///< without noise, same person with the sham of this arm
    double untreated; ///< without noise, same person without treatment
} st_reading_row;

/// Cells alive after each step of the pathway, over the people of an arm.
typedef struct st_dose_step_row {
    int arm, step;
    const char* name;
    double day, volume_mL; ///< medians
    double q05, q50, q95;  ///< cells
} st_dose_step_row;

/// A state or definition over time in an arm, over its people; model's show units.
typedef struct st_course_row {
    int arm;
    const char* name; ///< of the state or definition
    const char* unit;
    double day, mean, q05, q25, q50, q75, q95;
} st_course_row;

/// A scale at a visit in an arm, people present at that visit.
typedef struct st_outcome_row {
    int arm, measure, visit;
    int n;
    double mean, sd, q25, q50, q75;
    double change, change_sd, change_lo, change_hi; ///< from baseline, 95 % t interval of the mean
    double responders, responders_lo,
        responders_hi; ///< share changed by at least the important
                       ///< change, Wilson 95 % interval; NAN: none set
} st_outcome_row;

/// Difference in change from baseline between an arm and its control, and between an arm and the
/// same people in a twin arm ("paired").
typedef struct st_contrast_row {
    int arm, versus, measure, visit;
    const char* method; ///< "ancova", "welch", "paired"
    double difference, lo, hi, p;
} st_contrast_row;

/// Where an arm's measured change from baseline comes from; means over the people present, 95 %
/// intervals. The parts ("later treatment" only where a study has some) add up to "total", the
/// change that the instrument printed.
typedef struct st_split_row {
    int arm, measure, visit;
    const char*
        part; ///< "selection", "natural course", "context and procedure", "product", "total"
    double mean, lo, hi;
} st_split_row;

/// Adverse events of an arm: expected number per 10 000 people and what happened here.
typedef struct st_event_row {
    int arm;
    const char* name;
    int count;
    double per_10000, lo, hi; ///< observed rate with Wilson 95 % interval
    const char* source;
} st_event_row;

/// One adverse event of one person; comes after the person's row.
typedef struct st_person_event_row {
    int arm;
    uint64_t person;
    const char* name; ///< as in st_event_row
    double day;       ///< of the step that it is counted per: 0 = the injection, before it < 0
} st_person_event_row;

/// How much of a plan of care one person does; comes after the person's row, a plan at a time.
typedef struct st_adherence_row {
    int arm;
    uint64_t person;
    int plan; ///< of the arm, from 0
    const char* title;
    double share; ///< 0 ... 1, at its start; what is kept of it later is the plan's
} st_adherence_row;

/// What happened to one person after treatment; comes after the person's row.
typedef struct st_later_row {
    int arm;
    uint64_t person;
    const char* name;     ///< "rescue", "repeat", "crossover", "replacement"
    double day;           ///< just after the visit that set it off
    const char* estimand; ///< "treatment policy", "hypothetical", "composite"
} st_later_row;

/// An analysis beside the primary one.
typedef struct st_analysis_row {
    int arm, versus, measure, visit;
    const char* method; ///< "mmrm", "ancova, last carried", "responders, odds ratio", "holm" ...
    double estimate, lo, hi, p;
} st_analysis_row;

/// People of an arm who respond by a definition over several scores, at one visit, beside the arm's
/// control.                                                                             [TRI-40]
typedef struct st_responder_row {
    const char *name, *title;
    const char* rule; ///< the definition in words, with its source
    int arm, visit;
    int versus;            ///< -1: no control with people of its own
    int64_t n, responders; ///< people with all scores; of these responders
    double share, lo, hi;  ///< Wilson 95 % interval
    double difference;     ///< of the shares, arm minus control; NAN without one
    double diff_lo, diff_hi, p;
} st_responder_row;

/// Share of an arm's people who have not met an event (Kaplan-Meier).
typedef struct st_survival_row {
    int arm;
    const char* event; ///< "rescue", "replacement", "response"
    double day, share, lo, hi;
    int64_t at_risk, events; ///< still watched on that day; events until then
} st_survival_row;

/// What one value does to the primary contrast in a panel of the trial's people: everything else,
/// chance included, stays as it is.                                                     [TRI-50]
typedef struct st_influence_row {
    int arm, versus; ///< versus -1: no control; the arm's own sham stands in
    int measure, visit;
    int64_t people;     ///< of the panel
    const char* origin; ///< "model", "procedure": a value; "dose": all of a product class
    int position;       ///< of the value in model or catalogue, of the class in the dose
    const char* name;
    double value_lo, value_hi; ///< of the median person, show unit; factors of a dose
    double contrast, contrast_lo, contrast_hi; ///< arm minus control: as it is, value low, high
    double product, product_lo, product_hi;    ///< arm minus its own sham
} st_influence_row;

/// A quantity of an arm's preparation, from harvest to joint.
typedef struct st_prepared_row {
    int arm, position; ///< order in the arm; a quantity with two bands comes twice
    const char *name, *label, *unit;
    double middle;           ///< of a donor of middling age and weight, without any spread
    int64_t people;          ///< of the trial in whom it exists
    double q05, q50, q95;    ///< over them
    double band_lo, band_hi; ///< measured somewhere, NAN: nothing found
    const char* source;      ///< of the band, or NULL
} st_prepared_row;

/// A tube of the donor in the middle at one time, for drawing.
typedef struct st_tube_row {
    int arm, spin, step;
    double time_s, height_mm;
    double interface_mm;                  ///< top of the red cells above the bottom, NAN: not seen
    const double *red, *platelet, *white; ///< [ST_PICTURE_HEIGHTS] from the surface down
} st_tube_row;

/// How people were screened.
typedef struct st_screening_row {
    const char* reason; ///< "screened", "entered", or the criterion that failed first
    int64_t count;
} st_screening_row;

typedef struct st_failure_row {
    int arm;
    uint64_t person;
    double day;
    const char* message;
} st_failure_row;

/// Where results go. Filled by the report room; called from one thread, in a fixed order.
typedef struct st_sink {
    void* self;
    /// May be NULL. Before the first row.
    st_status (*begin)(void* self, st_ctx* ctx, const st_study* study);
    st_status (*row)(void* self, st_ctx* ctx, st_row_kind kind, const void* row);
    /// May be NULL. After the last row, if all went well.
    st_status (*end)(void* self, st_ctx* ctx);
    /// May be NULL. People finished (all arms and twins) of all; from the calling thread.
    void (*progress)(void* self, int64_t done, int64_t total);
    /// May be NULL. Comes after all rows of the people [first, first + count) in their order of
    /// entry; `bytes` and those rows are to become durable together, or not at all.
    st_status (*keep)(void* self, st_ctx* ctx, int64_t first, int64_t count, const void* bytes,
                      size_t length);
    /// May be NULL. What an earlier run kept of the people from `first` on, borrowed until the next
    /// call; *count = 0 when there is no more. Their rows are given once more.
    st_status (*recall)(void* self, st_ctx* ctx, int64_t first, int64_t* count, const void** bytes,
                        size_t* length);
} st_sink;

/// How to run. Start from st_default_trial_def().
typedef struct st_trial_def {
    int worker_count; ///< 0 = one per CPU; the result does not depend on it
    bool has_seed;    ///< overrides the study's seed
    uint64_t seed;
    /// Folder for a temporary file of about 2 kB per person, gone with the process; NULL = the
    /// system's. What is read more than once goes there, so that memory does not grow with people.
    const char* spill_dir;
    /// Files of st_study_screen_part(), [part_count] in order, NULL = not there; for
    /// st_study_run_part(), which screens what they do not tell. NULL = none.
    const char* const* verdict_path;
    uint32_t cookie;
} st_trial_def;
ST_API st_trial_def st_default_trial_def(void);

/// What happened, for the terminal.
typedef struct st_trial_summary {
    int64_t people;  ///< simulated, twins counted once
    int64_t courses; ///< courses of individuals: untreated, and sham and active in every arm
    int64_t failed;  ///< people whose numerics failed, counted in each of their arms
} st_trial_summary;

/// Runs the whole study. A person whose numerics fail is recorded and counted, not averaged.
ST_API st_status st_study_run(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                              const st_sink* sink, st_trial_summary* out);

/// Most things that can be given to a person after day 0, and replacement.
#define ST_SINGLE_EVENT_LIMIT 16

typedef struct st_single_event {
    const char* name; ///< "rescue", "repeat", "crossover", "replacement"
    double day;
} st_single_event;

/// One person of an arm once more, for a closer look: treatment on day 0, plans of care, and what
/// was given at visits, all as in the trial, whose course this is. Who left or had the joint
/// replaced is followed all the same: the course is the joint's as the model goes on. Arrays are
/// the caller's.
typedef struct st_single {
    double* parameter;  ///< [parameters of the model]
    double* input;      ///< [inputs of the model], at the start
    double* state;      ///< [day_count][states of the model]
    double* definition; ///< NULL, or [day_count][definitions of the model]
    double* input_at;   ///< NULL, or [day_count][inputs], those that hold from that day on
    double* change_day; ///< NULL, or [change_limit]: on which days within those asked for plans of
                        ///< care, rescue or the model's own plan set inputs, ascending
    int change_limit;   ///< more changes are refused
    int change_count;
    st_single_event event[ST_SINGLE_EVENT_LIMIT]; ///< what happened, in order of time
    int event_count;
    double left_day; ///< INFINITY: stayed to the end
} st_single;
/// `id` is the person's number in the store, `arm` their own or a twin arm; `day` ascending, from
/// 0.
ST_API st_status st_single_solve(st_ctx* ctx, const st_study* study, uint64_t seed, int arm,
                                 int64_t id, const double* day, int day_count, st_single* out);

/// Most parts of one run.
#define ST_PART_LIMIT 100000

/// Screens the candidates of part `part` (0 ... part_count-1) and keeps who may enter in the file
/// `path`: a first round, so that not every part of a run screens everybody.
ST_API st_status st_study_screen_part(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                                      int part, int part_count, const char* path);

/// Computes part `part` (0 ... part_count-1) of the people and keeps it in the file `path`. Of the
/// sink only `progress` is called. Who enters depends on all before: without the verdicts of a
/// first round everybody is screened in every part. The same people have the same results whatever
/// the parts.
ST_API st_status st_study_run_part(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                                   int part, int part_count, const char* path, const st_sink* sink,
                                   st_trial_summary* out);

/// The whole run from the files of all its parts, in any order: the rows of st_study_run().
ST_API st_status st_study_merge(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                                const char* const* path, int count, const st_sink* sink,
                                st_trial_summary* out);

// --- validation: published arms as studies, and how good the forecasts of them were
// --- docs/validation.md, docs/equations/validation.md

/// What to validate and how. Start from st_default_validate_def(). Texts are borrowed.
typedef struct st_validate_def {
    const char* table;     ///< evidence table
    const char* train;     ///< table that the baseline learns from; NULL = the same
    const char* model_dir; ///< folder with the shipped models
    const char* model;     ///< a shipped model's name, or the path of a model file
    const char* variant;   ///< NULL = none
    const char* posterior; ///< CSV of parameter draws; NULL = models/uncertainty.yaml
    int draws;             ///< 2 ... 100 000
    int people;            ///< virtual people behind every recipe, 64 ... 1 000 000
    bool keep_going;       ///< good rows of a table with faulty ones
    uint64_t seed;
    int worker_count; ///< 0 = one per CPU; the result does not depend on it
    /// May be NULL; from the calling thread.
    void (*progress)(void* self, int64_t done, int64_t total);
    void* self;
    uint32_t cookie;
} st_validate_def;
ST_API st_validate_def st_default_validate_def(void);

typedef enum st_forecast_kind {
    ST_FORECAST_MEAN,
    ST_FORECAST_CHANGE,
    ST_FORECAST_RESPONDER,
    ST_FORECAST_CONTRAST,
} st_forecast_kind;
ST_API const char* st_forecast_kind_name(st_forecast_kind kind);

/// 2.5, 5, 25, 50, 75, 95, 97.5 %
#define ST_FORECAST_QUANTILE_COUNT 7

/// One published number and what was predicted for it, in the scale's own points and sign.
typedef struct st_forecast {
    int line; ///< of the table
    int arm;  ///< st_validation_arm()
    const char *trial_id, *arm_id, *label, *intervention, *scale, *source;
    double month, n;
    st_forecast_kind kind;
    bool is_median;
    double baseline;              ///< printed score at entry of the same scale, NAN = none
    double observed, observed_sd; ///< sd of people, NAN = not known
    double mean, sd, quantile[ST_FORECAST_QUANTILE_COUNT], pit, crps;
    double base_mean, base_sd, base_crps;
    const char* base_cell; ///< how wide the baseline's cell was
    double weight;         ///< 0: predicted, not scored
    double factor;         ///< points of 100 towards better per point of the scale
    const char* note;
    const char* reason; ///< for a large error: what may stand behind it
    const double* draw; ///< [draws]
} st_forecast;

/// A row that is not scored.
typedef struct st_skipped_row {
    int line;
    const char *trial_id, *arm_id, *scale, *month;
    const char* reason;
} st_skipped_row;

/// How an arm became a study.
typedef struct st_validation_arm {
    const char *trial_id, *arm_id, *label, *intervention;
    const char* computed; ///< what was done to the virtual people
    const char* defaults; ///< what the page did not give, and what was taken instead
    double n;
    double people; ///< effective number of virtual people behind the arm
} st_validation_arm;

typedef struct st_validation_score {
    double value, lo, hi; ///< with 95 % bootstrap interval over trials, NAN with one trial
} st_validation_score;

/// Weighted means over scored rows; crps and bias in points of 100 of the scale. bias > 0: the
/// model promised more improvement than was seen.
typedef struct st_validation_scores {
    st_validation_score coverage, crps, base_crps, ratio, bias;
} st_validation_scores;

typedef struct st_validation st_validation;

/// Reads the table, computes every arm and scores every row. Faulty rows are refused with their
/// lines unless `keep_going`.
ST_API st_status st_validate_run(st_ctx* ctx, const st_validate_def* def, st_validation** out);
ST_API void st_validation_destroy(st_validation* validation); // NULL is allowed

ST_API int st_validation_row_count(const st_validation* validation); ///< of the table
ST_API int st_validation_forecast_count(const st_validation* validation);
ST_API const st_forecast* st_validation_forecast(const st_validation* validation, int index);
ST_API int st_validation_skipped_count(const st_validation* validation);
ST_API const st_skipped_row* st_validation_skipped(const st_validation* validation, int index);
ST_API int st_validation_arm_count(const st_validation* validation);
ST_API const st_validation_arm* st_validation_arm_at(const st_validation* validation, int index);
ST_API int st_validation_scored_count(const st_validation* validation); ///< rows with weight
ST_API int st_validation_trial_count(const st_validation* validation);  ///< trials with such rows
ST_API int st_validation_draw_count(const st_validation* validation);
ST_API const st_validation_scores* st_validation_all_scores(const st_validation* validation);
/// Scores of the rows for which `keep` is true; false when there is none.
ST_API bool st_validation_some_scores(st_ctx* ctx, const st_validation* validation,
                                      bool (*keep)(void* self, const st_forecast* forecast),
                                      void* self, st_validation_scores* out, int* rows);
/// One line: rows=.. scored=.. trials=.. coverage95=.. and so on. Owned by the caller (st_alloc).
ST_API char* st_validation_summary(st_ctx* ctx, const st_validation* validation);
/// Facts about the run: model, variant, seed, table, posterior.
ST_API int st_validation_about_count(const st_validation* validation);
ST_API const char* st_validation_about(const st_validation* validation, int index,
                                       const char** key);

#endif
