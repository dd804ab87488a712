//! The kernels against naive `f64` references, and the bitwise law, on every instruction set in turn.

mod attention;
mod coded;
mod linear;
mod pointwise;
mod pool;
mod reference;
mod rows;
