"""Looks inside SmolLM2-135M-Instruct, changes what happens there, and draws what it finds.

    make demo
    python examples/demo.py --model SmolLM2-135M-Instruct --out demo-out

Four questions: what comes next, from which layer on the model knows, where it keeps what it knows,
and which single neuron helps it to say so. The traces are in `experiments.py`; this file tells.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import experiments as ex
import numpy as np

import pellucid as pl
from pellucid import viz

EIFFEL = "The Eiffel Tower is in the city of"
COLOSSEUM = "The Colosseum is in the city of"
FRANCE = "The capital of France is the city of"
ITALY = "The capital of Italy is the city of"
ANYWHERE = "I live in the city of"
RIGHT, WRONG = " Paris", " Rome"


def show_next_token(model: pl.LanguageModel, out: Path) -> None:
    print(f'1. What comes next?  "{EIFFEL} ..."\n')
    tokens, probabilities = ex.next_token(model, EIFFEL)
    for token, p in zip(tokens, probabilities, strict=True):
        print(f"   {viz.token_label(token):12} {p:.3f}  {'#' * round(40 * p)}")
    picture = viz.bars(probabilities, tokens, title=f"“{EIFFEL} …”")
    save(picture, out / "1-next-token")


def show_logit_lens(model: pl.LanguageModel, out: Path) -> None:
    print("2. From which layer on does the model know?  The last norm and the unembedding, applied")
    print(f'   to the state after each layer, at the last token of "{EIFFEL}".\n')
    answer = ex.next_token(model, EIFFEL, 1)[0][0]
    tokens, probabilities, ranks = ex.logit_lens(model, EIFFEL, model.tokenizer.id(answer))
    print(f"   after layer  would say        p   rank of {viz.token_label(answer)}")
    for layer, rank in enumerate(ranks):
        said = viz.token_label(tokens[layer][-1])
        print(f"   {layer:11}  {said:12} {probabilities[layer, -1]:.3f}   {rank:6}")
    first = len(ranks) - int(np.argmax(ranks[::-1] != 1)) if (ranks != 1).any() else 0
    print(f"\n   {viz.token_label(answer)} is on top from layer {first} on.")
    picture = viz.logit_lens(
        tokens,
        probabilities,
        tokens=model.tokens(EIFFEL),
        title="Logit lens: what each layer would say next; framed from where it stays",
    )
    save(picture, out / "2-logit-lens")


def show_patching(model: pl.LanguageModel, out: Path) -> None:
    print(f'3. Where is the fact kept?  States of "{FRANCE}"')
    print(f'   put into "{ITALY}", one layer and one position at a time:')
    contrast = ex.Contrast(FRANCE, ITALY, model.tokenizer.id(RIGHT), model.tokenizer.id(WRONG))
    restored = ex.patching(model, contrast)
    print(f"   {restored.size} patched runs, packed into one pass.\n")
    pairs = list(zip(model.tokens(FRANCE), model.tokens(ITALY), strict=True))
    last = len(pairs) - 1
    subject = next(i for i, (clean, corrupted) in enumerate(pairs) if clean != corrupted)
    kept = int(np.sum(restored[:, subject] > 0.5)) - 1
    handed = int(np.argmax(restored[:, last] > 0.5))
    near = range(max(handed - 3, 0), min(handed + 3, len(restored)))
    print(f"   share of {difference()} restored, by layer")
    print(f"   {'':21}{''.join(f'{layer:7}' for layer in near)}")
    for what, position in (("at the subject", subject), ("at the last token", last)):
        print(f"   {what:21}{''.join(f'{restored[layer, position]:7.2f}' for layer in near)}")
    print(f"\n   The fact is on the subject through layer {kept},")
    print(f"   and on the last token from layer {handed}.")
    picture = viz.patching(
        restored,
        tokens=[a if a == b else (b, f"←{a}") for a, b in pairs],
        title="Where a fact is kept: France patched into Italy",
        unit=f"share of {difference()} restored",
        limit=1.0,
    )
    here, there = (handed / 2, subject + 0.52), (handed + 0.5, last - 0.52)
    told = f"on the subject\nthrough layer {kept}"
    picture = picture.callout(told, cell=here, at=(here[0], subject + 2))
    told = f"on the last token from layer {handed}\n({restored[handed, last]:.0%} at once)"
    picture = picture.callout(told, cell=there, at=(handed - 4, last - 1))
    save(picture, out / "3-patching")


def show_neuron(model: pl.LanguageModel, out: Path) -> None:
    print("4. Which neuron says so?  MLP neurons copied, one at a time, from the last token of")
    print(f'   "{EIFFEL}" to that of "{COLOSSEUM}".\n')
    contrast = ex.Contrast(EIFFEL, COLOSSEUM, model.tokenizer.id(RIGHT), model.tokenizer.id(WRONG))
    neuron = ex.find_neuron(model, contrast)
    print(f"   Layer {neuron.layer}, unit {neuron.unit} moves the answer most: {difference()} by")
    print(f"   {neuron.effect:+.2f}. It is {neuron.clean:.2f} there, {neuron.corrupted:.2f} here.")
    title = (
        f"One neuron at the last token, set by hand: layer {neuron.layer}, MLP unit {neuron.unit}"
    )
    sides = []
    for prompt, times in ((ANYWHERE, 5), (EIFFEL, -5)):
        edit = ex.set_neuron(model, prompt, neuron, times * neuron.clean)
        ids = list(dict.fromkeys([*np.argsort(-edit.before)[:4], *np.argsort(-edit.after)[:4]]))
        tokens = model.tokenizer.pieces(ids)
        print(f'\n   "{prompt} ...": {edit.was:.1f} set to {edit.value:.1f}')
        for token, p, q in zip(tokens, edit.before[ids], edit.after[ids], strict=True):
            print(f"   {viz.token_label(token):12} {p:.3f} -> {q:.3f}")
        names = f"as it is ({edit.was:.1f})", f"set to {edit.value:.1f}"
        series = dict(zip(names, (edit.before[ids], edit.after[ids]), strict=True))
        sides.append(viz.bars(series, tokens, title=f"“{prompt} …”"))
    save(viz.beside(*sides, title=title), out / "4-neuron")


PARTS = (show_next_token, show_logit_lens, show_patching, show_neuron)


def difference() -> str:
    return f"logit({viz.token_label(RIGHT)}) − logit({viz.token_label(WRONG)})"


def save(picture: viz.Picture, path: Path) -> None:
    for ending in (".png", ".html"):
        picture.save(path.with_suffix(ending))
    print(f"\n   picture: {path}.png, to look closer {path}.html")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--model", default="SmolLM2-135M-Instruct", help="name, folder or .gguf")
    arguments.add_argument("--out", type=Path, default=Path("demo-out"), help="folder of pictures")
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    model = pl.LanguageModel(given.model)
    print(f"{model.name}: {len(model.model.layers)} layers, opened in {since(start)}\n")
    for show in PARTS:
        began = time.perf_counter()
        show(model, given.out)
        print(f"   took {since(began)}\n")
    print(f"all in {since(start)}")


def since(start: float) -> str:
    return f"{time.perf_counter() - start:.1f} s"


if __name__ == "__main__":
    main()
