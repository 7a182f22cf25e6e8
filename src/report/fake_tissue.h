/// \file
/// For tests only: the folder of a tissue run, made up, so that the page can be tested without one.
#ifndef ST_REPORT_FAKE_TISSUE_H
#define ST_REPORT_FAKE_TISSUE_H

#include "base/png.h"
#include "base/table.h"

#include <math.h>
#include <stdio.h>

typedef struct fake_tissue {
    const char* title;
    int kinds;   ///< of cells, 0: a run of fields alone
    int outputs; ///< 1 or more
    int fields, matrices;
    bool has_profile, has_zoom, is_empty_at_end;
    const char* place; ///< of all kinds; NULL: each has its own
} fake_tissue;

/// Cells of a kind at an output: from millions to one, the first falls, the second comes later.
static inline double fake_tissue_count(const fake_tissue* f, int kind, int output)
{
    if (f->is_empty_at_end && output + 1 == f->outputs) {
        return 0.0;
    }
    const double size = kind % 3 == 0 ? 54321.0 : kind % 3 == 1 ? 321.0 : 7.0;
    return floor(size * (kind % 2 == 0 ? 1.0 / (1.0 + output) : (double)output / f->outputs));
}

static inline void fake_tissue_name(const fake_tissue* f, int kind, char* out, size_t size)
{
    snprintf(out, size, "kind_with_a_long_name_%d@%s%.0d", kind, f->place ? f->place : "place",
             f->place ? 0 : kind + 1);
}

static inline void fake_tissue_save(st_ctx* ctx, const char* dir, const char* name, st_text* text)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(st_file_write(ctx, path, text->data, text->length), ST_OK);
    st_text_clear(text);
}

static inline void fake_tissue_about(st_ctx* ctx, const char* dir, const fake_tissue* f)
{
    st_text t;
    st_text_init(&t, ctx);
    st_text_add(&t, "what,value,unit\r\n");
    st_text_add_field(&t, "title");
    st_text_add_field(&t, f->title);
    st_text_add_field(&t, "");
    st_text_end_record(&t);
    st_text_add(&t, "description,\"A box, a <b>bold</b> one\",\r\nmodel,A & B,\r\n"
                    "version,9.9.9,\r\nvoxels,8000,1\r\nvoxel_volume,125000,um^3\r\nbricks,27,1\r\n"
                    "volume_<gel>,0.001,mL\r\nvolume_rim,0.0005,mL\r\nvolume_none,0,mL\r\n");
    for (int i = 0; i < f->fields; i++) {
        st_text_addf(&t, "steady_field%d,%d,1\r\nrelaxation_field%d,12.5,min\r\n", i, i % 2, i);
    }
    for (int i = 0; i < f->matrices; i++) {
        st_text_addf(&t, "matrix_%d,matrix%d,%s\r\n", i + 1, i, i == 0 ? "1" : "mg/mL");
    }
    if (f->fields > 0) {
        st_text_add(&t, "slice_1,field0,\r\n");
    }
    if (f->kinds > 0) {
        st_text_add(&t, "seed,4711,1\r\nprofile,z,\r\n");
    }
    st_text_add(&t, "hash,0123456789abcdef,1\r\n");
    fake_tissue_save(ctx, dir, "about.csv", &t);
    st_text_init(&t, ctx);
    st_text_add(&t,
                "file,name,value,source,assumed\r\n"
                "tissue,cells.types.x.diameter,15 um,\"measured, doi:10.1000/182 <script>\",\r\n"
                "tissue,fields.a,2e-9 m2/s,,\"hand-set & <i>rough</i>\"\r\n"
                "model,rate,0.1 1/day,,from memory\r\n");
    fake_tissue_save(ctx, dir, "values.csv", &t);
}

static inline void fake_tissue_cells(st_ctx* ctx, const char* dir, const fake_tissue* f)
{
    static const char events[] = ",births,deaths,changes,arrivals,departures\r\n";
    char name[80];
    st_text t;
    st_text joint;
    st_text_init(&t, ctx);
    st_text_init(&joint, ctx);
    st_text_add(&t, "day,cells");
    st_text_add(&joint, "day");
    for (int k = 0; k < f->kinds; k++) {
        fake_tissue_name(f, k, name, sizeof name);
        st_text_addf(&t, ",%s", name);
        st_text_addf(&joint, ",%s", name);
    }
    st_text_add(&t, events);
    for (int o = 0; o < f->outputs; o++) {
        double sum = 0.0;
        for (int k = 0; k < f->kinds; k++) {
            sum += fake_tissue_count(f, k, o);
        }
        st_text_addf(&t, "%d,%.0f", o, sum);
        st_text_addf(&joint, "\r\n%d", o);
        for (int k = 0; k < f->kinds; k++) {
            st_text_addf(&t, ",%.0f", fake_tissue_count(f, k, o));
            st_text_addf(&joint, ",%.6g", 1.02 * fake_tissue_count(f, k, o));
        }
        st_text_addf(&t, ",%d,%d,%d,%d,%d\r\n", 100 * o, 90 * o, 5 * o, o, o / 2);
    }
    st_text_add(&joint, "\r\n");
    fake_tissue_save(ctx, dir, "cells.csv", &t);
    if (f->has_zoom) {
        fake_tissue_save(ctx, dir, "expected.csv", &joint);
        st_text_init(&t, ctx);
        st_text_add(&t,
                    "what,value,unit\r\nstudy,\"A <trial> of \"\"cells\"\"\",\r\nperson,12,1\r\n"
                    "arm,msc & ha,\r\nis_twin,0,1\r\nplace,synovium,\r\nedge,1000,um\r\n"
                    "days,30,day\r\nrun,..,\r\nlater_rescue,1.5,day\r\nlater_repeat,900,day\r\n");
        fake_tissue_save(ctx, dir, "zoom.csv", &t);
    }
    st_text_clear(&joint);
}

static inline void fake_tissue_fields(st_ctx* ctx, const char* dir, const fake_tissue* f)
{
    static const char* const media[] = {"<gel>", "rim", "none"};
    st_text t;
    st_text_init(&t, ctx);
    if (f->kinds == 0) {
        st_text_add(&t, "time_min,field,lowest_M,highest_M,amount_fmol,supply_fmol,decay_fmol,"
                        "uptake_fmol,in_fmol,balance_error,deficit_fmol,cells_fmol,reacted_fmol,"
                        "mean_<gel>_M,mean_rim_M,mean_none_M,<gel>_lowest_M,<gel>_highest_M,"
                        "rim_lowest_M,rim_highest_M,none_lowest_M,none_highest_M\r\n");
        for (int o = 0; o < f->outputs; o++) {
            for (int i = 0; i < f->fields; i++) {
                st_text_addf(
                    &t,
                    "%d,field%d,1e-6,%g,5,1,2,3,4,1e-9,0,0,0,2e-6,3e-6,,1e-6,3e-6,2e-6,4e-6,,\r\n",
                    10 * o, i, 3e-6 + 1e-6 * o);
            }
        }
    } else {
        st_text_add(&t, "day");
        for (int i = 0; i < f->fields; i++) {
            st_text_addf(&t, ",field%d_lowest_M,field%d_highest_M", i, i);
            for (int m = 0; m < 3; m++) {
                st_text_addf(&t, ",field%d_%s_M", i, media[m]);
            }
            st_text_addf(&t, ",field%d_balance_error", i);
            for (int m = 0; m < 3; m++) {
                st_text_addf(&t, ",field%d_%s_lowest_M,field%d_%s_highest_M", i, media[m], i,
                             media[m]);
            }
        }
        for (int i = 0; i < f->matrices; i++) {
            for (int m = 0; m < 3; m++) {
                st_text_addf(&t, ",matrix%d_%s", i, media[m]);
            }
        }
        st_text_add(&t, "\r\n");
        for (int o = 0; o < f->outputs; o++) {
            st_text_addf(&t, "%d", o);
            for (int i = 0; i < f->fields; i++) {
                st_text_addf(&t, ",1e-9,%g,2e-9,3e-9,,%s,1e-9,3e-9,25e-10,4e-9,,", 4e-9 + 1e-9 * o,
                             i == 0 ? "1e-8" : "");
            }
            for (int i = 0; i < f->matrices; i++) {
                st_text_addf(&t, ",%g,0.25,", 0.1 + 0.8 * o / f->outputs);
            }
            st_text_add(&t, "\r\n");
        }
    }
    fake_tissue_save(ctx, dir, "fields.csv", &t);
}

static inline void fake_tissue_profile(st_ctx* ctx, const char* dir, const fake_tissue* f)
{
    char name[80];
    st_text t;
    st_text_init(&t, ctx);
    st_text_add(&t, "day,from_um,to_um,voxels");
    for (int k = 0; k < f->kinds; k++) {
        fake_tissue_name(f, k, name, sizeof name);
        st_text_addf(&t, ",%s", name);
    }
    for (int i = 0; i < f->fields; i++) {
        st_text_addf(&t, ",field%d_M", i);
    }
    for (int i = 0; i < f->matrices; i++) {
        st_text_addf(&t, ",matrix%d", i);
    }
    st_text_add(&t, "\r\n");
    for (int o = 0; o < f->outputs; o++) {
        for (int b = 0; b < 5; b++) {
            const bool has_tissue = b < 4; // the last slice is empty
            st_text_addf(&t, "%d,%d,%d,%d", o, 400 * b, 400 * (b + 1), has_tissue ? 1600 : 0);
            for (int k = 0; k < f->kinds; k++) {
                st_text_addf(&t, ",%.0f", has_tissue ? floor(fake_tissue_count(f, k, o) / 4) : 0.0);
            }
            for (int i = 0; i < f->fields; i++) {
                st_text_add(&t, has_tissue ? ",2e-9" : ",");
            }
            for (int i = 0; i < f->matrices; i++) {
                st_text_add(&t, has_tissue ? ",0.5" : ",");
            }
            st_text_add(&t, "\r\n");
        }
    }
    fake_tissue_save(ctx, dir, "profile.csv", &t);
}

static inline void fake_tissue_picture(st_ctx* ctx, const char* dir, const char* name, double tall)
{
    static const unsigned char pixel[4 * 4 * 3] = {200, 10, 10, 10, 200, 10};
    st_text png;
    st_text t;
    st_text_init(&png, ctx);
    st_text_init(&t, ctx);
    assert_int_equal(st_png_add(&png, pixel, 4, 4, 3, 6), ST_OK);
    st_text_addf(&t,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\"><image data-minutes=\"0\" "
                 "data-wide-um=\"800\" data-tall-um=\"%g\" data-axes=\"xzy\" data-at-um=\"100\" "
                 "data-high-M=\"4e-09\" href=\"data:image/png;base64,",
                 tall);
    st_png_add_base64(&t, png.data, png.length);
    st_text_add(&t, "\"/></svg>\n");
    st_text_clear(&png);
    fake_tissue_save(ctx, dir, name, &t);
}

/// Writes all files of the folder, which must be there and empty.
static inline void fake_tissue_write(st_ctx* ctx, const char* dir, const fake_tissue* f)
{
    char name[64];
    fake_tissue_about(ctx, dir, f);
    fake_tissue_fields(ctx, dir, f);
    if (f->kinds > 0) {
        fake_tissue_cells(ctx, dir, f);
        fake_tissue_picture(ctx, dir, "cells_000000.svg", 800.0);
        snprintf(name, sizeof name, "cells_%06d.svg", f->outputs - 1);
        fake_tissue_picture(ctx, dir, name, 4000.0);
    }
    if (f->has_profile) {
        fake_tissue_profile(ctx, dir, f);
    }
    if (f->fields > 0) {
        fake_tissue_picture(ctx, dir, "slice_1_field0_000000.svg", 200.0);
    }
}

#endif
