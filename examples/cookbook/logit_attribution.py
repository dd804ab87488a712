"""Direct logit attribution: what each head and each MLP adds to an answer.

The residual stream is a sum, and the last norm divides it by one number that is known; so the
difference of two logits is a sum too, with one term for each part of the model.
Elhage et al. 2021, https://transformer-circuits.pub/2021/framework; Wang et al. 2022,
https://arxiv.org/abs/2211.00593
"""

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
prompt = "When Mary and John went to the shop, John gave a bottle to"
mary, john = (model.tokenizer.id(name) for name in (" Mary", " John"))


def adds(parts):
    """What each of `parts`, `[n, d]`, adds to logit(Mary) - logit(John): `[n]`."""
    share = parts.square().mean(-1).sqrt() / model.norm_f.input[0, -1].square().mean().sqrt()
    logits = model.unembed(model.norm_f(parts[None]))[0]  # [n, v]
    return (logits[:, mary] - logits[:, john]) * share


with model.trace(prompt):
    embedding = adds(model.layers[0].input[0, -1:]).save()
    mlp = adds(pl.stack([layer.mlp.output[0, -1] for layer in model.layers])).save()  # [l]
    heads = []
    for layer in model.layers:
        z = layer.attn.heads[0, -1]  # [h, k]
        alone = pl.eye(len(z))[:, :, None] * z  # [h, h, k]: each head without the others
        heads.append(adds(layer.attn.o_proj(alone.flatten(1)[None])[0]))
    heads = pl.stack(heads).save()  # [l, h]
    logits = model.unembed.output[0, -1].save()

whole, parts = logits[mary] - logits[john], embedding.sum() + mlp.sum() + heads.sum()
print(f"logit(Mary) - logit(John) = {whole:.2f}; parts add up to {parts:.2f}")
for index in heads.flatten().topk(4).indices.tolist():
    layer, head = divmod(index, heads.shape[1])
    print(f"layer {layer:2} head {head}  {heads[layer, head]:+.2f}")
picture = viz.attribution(
    {"attention": heads.sum(1), "MLP": mlp}, heads=heads, rest={"embedding": embedding.item()}
)
picture.save("logit_attribution.png")
