/// \file
/// People: who they are, what they feel, what instruments read. The only room where the two engines
/// meet.
///
/// Units: those of the model at its door (mL, day, nmol); attributes carry their unit in the name.
/// docs/equations/patient.md. People files: models/people/*.yaml. Instruments and contextual
/// response are tables of the model file (`instruments:`, `context:`).
#ifndef STROMA_PATIENT_H
#define STROMA_PATIENT_H

#include "stroma/model.h"

/// What describes a person. A model input of the same name receives it, converted.
typedef enum st_attribute {
    ST_PERSON_AGE,          ///< "age", years
    ST_PERSON_FEMALE,       ///< "female", 0 or 1
    ST_PERSON_HEIGHT,       ///< "height", m
    ST_PERSON_BMI,          ///< "bmi", kg/m^2
    ST_PERSON_KL,           ///< "kl", Kellgren-Lawrence grade 0 ... 4
    ST_PERSON_VARUS,        ///< "varus", degrees from neutral, varus positive
    ST_PERSON_PAIN,         ///< "base_pain", long-run true pain, VAS points 0-100
    ST_PERSON_FUNCTION,     ///< "base_function", long-run true WOMAC function 0-68
    ST_PERSON_INFLAMMATION, ///< "inflammation", synovitis relative to the median patient, > 0
    ST_PERSON_THICKNESS,    ///< "base_thickness", medial tibial cartilage, mm
    ST_PERSON_DURATION,     ///< "duration", years of symptoms
    ST_PERSON_STRENGTH,     ///< "strength", knee extensors per body mass, 1 = median patient, > 0
    ST_PERSON_INJURY,       ///< "injury", 0 or 1: ligament or meniscus torn before
    ST_ATTRIBUTE_COUNT
} st_attribute;

typedef struct st_attribute_info {
    const char* name; ///< as above
    const char* unit; ///< "y", "1", "m", "kg/m^2" ...
    const char* label;
} st_attribute_info;

ST_API const st_attribute_info* st_attribute_about(st_attribute attribute);
ST_API int st_attribute_find(const char* name); ///< -1 when unknown

typedef struct st_person {
    uint64_t id; ///< with the seed, decides everything about the person
    double value[ST_ATTRIBUTE_COUNT];
} st_person;

/// A value of a file of people or of a plan of care, and where it is from.
typedef struct st_figure_info {
    const char* name;
    double value; ///< of a distribution its median or share; NAN when it is several numbers
    const char* unit;
    const char* source;
    const char* assumed; ///< one of the two is NULL
} st_figure_info;

/// Where people come from: marginals with a Gaussian copula, or (a path ending in .csv) a table of
/// people, drawn with replacement.
typedef struct st_people st_people;
ST_API st_status st_people_load(st_ctx* ctx, const char* path, st_people** out);
ST_API void st_people_destroy(st_people* people);
ST_API const char* st_people_title(const st_people* people);
ST_API const char* st_people_source(const st_people* people, const char** name, size_t* length);
/// Distributions, correlations and facts, in this order; a table of people has none.
ST_API int st_people_figure_count(const st_people* people);
ST_API st_figure_info st_people_figure(const st_people* people, int index);
/// Draws person `id`. A pure function of (people, seed, id).
ST_API void st_people_draw(const st_people* people, uint64_t seed, uint64_t id, st_person* out);

/// A fact that is true of some people, or something that has happened to some of them (`facts:` and
/// `since:` of a people file; a table of people has none).
typedef struct st_people_fact_info {
    const char* name;
    bool is_since; ///< happened some time ago, or never
    double share;  ///< of people of whom it is true, or to whom it has happened
    const char* source;
    const char* assumed; ///< one of the two is NULL
} st_people_fact_info;
ST_API int st_people_fact_count(const st_people* people);
ST_API const st_people_fact_info* st_people_fact_at(const st_people* people, int index);
ST_API int st_people_fact_find(const st_people* people, const char* name); ///< -1 absent
/// Whether it is true of person `id`: a pure function of (people, seed, id, name).
ST_API bool st_people_fact_holds(const st_people* people, int index, uint64_t seed, uint64_t id);
/// Days since it happened to person `id`, INFINITY = never.
ST_API double st_people_fact_since_day(const st_people* people, int index, uint64_t seed,
                                       uint64_t id);

/// What turns people into parameters and inputs of one model: made once per study, then read-only
/// and shared by all workers. The model is borrowed and must outlive it. Reports parameter
/// correlations that cannot hold together and inputs whose dimension is not the attribute's.
typedef struct st_person_plan st_person_plan;
ST_API st_status st_person_plan_create(st_ctx* ctx, const st_model* model, st_person_plan** out);
ST_API void st_person_plan_destroy(st_person_plan* plan); // NULL is allowed

/// This person's model parameters (spread and correlation drawn from seed and id) and inputs.
/// parameter [parameter_count], input [input_count], model units. A draw is tied to the parameter's
/// name, so adding a parameter elsewhere changes nobody.
ST_API void st_person_setup(const st_person_plan* plan, const st_person* person, uint64_t seed,
                            double* parameter, double* input);

/// How a scale reads a person.
typedef struct st_instrument_info {
    const char* name;     ///< "vas_pain"
    const char* title;    ///< "Pain (VAS 0-100)"
    const char* unit;     ///< for people: "points (0-100)", "mm"
    const char* from;     ///< definition or state of the model that it reads
    double factor;        ///< reading = model value * factor
    double lo, hi;        ///< floor and ceiling
    double step;          ///< rounding, 0 = none
    double noise_sd;      ///< day-to-day and reading error, independent between visits
    double drift_sd;      ///< slow within-person fluctuation (stationary SD) ...
    double drift_tau_day; ///< ... and its correlation time
    int drift_with;       ///< index of the instrument whose fluctuation it follows; often its own
    bool lower_is_better;
    double important_change; ///< smallest clinically important change, > 0; 0 = none
    const char* important_source;
} st_instrument_info;

typedef struct st_instruments st_instruments;
ST_API st_status st_instruments_read(st_ctx* ctx, const st_model* model, st_instruments** out);
ST_API void st_instruments_destroy(st_instruments* instruments);
ST_API int st_instruments_count(const st_instruments* instruments);
ST_API const st_instrument_info* st_instruments_at(const st_instruments* instruments, int index);
ST_API int st_instruments_find(const st_instruments* instruments, const char* name); ///< -1 absent

/// Value without noise: from a sample row of the population engine (states, then definitions).
ST_API double st_instrument_value(const st_instruments* instruments, int index,
                                  const double* sample);

/// What the instrument prints at a visit: clip(round(value + drift + noise)). `visit` separates the
/// noise of visits (a screening visit has a negative number), `day` gives the slow drift, which is
/// the exact Ornstein-Uhlenbeck process at the given ascending days. A pure function of (seed,
/// person, visits, days): arms and twins read on the same days have equal noise and drift, and a
/// list that is continued keeps the readings of its beginning.
typedef struct st_reading {
    int visit;
    double day;
    double value;    ///< in: without noise
    double measured; ///< out
} st_reading;
ST_API void st_instrument_read(const st_instruments* instruments, int index, uint64_t seed,
                               uint64_t person, st_reading* reading, int count);

/// What people know and what is done to them changes what they report (the contextual response).
typedef struct st_context_setting {
    bool is_open; ///< person knows the arm
    bool has_injection;
    bool has_harvest;
} st_context_setting;
typedef struct st_context_rules st_context_rules;
ST_API st_status st_context_rules_read(st_ctx* ctx, const st_model* model, st_context_rules** out);
ST_API void st_context_rules_destroy(st_context_rules* rules);
/// State that receives the suggestion at treatment, and how much.
ST_API int st_context_rules_state(const st_context_rules* rules);
ST_API double st_context_rules_amount(const st_context_rules* rules,
                                      const st_context_setting* setting);

// --- candidacy
// -------------------------------------------------------------------------------------

/// What a criterion says about a person.
typedef enum st_verdict {
    ST_VERDICT_MET,     ///< nothing stands against it
    ST_VERDICT_UNKNOWN, ///< the file does not say
    ST_VERDICT_ASK,     ///< a specialist's answer is needed
    ST_VERDICT_FIRST,   ///< another option comes first
    ST_VERDICT_LATER,   ///< not now
    ST_VERDICT_STOP,    ///< not a candidate while this holds
} st_verdict;

/// Criteria of published trials with reasons and sources (models/candidacy/*.yaml). They read
/// eligibility for a virtual trial and advise nobody.
typedef struct st_candidacy st_candidacy;
ST_API st_status st_candidacy_load(st_ctx* ctx, const char* path, st_candidacy** out);
ST_API void st_candidacy_destroy(st_candidacy* candidacy);
ST_API const char* st_candidacy_title(const st_candidacy* candidacy);
/// What a verdict means, in words for people.
ST_API const char* st_candidacy_words(const st_candidacy* candidacy, st_verdict verdict);
ST_API int st_candidacy_count(const st_candidacy* candidacy);

typedef struct st_criterion_info {
    const char* name;
    const char* label;
    const char* why;
    const char* source;  ///< or NULL
    const char* assumed; ///< or NULL
    st_verdict verdict;  ///< when it is not met
} st_criterion_info;
ST_API const st_criterion_info* st_candidacy_at(const st_candidacy* candidacy, int index);

/// One person's file (top key `person:`): attributes, facts and times since.
typedef struct st_person_file st_person_file;
ST_API st_status st_person_file_load(st_ctx* ctx, const st_candidacy* candidacy, const char* path,
                                     st_person_file** out);
ST_API void st_person_file_destroy(st_person_file* person);
ST_API const char* st_person_file_title(const st_person_file* person);

/// What criterion `index` says about the person.
ST_API st_verdict st_candidacy_judge(const st_candidacy* candidacy, int index,
                                     const st_person_file* person);
/// The gravest verdict over all criteria.
ST_API st_verdict st_candidacy_verdict(const st_candidacy* candidacy, const st_person_file* person);

/// What criterion `index` asks about: an attribute's or a fact's name.
ST_API const char* st_candidacy_subject(const st_candidacy* candidacy, int index);
/// True when people of this kind can be asked: they have the attribute, or draw the fact.
ST_API bool st_candidacy_can_ask(const st_candidacy* candidacy, int index, const st_people* people);
/// The same question to a virtual person, whose facts `people` draws; unknown when they are not
/// drawn. A pure function of its arguments.
ST_API st_verdict st_candidacy_judge_virtual(const st_candidacy* candidacy, int index,
                                             const st_people* people, uint64_t seed,
                                             const st_person* person);
ST_API const char* st_candidacy_source(const st_candidacy* candidacy, const char** name,
                                       size_t* length);

// --- care over time
// --------------------------------------------------------------------------------

/// Rehabilitation, exercise, weight loss ...: inputs of a model over time in phases, and how much
/// of it each person does (models/plans/*.yaml).
typedef struct st_care st_care;

/// Reads a plan for one model, from day 0 to `end_day`. Reports inputs that the model does not
/// have.
ST_API st_status st_care_load(st_ctx* ctx, const char* path, const st_model* model, double end_day,
                              st_care** out);
ST_API void st_care_destroy(st_care* care); // NULL is allowed
ST_API const char* st_care_title(const st_care* care);
ST_API const char* st_care_source(const st_care* care, const char** name, size_t* length);

typedef struct st_care_phase_info {
    const char* name;
    double from_day, to_day;
    const char* text;    ///< what it asks for, in words: "load 50 % at once, strength to 117 %"
    const char* source;  ///< or NULL
    const char* assumed; ///< or NULL
} st_care_phase_info;
ST_API int st_care_phase_count(const st_care* care);
ST_API const st_care_phase_info* st_care_phase(const st_care* care, int index);
/// Adherence, its half-life if it has one, and every phase.
ST_API int st_care_figure_count(const st_care* care);
ST_API st_figure_info st_care_figure(const st_care* care, int index);
/// How much of it people do, in words.
ST_API const char* st_care_adherence_text(const st_care* care);

/// From `day` on the input is own + adherence x (times x own + plus), in model units.
typedef struct st_care_change {
    double day; ///< ascending
    int input;
    double times, plus;
} st_care_change;
ST_API int st_care_change_count(const st_care* care);
ST_API const st_care_change* st_care_changes(const st_care* care);
/// Share of the plan that the person does at its start, 0 ... 1. A pure function; everybody's own
/// whatever the plan, so that who exercises also diets.
ST_API double st_care_adherence(const st_care* care, uint64_t seed, uint64_t person);

#endif
