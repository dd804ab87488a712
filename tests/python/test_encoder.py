"""Encoders by `pl.Model`: embeddings as sentence-transformers has them, traces as on any model."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import real_models as real
from conftest import TINY

import pellucid as pl

SENTENCES = [
    "A man is eating food.",
    "A man is eating a piece of bread.",
    "The girl is carrying a baby.",
    "Someone in a gorilla costume is playing a set of drums.",
    "Ein Mann isst Käse: 12,50 € in ZÜRICH!",
    "The Amazon rainforest, which covers much of northwestern Brazil and extends into Colombia, "
    "Peru and other South American countries, is the largest tropical rainforest in the world.",
    "Rain",
]
# As in crates/pellucid-engine/tests/real.rs: sums in f32, in another order. The first is a part of
# the largest element.
RTOL = 5e-6
COSINE_ATOL = 2e-6


@pytest.fixture(scope="module")
def bert() -> pl.Model:
    return pl.Model(TINY / "bert")


@pytest.fixture(scope="module")
def minilm() -> pl.Model:
    return pl.Model(real.path_of(real.MINILM))


def test_sentences_are_as_alike_as_transformers_finds_them(minilm: pl.Model) -> None:
    golden = real.golden(real.MINILM)
    for i, sentence in enumerate(SENTENCES):
        assert minilm.tokenizer.encode(sentence) == golden[f"s{i}.input_ids"][0].tolist()
    unit = minilm.encode(SENTENCES).numpy()  # the folder's `modules.json` says: normalized
    np.testing.assert_allclose(unit @ unit.T, golden["similarities"], atol=COSINE_ATOL, rtol=0)
    mean = minilm.encode(SENTENCES, normalize=False).numpy()
    atol = RTOL * np.abs(golden["embeddings"]).max()
    np.testing.assert_allclose(mean, golden["embeddings"], atol=atol, rtol=0)


def test_a_layer_changed_changes_the_embedding(minilm: pl.Model) -> None:
    with minilm.trace() as tracer:
        with tracer.invoke(SENTENCES[0]):
            as_it_is = minilm.output.mean(dim=1).save()
        with tracer.invoke(SENTENCES[0]):
            minilm.encoder.layer[2].attention.self.z[:, :, 5] = 0
            changed = minilm.output.mean(dim=1).save()
    np.testing.assert_allclose(as_it_is[0], minilm.encode(SENTENCES[0], normalize=False), atol=1e-6)
    cosine = pl.cosine_similarity(as_it_is, changed).item()
    assert 0.5 < cosine < 0.999


def test_one_text_is_a_row_and_does_not_depend_on_others(bert: pl.Model) -> None:
    both = bert.encode(["The 7 is", "of"])
    assert both.shape == (2, 32)
    assert both.dtype is pl.float32
    alone = bert.encode("of")
    assert alone.shape == (32,)
    assert np.array_equal(alone, both[1])
    ids = bert.tokenizer.encode("of")
    assert np.array_equal(bert.encode(ids), alone)
    assert np.array_equal(bert.encode([ids, ids])[1], alone)
    assert bert.encode([]).shape == (0, 32)


def test_normalized_when_asked_for(bert: pl.Model) -> None:
    plain, unit = bert.encode("The 7 is"), bert.encode("The 7 is", normalize=True)
    np.testing.assert_allclose(unit, plain / plain.norm(), atol=1e-6)


def test_a_module_called_output_is_a_module(bert: pl.Model) -> None:
    layer = bert.encoder.layer[0]
    with bert.trace("of"):
        with pytest.raises(pl.ArgumentError, match=r"`encoder\.layer\.0\.output` is a module"):
            layer.output[0, 0]
        layer.output.output[:, 0] = 0
        first = bert.encoder.layer[1].input[0, 0].save()
    assert not first.numpy().any()


def test_texts_of_one_trace_may_differ_in_length(bert: pl.Model) -> None:
    texts = ["The 7 is", "of"]
    lengths = pl.tensor([[len(tokens)] for tokens in bert.tokens(texts)])
    with bert.trace(texts):
        means = (bert.output.sum(dim=1) / lengths).save()  # cells before a text read as 0
    np.testing.assert_allclose(means, bert.encode(texts), atol=1e-6)


def test_an_encoder_is_no_language_model() -> None:
    with pytest.raises(pl.ArgumentError) as error:
        pl.LanguageModel(TINY / "bert")
    assert error.value.message == "`bert` is an encoder, which does not continue texts"
    assert error.value.help == 'open it with `pl.Model("bert")`'


def test_a_language_model_is_no_encoder(llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.ArgumentError) as error:
        llama.encode("The 7 is")
    assert error.value.message == "`llama` gives logits; embeddings come from an encoder"
    assert error.value.file == __file__


def test_a_pooling_that_is_not_known_spoils_embeddings_only(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY / "bert", tmp_path / "dense")
    (folder / "modules.json").write_text('[{"type": "sentence_transformers.models.Dense"}]')
    model = pl.Model(folder)
    with model.trace("of"):
        model.output.save()
    with pytest.raises(pl.ArgumentError) as error:
        model.encode("of")
    assert error.value.message == (
        "no embeddings from `dense`: `modules.json` has the step `Dense`, which is not known here"
    )


def test_a_text_that_is_too_long_is_not_cut(bert: pl.Model) -> None:
    with pytest.raises(pl.PromptError, match="a prompt of 200 tokens, `bert` takes at most 128"):
        bert.encode([[1] * 200])
