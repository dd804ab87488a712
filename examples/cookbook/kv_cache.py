"""KV-cache surgery: what the model remembers of a prompt, changed before it goes on.

Keys and values at the subject are replaced in some layers by those of another prompt. The text still
says France; what later tokens can look up says Italy.
Cf. Liu et al. 2025, "KV Cache Steering", https://arxiv.org/abs/2507.08799
"""

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
france, italy = (f"The capital of {name} is the city of" for name in ("France", "Italy"))
at = 3  # the country

with model.trace(italy):
    memory = pl.save(
        [(layer.attn.cache.keys[:, at], layer.attn.cache.values[:, at]) for layer in model.layers]
    )
