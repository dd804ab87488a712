"""Classes of users stand for modules, with properties that are views of sites."""

import numpy as np
import pytest
from conftest import TINY

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5]


class Attention(pl.Envoy):
    @pl.eproperty
    def mixed(self):
        """What each head gives, before the output projection."""
        return self.o_proj.input.unflatten(-1, (4, 8))

    @pl.eproperty(key="output")
    def halves(self, value):
        return value.unflatten(-1, (2, 16))

    @pl.eproperty(key="input")
    def doubled(self, value):
        (x,), _ = value
        return x * 2

    @doubled.postprocess
    def doubled(self, value):
        return ((value / 2,), {})

    @property
    def heads(self):
        return self.z

    @property
    def broken(self):
        return self.nothing_like_this


class Copied(pl.Envoy):
    @pl.eproperty(key="output")
    def first_half(self, value):
        return value[..., :16].clone()

    @first_half.transform
    def first_half(self, edited, raw):
        return pl.cat([edited, raw[..., 16:]], -1)

    def last(self):
        return self.output[:, -1]


@pytest.fixture(scope="module")
def model() -> pl.LanguageModel:
    return pl.LanguageModel(TINY / "llama", envoys={"self_attn": Attention, "LlamaMLP": Copied})


def logits(model: pl.LanguageModel, change) -> np.ndarray:
    with model.trace(PROMPT):
        change(model)
        out = model.lm_head.output.save()
    return out.numpy()


def zero_head(m):
    m.layers[0].attn.z[:, :, 1] = 0


def zero_mixed(m):
    m.layers[0].attn.mixed[:, :, 1] = 0


def scale_mixed(m):
    m.layers[0].attn.mixed *= pl.tensor([1.0, 0.0, 1.0, 1.0]).reshape(4, 1)


def assign_mixed(m):
    z = m.layers[0].attn.z.clone()
    z[:, :, 1] = 0
    m.layers[0].attn.mixed = z


@pytest.mark.parametrize("change", [zero_mixed, scale_mixed, assign_mixed])
def test_views_write_through(change, model: pl.LanguageModel) -> None:
    np.testing.assert_array_equal(logits(model, change), logits(model, zero_head))
    assert (logits(model, change) != logits(model, lambda m: None)).any()


def test_keys_as_in_nnsight(model: pl.LanguageModel) -> None:
    def half(m):
        m.layers[0].attn.halves[:, :, 0] = 0

    def plain(m):
        m.layers[0].attn.output[..., :16] = 0

    def copied(m):
        m.layers[0].mlp.first_half[:] = 0

    def plain_mlp(m):
        m.layers[0].mlp.output[..., :16] = 0

    def doubled(m):
        m.layers[0].attn.doubled = m.layers[0].attn.doubled * 2

    def plain_input(m):
        m.layers[0].attn.input = m.layers[0].attn.input * 2

    for mine, theirs in ((half, plain), (copied, plain_mlp), (doubled, plain_input)):
        np.testing.assert_array_equal(logits(model, mine), logits(model, theirs))


def test_where_classes_go(model: pl.LanguageModel) -> None:
    assert isinstance(model.model.layers[1].self_attn, Attention)
    assert isinstance(model.layers[1].mlp, Copied)
    assert type(model.layers[1].mlp.up_proj) is pl.Envoy
    by_star = pl.LanguageModel(TINY / "llama", envoys={"layers.*": Copied, "nothing": Attention})
    assert isinstance(by_star.layers[0], Copied)
    assert type(by_star.layers[0].mlp) is pl.Envoy
    for_all = pl.LanguageModel(TINY / "llama", envoys=Copied)
    with for_all.trace(PROMPT):
        last = for_all.layers[1].last().save()
    assert last.shape == (1, 32)
    assert repr(for_all) == repr(model)


def test_a_users_own_name_comes_before_the_vocabularys(model: pl.LanguageModel) -> None:
    with model.trace(PROMPT):
        assert model.layers[0].attn.heads.shape == (1, 5, 4, 8)


def test_mistakes(model: pl.LanguageModel) -> None:
    with pytest.raises(pl.PathError, match="no module or site `nothing_like_this`") as raised:
        with model.trace(PROMPT):
            _ = model.layers[0].attn.broken
    assert raised.value.file == __file__
    with pytest.raises(pl.ArgumentError, match="`heads` of `Attention` cannot be assigned to"):
        with model.trace(PROMPT):
            model.layers[0].attn.heads = 1.0
    with pytest.raises(pl.ArgumentError, match="is no class of envoys") as raised:
        pl.LanguageModel(TINY / "llama", envoys={"mlp": int})
    assert raised.value.file == __file__
    with pytest.raises(pl.ArgumentError, match="writes to no site"):

        class Wrong(pl.Envoy):
            @pl.eproperty
            def a(self):
                return self.output

            @a.transform
            def a(self, edited, raw):
                return edited
