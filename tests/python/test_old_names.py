"""Words of NNsight's papers and notebooks, and its traps, which are errors or warnings here."""

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5, 6, 7]


def test_value_is_the_saved_tensor(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        h = llama.norm_f.output.save()
        with pytest.raises(pl.TraceError, match="cannot be known while its trace is recorded"):
            _ = h.value
    assert h.value is h


@pytest.mark.parametrize("make", [lambda: pl.list().save(), lambda: pl.save([])])
def test_lists_are_filled_after_they_are_saved(make: object, llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        made = make()
        for layer in llama.layers:
            made.append(layer.output[:, -1])
        by_path = pl.dict().save()
        by_path["norm"] = [llama.norm_f.output]
    assert [h.value.shape for h in made] == [(1, 32), (1, 32)]
    assert by_path["norm"][0].numpy().shape == (1, 7, 32)
    assert isinstance(made, list)
    assert isinstance(by_path, dict)


def test_a_list_that_nobody_saved_is_not_saved(llama: pl.LanguageModel) -> None:
    with pytest.warns(pl.UnusedValueWarning), llama.trace(PROMPT):
        made = pl.list()
        made.append(llama.norm_f.output)
    with pytest.raises(pl.TraceError, match="was not saved"):
        made[0].numpy()


def test_barriers_are_needless(llama: pl.LanguageModel) -> None:
    def patched(with_barrier: bool) -> np.ndarray:
        with llama.trace() as tracer:
            barrier = tracer.barrier(2) if with_barrier else lambda: None
            with tracer.invoke(PROMPT):
                clean = llama.layers[0].output[:, -1]
                barrier()
            with tracer.invoke(PROMPT[::-1]):
                barrier()
                llama.layers[0].output[:, -1] = clean
                logits = llama.lm_head.output[:, -1].save()
        return logits.numpy()

    np.testing.assert_array_equal(patched(True), patched(False))
    with llama.trace(PROMPT) as tracer, pytest.raises(pl.ArgumentError, match="at least one"):
        tracer.barrier(0)
    with pytest.raises(pl.TraceError, match="has ended"):
        tracer.barrier(2)


def test_arguments_that_would_be_ignored(llama: pl.LanguageModel) -> None:
    with pytest.raises(TypeError, match="max_new_tokens"):
        llama.trace(PROMPT, max_new_tokens=3)
    with pytest.raises(pl.ArgumentError, match="no meaning without `messages`"):
        llama.trace(PROMPT, add_generation_prompt=False)
    with pytest.raises(pl.TraceError, match="has no prompt") as raised, llama.trace():
        pass
    assert raised.value.file == __file__


def test_ranges_are_indices(llama: pl.LanguageModel) -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    concrete = pl.tensor(x)
    with llama.trace(PROMPT):
        value = pl.tensor(x) + llama.norm_f.output.sum() * 0
        even, none = value[..., range(0, 4, 2)].save(), value[range(0)].save()
        pairs = value[:, range(2), range(1, 3)].save()
        value[:, range(2)] = -1.0
        written = value.save()
    np.testing.assert_array_equal(even.numpy(), x[..., 0:4:2])
    np.testing.assert_array_equal(concrete[..., range(0, 4, 2)].numpy(), x[..., 0:4:2])
    np.testing.assert_array_equal(pairs.numpy(), x[:, range(2), range(1, 3)])
    assert none.shape == concrete[range(0)].shape == (0, 3, 4)
    x[:, range(2)] = -1.0
    np.testing.assert_array_equal(written.numpy(), x)
    assert pl.tensor(range(3)).tolist() == [0, 1, 2]
