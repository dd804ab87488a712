//! Which instruction set the kernels use: found once, forced by `PELLUCID_ISA` or [`with_isa`].

use std::cell::Cell;
use std::sync::OnceLock;

/// An instruction set that every kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 with bf16 conversions, and tiles of bf16 numbers for products with weights.
    Amx,
    /// 16 lanes: AVX-512 F, BW, DQ, VL (and AVX2, FMA, F16C).
    Avx512,
    /// 8 lanes: AVX2, FMA, F16C.
    Avx2,
    /// 4 lanes of plain Rust, which the compiler turns into SSE2 or NEON.
    Portable,
}

impl Isa {
    /// Every instruction set, widest first.
    pub const ALL: [Isa; 4] = [Isa::Amx, Isa::Avx512, Isa::Avx2, Isa::Portable];

    /// Tells whether this processor has the instruction set.
    pub fn supported(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Amx => Isa::Avx512.supported() && is_x86_feature_detected!("avx512bf16") && tiles_are_ours(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.supported()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            Isa::Portable => true,
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The instruction set of its vectors.
    pub(crate) fn lanes(self) -> Isa {
        match self {
            Isa::Amx => Isa::Avx512,
            isa => isa,
        }
    }
}

/// Whether the processor has tiles of bf16 numbers, and the system lets this process use them. It is
/// asked once: threads begun later may use them too.
#[cfg(target_arch = "x86_64")]
fn tiles_are_ours() -> bool {
    static OURS: OnceLock<bool> = OnceLock::new();
    /// Bits of leaf 7: multiplication of bf16 tiles, and tiles at all.
    const BF16_AND_TILES: u32 = 1 << 22 | 1 << 24;
    *OURS.get_or_init(|| {
        let leaf = std::arch::x86_64::__cpuid_count(7, 0);
        leaf.edx & BF16_AND_TILES == BF16_AND_TILES && permitted()
    })
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn permitted() -> bool {
    const REQUEST_PERMISSION: libc::c_long = 0x1023;
    const TILE_DATA: libc::c_long = 18;
    // SAFETY: asks for larger saved states of this process's threads; touches no memory.
    unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0 }
}

#[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
fn permitted() -> bool {
    false
}

thread_local! {
    static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
}

/// Returns the instruction set that a kernel called from this thread uses: the one of an
/// enclosing [`with_isa`], else the process's.
///
/// The process's is `PELLUCID_ISA` (`amx`, `avx512`, `avx2`, `portable`) where that is set and supported,
/// else the widest supported but [`Isa::Amx`], which has to be asked for: with it a bf16 weight and the same
/// number in `f32` do not give the same bits. An unknown or unsupported name is reported once on stderr.
pub fn isa() -> Isa {
    FORCED.get().unwrap_or_else(default_isa)
}

/// Runs `body` with every kernel that it calls from this thread on `isa`: for tests and benchmarks.
///
/// # Panics
/// If the processor does not support `isa`.
pub fn with_isa<R>(isa: Isa, body: impl FnOnce() -> R) -> R {
    assert!(isa.supported(), "this processor has no {isa:?}");
    let _restore = Restore(FORCED.replace(Some(isa)));
    body()
}

struct Restore(Option<Isa>);

impl Drop for Restore {
    fn drop(&mut self) {
        FORCED.set(self.0);
    }
}

fn default_isa() -> Isa {
    static DEFAULT: OnceLock<Isa> = OnceLock::new();
    *DEFAULT.get_or_init(|| {
        let widest = Isa::ALL
            .into_iter()
            .find(|isa| *isa != Isa::Amx && isa.supported())
            .unwrap_or(Isa::Portable);
        let Ok(name) = std::env::var("PELLUCID_ISA") else {
            return widest;
        };
        match by_name(&name) {
            Some(isa) if isa.supported() => isa,
            _ => {
                eprintln!(
                    "`PELLUCID_ISA` is `{name}`: expected a supported one of `amx`, `avx512`, `avx2`, `portable`; using {widest:?}"
                );
                widest
            }
        }
    })
}

fn by_name(name: &str) -> Option<Isa> {
    match name.to_ascii_lowercase().as_str() {
        "amx" => Some(Isa::Amx),
        "avx512" => Some(Isa::Avx512),
        "avx2" => Some(Isa::Avx2),
        "portable" => Some(Isa::Portable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for isa in Isa::ALL {
            assert_eq!(by_name(&format!("{isa:?}")), Some(isa));
        }
        assert_eq!(by_name("sse"), None);
    }

    #[test]
    fn with_isa_nests_and_restores() {
        let outside = isa();
        with_isa(Isa::Portable, || {
            assert_eq!(isa(), Isa::Portable);
            with_isa(outside, || assert_eq!(isa(), outside));
            assert_eq!(isa(), Isa::Portable);
        });
        assert_eq!(isa(), outside);
    }
}
