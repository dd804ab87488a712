//! One door from a kernel written over [`Lanes`] to code compiled for an instruction set.
//!
//! A kernel is a struct of its arguments; `run` is generic and always inlined, so that its whole
//! body lands inside a function that has the instruction set's target features.
//!
//! No closure and no function passed as a value may touch lanes: those are functions of their own,
//! compiled without the features, in which every intrinsic would be a call (a hundred times slower).

use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512};
use crate::lanes::{Lanes, Portable};

/// A piece of work written once for every instruction set.
pub(crate) trait Kernel {
    /// Does the work. Implementations are `#[inline(always)]`, helpers with lanes too.
    fn run<V: Lanes>(self);
}

/// Runs `kernel` on `isa`, which must come from [`crate::isa()`], so that it is supported.
pub(crate) fn dispatch(isa: Isa, kernel: impl Kernel) {
    match isa {
        // SAFETY: an `Isa` in use was found supported by `default_isa` or `with_isa`.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 | Isa::Amx => unsafe { avx512(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { avx2(kernel) },
        _ => kernel.run::<Portable>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
fn avx512(kernel: impl Kernel) {
    kernel.run::<Avx512>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn avx2(kernel: impl Kernel) {
    kernel.run::<Avx2>();
}
