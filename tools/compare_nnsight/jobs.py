"""Sessions, edits, and weights that are changed."""

from __future__ import annotations

from typing import Any

from compare_nnsight.parts import OTHER, PROMPT, Parts


def a_value_of_another_trace(m: Any, p: Parts) -> Any:
    """A value of one trace in the next, not saved in between."""
    with m.session():
        with m.trace(OTHER):
            h = p.layers[0].output[:, -1]
        with m.trace(PROMPT):
            p.layers[0].output[:, -1] = h
            out = p.head.output.save()
    return out


def a_container_over_traces(m: Any, p: Parts) -> Any:
    """A list filled by several traces, its mean used in one more."""
    with m.session():
        states = []
        for prompt in (OTHER, "Hello", "The"):
            with m.trace(prompt):
                states.append(p.layers[0].output[:, -1])
        mean = sum(states) / len(states)
        with m.trace(PROMPT):
            p.layers[0].output[:, -1] = mean
            out = p.head.output.save()
    return out


def save_in_sessions(m: Any, p: Parts) -> Any:
    """Values saved in the traces of a session."""
    with m.session():
        kept = p.words.save([])
        for prompt in (PROMPT, OTHER):
            with m.trace(prompt):
                kept.append(p.head.output[:, -1])
    return kept


def generate_in_a_session(m: Any, p: Parts) -> Any:
    """A direction found by one trace steers a generation."""
    with m.session():
        with m.trace(OTHER):
            direction = p.layers[0].output[:, -1] - p.layers[0].output[:, 0]
        with m.generate(PROMPT, max_new_tokens=3, do_sample=False) as tracer:
            logits = p.words.save([])
            for _ in tracer.iter[:3]:
                p.layers[0].output[:, -1] += direction * 2
                logits.append(p.head.output[:, -1])
    return logits


def edit_a_copy(m: Any, p: Parts) -> Any:
    """Effects kept with a copy of the model; the model itself has none."""
    with m.edit() as made:
        edited = p.edited(made)
        edited.get(p.paths.layers)[0].output[:] *= 0.5
    edited = p.edited(made)
    with edited.trace(PROMPT):
        a = edited.get(p.paths.head).output.save()
    with m.trace(PROMPT):
        b = p.head.output.save()
    return [a, b]


def edit_and_intervene(m: Any, p: Parts) -> Any:
    """A trace's own interventions come after the edits, in every invoke."""
    with m.edit() as made:
        edited = p.edited(made)
        edited.get(p.paths.layers)[0].output[:, -1] = 0
    edited = p.edited(made)
    with edited.trace() as tracer:
        with tracer.invoke(PROMPT):
            edited.get(p.paths.layers)[0].output[:, -1] += 1
            a = edited.get(p.paths.head).output[:, -1].save()
        with tracer.invoke(OTHER):
            b = edited.get(p.paths.head).output[:, -1].save()
    return [a, b]


def edit_in_place(m: Any, p: Parts) -> Any:
    """Effects kept with the model, until they are cleared."""
    with m.edit(inplace=True):
        p.layers[1].mlp.output[:] = 0
    with m.trace(PROMPT):
        a = p.head.output.save()
    m.clear_edits()
    with m.trace(PROMPT):
        b = p.head.output.save()
    return [a, b]


def edit_twice(m: Any, p: Parts) -> Any:
    """Edits of an edited model come after its own."""
    with m.edit(inplace=True):
        p.layers[0].output[:, -1] = 1
    with m.edit(inplace=True):
        p.layers[0].output[:, -1] *= 3
    with m.trace(PROMPT):
        out = p.head.output.save()
    m.clear_edits()
    return out


def edit_and_generate(m: Any, p: Parts) -> Any:
    """An edit of the prompt's pass, under a generation of one token."""
    with m.edit() as made:
        edited = p.edited(made)
        edited.get(p.paths.layers)[0].output[:, -1] *= -3
    edited = p.edited(made)
    with edited.generate(PROMPT, max_new_tokens=1, do_sample=False) as tracer:
        logits = edited.get(p.paths.head).output[:, -1].save()
        ids = tracer.result.save()
    return [logits, ids]


def change_a_weight(m: Any, p: Parts) -> Any:
    """A weight scaled; the model is as before afterwards."""
    path = f"{p.paths.layers}.0.mlp.{p.paths.down}"
    with p.changed_weight(path, lambda w: w * 0.5) as changed:
        a = read_logits(changed, p)
    with m.trace(PROMPT):
        b = p.head.output.save()
    return [a, b]


def change_weights_by_a_direction(m: Any, p: Parts) -> Any:
    """A direction taken out of what an MLP can write."""
    direction = p.noise(p.width)
    direction = direction / direction.norm()

    def without(w: Any) -> Any:
        if p.model_type == "gpt2":  # Conv1D, [in, out]
            return w - (w @ direction).unsqueeze(-1) * direction
        return w - direction.unsqueeze(-1) * (direction @ w)

    path = f"{p.paths.layers}.0.mlp.{p.paths.down}"
    with p.changed_weight(path, without) as changed:
        return read_logits(changed, p)


def read_logits(m: Any, p: Parts) -> Any:
    """The logits of a model that is not the one that `p` is of."""
    with m.trace(PROMPT):
        out = m.get(p.paths.head).output.save()
    return out


SCRIPTS = [
    a_value_of_another_trace,
    a_container_over_traces,
    save_in_sessions,
    generate_in_a_session,
    edit_a_copy,
    edit_and_intervene,
    edit_in_place,
    edit_twice,
    edit_and_generate,
    change_a_weight,
    change_weights_by_a_direction,
]
