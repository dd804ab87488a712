//! Special functions that neither the standard library nor `libm` has.

use std::f64::consts::PI;

/// The inverse of the error function, by way of the normal distribution's: Wichura, "Algorithm AS 241:
/// The Percentage Points of the Normal Distribution" (1988), good to 1e-16.
pub fn erfinv(x: f64) -> f64 {
    if !(-1.0..=1.0).contains(&x) {
        return f64::NAN;
    }
    let q = x / 2.0;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &CENTRE) * std::f64::consts::FRAC_1_SQRT_2;
    }
    let r = (-(0.5 - q.abs()).ln()).sqrt();
    let size = match r {
        f64::INFINITY => f64::INFINITY,
        r if r <= 5.0 => ratio(r - 1.6, &MIDDLE),
        r => ratio(r - 5.0, &TAIL),
    };
    size.copysign(q) * std::f64::consts::FRAC_1_SQRT_2
}

/// Two polynomials, the constant terms first.
type Ratio = [[f64; 8]; 2];

fn ratio(x: f64, of: &Ratio) -> f64 {
    let [above, below] = of.map(|p| p.iter().rev().fold(0.0, |sum, c| sum * x + c));
    above / below
}

const CENTRE: Ratio = [
    [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_854e3,
    ],
];

const MIDDLE: Ratio = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];

const TAIL: Ratio = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        5.998_322_065_558_88e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_445_8e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

/// The derivative of `lgamma`: reflected to positive numbers, raised by the recurrence to 10, then
/// Abramowitz and Stegun 6.3.18.
pub fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::INFINITY.copysign(-x);
    }
    if x < 0.0 {
        let fraction = x - x.trunc();
        return if fraction == 0.0 { f64::NAN } else { digamma(1.0 - x) - PI / (PI * fraction).tan() };
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series =
        [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0];
    let tail = series.iter().rev().fold(0.0, |sum, c| (sum + c) * y);
    sum + x.ln() - 0.5 / x - tail
}

/// sin(pi x) / (pi x).
pub fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_undoes_the_error_function() {
        for i in -60..=60 {
            let x = f64::from(i) / 15.0;
            let back = erfinv(libm::erf(x));
            let steepness = 2.0 / PI.sqrt() * (-x * x).exp();
            assert!((back - x).abs() < 1e-15 * (1.0 + x.abs()) + 3e-16 / steepness, "{x}: {back}");
        }
        assert_eq!((erfinv(1.0), erfinv(-1.0)), (f64::INFINITY, f64::NEG_INFINITY));
        assert!(erfinv(1.1).is_nan() && erfinv(f64::NAN).is_nan());
    }

    #[test]
    fn digamma_at_known_places() {
        let euler = 0.577_215_664_901_532_9;
        let cases = [
            (1.0, -euler),
            (0.5, -euler - 4f64.ln()),
            (-0.5, 2.0 - euler - 4f64.ln()),
            (10.0, 2.251_752_589_066_721),
        ];
        for (x, want) in cases {
            assert!((digamma(x) - want).abs() < 1e-14, "{x}: {}", digamma(x));
        }
        assert!(digamma(-3.0).is_nan() && digamma(f64::NAN).is_nan());
        assert_eq!(digamma(0.0), f64::NEG_INFINITY);
    }
}
