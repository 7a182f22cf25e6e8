#include "peers.h"

#include "base/table.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char HEAD[] =
    "#include <math.h>\n"
    "static inline double ppow(double a, double b) { const double p = a <= 0.0 ? 0.0 : pow(a, b); "
    "return p > 1e300 ? 1e300 : p; }\n"
    "static inline double square(double a) { return a <= 0.0 ? 0.0 : a * a; }\n"
    "static inline double plus(double a) { return a <= 0.0 ? 0.0 : a; }\n";

static void write_operand(st_text* t, const st_model* model, const st_tape* tape, int reg)
{
    const int states = st_model_state_count(model);
    if (reg < states) {
        st_text_addf(t, "x[%d]", reg);
    } else if (reg < tape->input_count - 1) {
        st_text_addf(t, "p[%d]", reg - states);
    } else if (reg == tape->input_count - 1) {
        st_text_add(t, "t");
    } else if (reg < tape->input_count + tape->constant_count) {
        st_text_addf(t, "%.17g", tape->constant[reg - tape->input_count]);
    } else {
        st_text_addf(t, "r%d", reg);
    }
}

static bool write_op(st_text* t, const st_model* model, const st_tape* tape, st_op op)
{
    static const char* const form[ST_OP_COUNT][3] = {
        [ST_OP_ADD] = {"", " + ", ""},           [ST_OP_SUB] = {"", " - ", ""},
        [ST_OP_MUL] = {"", " * ", ""},           [ST_OP_DIV] = {"", " / ", ""},
        [ST_OP_NEG] = {"-", NULL, ""},           [ST_OP_EXP] = {"exp(", NULL, ")"},
        [ST_OP_LOG] = {"log(", NULL, ")"},       [ST_OP_POW] = {"pow(", ", ", ")"},
        [ST_OP_PPOW] = {"ppow(", ", ", ")"},     [ST_OP_SQRT] = {"sqrt(", NULL, ")"},
        [ST_OP_MIN] = {"fmin(", ", ", ")"},      [ST_OP_MAX] = {"fmax(", ", ", ")"},
        [ST_OP_LE] = {"(double)(", " <= ", ")"}, [ST_OP_SQUARE] = {"square(", NULL, ")"},
        [ST_OP_PLUS] = {"plus(", NULL, ")"},
    };
    if (op.code >= ST_OP_COUNT || form[op.code][0] == NULL) {
        return false;
    }
    st_text_addf(t, "r%d = %s(", op.out, form[op.code][0]);
    write_operand(t, model, tape, op.a);
    st_text_add(t, ")");
    if (form[op.code][1] != NULL) {
        st_text_addf(t, "%s(", form[op.code][1]);
        write_operand(t, model, tape, op.b);
        st_text_add(t, ")");
    }
    st_text_addf(t, "%s;\n", form[op.code][2]);
    return true;
}

static bool write_tape(st_text* t, const char* name, const st_model* model, const st_tape* tape)
{
    st_text_addf(t, "void %s(const double* x, const double* p, double t, double* out)\n{\n", name);
    for (int r = tape->input_count + tape->constant_count; r < tape->register_count; r++) {
        st_text_addf(t, "double r%d = 0;\n", r);
    }
    for (int i = 0; i < tape->op_count; i++) {
        if (!write_op(t, model, tape, tape->op[i])) {
            return false;
        }
    }
    for (int i = 0; i < tape->output_count; i++) {
        st_text_addf(t, "out[%d] = ", i);
        write_operand(t, model, tape, tape->output[i]);
        st_text_add(t, ";\n");
    }
    st_text_add(t, "(void)t; (void)x; (void)p;\n}\n");
    return true;
}

/// The forms that R's deSolve calls: initialiser, derivatives, full Jacobian by columns.
static void write_desolve(st_text* t, const st_model* model)
{
    const st_pattern* pattern = st_model_pattern(model);
    const int n = pattern->size;
    const int person = st_model_parameter_count(model) + st_model_input_count(model);
    st_text_addf(t,
                 "static double person[%d];\n"
                 "void bench_init(void (*take)(int*, double*)) { int n = %d; take(&n, person); }\n"
                 "void bench_derivs(int* neq, double* t, double* y, double* ydot, double* yout, "
                 "int* ip) { (void)neq; (void)yout; (void)ip; rates(y, person, *t, ydot); }\n"
                 "void bench_jac(int* neq, double* t, double* y, int* ml, int* mu, double* pd, "
                 "int* rows, double* yout, int* ip)\n{\n(void)neq; (void)ml; (void)mu; "
                 "(void)yout; (void)ip;\nstatic double out[%d];\njacobian(y, person, *t, out);\n",
                 person + 1, person, 2 * n + pattern->entry_count);
    for (int i = 0; i < n; i++) {
        for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {
            st_text_addf(t, "pd[%d + %d * *rows] = out[%d];\n", i, pattern->column[e], n + e);
        }
    }
    st_text_add(t, "}\n");
}

/// Runs the compiler; true when it ended well.
static bool compile(const char* compiler, const char* source, const char* library)
{
    int status = 1;
    const pid_t child = fork();
    if (child == 0) {
        execlp(compiler, compiler, "-O3", "-march=native", "-w", "-shared", "-fPIC", "-o", library,
               source, "-lm", (char*)NULL);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

st_status bench_source_make(st_ctx* ctx, const st_model* model, const char* name, const char* dir,
                            bench_source* out)
{
    char path[4096];
    char library[4096];
    st_text text;
    const char* const wish = getenv("CC");
    const char* compiler = wish != NULL ? wish : "cc";
    *out = (bench_source){0};
    st_text_init(&text, ctx);
    st_text_add(&text, HEAD);
    const bool is_known = write_tape(&text, "rates", model, st_model_rate_tape(model)) &&
                          write_tape(&text, "jacobian", model, st_model_jacobian_tape(model));
    write_desolve(&text, model);
    snprintf(path, sizeof path, "%s/%s.c", dir, name);
    st_status status = !is_known || text.failed
                           ? ST_FAIL(ctx, ST_ERR_INPUT, "the model cannot be written as C")
                           : st_file_write(ctx, path, text.data, text.length);
    st_text_clear(&text);
    ST_TRY(status);
    snprintf(library, sizeof library, "%s%s/%s.so", dir[0] == '/' ? "" : "./", dir, name);
    if (!compile(compiler, path, library)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s could not compile %s", compiler, path);
    }
    out->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (out->library == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s", dlerror());
    }
    void* const symbol[2] = {dlsym(out->library, "rates"), dlsym(out->library, "jacobian")};
    memcpy(&out->rates, &symbol[0], sizeof symbol[0]);
    memcpy(&out->jacobian, &symbol[1], sizeof symbol[1]);
    return ST_OK;
}

void bench_source_close(bench_source* source)
{
    if (source->library != NULL) {
        dlclose(source->library);
    }
    *source = (bench_source){0};
}
