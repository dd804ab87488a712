//! What architectures are made of. A block chooses its kernels (packed or plain, fused or watched);
//! an architecture file only wires blocks, so speed work never touches it.

mod activation;
mod attention;
mod causal_lm;
mod dropout;
mod embedding;
mod linear;
mod mlp;
mod norm;
mod residual;
mod rotary;

pub use activation::Act;
pub use attention::{Attention, AttentionSpec};
pub use causal_lm::{CausalLm, Decoder};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use linear::{Linear, Packed, Storage};
pub use mlp::{GatedMlp, PlainMlp};
pub use norm::{LayerNorm, RmsNorm};
pub use residual::add;
pub use rotary::{Angles, Rope};
