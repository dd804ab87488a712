"""PyTorch by Hugging Face transformers: forward passes and decoding, eager and sdpa attention."""

from __future__ import annotations

import os
from typing import Any

import torch
import transformers

from peers.serve import Contestant, Work, serve, spots


def load(path: str, dtype: str, attention: str) -> Any:
    """A model that computes no gradients."""
    kind = {"f32": torch.float32, "bf16": torch.bfloat16}[dtype]
    model = transformers.AutoModelForCausalLM.from_pretrained(
        path, dtype=kind, attn_implementation=attention
    ).eval()
    return model.requires_grad_(False)


class Torch(Contestant):
    about = f"torch {torch.__version__}, transformers {transformers.__version__}"

    def work(self, case: dict[str, Any]) -> Work:
        # One copy of the weights for both kinds of attention: the kind is set before each call.
        key = f"{case['model']} {case['dtype']}"
        model = self.shared(key, lambda: load(case["model"], case["dtype"], case["attention"]))
        make = {"forward": self.forward, "decode": self.decode}[case["work"]]
        work = make(model, case)
        kind, call = case["attention"], work.call

        def with_kind() -> Any:
            if model.config._attn_implementation != kind:
                model.set_attn_implementation(kind)
            return call()

        return Work(with_kind, work.answer, work.after)

    def forward(self, model: Any, case: dict[str, Any]) -> Work:
        ids = torch.tensor(case["ids"])

        @torch.inference_mode()
        def call() -> Any:
            return model(ids, use_cache=False).logits

        picked = spots(ids.shape[1])
        return Work(call, lambda logits: logits[:, picked].float().numpy())

    def decode(self, model: Any, case: dict[str, Any]) -> Work:
        ids, following = torch.tensor(case["ids"]), torch.tensor(case["next"])[:, None]
        cache = transformers.DynamicCache()
        with torch.inference_mode():
            model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1)

        @torch.inference_mode()
        def call() -> Any:
            return model(following, past_key_values=cache, use_cache=True).logits

        @torch.inference_mode()
        def after() -> None:
            cache.crop(-1)

        return Work(call, lambda logits: logits[:, [0, 0, 0]].float().numpy(), after)


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
    serve(Torch())
