/// \file
/// The store (one SQLite file per run), CSV tables and the HTML page. The only room that reads or
/// writes result files. Schema: docs/store.md. The page and the tables are made from the store
/// alone.
#ifndef STROMA_REPORT_H
#define STROMA_REPORT_H

#include "stroma/trial.h"

typedef struct st_store st_store;

/// Starts a store in `dir` (made if missing) as results.sqlite.part. Refused with ST_ERR_INPUT when
/// `dir` already holds results.sqlite and `force` is false, and when another run holds the folder's
/// lock.
ST_API st_status st_store_create(st_ctx* ctx, const char* dir, bool force, st_store** out);

/// The seed that the run uses instead of the study's own (st_trial_def.seed): call it before the
/// run begins, so that the store tells the seed that made it.
ST_API st_status st_store_override_seed(st_store* store, uint64_t seed);

/// The sink that fills it. Borrowed until st_store_destroy(). `progress` is left NULL.
ST_API st_sink st_store_sink(st_store* store);

/// Seals the store: results.sqlite.part becomes results.sqlite, durable on disk.
ST_API st_status st_store_finish(st_ctx* ctx, st_store* store);

/// Frees; an unfinished store leaves nothing behind but what was there before. NULL is allowed.
ST_API void st_store_destroy(st_store* store);

/// People whose results are safe in the folder, from this run or from an earlier one that the store
/// goes on with. As long as there are any, st_store_destroy() leaves them for the next run of the
/// same study, seed and version.
ST_API int64_t st_store_kept_people(const st_store* store);

/// The canonical dump of DIR/results.sqlite: every table and row in the order of its primary key,
/// as text owned by the caller (st_alloc). Two runs are equal when their dumps are. docs/store.md.
ST_API st_status st_store_dump(st_ctx* ctx, const char* dir, char** out, size_t* length);

/// 128-bit hash of the same text as 32 hex digits, without holding it in memory.
ST_API st_status st_store_dump_hash(st_ctx* ctx, const char* dir, char out[33]);

/// Writes DIR/report.html from DIR/results.sqlite.
ST_API st_status st_report_write(st_ctx* ctx, const char* dir);

/// Writes DIR/report.html of a tissue run from the tables and pictures in DIR. docs/report.md
ST_API st_status st_tissue_page_write(st_ctx* ctx, const char* dir);
/// Does `dir` hold the tables of a finished tissue run?
ST_API bool st_tissue_story_is_here(st_ctx* ctx, const char* dir);

/// Writes the CSV tables into DIR/tables/ from DIR/results.sqlite.
ST_API st_status st_report_tables(st_ctx* ctx, const char* dir);

/// The same tables and, beside them, CDISC datasets (TS, ADSL, ADQS, ADAE, ADTTE) in `out`, made if
/// missing. docs/report.md.
ST_API st_status st_report_tables_to(st_ctx* ctx, const char* dir, const char* out);

/// Writes every figure of the page as an SVG file of its own into `out`, made if missing; *count
/// tells how many.
ST_API st_status st_report_figures(st_ctx* ctx, const char* dir, const char* out, int* count);

/// Writes DIR/compare.html: this run beside the one in `other`.
ST_API st_status st_report_compare(st_ctx* ctx, const char* dir, const char* other);

/// The compact answer for a terminal, made from the store: text owned by the caller (st_alloc).
/// ASCII only.
ST_API st_status st_report_summary(st_ctx* ctx, const char* dir, char** out);
/// The same for terminals that show UTF-8: the course over time has eight heights instead of five.
ST_API st_status st_report_summary_utf8(st_ctx* ctx, const char* dir, char** out);

/// Writes a validation into `dir` (made if missing): predictions.csv, draws.csv, skipped.csv,
/// arms.csv, validation.sqlite, validation.html. Refused with ST_ERR_INPUT when predictions.csv is
/// there and `force` is false; the first call asks that before anything is computed.
ST_API st_status st_report_validation_check(st_ctx* ctx, const char* dir, bool force);
ST_API st_status st_report_validation(st_ctx* ctx, const char* dir, const st_validation* validation,
                                      bool force);

/// Writes the files that a finished run in `dir` was made of into the folder `out`, so that it can
/// be loaded again: study.yaml, models/, evidence/. Gives the run's seed, and the arm of person
/// `id` (-1 = the id is in no arm; their own, not a twin arm's).
ST_API st_status st_store_sources(st_ctx* ctx, const char* dir, const char* out, int64_t id,
                                  uint64_t* seed, int* arm);

#endif
