"""The wire form is what its schema says: for those who write traces in other languages."""

import json
from pathlib import Path

import jsonschema
import pytest

import pellucid as pl

ROOT = Path(__file__).resolve().parents[2]
PROMPT = [1, 2, 3, 4]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "docs/reference/trace.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def graph_of(path: Path) -> dict:
    """The graph in the header of a safetensors file."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["pellucid.trace"])


@pytest.fixture
def graph(llama: pl.LanguageModel, tmp_path: Path) -> dict:
    """A trace with something of everything."""
    with llama.trace() as tracer:
        with tracer.invoke([PROMPT, PROMPT[:2]]):
            h = llama.model.layers[0].output
            h[:, -1:, ::2] *= pl.tensor([0.5])
            llama.model.layers[1].mlp.skip(h * float("inf"))
            made = pl.cond(h.norm() > 0, lambda: h.softmax(-1), lambda: pl.cat([h[:1], h[1:]]))
            steps = pl.while_loop(lambda n: n < 3, lambda n: n + 1, 0)
            pl.save([made, steps, h.to("bf16"), h[:, [0, -1]], llama.lm_head(h)])
        with tracer.invoke("the cat"):
            llama.lm_head.output.save("logits")
            tracer.stop()
        tracer.save(tmp_path / "all.safetensors")
    return graph_of(tmp_path / "all.safetensors")


def test_what_is_written_is_valid(graph, validator) -> None:
    kinds = {statement["do"] for statement in graph["statements"]}
    assert kinds >= {"read", "op", "write", "skip", "cond", "loop", "save", "stop", "constant"}
    validator.validate(graph)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda g: g.pop("version"),
        lambda g: g["statements"].append({"do": "explode"}),
        lambda g: g["statements"].append({"do": "save", "name": 3, "value": 0}),
        lambda g: g["statements"].append({"do": "read", "invoke": 0, "site": "no site"}),
        lambda g: g["invokes"].append({"prompts": "text"}),
        lambda g: g["functions"][0].pop("results"),
        lambda g: g.update(unknown=1),
    ],
)
def test_what_is_not_a_trace_is_not_valid(graph, validator, break_it) -> None:
    break_it(graph)
    assert not validator.is_valid(graph)
