//! Derivatives of the kernels: from the gradient of what a kernel has made to that of what it was given.
//!
//! They keep the same law: the gradient of a row depends on that row alone, and of a sequence in attention
//! on that sequence alone. Statistics of a row (a mean, a softmax) are computed again from the kernel's input
//! rather than kept.

mod activation;
mod attention;
mod norm;
mod softmax;

pub use activation::{activate_backward, activate_mul_backward};
pub use attention::{
    AttentionGradient, attention_backward, attention_mix_backward, attention_scores_backward,
};
pub use norm::{layer_norm_backward, rms_norm_backward};
pub use softmax::{log_softmax_rows_backward, softmax_rows_backward};
