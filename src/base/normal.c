#include "base/maths.h"
#include "base/random.h"

#include <math.h>

// Numerator and denominator by Horner's rule; coefficients ascend in power.
static double ratio(const double* numerator, const double* denominator, int degree, double x)
{
    double top = numerator[degree];
    double bottom = denominator[degree];
    for (int i = degree - 1; i >= 0; i--) {
        top = top * x + numerator[i];
        bottom = bottom * x + denominator[i];
    }
    return top / bottom;
}

// Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484.                 [BAS-3]
double st_normal_quantile(double p)
{
    static const double a[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[8] = {1.0,
                                4.2313330701600911252e+1,
                                6.8718700749205790830e+2,
                                5.3941960214247511077e+3,
                                2.1213794301586595867e+4,
                                3.9307895800092710610e+4,
                                2.8729085735721942674e+4,
                                5.2264952788528545610e+3};
    static const double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                5.76949722146069140550e0,  3.64784832476320460504e0,
                                1.27045825245236838258e0,  2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[8] = {1.0,
                                2.05319162663775882187e0,
                                1.67638483018380384940e0,
                                6.89767334985100004550e-1,
                                1.48103976427480074590e-1,
                                1.51986665636164571966e-2,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    static const double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                1.78482653991729133580e0,  2.96560571828504891230e-1,
                                2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[8] = {1.0,
                                5.99832206555887937690e-1,
                                1.36929880922735805310e-1,
                                1.48753612908506148525e-2,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
    if (!(p > 0.0 && p < 1.0)) {
        return p == 0.0 ? -INFINITY : p == 1.0 ? INFINITY : NAN;
    }
    const double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        return q * ratio(a, b, 7, 0.180625 - q * q);
    }
    const double r = sqrt(-st_log(q < 0.0 ? p : 1.0 - p));
    const double x = r <= 5.0 ? ratio(c, d, 7, r - 1.6) : ratio(e, f, 7, r - 5.0);
    return q < 0.0 ? -x : x;
}

// Cody, Math. Comp. 23 (1969) 631-637, in the form of ANORM (ACM TOMS 19 (1993) 22-32).     [BAS-4]
double st_normal_cdf(double x)
{
    static const double a[5] = {18154.981253343561249, 1067.6894854603709582, 161.02823106855587881,
                                2.2352520354606839287, 0.065682337918207449113};
    static const double b[5] = {45507.789335026729956, 10260.932208618978205, 976.09855173777669322,
                                47.20258190468824187, 1.0};
    static const double c[9] = {
        9842.7148383839780218, 11602.651437647350124,  6848.1904505362823326,
        2494.5375852903726711, 597.27027639480026226,  93.506656132177855979,
        8.8831497943883759412, 0.39894151208813466764, 1.0765576773720192317e-8};
    static const double d[9] = {19685.429676859990727, 38912.003286093271411, 34900.952721145977266,
                                18615.571640885098091, 6485.558298266760755,  1519.377599407554805,
                                235.38790178262499861, 22.266688044328115691, 1.0};
    static const double p[6] = {2.9112874951168792e-5, 0.001421619193227893466,
                                0.022235277870649807,  0.1274011611602473639,
                                0.21589853405795699,   0.02307344176494017303};
    static const double q[6] = {7.29751555083966205e-5, 0.00378239633202758244,
                                0.0659881378689285515,  0.468238212480865118,
                                1.28426009614491121,    1.0};
    const double inverse_root_two_pi = 0.39894228040143267794;
    if (isnan(x)) {
        return x;
    }
    const double y = fabs(x);
    if (y <= 0.67448975) { // the upper quartile: cancellation starts beyond it
        return 0.5 + x * ratio(a, b, 4, x * x);
    }
    if (y > 40.0) { // exp(-y^2/2) is below the smallest double
        return x < 0.0 ? 0.0 : 1.0;
    }
    double tail;
    if (y <= 5.656854249492380195) { // sqrt(32)
        tail = ratio(c, d, 8, y);
    } else {
        const double s = 1.0 / (y * y);
        tail = (inverse_root_two_pi - s * ratio(p, q, 5, s)) / y;
    }
    // y^2 = z^2 + (y - z)(y + z) with z^2 exact, so that the exponential keeps its digits.
    const double z = floor(y * 16.0) / 16.0;
    tail *= st_exp(-0.5 * z * z) * st_exp(-0.5 * (y - z) * (y + z));
    return x < 0.0 ? tail : 1.0 - tail;
}
