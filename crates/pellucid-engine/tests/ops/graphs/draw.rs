//! Where randomness comes from: a stream of numbers that a seed alone decides, and gentle elements.

use pellucid_engine::ops::cast;
use pellucid_engine::tensor::Tensor;
use pellucid_graph::{Arg, DType, IndexItem, Slice};

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Stream(u64);

impl Stream {
    pub fn new(seed: u64) -> Stream {
        Stream(seed.wrapping_mul(0xd134_2543_de82_ef95))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }

    /// A number from 0 up to `n`, the last ones more often.
    pub fn late(&mut self, n: usize) -> usize {
        let far = self.below(n).min(self.below(n));
        n - 1 - far
    }

    /// The tensor, or one of its type with elements of everyday sizes: chains of operations on random
    /// bits end in NaN after a step or two, which hides whatever is wrong.
    pub fn gentle(&mut self, t: &Tensor) -> Tensor {
        let wild = cast(t, DType::F64).slice::<f64>().iter().any(|x| !x.is_finite() || x.abs() > 100.0);
        let float = t.dtype().is_float();
        if !(wild || float) || self.one_in(12) {
            return t.clone();
        }
        let grid = [8.0, 100.0][self.below(2)];
        let element = |s: &mut Stream| match float {
            true if s.one_in(300) => [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0][s.below(4)],
            true => (s.below(6 * grid as usize) as f64 - 3.0 * grid) / grid,
            false => s.below(12) as f64 - if t.dtype() == DType::U8 { 0.0 } else { 4.0 },
        };
        let elements: Vec<f64> = (0..t.numel()).map(|_| element(self)).collect();
        cast(&Tensor::new(elements, t.shape()), t.dtype())
    }

    /// The argument, or an everyday number in place of a wild one.
    pub fn gentle_number(&mut self, arg: Arg) -> Arg {
        match arg {
            Arg::Int(n) if n.unsigned_abs() > 1000 && !self.one_in(20) => Arg::Int(self.below(5) as i64),
            Arg::Float(x) if (x.is_nan() || x.abs() > 1000.0) && !self.one_in(20) => {
                Arg::Float(self.below(9) as f64 / 4.0 - 1.0)
            }
            Arg::Index(items) => Arg::Index(items.into_iter().map(|i| self.gentle_item(i)).collect()),
            other => other,
        }
    }

    /// PyTorch itself loses its way at steps that overflow.
    fn gentle_item(&mut self, item: IndexItem) -> IndexItem {
        match item {
            IndexItem::Slice(s) if s.step.is_some_and(|n| n > 1000) => {
                IndexItem::Slice(Slice { step: Some(1 + self.below(3) as i64), ..s })
            }
            other => other,
        }
    }
}
