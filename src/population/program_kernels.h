// The kernels of program_run.c, written once and compiled for each width. The includer defines
//     KERNEL(name)   the function's name for this width
//     KERNEL_TARGET  the attribute that lets the compiler use it
//     KERNEL_DOUBLES doubles per vector register
// Each operation rounds by itself: no fused multiply-add, the same bytes at any width.

#define PARTS (ST_LANES / KERNEL_DOUBLES)
#define EACH  for (int p = 0; p < PARTS; p++)

typedef double KERNEL(vector) __attribute__((vector_size(8 * KERNEL_DOUBLES), may_alias));
typedef int64_t KERNEL(mask) __attribute__((vector_size(8 * KERNEL_DOUBLES), may_alias));
#define VECTOR KERNEL(vector)
#define MASK   KERNEL(mask)

/// st_tape_signal_power() of each lane: products where the exponent is 0, 1 ... 7.
KERNEL_TARGET static void KERNEL(signal_power)(const VECTOR* a, const VECTOR* b, VECTOR* out)
{
    const double to_whole =
        6755399441055744.0; // 1.5 2^52: the sum's last bits are the whole number
    const double ceiling = 1e300;
    const VECTOR one = (VECTOR){0} + 1.0;
    VECTOR power[PARTS];
    MASK all = ~(MASK){0};
    MASK is_whole[PARTS];
    EACH
    {
        is_whole[p] = (b[p] >= 0.0) & (b[p] <= 7.0) & ((b[p] + to_whole) - to_whole == b[p]);
        all &= is_whole[p];
    }
    bool is_all = true;
    for (int i = 0; i < KERNEL_DOUBLES; i++) {
        is_all = is_all && all[i] != 0;
    }
    if (!is_all) {
        st_pow_lanes((const double*)a, (const double*)b, (double*)power);
    }
    EACH
    {
        const MASK bits = (MASK)(b[p] + to_whole);
        const VECTOR a2 = a[p] * a[p];
        const VECTOR a4 = a2 * a2;
        const MASK bit1 = -(bits & 1);
        const MASK bit2 = -(bits >> 1 & 1);
        const MASK bit4 = -(bits >> 2 & 1);
        const VECTOR low = (VECTOR)(((MASK)a[p] & bit1) | ((MASK)one & ~bit1)) *
                           (VECTOR)(((MASK)a2 & bit2) | ((MASK)one & ~bit2));
        const VECTOR whole = low * (VECTOR)(((MASK)a4 & bit4) | ((MASK)one & ~bit4));
        VECTOR r = whole;
        if (!is_all) {
            r = (VECTOR)(((MASK)whole & is_whole[p]) | ((MASK)power[p] & ~is_whole[p]));
        }
        r = (VECTOR)((MASK)r & ~(a[p] <= 0.0));
        const MASK is_high = r > ceiling;
        out[p] = (VECTOR)(((MASK)((VECTOR){0} + ceiling) & is_high) | ((MASK)r & ~is_high));
    }
}

KERNEL_TARGET static void KERNEL(run)(const st_program_op* op, int count, double* slot)
{
    for (const st_program_op* end = op + count; op < end; op++) {
        const VECTOR* a = (const VECTOR*)(slot + (size_t)op->a * ST_LANES);
        const VECTOR* b = (const VECTOR*)(slot + (size_t)op->b * ST_LANES);
        const VECTOR* c = (const VECTOR*)(slot + (size_t)op->c * ST_LANES);
        VECTOR* out = (VECTOR*)(slot + (size_t)op->out * ST_LANES);
        switch (op->code) {
        case ST_PROGRAM_MULADD:
            EACH out[p] = a[p] * b[p] + c[p];
            break;
        case ST_PROGRAM_MULSUB:
            EACH out[p] = c[p] - a[p] * b[p];
            break;
        case ST_OP_ADD:
            EACH out[p] = a[p] + b[p];
            break;
        case ST_OP_SUB:
            EACH out[p] = a[p] - b[p];
            break;
        case ST_OP_MUL:
            EACH out[p] = a[p] * b[p];
            break;
        case ST_OP_DIV:
            EACH out[p] = a[p] / b[p];
            break;
        case ST_OP_NEG:
            EACH out[p] = -a[p];
            break;
        case ST_PROGRAM_COPY:
            EACH out[p] = a[p];
            break;
        case ST_OP_PLUS: // a <= 0 ? 0 : a
            EACH out[p] = (VECTOR)((MASK)a[p] & ~(a[p] <= (VECTOR){0}));
            break;
        case ST_OP_SQUARE:
            EACH
            {
                const VECTOR plus = (VECTOR)((MASK)a[p] & ~(a[p] <= (VECTOR){0}));
                out[p] = plus * plus;
            }
            break;
        case ST_OP_LE:
            EACH out[p] = (VECTOR)((MASK)((VECTOR){0} + 1.0) & (a[p] <= b[p]));
            break;
        case ST_OP_MIN:
        case ST_OP_MAX:
            EACH // not a number on either side stays that
            {
                const MASK le = a[p] <= b[p];
                const MASK gt = b[p] < a[p];
                const MASK take_a = op->code == ST_OP_MIN ? le : gt;
                const MASK take_b = op->code == ST_OP_MIN ? gt : le;
                out[p] = (VECTOR)(((MASK)a[p] & take_a) | ((MASK)b[p] & take_b) |
                                  ((MASK)(a[p] + b[p]) & ~(le | gt)));
            }
            break;
        case ST_OP_EXP:
            st_exp_lanes((const double*)a, (double*)out);
            break;
        case ST_OP_LOG:
            st_log_lanes((const double*)a, (double*)out);
            break;
        case ST_OP_POW:
            st_pow_lanes((const double*)a, (const double*)b, (double*)out);
            break;
        case ST_OP_PPOW:
            KERNEL(signal_power)(a, b, out);
            break;
        default:
            run_other(op, slot);
            break;
        }
    }
}

KERNEL_TARGET static void KERNEL(norm)(const st_norm* n, double* sum, uint64_t* ok)
{
    const VECTOR* x = (const VECTOR*)n->x;
    const VECTOR* y = (const VECTOR*)n->y;
    const VECTOR* e = (const VECTOR*)n->error;
    const MASK no_sign = (MASK){0} + INT64_MAX;
    VECTOR total[PARTS];
    MASK good[PARTS];
    EACH total[p] = (VECTOR){0};
    EACH good[p] = ~(MASK){0};
    for (int v = 0; v < n->count; v++) {
        for (int p = 0; p < PARTS; p++, x++, y++, e++) {
            const VECTOR size_x = (VECTOR)((MASK)*x & no_sign);
            const VECTOR size_y = (VECTOR)((MASK)*y & no_sign);
            const MASK is_x = size_x > size_y;
            const VECTOR size = (VECTOR)(((MASK)size_x & is_x) | ((MASK)size_y & ~is_x));
            const VECTOR scaled = *e / (n->absolute[v] + n->relative * size);
            total[p] += scaled * scaled;
            good[p] &= (size_y < 1e290) & (*y >= -(n->lowest[v] + n->relative * size_x));
        }
    }
    memcpy(sum, total, sizeof total);
    memcpy(ok, good, sizeof good);
}

KERNEL_TARGET static void KERNEL(take)(double* x, const double* y, int count, const uint64_t* take)
{
    const MASK* t = (const MASK*)take;
    const VECTOR* from = (const VECTOR*)y;
    VECTOR* to = (VECTOR*)x;
    for (int v = 0; v < count; v++, from += PARTS, to += PARTS) {
        EACH to[p] = (VECTOR)(((MASK)from[p] & t[p]) | ((MASK)to[p] & ~t[p]));
    }
}

#undef VECTOR
#undef MASK
#undef PARTS
#undef EACH
#undef KERNEL
#undef KERNEL_TARGET
#undef KERNEL_DOUBLES
