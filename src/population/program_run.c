#include "program.h"

#include <math.h>
#include <string.h>

/// What has no kernel: one operation of a tape.
static void run_other(const st_program_op* op, double* slot)
{
    const st_op one = {.code = op->code, .a = op->a, .b = op->b, .out = op->out};
    const st_tape tape = {.op = &one, .op_count = 1};
    st_tape_run(&tape, slot);
}

#define KERNEL(name) plain_##name
#define KERNEL_TARGET
#define KERNEL_DOUBLES 2
#include "program_kernels.h"

#if defined(__x86_64__)

#define KERNEL(name)   avx2_##name
#define KERNEL_TARGET  __attribute__((target("avx2")))
#define KERNEL_DOUBLES 4
#include "program_kernels.h"

#define KERNEL(name)   avx512_##name
#define KERNEL_TARGET  __attribute__((target("avx512f,avx512dq")))
#define KERNEL_DOUBLES 8
#include "program_kernels.h"

st_width st_width_best(void)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
        return ST_WIDTH_AVX512;
    }
    return __builtin_cpu_supports("avx2") ? ST_WIDTH_AVX2 : ST_WIDTH_PLAIN;
}

#else

st_width st_width_best(void)
{
    return ST_WIDTH_PLAIN;
}

#endif

typedef struct kernels {
    void (*run)(const st_program_op* op, int count, double* slot);
    void (*norm)(const st_norm* norm, double* sum, uint64_t* ok);
    void (*take)(double* x, const double* y, int count, const uint64_t* take);
} kernels;

static const kernels KERNELS[ST_WIDTH_COUNT] = {
    [ST_WIDTH_PLAIN] = {plain_run, plain_norm, plain_take},
#if defined(__x86_64__)
    [ST_WIDTH_AVX2] = {avx2_run, avx2_norm, avx2_take},
    [ST_WIDTH_AVX512] = {avx512_run, avx512_norm, avx512_take},
#endif
};

void st_program_prepare(const st_program* program, double* slot)
{
    for (int i = 0; i < program->constant_count; i++) {
        double* to = slot + (size_t)(program->input_count + i) * ST_LANES;
        for (int lane = 0; lane < ST_LANES; lane++) {
            to[lane] = program->constant[i];
        }
    }
}

void st_program_run(const st_program_op* op, int count, st_width width, double* slot)
{
    KERNELS[width].run(op, count, slot);
}

void st_norm_run(const st_norm* norm, st_width width, double* sum, uint64_t* ok)
{
    KERNELS[width].norm(norm, sum, ok);
}

void st_lanes_take(double* x, const double* y, int count, const uint64_t* take, st_width width)
{
    KERNELS[width].take(x, y, count, take);
}
