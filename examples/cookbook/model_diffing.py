"""Two models in one session: how alike are their layers on the same texts?

States of both at the end of each text are compared layer by layer by linear CKA, which does not
mind that their axes differ. Nothing but the map leaves the session.
Kornblith et al. 2019, https://arxiv.org/abs/1905.00414;
cf. Huh et al. 2024, "The Platonic Representation Hypothesis", https://arxiv.org/abs/2405.07987
"""

import json
from pathlib import Path

import pellucid as pl
from pellucid import viz

smol, gemma = pl.LanguageModel("SmolLM2-135M-Instruct"), pl.LanguageModel("gemma-3-270m")
facts = (Path(__file__).parents[1] / "data/facts.jsonl").read_text("utf-8").splitlines()
texts = [json.loads(line)["prompt"] for line in facts[::12]]


def states(model, every):
    """States at each text's last token, centred: `[l, n, d]`."""
    with model.trace() as tracer:
        found = []
        for text in texts:
            with tracer.invoke(text):
                found.append(pl.stack([layer.output[0, -1] for layer in model.layers[::every]]))
        found = pl.stack(found, 1)
        found = found - found.mean(1, keepdim=True)
        grams = found @ found.mT  # [l, n, n]: what CKA compares, whatever d is
        return (grams / grams.flatten(1).norm(dim=-1)[:, None, None]).flatten(1)


with pl.session():
    a = states(smol, 3)
    b = states(gemma, 2)
    with smol.trace(texts[0]):
        alike = (a @ b.T).save()  # [l, l]
