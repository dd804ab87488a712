//! The uniform vocabulary: names for what every decoder has, so that one script runs on all of them.
//!
//! Each row is a word and how Hugging Face's models spell it; the first spelling that a model has is
//! meant. `layers.*.attn.heads` is what each head hands on, `[b, s, h, k]`, before heads are mixed.
//! An architecture whose paths are spelled otherwise adds its spelling here.

use pellucid_graph::{Begins, Rename, Taken};

/// A word of the vocabulary.
pub struct Word {
    /// The name, from the root; `*` is a layer's number.
    pub name: &'static str,
    /// Paths of modules or sites, which may use words above.
    pub spellings: &'static [&'static str],
}

/// Every word, parents before children.
pub const VOCABULARY: &[Word] = &[
    Word {
        name: "embed",
        spellings: &[
            "transformer.wte",
            "model.embed_tokens",
            "gpt_neox.embed_in",
            "model.decoder.embed_tokens",
            "embeddings.word_embeddings",
        ],
    },
    Word {
        name: "layers",
        spellings: &[
            "transformer.h",
            "model.layers",
            "gpt_neox.layers",
            "model.decoder.layers",
            "encoder.layer",
        ],
    },
    Word { name: "layers.*", spellings: &["layers.*"] },
    Word { name: "layers.*.attn", spellings: &["layers.*.attn", "layers.*.self_attn", "layers.*.attention"] },
    // Where attention is a module inside, its taps are the word's too.
    Word { name: "layers.*.attn.q", spellings: &["layers.*.attn.attention.q", "layers.*.attn.self.q"] },
    Word { name: "layers.*.attn.k", spellings: &["layers.*.attn.attention.k", "layers.*.attn.self.k"] },
    Word { name: "layers.*.attn.v", spellings: &["layers.*.attn.attention.v", "layers.*.attn.self.v"] },
    Word {
        name: "layers.*.attn.scores",
        spellings: &["layers.*.attn.attention.scores", "layers.*.attn.self.scores"],
    },
    Word {
        name: "layers.*.attn.pattern",
        spellings: &["layers.*.attn.attention.pattern", "layers.*.attn.self.pattern"],
    },
    Word { name: "layers.*.attn.z", spellings: &["layers.*.attn.attention.z", "layers.*.attn.self.z"] },
    Word { name: "layers.*.attn.heads", spellings: &["layers.*.attn.z"] },
    Word {
        name: "layers.*.attn.cache.keys",
        spellings: &["layers.*.attn.cached_keys", "layers.*.attn.attention.cached_keys"],
    },
    Word {
        name: "layers.*.attn.cache.values",
        spellings: &["layers.*.attn.cached_values", "layers.*.attn.attention.cached_values"],
    },
    // What NNsight calls the token of a step.
    Word { name: "generator.streamer.output", spellings: &["generator.token"] },
    Word { name: "layers.*.mlp", spellings: &["layers.*.mlp"] },
    // Where a layer wires its MLP itself, the word has sites but is no module.
    Word { name: "layers.*.mlp.input", spellings: &["layers.*.fc1.input", "layers.*.intermediate.input"] },
    Word { name: "layers.*.mlp.pre", spellings: &["layers.*.pre", "layers.*.intermediate.pre"] },
    Word { name: "layers.*.mlp.post", spellings: &["layers.*.post", "layers.*.intermediate.post"] },
    Word { name: "layers.*.mlp.output", spellings: &["layers.*.fc2.output", "layers.*.output.dense.output"] },
    Word {
        name: "norm_f",
        spellings: &[
            "transformer.ln_f",
            "model.norm",
            "gpt_neox.final_layer_norm",
            "model.decoder.final_layer_norm",
        ],
    },
    Word { name: "unembed", spellings: &["lm_head"] },
];

/// The vocabulary as rules for [`ModelSpec::renamed`](pellucid_graph::ModelSpec::renamed): later
/// spellings leave a name to earlier ones.
pub fn renames() -> Vec<Rename<'static>> {
    let rules = VOCABULARY.iter().flat_map(|word| {
        word.spellings.iter().map(|from| Rename {
            from,
            to: word.name,
            begins: Begins::AtRoot,
            taken: Taken::Skip,
        })
    });
    rules.collect()
}
