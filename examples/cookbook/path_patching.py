"""Path patching: which heads tell later heads where to look, and by no other way.

Each head gets its values from a prompt with the names swapped; all heads after it are frozen to
their clean values, and what so reaches the *queries* of one layer is put into a clean run. Only the
path from that head to those queries is patched. Wang et al. 2022, https://arxiv.org/abs/2211.00593
"""

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
clean = "When Mary and John went to the shop, John gave a bottle to"
swapped = "When Mary and John went to the shop, Mary gave a bottle to"
mary, john = (model.tokenizer.id(name) for name in (" Mary", " John"))
senders, receiver = range(16, 23), 23  # logit_attribution.py finds the heads of layer 23


def difference():
    logits = model.unembed.output[0, -1]
    return logits[mary] - logits[john]


with model.trace() as tracer:
    with tracer.invoke(swapped):
        changed = {i: model.layers[i].attn.heads for i in senders}
    with tracer.invoke(clean):
        frozen = {i: model.layers[i].attn.heads for i in senders[1:]}
        whole = difference().save()
    effects = []
    for i in senders:
        for head in range(9):
            with tracer.invoke(clean):
                model.layers[i].attn.heads[:, :, head] = changed[i][:, :, head]
                for later in range(i + 1, receiver):
                    model.layers[later].attn.heads = frozen[later]
                query = model.layers[receiver].attn.q
            with tracer.invoke(clean):
                model.layers[receiver].attn.q = query
                effects.append(difference() - whole)
    effects = pl.stack(effects).reshape(len(senders), -1).save()  # [l, h]
print(f"logit(Mary) - logit(John) = {whole:.2f}")
for index in (-effects).flatten().topk(4).indices.tolist():
    i, head = divmod(index, 9)
    print(f"layer {senders[i]} head {head} -> queries of layer {receiver}: {effects[i, head]:+.2f}")
picture = viz.heatmap(effects, columns=[f"H{h}" for h in range(9)], rows=senders, unit="logits")
picture.save("path_patching.png")
