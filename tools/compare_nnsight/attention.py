"""Inside attention: NNsight goes into the source of the function, here the same is a tap."""

from __future__ import annotations

from typing import Any

from compare_nnsight.parts import OTHER, PROMPT, Parts


def read_patterns(m: Any, p: Parts) -> Any:
    """Every layer's attention pattern."""
    with m.trace(PROMPT):
        out = p.words.save([p.attn_weights(i) for i in range(len(p.layers))])
    return out


def read_patterns_in_the_source(m: Any, p: Parts) -> Any:
    """The same where the softmax makes them."""
    with m.trace(PROMPT):
        out = p.pattern(1).save()
    return out


def write_a_pattern(m: Any, p: Parts) -> Any:
    """A head attends to the first token only."""
    with m.trace(PROMPT):
        pattern = p.pattern(0).clone()
        pattern[:, 1] = 0
        pattern[:, 1, :, 0] = 1
        p.set_pattern(0, pattern)
        out = p.head.output.save()
    return out


def knock_out_attention(m: Any, p: Parts) -> Any:
    """The last token cannot see the two after the first."""
    with m.trace(PROMPT):
        p.scores(1)[:, :, -1, 1:3] = float("-inf")
        pattern = p.pattern(1).save()
        out = p.head.output.save()
    return [pattern, out]


def freeze_a_pattern(m: Any, p: Parts) -> Any:
    """A pattern of one run in another of the same length, whose embeddings are changed."""
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            clean = p.pattern(0)
        with tracer.invoke(PROMPT):
            p.embed.output[:, 2] = 0
            p.layers[0].output[:, 0] *= 2
            moved = p.pattern(1).save()
            out = p.head.output.save()
        with tracer.invoke(PROMPT):
            p.embed.output[:, 2] = 0
            p.layers[0].output[:, 0] *= 2
            p.set_pattern(1, clean)
            frozen = p.head.output.save()
    return [moved, out, frozen]


def swap_patterns_of_heads(m: Any, p: Parts) -> Any:
    """Two heads exchange their patterns, in place."""
    with m.trace(PROMPT):
        pattern = p.pattern(1)
        first = pattern[:, 0].clone()
        pattern[:, 0] = pattern[:, 1]
        pattern[:, 1] = first
        out = p.head.output.save()
    return out


def zero_a_head(m: Any, p: Parts) -> Any:
    """What a head gives set to zero, by a view of the projection's input."""
    with m.trace(PROMPT):
        p.heads(p.o(0).input)[:, :, 1] = 0
        out = p.head.output.save()
    return out


def scores_of_batches(m: Any, p: Parts) -> Any:
    """Patterns of prompts of different lengths, at their ends."""
    with m.trace([PROMPT, OTHER]):
        out = p.pattern(1)[:, :, -2:, -2:].save()
    return out


SCRIPTS = [
    read_patterns,
    read_patterns_in_the_source,
    write_a_pattern,
    knock_out_attention,
    freeze_a_pattern,
    swap_patterns_of_heads,
    zero_a_head,
    scores_of_batches,
]
