//! A gradient of some of a tensor's elements, those beside each other in memory.

use pellucid_graph::DType;
use pellucid_kernels::add_assign;

use crate::ops::run;
use crate::{Error, Tensor};

/// The gradient of elements `start..start + x.numel()` of a tensor; that of the others is nothing.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    pub start: usize,
    /// In any shape, f32, or f64 for an f64 tensor.
    pub x: Tensor,
}

impl Stretch {
    /// The gradient of a whole tensor.
    pub fn whole(x: Tensor) -> Stretch {
        Stretch { start: 0, x }
    }

    /// Elements `start..` of a tensor, given as numbers.
    pub fn of(start: usize, numbers: Vec<f32>) -> Stretch {
        let n = numbers.len();
        Stretch { start, x: Tensor::new(numbers, [n]) }
    }

    /// The element after the last.
    pub fn end(&self) -> usize {
        self.start + self.x.numel()
    }

    /// The elements, f32.
    pub fn f32s(&self) -> &[f32] {
        self.x.f32s()
    }

    /// As the gradient of all elements of a tensor of this shape, what is missing being `fill`.
    pub fn spread(self, shape: &[usize], fill: f32) -> Result<Tensor, Error> {
        let n = shape.iter().product();
        if self.start == 0 && self.x.numel() == n {
            return Ok(self.x.reshaped(shape));
        }
        if self.x.is_tracked() || self.x.dtype() != DType::F32 {
            return Err(Error::internal("a part of a gradient is not f32 numbers alone"));
        }
        let mut all = vec![fill; n];
        all[self.start..self.end()].copy_from_slice(self.f32s());
        Ok(Tensor::new(all, shape))
    }

    /// Its elements of `from..to`; none if it has none there.
    pub fn within(&self, from: usize, to: usize) -> Option<Stretch> {
        let (start, end) = (self.start.max(from), self.end().min(to));
        if start >= end {
            return None;
        }
        if (start, end) == (self.start, self.end()) {
            return Some(self.clone());
        }
        let flat = self.x.clone().reshaped([self.x.numel()]);
        Some(Stretch { start, x: flat.rows(start - self.start, end - start) })
    }

    /// The sum of both. The order matters to no bit: two numbers are added.
    pub fn plus(self, other: Stretch) -> Result<Stretch, Error> {
        if self.x.is_tracked() || other.x.is_tracked() || self.x.dtype() != DType::F32 {
            let shape = self.x.shape().to_vec();
            let other = other.x.reshaped(shape);
            return Ok(Stretch { start: self.start, x: run("add", &[&self.x, &other])? });
        }
        let (start, end) = (self.start.min(other.start), self.end().max(other.end()));
        let shape = [end - start];
        let shifted = |s: Stretch| Stretch { start: s.start - start, x: s.x };
        let (a, b) = (shifted(self), shifted(other));
        let (wide, narrow) = if a.x.numel() >= b.x.numel() { (a, b) } else { (b, a) };
        let mut sum = wide.spread(&shape, -0.0)?;
        let range = narrow.start..narrow.end();
        add_assign(&mut sum.make_mut::<f32>()[range], narrow.f32s());
        Ok(Stretch { start, x: sum })
    }
}
