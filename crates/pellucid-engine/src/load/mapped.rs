//! Files as memory: maps of parts of a weight file, and bytes seen as numbers without copying.
//!
//! This is the one file of the engine with `unsafe`. Two promises are made here and nowhere else: a mapped
//! file does not change while it is mapped (as every loader that maps weights assumes: replace a file, never
//! rewrite it in place), and the types of [`Plain`] are valid for any bytes.
#![allow(unsafe_code, reason = "mapping a file and viewing its bytes as numbers cannot be said safely")]

use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::quantized::k_quants::{
    BlockQ2K, BlockQ3K, BlockQ4_0, BlockQ4_1, BlockQ4K, BlockQ5_0, BlockQ5_1, BlockQ5K, BlockQ6K, BlockQ8_0,
    BlockQ8_1, BlockQ8K,
};
use half::{bf16, f16};
use memmap2::{Mmap, MmapOptions};

use super::LoadError;

#[cfg(target_endian = "big")]
compile_error!("weight files are little-endian and are mapped as they are");

/// A file whose parts are mapped when they are wanted.
#[derive(Debug)]
pub(crate) struct Mapped {
    path: PathBuf,
    file: File,
    len: usize,
}

/// A part of a file in memory; unmapped when dropped.
#[derive(Debug)]
pub(crate) struct Window(Option<Mmap>);

impl Mapped {
    /// Opens the file at `path`; nothing is read or mapped yet.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let failed = |cause| LoadError::io(path, cause);
        let file = File::open(path).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        Ok(Self { path: path.to_path_buf(), file, len: usize::try_from(len).unwrap_or(usize::MAX) })
    }

    /// The same open file once more.
    pub(crate) fn again(&self) -> Result<Self, LoadError> {
        let file = self.file.try_clone().map_err(|cause| LoadError::io(&self.path, cause))?;
        Ok(Self { path: self.path.clone(), file, len: self.len })
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Maps a range that lies in the file; nothing is read until it is touched.
    pub(crate) fn window(&self, range: Range<usize>) -> Result<Window, LoadError> {
        if range.is_empty() {
            return Ok(Window(None));
        }
        let mut options = MmapOptions::new();
        options.offset(range.start as u64).len(range.len());
        // SAFETY: read-only; the module's first promise covers writers.
        let map = unsafe { options.map(&self.file) }.map_err(|cause| LoadError::io(&self.path, cause))?;
        Ok(Window(Some(map)))
    }

    /// Asks the system to read a range ahead of its use. A wish: nothing is lost where it is not granted.
    pub(crate) fn will_need(&self, range: Range<usize>) {
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd;
            // SAFETY: advice on a file that is open; it changes no memory.
            unsafe {
                let (from, len) = (range.start as libc::off_t, range.len() as libc::off_t);
                libc::posix_fadvise(self.file.as_raw_fd(), from, len, libc::POSIX_FADV_WILLNEED);
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = range;
    }
}

impl Window {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or(&[])
    }
}

/// A type for which every bit pattern is a value.
///
/// # Safety
/// No padding, no niche, no pointer.
pub(crate) unsafe trait Plain: Clone {}

macro_rules! plain {
    ($($t:ty),* $(,)?) => {
        $(
            // SAFETY: numbers, or `repr(C)` structs of numbers without padding (their crate asserts the sizes).
            unsafe impl Plain for $t {}
        )*
    };
}

plain!(f32, f16, bf16, i64);
plain!(BlockQ4_0, BlockQ4_1, BlockQ5_0, BlockQ5_1, BlockQ8_0, BlockQ8_1);
plain!(BlockQ2K, BlockQ3K, BlockQ4K, BlockQ5K, BlockQ6K, BlockQ8K);

/// Sees little-endian bytes as values: borrowed when aligned, else copied. A ragged end is left out.
pub(crate) fn view<T: Plain>(bytes: &[u8]) -> Cow<'_, [T]> {
    let whole = bytes.len() - bytes.len() % size_of::<T>();
    let bytes = &bytes[..whole];
    // SAFETY: `T` is valid for any bytes; `align_to` only yields aligned, in-bounds slices.
    let (before, values, after) = unsafe { bytes.align_to::<T>() };
    if before.is_empty() && after.is_empty() {
        return Cow::Borrowed(values);
    }
    let copied = bytes.chunks_exact(size_of::<T>()).map(|chunk| {
        // SAFETY: the chunk has exactly the size of a `T`, and the read asks for no alignment.
        unsafe { chunk.as_ptr().cast::<T>().read_unaligned() }
    });
    Cow::Owned(copied.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn view_borrows_when_aligned_and_copies_when_not() {
        let backing: Vec<u8> = (0..20).collect();
        let mut borrowed = 0;
        for from in 0..4 {
            let bytes = &backing[from..from + 16];
            let values = view::<f32>(bytes);
            let expected: Vec<[u8; 4]> = bytes.chunks(4).map(|c| [c[0], c[1], c[2], c[3]]).collect();
            assert!(values.iter().map(|value| value.to_le_bytes()).eq(expected));
            borrowed += usize::from(matches!(values, Cow::Borrowed(_)));
        }
        assert_eq!(borrowed, 1);
        assert!(view::<i64>(&backing[..7]).is_empty());
    }
}
