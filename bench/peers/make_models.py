"""Makes the models of the benchmark, once: run by the environment that has torch.

    python -m peers.make_models FOLDER [SMOLLM2.gguf]

GPT-2 small and its twin of width 64 have random weights of a fixed seed: speed does not depend on
their values. SmolLM2 has its real weights, widened from the GGUF that is also run as it is; without
the file they are random too, and its folder says so. Each is written in f32 and in bf16.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

SEED = 0
TWIN = {"n_embd": 64, "n_head": 4, "vocab_size": 512, "n_positions": 256}
SMOLLM2 = {
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49152,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "rope_theta": 100000.0,
    "tie_word_embeddings": True,
}


def gpt2(**changes: Any) -> Any:
    """GPT-2 with random weights."""
    torch.manual_seed(SEED)
    vocabulary = changes.get("vocab_size", 50257)
    return GPT2LMHeadModel(
        GPT2Config(bos_token_id=vocabulary - 1, eos_token_id=vocabulary - 1, **changes)
    )


def smollm2(gguf: str | None) -> tuple[Any, str]:
    """SmolLM2-135M, and what its weights are."""
    if gguf:
        try:
            path = Path(gguf)
            read = AutoModelForCausalLM.from_pretrained(
                path.parent, gguf_file=path.name, dtype=torch.float32
            )
            # What was read still says that it is quantized, and such a model is not written.
            settings = {k: v for k, v in read.config.to_dict().items() if "quantization" not in k}
            model = LlamaForCausalLM(LlamaConfig.from_dict(settings))
            model.load_state_dict(read.state_dict())
            return model, f"widened from {path.name}"
        except Exception as e:  # a reader of GGUF that is missing or does not know the file
            print(f"{gguf} cannot be read: {type(e).__name__}: {e}", file=sys.stderr)
    torch.manual_seed(SEED)
    return LlamaForCausalLM(LlamaConfig(**SMOLLM2)), f"random, seed {SEED}"


def save(model: Any, weights: str, folder: Path) -> None:
    """The model in f32 and in bf16, with made-up words as tokens, and a note of its weights."""
    vocabulary = model.config.vocab_size
    end = "<|endoftext|>"
    words = {f"w{i}": i for i in range(vocabulary - 1)} | {end: vocabulary - 1}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=end))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=end, eos_token=end, unk_token=end, pad_token=end
    )
    for dtype in (torch.float32, torch.bfloat16):
        name = {torch.float32: "f32", torch.bfloat16: "bf16"}[dtype]
        model.to(dtype).save_pretrained(folder / name)
        fast.save_pretrained(folder / name)
    (folder / "WEIGHTS").write_text(weights + "\n")


def main(root: Path, gguf: str | None) -> None:
    """Makes those that are not there."""
    makers = {
        "gpt2": lambda: (gpt2(), f"random, seed {SEED}"),
        "gpt2-twin": lambda: (gpt2(**TWIN), f"random, seed {SEED}"),
        "smollm2": lambda: smollm2(gguf),
    }
    for name, make in makers.items():
        if not (root / name / "WEIGHTS").exists():
            print(f"making {name}", file=sys.stderr)
            model, weights = make()
            save(model.eval(), weights, root / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
