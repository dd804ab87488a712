//! Transcendental functions over lanes: polynomials of our own fit, accurate to about an ulp or two.
//!
//! NaN goes in, NaN comes out; infinities give their limits.

use crate::lanes::Lanes;

/// e^x: 2^n e^r with |r| <= ln 2 / 2, and e^r by a polynomial of degree 6.
#[inline(always)]
pub(crate) fn exp<V: Lanes>(x: V) -> V {
    // Bounds past which the result is 0 or infinity; constants first, so that NaN stays.
    let x = V::splat(89.0).min(x);
    let x = V::splat(-105.0).max(x);
    let n = x.mul(V::splat(std::f32::consts::LOG2_E)).round();
    // ln 2 in two parts, the first with so few bits that its product with n is exact.
    let r = n.fma(V::splat(-0.693_359_4), x);
    let r = n.fma(V::splat(2.121_944_4e-4), r);
    let q = polynomial(r, [1.381_448e-3, 8.368_717e-3, 4.166_839e-2, 0.166_665_21, 0.5]);
    r.mul(r).fma(q, r).add(V::splat(1.0)).scale(n)
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(crate) fn sigmoid<V: Lanes>(x: V) -> V {
    let one = V::splat(1.0);
    one.div(one.add(exp(V::splat(0.0).sub(x))))
}

/// tanh x: an odd polynomial near zero, 1 - 2 / (1 + e^2|x|) with the sign of x elsewhere.
#[inline(always)]
pub(crate) fn tanh<V: Lanes>(x: V) -> V {
    let magnitude = x.abs();
    let square = x.mul(x);
    let p = polynomial(square, [-5.905_866e-3, 2.080_538e-2, -5.378_668_4e-2, 0.133_319_59, -0.333_333]);
    let near = x.mul(square).fma(p, x);
    let one = V::splat(1.0);
    let tail = V::splat(2.0).div(one.add(exp(magnitude.add(magnitude))));
    let far = one.sub(tail);
    let zero = V::splat(0.0);
    let far = x.select_lt(zero, zero.sub(far), far);
    magnitude.select_lt(V::splat(0.6), near, far)
}

/// x * sigmoid(x).
#[inline(always)]
pub(crate) fn silu<V: Lanes>(x: V) -> V {
    x.div(V::splat(1.0).add(exp(V::splat(0.0).sub(x))))
}

/// x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), as the equal x / (1 + e^-2u):
/// no cancellation where tanh u is near -1.
#[inline(always)]
pub(crate) fn gelu_tanh<V: Lanes>(x: V) -> V {
    let cube = x.mul(x).mul(x);
    let u = V::splat(0.044_715).fma(cube, x);
    let minus_2u = u.mul(V::splat(-1.595_769));
    x.div(V::splat(1.0).add(exp(minus_2u)))
}

/// x Phi(x), Phi the normal distribution, by erfc t = e^-t^2 P(1 / (1 + 0.4 t)), t = |x| / sqrt 2.
#[inline(always)]
pub(crate) fn gelu_erf<V: Lanes>(x: V) -> V {
    x.mul(normal_cdf(x))
}

/// The derivative of [`gelu_erf`]: `Phi(x) + x phi(x)`.
#[inline(always)]
pub(crate) fn gelu_erf_slope<V: Lanes>(x: V) -> V {
    let density = exp(x.mul(x).mul(V::splat(-0.5))).mul(V::splat(0.398_942_3));
    x.fma(density, normal_cdf(x))
}

/// The derivative of [`gelu_tanh`]: with `s = 1 / (1 + e^-2u)`, `s + x s (1 - s) 2 u'`.
#[inline(always)]
pub(crate) fn gelu_tanh_slope<V: Lanes>(x: V) -> V {
    let square = x.mul(x);
    let u = V::splat(0.044_715).fma(square.mul(x), x);
    let s = sigmoid(u.mul(V::splat(1.595_769)));
    let slope = V::splat(0.134_145).fma(square, V::splat(1.0)).mul(V::splat(1.595_769));
    x.mul(s.sub(s.mul(s))).fma(slope, s)
}

/// The derivative of [`silu`]: `s (1 + x (1 - s))` with `s = sigmoid x`.
#[inline(always)]
pub(crate) fn silu_slope<V: Lanes>(x: V) -> V {
    let s = sigmoid(x);
    x.fma(s.sub(s.mul(s)), s)
}

/// Phi(x), the normal distribution.
#[inline(always)]
fn normal_cdf<V: Lanes>(x: V) -> V {
    let one = V::splat(1.0);
    let t = x.abs().mul(V::splat(std::f32::consts::FRAC_1_SQRT_2));
    let s = one.div(V::splat(0.4).fma(t, one));
    let p = polynomial(
        s,
        [
            3.027_201e-2,
            -8.312_598e-2,
            -4.444_578_7e-2,
            0.250_774_62,
            -4.832_640_7e-2,
            0.258_088_68,
            0.180_950_57,
            0.230_622_4,
            0.225_167_78,
            2.217_38e-5,
        ],
    );
    let upper = exp(V::splat(0.0).sub(t.mul(t))).mul(p).mul(V::splat(0.5));
    x.select_lt(V::splat(0.0), upper, one.sub(upper))
}

/// Horner's rule, highest power first.
#[inline(always)]
fn polynomial<V: Lanes, const N: usize>(x: V, coefficients: [f32; N]) -> V {
    let mut sum = V::splat(coefficients[0]);
    for c in &coefficients[1..] {
        sum = sum.fma(x, V::splat(*c));
    }
    sum
}
