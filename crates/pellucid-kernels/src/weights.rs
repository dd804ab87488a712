//! Weights as they lie in a file: `f32`, `bf16` or `f16`, widened to `f32` when read.

use half::{bf16, f16};

use crate::lanes::Lanes;

/// A borrowed weight matrix in one of the types that kernels read.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// bfloat16: the upper half of an `f32`.
    Bf16(&'a [bf16]),
    /// IEEE half precision.
    F16(&'a [f16]),
}

impl Weights<'_> {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Weights::F32(w) => w.len(),
            Weights::Bf16(w) => w.len(),
            Weights::F16(w) => w.len(),
        }
    }

    /// Tells whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An element type of [`Weights`].
pub(crate) trait Element: Copy + Send + Sync {
    const ZERO: Self;

    /// Loads and widens `V::LANES` elements.
    /// # Safety
    /// `p` is readable for `V::LANES` elements.
    unsafe fn load<V: Lanes>(p: *const Self) -> V;

    fn widen(self) -> f32;

    /// The numbers if they are bf16, which processors may have tiles for.
    fn bf16s(numbers: *const Self) -> Option<*const bf16> {
        let _ = numbers;
        None
    }
}

impl Element for f32 {
    const ZERO: f32 = 0.0;

    #[inline(always)]
    unsafe fn load<V: Lanes>(p: *const f32) -> V {
        // SAFETY: the caller's promise is the same.
        unsafe { V::load(p) }
    }
    #[inline(always)]
    fn widen(self) -> f32 {
        self
    }
}

impl Element for bf16 {
    const ZERO: bf16 = bf16::ZERO;

    #[inline(always)]
    unsafe fn load<V: Lanes>(p: *const bf16) -> V {
        // SAFETY: the caller's promise is the same.
        unsafe { V::load_bf16(p) }
    }
    #[inline(always)]
    fn widen(self) -> f32 {
        self.to_f32()
    }
    fn bf16s(numbers: *const bf16) -> Option<*const bf16> {
        Some(numbers)
    }
}

impl Element for f16 {
    const ZERO: f16 = f16::ZERO;

    #[inline(always)]
    unsafe fn load<V: Lanes>(p: *const f16) -> V {
        // SAFETY: the caller's promise is the same.
        unsafe { V::load_f16(p) }
    }
    #[inline(always)]
    fn widen(self) -> f32 {
        self.to_f32()
    }
}
