"""Values read and written at sites of one forward pass."""

from __future__ import annotations

from typing import Any

from compare_nnsight.parts import PROMPT, Parts


def read_logits(m: Any, p: Parts) -> Any:
    """The logits of a prompt."""
    with m.trace(PROMPT):
        out = p.head.output.save()
    return out


def read_root_output(m: Any, p: Parts) -> Any:
    """The output of the whole model."""
    with m.trace(PROMPT):
        out = p.root_logits()[:, -1].save()
    return out


def read_every_layer(m: Any, p: Parts) -> Any:
    """A list comprehension over the layers, saved as a list."""
    with m.trace(PROMPT):
        out = p.words.save([layer.output[:, -1] for layer in p.layers])
    return out


def read_inputs(m: Any, p: Parts) -> Any:
    """An MLP's input, as itself and as arguments."""
    with m.trace(PROMPT):
        args, _ = p.layers[0].mlp.inputs
        a = args[0].save()
        b = p.down(0).input.save()
    return [a, b]


def fill_a_container(m: Any, p: Parts) -> Any:
    """A list and a dictionary that are saved first and filled then."""
    with m.trace(PROMPT):
        kept, norms = p.words.save([]), p.words.save({})
        for i, layer in enumerate(p.layers):
            kept.append(layer.output[:, 0])
            if i % 2 == 1:
                norms[i] = layer.output.norm(dim=-1)
    return [*kept, *norms.values()]


def scale_in_place(m: Any, p: Parts) -> Any:
    """One position scaled in place."""
    with m.trace(PROMPT):
        p.layers[0].output[:, -1] *= 0.5
        out = p.head.output.save()
    return out


def replace_output(m: Any, p: Parts) -> Any:
    """A layer's output replaced."""
    with m.trace(PROMPT):
        p.layers[0].output = p.layers[0].output * 1.5
        out = p.head.output.save()
    return out


def replace_input(m: Any, p: Parts) -> Any:
    """An MLP's input replaced."""
    with m.trace(PROMPT):
        p.layers[1].mlp.input = p.layers[1].mlp.input * 2
        out = p.head.output.save()
    return out


def replace_inputs(m: Any, p: Parts) -> Any:
    """An MLP's arguments replaced."""
    with m.trace(PROMPT):
        p.layers[1].mlp.inputs = ((p.layers[1].mlp.inputs[0][0] * 2,), {})
        out = p.head.output.save()
    return out


def move_along_another_layer(m: Any, p: Parts) -> Any:
    """A slice of positions moved along what an earlier layer gave."""
    with m.trace(PROMPT):
        direction = p.layers[0].output[:, 1]
        p.layers[1].output[:, 2:5] += direction
        out = p.head.output.save()
    return out


def write_through_a_view(m: Any, p: Parts) -> Any:
    """Embeddings changed through a name and a transposed view."""
    with m.trace(PROMPT):
        e = p.embed.output
        e[:, 0] = e[:, 1]
        e.transpose(1, 2)[:, 3] = 0.25
        out = p.head.output.save()
    return out


def write_twice(m: Any, p: Parts) -> Any:
    """Two writes to one site, the second reading the first."""
    with m.trace(PROMPT):
        p.layers[0].output[:, 0] = 1.0
        p.layers[0].output[:, 1] = p.layers[0].output[:, 0] * 2
        out = p.head.output.save()
    return out


def write_by_mask(m: Any, p: Parts) -> Any:
    """Elements chosen by a condition on them."""
    with m.trace(PROMPT):
        h = p.down(0).input
        h[h > 0.05] = 0.05
        out = p.head.output.save()
    return out


def choose_by_value(m: Any, p: Parts) -> Any:
    """Tokens whose norm is above the mean are turned round."""
    with m.trace(PROMPT):
        h = p.layers[0].output
        norm = h.norm(dim=-1, keepdim=True)
        p.layers[0].output = p.words.where(norm > norm.mean(), -h, h)
        out = p.head.output.save()
    return out


def zero_mlp(m: Any, p: Parts) -> Any:
    """An MLP's output set to zero."""
    with m.trace(PROMPT):
        p.layers[1].mlp.output[:] = 0
        out = p.head.output.save()
    return out


def write_attention_output(m: Any, p: Parts) -> Any:
    """What attention adds changed in place."""
    with m.trace(PROMPT):
        p.attn_out(0)[:, -1] = 0
        out = p.head.output.save()
    return out


def reduce_inside(m: Any, p: Parts) -> Any:
    """Values reduced before they leave."""
    with m.trace(PROMPT):
        logits = p.head.output[:, -1]
        top = logits.softmax(-1).topk(5)
        values = top.values.save()
        best = logits.argmax(dim=-1).save()
    return [values, best]


def save_what_is_later_changed(m: Any, p: Parts) -> Any:
    """A copy keeps the value before a write, the site's has it."""
    with m.trace(PROMPT):
        before = p.layers[0].output.clone().save()
        p.layers[0].output[:] *= 2
        after = p.layers[0].output.save()
    return [before, after]


def python_in_the_block(m: Any, p: Parts) -> Any:
    """Loops, conditions on known things, function calls and try."""

    def halve(value: Any) -> Any:
        return value / 2

    with m.trace(PROMPT):
        n = p.layers[0].output.shape[1]
        for position in range(n):
            if position % 3 == 0:
                p.layers[0].output[:, position] = halve(p.layers[0].output[:, position])
        try:
            out = p.head.output.save()
        finally:
            n = 0
    return out


SCRIPTS = [
    read_logits,
    read_root_output,
    read_every_layer,
    read_inputs,
    fill_a_container,
    scale_in_place,
    replace_output,
    replace_input,
    replace_inputs,
    move_along_another_layer,
    write_through_a_view,
    write_twice,
    write_by_mask,
    choose_by_value,
    zero_mlp,
    write_attention_output,
    reduce_inside,
    save_what_is_later_changed,
    python_in_the_block,
]
