//! What architectures are made of. A block chooses its kernels (packed or plain, fused or watched);
//! an architecture file only wires blocks, so speed work never touches it.

mod activation;
mod attention;
mod causal_lm;
mod columns;
mod decoder_layer;
mod dropout;
mod embedding;
mod linear;
mod mlp;
mod moe;
mod norm;
mod residual;
mod rotary;
mod self_attention;

pub use activation::Act;
pub use attention::{Attention, AttentionSpec};
pub use causal_lm::{CausalLm, Decoder};
pub use columns::columns;
pub use decoder_layer::{PreNormLayer, SandwichLayer};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use linear::{Linear, Storage};
pub use mlp::{GatedMlp, PlainMlp};
pub use moe::{Moe, MoeSpec, Routes};
pub use norm::{LayerNorm, RmsNorm};
pub use residual::add;
pub use rotary::{Angles, Rope};
pub use self_attention::{QkNorm, SelfAttention};
