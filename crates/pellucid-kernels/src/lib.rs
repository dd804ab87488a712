//! Hot CPU kernels with one summation order per row, and their thread pool.
//!
//! Slices in, slices out: row-major `f32` activations, weights in `f32`, `bf16` or `f16` that are
//! widened to `f32` inside the kernel (exactly, so half weights give the `f32` maths of the widened
//! weights). Nothing here knows of models, tensors or graphs.
//!
//! # The bitwise law
//!
//! **A row's result depends on that row alone**: not on how many rows share the call, not on the
//! number of threads, not on what else is in the batch. Prefill plus decode equals one full pass;
//! fused equals unfused. It holds because
//!
//! - every dot product is one chain of fused multiply-adds in ascending order, whatever block of
//!   rows computes it; splitting that chain only parks the accumulator in memory and takes it up again;
//! - work is split over rows, output columns, and (sequence, head) only, never over a sum;
//! - reductions over a row assign element `j` to lane `j mod LANES`, and masked elements add an exact zero;
//! - multiply-adds are fused everywhere or nowhere within one instruction set.
//!
//! Different instruction sets ([`Isa`]) may round differently; one process uses one.
//!
//! Shapes are checked with panics: a wrong length is a bug of the caller, not of its user.

mod activation;
mod attention;
mod backward;
mod dispatch;
mod elementwise;
mod embedding;
mod factor;
mod isa;
mod lanes;
mod linear;
mod math;
mod norm;
mod pool;
mod rotary;
mod round;
mod rows;
mod softmax;
mod tile;
mod weights;

pub use activation::{Activation, activate, activate_mul};
pub use attention::{
    AttentionShape, Keys, Segment, attention, attention_mix, attention_pattern, attention_scores, scores_len,
};
pub use backward::{
    AttentionGradient, activate_backward, activate_mul_backward, attention_backward, attention_mix_backward,
    attention_scores_backward, layer_norm_backward, log_softmax_rows_backward, rms_norm_backward,
    softmax_rows_backward,
};
pub use elementwise::{add, add_assign, mul};
pub use embedding::embed;
pub use factor::{
    Factored, NotPositive, Triangle, cholesky, eigh, eigvalsh, qr, singular_values, svd, triangular_solve,
};
pub use isa::{Isa, isa, with_isa};
pub use linear::{CodedRow, Coding, Layout, Loose, PackedLinear, linear_backward, linear_loose, matmul};
pub use norm::{layer_norm, rms_norm};
pub use pool::{run, threads, with_threads};
pub use rotary::{RotaryStyle, rotary};
pub use round::{round_bf16, round_f16};
pub use softmax::{log_softmax_rows, softmax_rows};
pub use weights::Weights;
