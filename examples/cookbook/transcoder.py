"""Transcoders: an MLP's output made from features of its input, in place of the MLP.

This one has random features and a linear skip, fitted by least squares, and weights in safetensors
as any other has. Put in alone it costs something; with its error added, nothing.
Dunefsky et al. 2024, https://arxiv.org/abs/2406.11944; Paulo et al. 2025,
https://arxiv.org/abs/2501.18823
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import Ridge

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
mlp = model.layers[14].mlp
facts = (Path(__file__).parents[1] / "data/facts.jsonl").read_text("utf-8").splitlines()
texts = [json.loads(line)["prompt"] for line in facts]
with model.trace() as tracer:
    inputs, outputs = pl.list().save(), pl.list().save()
    for text in texts[:240:2]:
        with tracer.invoke(text):
            inputs.append(mlp.input[0, 1:])
            outputs.append(mlp.output[0, 1:])
X, Y = np.concatenate(inputs), np.concatenate(outputs)  # [t, d]
W_enc = np.random.default_rng(0).normal(size=(X.shape[1], 256)).astype(np.float32) / X.std() / 24
fit = Ridge(30.0).fit(np.hstack([np.maximum(X @ W_enc, 0), X]), Y)
W_dec, W_skip = np.split(np.ascontiguousarray(fit.coef_.T.astype(np.float32)), [256])
made = {"W_enc": W_enc, "W_dec": W_dec, "W_skip": W_skip, "b_dec": fit.intercept_}
save_file(made, "transcoder.safetensors")

tc = {name: pl.tensor(weight) for name, weight in load_file("transcoder.safetensors").items()}
with model.trace() as tracer:
    losses = pl.dict().save()
    for way in ("MLP", "transcoder", "transcoder and its error", "nothing"):
        each = []
        for text in texts[1:80:4]:
            ids = model.tokenizer(text).ids
            with tracer.invoke(ids):
                if "transcoder" in way:
                    x = mlp.input[:, 1:]
                    made = (x @ tc["W_enc"]).relu() @ tc["W_dec"] + x @ tc["W_skip"] + tc["b_dec"]
                    mlp.output[:, 1:] = made + (mlp.output[:, 1:] - made) * ("error" in way)
                elif way == "nothing":
                    mlp.output[:, 1:] = 0
                each.append(pl.cross_entropy(model.unembed.output[0, :-1], ids[1:]))
        losses[way] = pl.stack(each).mean()
for way, loss in losses.items():
    print(f"{way:25} {loss:.3f} nats per token")
