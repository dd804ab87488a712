//! How each tiny model calls what all models have.

/// Names that tests put in place of a model's own.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub layers: &'static str,
    pub embed: &'static str,
    pub norm: &'static str,
    /// The module with attention's taps, under a layer.
    pub attn: &'static str,
    /// The whole attention branch, where that is another module.
    pub attn_branch: &'static str,
    /// Attention's last matrix, under `attn`.
    pub out: &'static str,
    /// The MLP's parts; where they are children of the layer itself, `mlp` is empty.
    pub mlp: &'static str,
    pub act: &'static str,
    /// The matrix beside the gate, where the MLP has a gate and the two are modules of their own.
    pub up: Option<&'static str>,
    /// Gate and up are one matrix: no module gives up alone.
    pub fused_gate: bool,
    pub down: &'static str,
}

const LLAMA: Words = Words {
    layers: "model.layers",
    embed: "model.embed_tokens",
    norm: "model.norm",
    attn: "self_attn",
    attn_branch: "self_attn",
    out: "o_proj",
    mlp: "mlp",
    act: "act_fn",
    up: Some("up_proj"),
    fused_gate: false,
    down: "down_proj",
};

const GPT2: Words = Words {
    layers: "transformer.h",
    embed: "transformer.wte",
    norm: "transformer.ln_f",
    attn: "attn",
    attn_branch: "attn",
    out: "c_proj",
    mlp: "mlp",
    act: "act",
    up: None,
    fused_gate: false,
    down: "c_proj",
};

const GPT_NEOX: Words = Words {
    layers: "gpt_neox.layers",
    embed: "gpt_neox.embed_in",
    norm: "gpt_neox.final_layer_norm",
    attn: "attention",
    attn_branch: "attention",
    out: "dense",
    down: "dense_4h_to_h",
    ..GPT2
};

const OPT: Words = Words {
    layers: "model.decoder.layers",
    embed: "model.decoder.embed_tokens",
    norm: "model.decoder.final_layer_norm",
    out: "out_proj",
    mlp: "",
    act: "activation_fn",
    up: None,
    down: "fc2",
    ..LLAMA
};

/// The words of a tiny model.
pub fn words(name: &str) -> Words {
    match name {
        "gpt2" => GPT2,
        "gpt_neo" => Words { attn: "attn.attention", out: "out_proj", ..GPT2 },
        "gptj" => Words { out: "out_proj", down: "fc_out", ..GPT2 },
        "gpt_neox" | "gpt_neox_seq" => GPT_NEOX,
        "opt" => OPT,
        "starcoder2" | "starcoder2_plain" => Words { act: "act", up: None, down: "c_proj", ..LLAMA },
        "phi3" => Words { act: "activation_fn", up: None, fused_gate: true, ..LLAMA },
        _ => LLAMA,
    }
}

/// Whether layer 1 of the model sends tokens to experts.
pub fn has_experts(name: &str) -> bool {
    matches!(name, "mixtral" | "qwen3_moe")
}

impl Words {
    /// A part of the MLP, under a layer.
    pub fn in_mlp(&self, part: &str) -> String {
        if self.mlp.is_empty() { part.to_owned() } else { format!("{}.{part}", self.mlp) }
    }

    /// The site at which the MLP branch ends, under a layer.
    pub fn mlp_output(&self) -> String {
        if self.mlp.is_empty() { format!("{}.output", self.down) } else { format!("{}.output", self.mlp) }
    }
}
