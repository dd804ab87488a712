"""What a prompt may be, and several prompts in one trace."""

from __future__ import annotations

from typing import Any

from compare_nnsight.parts import OTHER, PROMPT, Parts, ids_of


def texts_of_different_lengths(m: Any, p: Parts) -> Any:
    """A list of texts; the last position is each one's last token."""
    with m.trace([PROMPT, OTHER]):
        out = p.head.output[:, -3:].save()
    return out


def lists_of_ids(m: Any, p: Parts) -> Any:
    """Token ids of one prompt, and of several that differ in length."""
    ids = ids_of(p, PROMPT, 8)
    with m.trace(ids):
        one = p.head.output[:, -1].save()
    with m.trace([ids, ids[:4]]):
        several = p.head.output[:, -1].save()
    return [one, several]


def arrays_of_ids(m: Any, p: Parts) -> Any:
    """An array with one axis, and with two."""
    ids = ids_of(p, PROMPT, 8)
    with m.trace(p.words.ids(ids)):
        one = p.head.output[:, -1].save()
    with m.trace(p.words.ids([ids, ids[::-1]])):
        two = p.head.output[:, -1].save()
    return [one, two]


def what_a_tokenizer_gives(m: Any, p: Parts) -> Any:
    """A tokenizer's output for texts of different lengths, padded."""
    given = p.words.encoded([PROMPT, OTHER])
    with m.trace(given):
        whole = p.head.output[:, -1].save()
    with m.trace(input_ids=given["input_ids"], attention_mask=given["attention_mask"]):
        parts = p.head.output[:, -1].save()
    return [whole, parts]


def a_dictionary(m: Any, p: Parts) -> Any:
    """A dictionary of lists."""
    ids = ids_of(p, PROMPT, 6)
    with m.trace({"input_ids": [ids, ids[2:]]}):
        out = p.head.output[:, -1].save()
    return out


def two_invokes(m: Any, p: Parts) -> Any:
    """Two prompts of different lengths, one of them changed."""
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            p.layers[0].output[:, -1] = 0
            a = p.head.output[:, -1].save()
        with tracer.invoke(OTHER):
            b = p.head.output[:, -1].save()
    return [a, b]


def invokes_of_several_prompts(m: Any, p: Parts) -> Any:
    """Forms of prompts mixed over invokes."""
    ids = ids_of(p, OTHER, 4)
    with m.trace() as tracer:
        with tracer.invoke([PROMPT, OTHER]):
            a = p.head.output[:, -1].save()
        with tracer.invoke(ids):
            p.layers[1].mlp.output[:, -1] *= 3
            b = p.head.output[:, -1].save()
    return [a, b]


def a_value_of_another_invoke(m: Any, p: Parts) -> Any:
    """A value written into another prompt at a later layer, without a barrier."""
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            source = p.layers[0].output[:, -1]
        with tracer.invoke(OTHER):
            later = p.layers[1].output
            later[:, -1] = source
            out = p.head.output[:, -1].save()
    return out


def at_the_same_layer(m: Any, p: Parts) -> Any:
    """The same at one layer, where NNsight needs a barrier; here it does nothing."""
    with m.trace() as tracer:
        barrier = tracer.barrier(2)
        with tracer.invoke(PROMPT):
            source = p.layers[0].output[:, -1]
            barrier()
        with tracer.invoke(OTHER):
            barrier()
            p.layers[0].output[:, -1] = source
            out = p.head.output[:, -1].save()
    return out


def read_the_whole_batch(m: Any, p: Parts) -> Any:
    """An invoke without a prompt sees all rows, after what others wrote."""
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            p.layers[0].output[:, -1] = 0
        with tracer.invoke([OTHER, PROMPT]):
            p.layers[1].mlp.output[:, -1] *= 2
        with tracer.invoke():
            hidden = p.layers[0].output[:, -2:].save()
            logits = p.head.output[:, -1].save()
    return [hidden, logits]


def write_the_whole_batch(m: Any, p: Parts) -> Any:
    """It writes to all rows."""
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            a = p.head.output[:, -1].save()
        with tracer.invoke(OTHER):
            b = p.head.output[:, -1].save()
        with tracer.invoke():
            p.layers[0].mlp.output[:, -1] = 0
            rows = p.head.output[:, -1].save()
    return [a, b, rows]


SCRIPTS = [
    texts_of_different_lengths,
    lists_of_ids,
    arrays_of_ids,
    what_a_tokenizer_gives,
    a_dictionary,
    two_invokes,
    invokes_of_several_prompts,
    a_value_of_another_invoke,
    at_the_same_layer,
    read_the_whole_batch,
    write_the_whole_batch,
]
