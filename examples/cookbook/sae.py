"""Sparse autoencoders: features read and changed in the forward pass, with the error kept.

Features are written back as reconstruction plus error, so that only what is done to features
changes anything. Any SAE's weights will do; these are of principal components, two for each.
Cunningham et al. 2023, https://arxiv.org/abs/2309.08600;
Marks et al. 2024, "Sparse Feature Circuits", https://arxiv.org/abs/2403.19647
"""

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.decomposition import PCA

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
layer, n = model.layers[20], 14
nouns = "key dog student teacher car boy doctor tree letter window farmer picture girl king".split()
with model.trace([f"I think that the {noun}{s}" for s in ("", "s") for noun in nouns]):
    states = layer.output[:, -1].save()  # [b, d]
pca = PCA(16, random_state=0).fit(states.numpy())
both = np.concatenate([pca.components_, -pca.components_])  # [f, d]
save_file({"W_enc": both.T.copy(), "W_dec": both.copy(), "b_dec": pca.mean_}, "sae.safetensors")

weights = load_file("sae.safetensors")
sae = {name: pl.tensor(weight.astype(np.float32)) for name, weight in weights.items()}
features = ((states - sae["b_dec"]) @ sae["W_enc"]).relu()  # the same code outside a trace
singular, plural = features[:n].mean(0), features[n:].mean(0)  # [f]
key = [int((plural - singular).argmax()), int((singular - plural).argmax())]
print("features", key, "tell plurals from singulars: logit(are) - logit(is)")
is_, are = (model.tokenizer.id(word) for word in (" is", " are"))
found = {}
for text in ("I think that the cat", "I think that the cats"):
    with model.trace() as tracer:
        for way in ("with its error", "reconstructed", "made singular", "made plural"):
            with tracer.invoke(text):
                features = ((layer.output[0, -1] - sae["b_dec"]) @ sae["W_enc"]).relu()
                known = features @ sae["W_dec"] + sae["b_dec"]
                error = (layer.output[0, -1] - known) * (way != "reconstructed")
                if way.startswith("made"):
                    features[key] = (plural if way == "made plural" else singular)[key]
                layer.output[0, -1] = features @ sae["W_dec"] + sae["b_dec"] + error
                logits = model.unembed.output[0, -1]
                found[text, way] = (logits[are] - logits[is_]).save()
    ways = (f"{way} {x:+.2f}" for (of, way), x in found.items() if of == text)
    print(f"{text[17:]:4}  {', '.join(ways)}")
