//! The tile registers: `tmm0..3` are sums (row tile, then column tile), `tmm4..5` rows, `tmm6..7` columns.
//!
//! Rust has no stable intrinsics for them, so each instruction is a line of assembly. No compiler
//! puts anything of its own into tile registers.

use std::arch::asm;

/// Rows of one tile.
pub(super) const ROWS: usize = 16;
/// Inputs of one step: 32 numbers of two bytes are a tile's row.
pub(super) const STEP: usize = 32;
/// Bytes of one tile of columns.
const TILE: usize = 1024;

/// What `ldtilecfg` reads.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    /// Bytes of a row, for sixteen tiles of which eight exist.
    width: [u16; 16],
    height: [u8; 16],
}

/// Tile registers set up for one or two tiles of rows; released when dropped.
pub(super) struct Tiles(());

impl Tiles {
    /// Sets up tiles of `rows[0]` and, if that is not 0, `rows[1]` rows.
    /// # Safety
    /// The processor has the tiles, and the process may use them; nobody else uses them in this thread.
    pub(super) unsafe fn new(rows: [usize; 2]) -> Tiles {
        let mut config =
            Config { palette: 1, start_row: 0, reserved: [0; 14], width: [0; 16], height: [0; 16] };
        config.width[..8].fill(64);
        config.height[..8].fill(ROWS as u8);
        for (tile, r) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 0), (5, 1)] {
            config.height[tile] = rows[r].clamp(1, ROWS) as u8;
        }
        // SAFETY: reads the 64 bytes of `config`.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack)) };
        Tiles(())
    }

    /// Sets all sums to zero.
    #[inline(always)]
    pub(super) fn zero(&mut self) {
        // SAFETY: the tiles are set up.
        unsafe {
            asm!("tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3", options(nostack, nomem));
        }
    }

    /// Takes the sums of `R` row tiles from rows of 32 numbers.
    /// # Safety
    /// `sums` is readable for `R * 16` rows.
    #[inline(always)]
    pub(super) unsafe fn load<const R: usize>(&mut self, sums: *const f32) {
        // SAFETY: the caller's promise.
        unsafe {
            asm!(
                "tileloadd tmm0, [{p} + {s}]", "tileloadd tmm1, [{p} + {s} + 64]",
                p = in(reg) sums, s = in(reg) 128_usize, options(nostack, readonly)
            );
            if R == 2 {
                asm!(
                    "tileloadd tmm2, [{p} + {s}]", "tileloadd tmm3, [{p} + {s} + 64]",
                    p = in(reg) sums.add(ROWS * 32), s = in(reg) 128_usize, options(nostack, readonly)
                );
            }
        }
    }

    /// Writes the sums of `R` row tiles as rows of 32 numbers.
    /// # Safety
    /// `sums` is writable for `R * 16` rows.
    #[inline(always)]
    pub(super) unsafe fn store<const R: usize>(&self, sums: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            asm!(
                "tilestored [{p} + {s}], tmm0", "tilestored [{p} + {s} + 64], tmm1",
                p = in(reg) sums, s = in(reg) 128_usize, options(nostack)
            );
            if R == 2 {
                asm!(
                    "tilestored [{p} + {s}], tmm2", "tilestored [{p} + {s} + 64], tmm3",
                    p = in(reg) sums.add(ROWS * 32), s = in(reg) 128_usize, options(nostack)
                );
            }
        }
    }

    /// Takes two tiles of columns, one behind the other.
    /// # Safety
    /// `columns` is readable for two tiles.
    #[inline(always)]
    pub(super) unsafe fn columns(&mut self, columns: *const u8) {
        // SAFETY: the caller's promise.
        unsafe {
            asm!(
                "tileloadd tmm6, [{p} + {s}]", "tileloadd tmm7, [{p} + {s} + {tile}]",
                p = in(reg) columns, s = in(reg) 64_usize, tile = const TILE, options(nostack, readonly)
            );
        }
    }

    /// Takes `R` tiles of rows.
    /// # Safety
    /// The first `R` of `rows` are readable for as many rows as the tiles were set up for.
    #[inline(always)]
    pub(super) unsafe fn rows<const R: usize>(&mut self, rows: [*const u8; 2]) {
        // SAFETY: the caller's promise.
        unsafe {
            asm!(
                "tileloadd tmm4, [{p} + {s}]",
                p = in(reg) rows[0], s = in(reg) 64_usize, options(nostack, readonly)
            );
            if R == 2 {
                asm!(
                    "tileloadd tmm5, [{p} + {s}]",
                    p = in(reg) rows[1], s = in(reg) 64_usize, options(nostack, readonly)
                );
            }
        }
    }

    /// Adds the product of `R` tiles of rows with the columns to the sums.
    #[inline(always)]
    pub(super) fn multiply<const R: usize>(&mut self) {
        // SAFETY: the tiles are set up.
        unsafe {
            asm!("tdpbf16ps tmm0, tmm4, tmm6", "tdpbf16ps tmm1, tmm4, tmm7", options(nostack, nomem));
            if R == 2 {
                asm!("tdpbf16ps tmm2, tmm5, tmm6", "tdpbf16ps tmm3, tmm5, tmm7", options(nostack, nomem));
            }
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: gives up the state that `new` set up.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}
