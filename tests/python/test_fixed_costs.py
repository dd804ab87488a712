"""A run is done by the thread that asks for it: what listeners and signals raise there ends it."""

import threading

import pytest

import pellucid as pl


def test_a_listener_is_told_while_the_run_goes_on_in_its_own_thread(
    llama: pl.LanguageModel,
) -> None:
    told: list[tuple[int, int]] = []

    def hear(log: pl.Log) -> None:
        told.append((threading.get_ident(), len(told)))

    with llama.trace([1, 2, 3], log=hear):
        for layer in llama.model.layers:
            pl.log("at", layer.output.norm())
    assert told == [(threading.get_ident(), i) for i in range(len(llama.model.layers))]


def test_what_a_listener_raises_ends_the_run(llama: pl.LanguageModel) -> None:
    told: list[pl.Log] = []

    def hear(log: pl.Log) -> None:
        told.append(log)
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"), llama.trace([1, 2, 3], log=hear):
        for layer in llama.model.layers:
            pl.log(layer.output.norm())
    assert len(told) == 1
    with llama.trace([1, 2, 3]):
        logits = llama.lm_head.output.save()
    assert logits.shape == (1, 3, 384)


def test_a_listener_may_trace(llama: pl.LanguageModel) -> None:
    found = []

    def hear(log: pl.Log) -> None:
        with llama.trace([4, 5]):
            found.append(llama.lm_head.output.save())

    with llama.trace([1, 2, 3], log=hear):
        pl.log(llama.model.layers[0].output.norm())
    assert [x.shape for x in found] == [(1, 2, 384)]
