"""Weights as values, edits of them, and the kits on top."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl
from pellucid.weights import _safetensors

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
TINY = sorted(path.name for path in (FIXTURES / "tiny").iterdir() if path.is_dir())
PROMPT = [5, 9, 2, 7, 201, 4]


def opened(name, **how):
    kind = pl.Model if name == "bert" else pl.LanguageModel
    return kind(FIXTURES / "tiny" / name, **how)


def logits(model, prompt=PROMPT):
    with model.trace(prompt):
        out = model.output.save()
    return np.asarray(out)


def unit(seed, d=32):
    r = np.random.default_rng(seed).normal(size=d).astype(np.float32)
    return r / np.linalg.norm(r)


def test_weights_are_concrete_outside_of_traces_and_values_inside(llama):
    weight = llama.layers[0].mlp.down_proj.weight
    assert weight.shape == (32, 64) and not weight.is_symbolic and weight.dtype == pl.float32
    with llama.trace(PROMPT):
        inside = llama.layers[0].mlp.down_proj.weight
        assert inside.is_symbolic and inside.shape == (32, 64)
        made = llama.layers[0].mlp.down_proj.input @ inside.t()
        difference = (made - llama.layers[0].mlp.down_proj.output).abs().max().save()
        saved = inside[3].save()
    assert difference.item() < 1e-5
    assert np.array_equal(saved, np.asarray(weight)[3])


def test_names_and_shapes_are_those_of_pytorch(llama, gpt2):
    golden = json.loads((FIXTURES / "parameters.json").read_text())
    for model, name in ((llama, "llama"), (gpt2, "gpt2")):
        rows = [(path, list(tensor.shape)) for path, tensor in model.named_parameters()]
        assert rows == [(path, row[0]) for path, row in golden[name].items()], "in PyTorch's order"
        total = sum(p.numel() for p in model.parameters())
        assert total == sum(int(np.prod(row[0])) for row in golden[name].values())
    assert dict(gpt2.transformer.h[0].attn.parameter_shapes()) == {
        "c_attn.weight": (32, 96),
        "c_attn.bias": (96,),
        "c_proj.weight": (32, 32),
        "c_proj.bias": (32,),
    }
    assert "weight" in dir(gpt2.lm_head) and gpt2.lm_head.weight.shape == (384, 32)
    assert np.array_equal(gpt2.lm_head.weight, gpt2.transformer.wte.weight)


def test_unknown_names_and_writes_outside_of_edits(llama):
    with pytest.raises(pl.PathError, match="did you mean `weight`"):
        _ = llama.lm_head.wieght
    for write in (
        lambda: setattr(llama.lm_head, "weight", 0.0),
        lambda: llama.lm_head.weight.zero_(),
    ):
        with pytest.raises(pl.PellucidError) as caught:
            write()
        assert caught.value.code in ("read-only-parameter", "bad-argument")
    with pytest.raises(pl.EditError, match=r"model.edit\(\)") as caught:
        with llama.trace(PROMPT):
            llama.lm_head.weight[0] = 0
    assert caught.value.code == "read-only-parameter" and caught.value.file == __file__


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_way_of_writing_weights(dtype):
    model = opened("llama", dtype=dtype)
    before = {name: np.asarray(w.float()) for name, w in model.named_parameters()}
    u = unit(0)
    with model.edit() as edited:
        layer = edited.layers[0]
        w = layer.mlp.down_proj.weight
        layer.mlp.down_proj.weight -= pl.tensor(u).to(dtype).outer(pl.tensor(u).to(dtype) @ w)
        layer.mlp.gate_proj.weight[3] *= 0
        layer.mlp.up_proj.weight.t()[:, 1] = 2.0
        layer.input_layernorm.weight = np.full(32, 0.5, dtype=np.float32)
        edited.norm_f.weight[:] = edited.norm_f.weight * 2
    read = {name: np.asarray(w.float()) for name, w in edited.named_parameters()}
    start = "model.layers.0"
    w = before[f"{start}.mlp.down_proj.weight"]
    close = {"float32": 1e-5, "bfloat16": 3e-2}[dtype]
    assert np.allclose(read[f"{start}.mlp.down_proj.weight"], w - np.outer(u, u @ w), atol=close)
    assert not np.any(read[f"{start}.mlp.gate_proj.weight"][3])
    assert np.all(read[f"{start}.mlp.up_proj.weight"][1] == 2)
    assert np.all(read[f"{start}.input_layernorm.weight"] == 0.5)
    assert np.allclose(read["model.norm.weight"], 2 * before["model.norm.weight"], rtol=1e-2)
    changed = {name for name in before if not np.array_equal(before[name], read[name])}
    assert len(changed) == 5
    after = {name: np.asarray(w.float()) for name, w in model.named_parameters()}
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_an_edited_handle_shares_memory_with_the_model():
    model = opened("llama", dispatch=True)
    with model.edit() as edited:
        edited.layers[0].mlp.down_proj.weight *= 2
    # The same sizes, since what is shared is counted by both.
    assert edited.weight_bytes == model.weight_bytes


def test_rank_one_on_either_way_of_storing(llama, gpt2):
    for model, module in (
        (llama, llama.layers[1].mlp.down_proj),
        (gpt2, gpt2.transformer.h[1].mlp.c_fc),
    ):
        with model.trace(PROMPT):
            x, y = module.input.save(), module.output.save()
        u, v = unit(1, y.shape[-1]), unit(2, x.shape[-1])
        with model.edit() as edited:
            pl.weights.rank_one(edited[module.path], u, v, scale=0.5)
        with edited.trace(PROMPT):
            edited[module.path].input = x
            made = edited[module.path].output.save()
        want = np.asarray(y) + 0.5 * (np.asarray(x) @ v)[..., None] * u
        assert np.allclose(made, want, atol=1e-5)
        with pytest.raises(pl.ShapeError, match="`rank_one`"):
            with model.edit() as edited:
                pl.weights.rank_one(edited[module.path], v, u)


@pytest.mark.parametrize("name", TINY)
def test_orthogonalized_writers_leave_nothing_along_a_direction(name):
    model, r = opened(name), unit(3)
    if name == "bert":
        with pytest.raises(pl.EditError, match="is what LayerNorms give"):
            with model.edit() as edited:
                pl.weights.orthogonalize(edited, r)
        return
    with model.edit() as edited:
        pl.weights.orthogonalize(edited, r * 7)

    def along(model):
        with model.trace([PROMPT, [3, 1]]):
            states = pl.save([model.layers[0].input])
            for layer in model.layers:
                states.append(layer.output)
        return [float(np.abs(np.asarray(h) @ r).max()) for h in states]

    assert max(along(edited)) < 2e-5, name
    assert min(along(model)) > 1e-3, "the unedited model writes along it"


ADAPTERS = sorted(path.name for path in (FIXTURES / "adapters").iterdir())


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("merge", [True, False])
def test_adapters_do_what_they_do_in_peft(name, merge):
    folder = FIXTURES / "adapters" / name
    golden = _safetensors_of(folder)
    model = opened(name.split("_")[0])
    before = logits(model)
    adapted = model.load_adapter(folder, merge=merge)
    want = golden["merged" if merge else "logits"]
    assert np.abs(logits(adapted) - want).max() < 1e-4
    assert np.abs(before - want).max() > 0.1
    assert np.array_equal(logits(model), before)
    same = model.with_edit(adapted.edits[0])
    assert np.array_equal(logits(same), logits(adapted))


def _safetensors_of(folder):
    file = folder / "golden.safetensors"
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    found = {}
    for key in ("logits", "merged"):
        start, end = header[key]["data_offsets"]
        body = data[8 + size + start : 8 + size + end]
        found[key] = np.frombuffer(body, dtype="<f4").reshape(header[key]["shape"])
    return found


def test_an_adapter_in_place(llama):
    model = opened("llama")
    assert model.load_adapter(FIXTURES / "adapters" / "llama", inplace=True) is model
    assert (
        np.abs(logits(model) - _safetensors_of(FIXTURES / "adapters" / "llama")["merged"]).max()
        < 1e-4
    )
    model.clear_edits()
    assert np.array_equal(logits(model), logits(llama))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"peft_type": "LOHA"}, "it is of the type LOHA, not LORA"),
        ({"bias": "all"}, "biases were trained too"),
        ({"init_lora_weights": "pissa"}, "other base weights"),
        ({"r": 3}, r"expected \[3, 64\] and"),
        ({"target_modules": ["q_proj"]}, "which its `target_modules` leave out"),
        ({"target_modules": ["q_proj", "v_proj", "down_proj", "o_proj"]}, "it has no weights for"),
    ],
)
def test_adapters_that_cannot_be_used_say_why(llama, tmp_path, change, message):
    folder = tmp_path / "adapter"
    shutil.copytree(FIXTURES / "adapters" / "llama", folder)
    config = json.loads((folder / "adapter_config.json").read_text())
    if "r" in change:
        config["rank_pattern"] = {}
    (folder / "adapter_config.json").write_text(json.dumps(config | change))
    with pytest.raises(pl.EditError, match=message) as caught:
        llama.load_adapter(folder)
    assert caught.value.code == "bad-adapter" and caught.value.file == __file__


def test_folders_that_are_no_adapters(llama, gpt2, tmp_path):
    with pytest.raises(pl.EditError, match=re.escape("no `adapter_config.json`")):
        llama.load_adapter(tmp_path)
    folder = tmp_path / "adapter"
    shutil.copytree(FIXTURES / "adapters" / "llama", folder)
    with pytest.raises(pl.EditError, match="which the model does not have"):
        gpt2.load_adapter(folder)
    (folder / "adapter_model.safetensors").write_bytes(b"\xff" * 20)
    with pytest.raises(pl.EditError, match="its header is longer than the file"):
        llama.load_adapter(folder)
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(pl.EditError, match="is a pickle"):
        llama.load_adapter(folder)


def test_tensors_of_half_types_are_widened(tmp_path):
    rows = {"a": ("BF16", np.array([0x3FC0, 0xC000], "<u2")), "b": ("F16", np.array([1.5], "<f2"))}
    header, body = {}, b""
    for name, (kind, made) in rows.items():
        offsets = [len(body), len(body) + made.nbytes]
        header[name] = {"dtype": kind, "shape": [made.size], "data_offsets": offsets}
        body += made.tobytes()
    text = json.dumps(header).encode()
    (tmp_path / "x.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + body)
    read = _safetensors.read(tmp_path / "x.safetensors")
    assert read["a"].tolist() == [1.5, -2.0] and read["b"].tolist() == [1.5]
