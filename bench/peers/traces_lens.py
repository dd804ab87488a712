"""TransformerLens on the same model, through its bridge: caches of hooks, by name."""

from __future__ import annotations

import importlib.metadata
import os
from typing import Any

import torch
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoModelForCausalLM, AutoTokenizer

from peers.serve import Contestant, Work, serve, spots

HOOKS = {"residuals": "blocks.{}.hook_resid_post", "patterns": "blocks.{}.attn.hook_pattern"}


class Lens(Contestant):
    about = f"transformer_lens {importlib.metadata.version('transformer-lens')}"

    def work(self, case: dict[str, Any]) -> Work:
        bridge = self.shared(case["model"], lambda: open_model(case["model"]))
        ids = torch.tensor(case["ids"])
        if case["work"] == "trace":
            with torch.no_grad():
                bridge(ids)
            return Work(
                torch.no_grad()(lambda: bridge(ids)),
                lambda logits: logits[:, spots(logits.shape[1])].numpy(),
            )
        names = [HOOKS[case["work"]].format(i) for i in range(case["layers"])]

        @torch.no_grad()
        def call() -> Any:
            _, cache = bridge.run_with_cache(ids, names_filter=names)
            return [cache[name] for name in names]

        return Work(call, lambda saved: torch.stack(saved).numpy())


def open_model(path: str) -> Any:
    """The bridge around Hugging Face's model."""
    model = AutoModelForCausalLM.from_pretrained(path, attn_implementation="eager").eval()
    model.requires_grad_(False)
    tokenizer = AutoTokenizer.from_pretrained(path)
    return TransformerBridge.boot_transformers(
        path, hf_model=model, tokenizer=tokenizer, device="cpu"
    ).eval()


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
    serve(Lens())
