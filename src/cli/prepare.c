/// `stroma prepare`: what a laboratory gets from a harvest, a spin, a culture, a gel.

#include "cli.h"
#include "messages.h"
#include "models_dir.h"
#include "prepare_json.h"
#include "prepare_picture.h"

#include "base/base.h"
#include "base/table.h"
#include "stroma/procedure.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// Changes that are shown on the terminal; the file has all of them.
#define LEVERS_SHOWN 8

static void print_step_table(const st_preparation_result* r)
{
    printf("\n%-22s %9s %9s   %10s [%s to %s of donors]\n", "step", "mL", "day", r->dose_label,
           "5 %", "95 %");
    for (int i = 0; i < r->loss_count; i++) {
        const st_loss* l = &r->loss[i];
        printf("  %-20s %9.3g %9.2f   %10.3g [%.3g, %.3g]\n", l->name, l->volume_mL, l->day,
               l->cells_q50, l->cells_q05, l->cells_q95);
    }
}

static void print_measured(const st_preparation_result* r)
{
    if (r->measured_count == 0) {
        return;
    }
    printf("\nmeasured beside computed (median over donors)\n");
    for (int i = 0; i < r->measured_count; i++) {
        const st_measured* m = &r->measured[i];
        printf("  %-44s %8.4g   measured %.4g to %.4g %s   %s\n", m->label, m->computed, m->low,
               m->high, strcmp(m->unit, "1") == 0 ? "" : m->unit,
               m->is_inside ? "inside" : "OUTSIDE");
    }
}

/// "x 0.81", or that the change cannot be made.
static const char* ratio_text(double ratio, char* out, size_t size)
{
    if (isfinite(ratio)) {
        snprintf(out, size, "x %.2f", ratio);
    } else {
        snprintf(out, size, "impossible");
    }
    return out;
}

static void print_levers(const st_preparation_result* r)
{
    if (r->lever_count == 0) {
        return;
    }
    printf("\nwhat would change the dose most (one at a time, median donor)\n");
    for (int i = 0; i < r->lever_count && i < LEVERS_SHOWN; i++) {
        const st_lever* l = &r->lever[i];
        char lo[32];
        char hi[32];
        printf("  %-38s %10.4g to %-10.4g %-8s dose %s to %s\n", l->name, l->lo, l->hi, l->unit,
               ratio_text(l->dose_lo, lo, sizeof lo), ratio_text(l->dose_hi, hi, sizeof hi));
    }
}

/// The sources on age do not agree: what each of them says.
static void print_rivals(const st_preparation_result* r)
{
    if (r->rival_count == 0) {
        return;
    }
    printf("\nrival sources on age (median donor; `age_relation` chooses one)\n");
    for (int i = 0; i < r->rival_count; i++) {
        const st_rival* rival = &r->rival[i];
        printf("  %-14s %9.4g CFU-F/mL harvested   dose %9.4g %s in %.3g days%s\n", rival->name,
               rival->cfu_f_per_mL, rival->dose, r->dose_label, rival->days,
               rival->is_used ? "   <- used" : "");
    }
}

static void print_gel(const st_gel_told* gel)
{
    printf("\ngel, light by %s: %s\n", gel->light_path,
           gel->is_gel ? "hardens down to the wanted depth"
                       : "DOES NOT harden down to the wanted depth");
    printf("  light %.3g J/cm2, depth that gels %.3g mm (wanted %.3g), conversion %.0f %% at the "
           "top, %.0f %% at the bottom\n",
           gel->dose_J_per_cm2, gel->cure_depth_mm, gel->wanted_depth_mm,
           100.0 * gel->conversion_top, 100.0 * gel->conversion_bottom);
    if (gel->modulus_kPa > 0.0) {
        printf("  Young's modulus %.3g kPa, mesh %.3g nm, stiffness halves in %.3g days\n",
               gel->modulus_kPa, gel->mesh_nm, gel->half_life_day);
        printf("  diffusivity in the gel / in water:");
        for (int i = 0; i < gel->factor_count; i++) {
            printf(" %s %.2f", gel->factor[i].name, gel->factor[i].ratio);
        }
        printf("\n");
    }
    printf("  the light-cured gels of published clinical trials carried no cells: their results do "
           "not carry over\n");
}

/// Harms by step, as published, and the usual plan afterwards.
static void print_care(const st_preparation* p)
{
    st_adverse event[64];
    const st_recipe* recipe = st_preparation_recipe(p);
    const st_catalogue* c = st_preparation_catalogue(p);
    const int count = st_recipe_adverse(recipe, event, 64);
    printf("\n%s\n", count > 0 ? "published harms per step"
                               : "no published harm rate for these steps is in the catalogue");
    for (int i = 0; i < count && i < 64; i++) {
        printf("  %-52s %8.3g %% [%.3g, %.3g] per %s\n", event[i].label,
               100.0 * event[i].probability, 100.0 * event[i].lo, 100.0 * event[i].hi,
               event[i].per);
    }
    if (st_recipe_has_injection(recipe)) {
        printf("load afterwards, share of the habitual: day 1 %.0f %%, day 7 %.0f %%, day 28 %.0f "
               "%%, day 84 %.0f %%\n",
               100.0 * st_aftercare_load(c, 1.0, 1.0), 100.0 * st_aftercare_load(c, 7.0, 1.0),
               100.0 * st_aftercare_load(c, 28.0, 1.0), 100.0 * st_aftercare_load(c, 84.0, 1.0));
        printf("no anti-inflammatory drugs afterwards is common practice (%.1f %% of protocols), "
               "without outcome evidence\n",
               100.0 * st_aftercare_nsaid_share(c));
    }
}

static void print_result(const st_preparation* p, const st_preparation_result* r)
{
    printf("%s\n%s\n", st_preparation_title(p), st_recipe_text(st_preparation_recipe(p)));
    print_step_table(r);
    printf("\ndose over %lld donors: median %.3g %s, half of them between %.3g and %.3g, 5 to 95 "
           "%%: %.3g to %.3g\n",
           (long long)r->donors, r->dose_q50, r->dose_label, r->dose_q25, r->dose_q75, r->dose_q05,
           r->dose_q95);
    if (r->failed > 0) {
        printf("cultures that failed: %.1f %% of donors\n",
               100.0 * (double)r->failed / (double)r->donors);
    }
    if (r->median.has_needle) {
        const st_needle_told* n = &r->median.needle;
        printf("needle in the joint: %.1f %% (95 %% interval %.1f to %.1f %%); plunger %.1f N, "
               "joint %.0f mmHg\n",
               100.0 * r->placed, 100.0 * r->placed_lo, 100.0 * r->placed_hi, n->plunger_force_N,
               n->joint_pressure_mmHg);
    }
    if (r->uncomputed > 0) {
        printf("%lld donors were left out: their sample cannot make this product\n",
               (long long)r->uncomputed);
    }
    if (r->median.has_gel && r->median.gel.light_path != NULL) {
        print_gel(&r->median.gel);
    }
    print_measured(r);
    print_levers(r);
    print_rivals(r);
    print_care(p);
}

// --- files -----------------------------------------------------------------------------------

static void add_row(st_text* t, const char* const* text, int texts, const double* number,
                    int numbers)
{
    for (int i = 0; i < texts; i++) {
        st_text_add_field(t, text[i] != NULL ? text[i] : "");
    }
    for (int i = 0; i < numbers; i++) {
        if (isfinite(number[i])) {
            st_text_add_number(t, number[i]);
        } else {
            st_text_add_field(t, "");
        }
    }
    st_text_end_record(t);
}

static void add_head(st_text* t, const char* head)
{
    st_text_add(t, head);
    st_text_end_record(t);
}

static void add_quantities(st_text* t, const st_preparation_result* r)
{
    add_head(t, "quantity,label,unit,donors,mean,q05,q50,q95");
    for (int i = 0; i < r->quantity_count; i++) {
        const st_quantity* q = &r->quantity[i];
        const char* const text[] = {q->name, q->label, q->unit};
        const double number[] = {(double)q->count, q->mean, q->q05, q->q50, q->q95};
        if (q->count > 0) {
            add_row(t, text, 3, number, 5);
        }
    }
}

static void add_losses(st_text* t, const st_preparation_result* r)
{
    add_head(t, "step,cells,volume_mL,at_day,q05_cells,q50_cells,q95_cells");
    for (int i = 0; i < r->loss_count; i++) {
        const st_loss* l = &r->loss[i];
        const char* const text[] = {l->name, r->dose_label};
        const double number[] = {l->volume_mL, l->day, l->cells_q05, l->cells_q50, l->cells_q95};
        add_row(t, text, 2, number, 5);
    }
}

static void add_levers(st_text* t, const st_preparation_result* r)
{
    add_head(t, "what,unit,kind,value,lo,hi,dose_ratio_lo,dose_ratio_hi");
    for (int i = 0; i < r->lever_count; i++) {
        const st_lever* l = &r->lever[i];
        const char* const text[] = {l->name, l->unit, l->is_setting ? "setting" : "value"};
        const double number[] = {l->value, l->lo, l->hi, l->dose_lo, l->dose_hi};
        add_row(t, text, 3, number, 5);
    }
}

static void add_rivals(st_text* t, const st_preparation_result* r)
{
    add_head(t, "age_relation,is_used,cfu_f_per_mL,dose,days");
    for (int i = 0; i < r->rival_count; i++) {
        const st_rival* rival = &r->rival[i];
        const char* const text[] = {rival->name, rival->is_used ? "yes" : "no"};
        const double number[] = {rival->cfu_f_per_mL, rival->dose, rival->days};
        add_row(t, text, 2, number, 3);
    }
}

static void add_measured(st_text* t, const st_preparation_result* r)
{
    add_head(t, "quantity,label,unit,is_inside,source,low,high,computed");
    for (int i = 0; i < r->measured_count; i++) {
        const st_measured* m = &r->measured[i];
        const char* const text[] = {m->what, m->label, m->unit, m->is_inside ? "yes" : "no",
                                    m->source};
        const double number[] = {m->low, m->high, m->computed};
        add_row(t, text, 5, number, 3);
    }
}

/// Mean share of the volume that cells fill, in the upper, middle ... part of the tube over time.
static void add_layers(st_text* t, const st_preparation_result* r)
{
    add_head(t, "spin,time_s,height_mm,interface_mm,red_cells,platelets,white_cells");
    for (int s = 0; s < r->picture_count; s++) {
        const st_spin_picture* p = &r->picture[s];
        for (int i = 0; i < p->time_count; i++) {
            for (int h = 0; h < ST_PICTURE_HEIGHTS; h++) {
                const double height = p->height_mm * (1.0 - (h + 0.5) / ST_PICTURE_HEIGHTS);
                const double number[] = {
                    s + 1.0,      p->time_s[i],      height,        p->interface_mm[i],
                    p->red[i][h], p->platelet[i][h], p->white[i][h]};
                add_row(t, NULL, 0, number, 7);
            }
        }
    }
}

static st_status write_text(st_ctx* ctx, const char* dir, const char* name, st_text* text)
{
    char path[PATH_MAX];
    st_status status = ST_OK;
    if (text->failed) {
        status = ST_ERR_MEMORY;
    } else if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
        status = ST_FAIL(ctx, ST_ERR_INPUT, "-o: the path is too long");
    } else {
        status = st_file_write(ctx, path, text->data != NULL ? text->data : "", text->length);
    }
    st_text_clear(text);
    return status;
}

typedef void (*add_fn)(st_text* t, const st_preparation_result* r);

static st_status write_files(st_ctx* ctx, const st_preparation* p, const st_preparation_result* r,
                             const char* dir)
{
    static const struct {
        const char* name;
        add_fn add;
    } file[] = {{"losses.csv", add_losses},
                {"quantities.csv", add_quantities},
                {"levers.csv", add_levers},
                {"age_relations.csv", add_rivals},
                {"measured.csv", add_measured}};
    bool has_picture = false;
    for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
        st_text text;
        st_text_init(&text, ctx);
        file[i].add(&text, r);
        ST_TRY(write_text(ctx, dir, file[i].name, &text));
    }
    st_text drawing;
    st_text_init(&drawing, ctx);
    st_prepare_picture_write_losses(&drawing, r, st_preparation_title(p));
    ST_TRY(write_text(ctx, dir, "losses.svg", &drawing));
    for (int i = 0; i < r->picture_count; i++) {
        has_picture = has_picture || r->picture[i].time_count > 1;
    }
    if (has_picture) {
        st_text text;
        st_text_init(&text, ctx);
        add_layers(&text, r);
        ST_TRY(write_text(ctx, dir, "layers.csv", &text));
        st_text_init(&text, ctx);
        st_prepare_picture_write(&text, r, st_preparation_title(p));
        ST_TRY(write_text(ctx, dir, "tube.svg", &text));
    }
    return ST_OK;
}

/// Makes the folder and every folder above it that is missing. Results that are there are kept
/// unless --force was given.
static st_status make_dir(st_ctx* ctx, const char* dir, bool is_forced)
{
    char path[PATH_MAX];
    char file[PATH_MAX];
    if (snprintf(path, sizeof path, "%s", dir) >= (int)sizeof path ||
        snprintf(file, sizeof file, "%s/losses.csv", dir) >= (int)sizeof file) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    for (char* at = path + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            (void)mkdir(path, 0777); // what is wrong shows below
            *at = '/';
        }
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return ST_FAIL(ctx, ST_ERR_FILE, "%s: could not be made: %s", dir, strerror(errno));
    }
    if (!is_forced && access(file, F_OK) == 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: results are there; --force writes over them", file);
    }
    return ST_OK;
}

static st_status print_json(st_ctx* ctx, const st_preparation* p, const st_preparation_result* r)
{
    st_text text;
    st_text_init(&text, ctx);
    st_prepare_json_write(&text, p, r);
    const st_status status = text.failed ? ST_ERR_MEMORY : ST_OK;
    if (status == ST_OK) {
        fwrite(text.data, 1, text.length, stdout); // main() looks at what became of it
    }
    st_text_clear(&text);
    return status;
}

static st_status prepare(st_ctx* ctx, const st_arguments* arguments)
{
    char model_dir[PATH_MAX];
    st_preparation* preparation = NULL;
    st_preparation_result* result = NULL;
    ST_TRY(st_models_dir_find(ctx, model_dir, sizeof model_dir));
    ST_TRY(st_preparation_load(ctx, arguments->file, model_dir, &preparation));
    st_status status = ST_OK;
    if (arguments->output != NULL) {
        status = make_dir(ctx, arguments->output, (arguments->given & ST_OPTION_FORCE) != 0);
    }
    if (status == ST_OK) {
        status = st_preparation_run(ctx, preparation, arguments->threads, &result);
    }
    if (status == ST_OK && arguments->output != NULL) {
        status = write_files(ctx, preparation, result, arguments->output);
    }
    if (status == ST_OK && (arguments->given & ST_OPTION_JSON) != 0) {
        status = print_json(ctx, preparation, result);
    } else if (status == ST_OK && (arguments->given & ST_OPTION_QUIET) == 0) {
        print_result(preparation, result);
        if (arguments->output != NULL) {
            printf("\nfiles   %s\n", arguments->output);
        }
    }
    st_preparation_result_destroy(ctx, result);
    st_preparation_destroy(preparation);
    return status;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    return st_messages_print(ctx, prepare(ctx, arguments), stderr);
}

const st_command ST_PREPARE_COMMAND = {
    .name = "prepare",
    .operand = "FILE.yaml",
    .about = "perform a preparation alone: dose over donors, losses, layers of the tube",
    .help =
        "  -o, --output DIR   write tables (CSV), drawings of the losses and of the tube (SVG)\n"
        "      --json         everything as JSON for programs instead of the page\n"
        "      --threads N    workers; by default one per CPU; the result does not depend on "
        "it\n"
        "      --force        write over results that are there\n"
        "  -q, --quiet        say nothing unless something is wrong\n",
    .options = ST_OPTION_OUTPUT | ST_OPTION_JSON | ST_OPTION_THREADS | ST_OPTION_FORCE |
               ST_OPTION_QUIET | ST_OPTION_HELP,
    .perform = perform,
};
