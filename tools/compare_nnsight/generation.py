"""Generations: what is read and written at their steps."""

from __future__ import annotations

from typing import Any

from compare_nnsight.parts import OTHER, PROMPT, Parts, ids_of


def generate(m: Any, p: Parts) -> Any:
    """The ids of a greedy generation, prompt and all."""
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        ids = tracer.result.save()
    return ids


def generate_several(m: Any, p: Parts) -> Any:
    """Several prompts of one length."""
    ids = ids_of(p, PROMPT, 6)
    with m.generate([ids, ids[::-1]], max_new_tokens=4, do_sample=False) as tracer:
        made = tracer.result.save()
    return made


def generate_in_invokes(m: Any, p: Parts) -> Any:
    """Prompts of different lengths, one of them changed at its first step."""
    with m.generate(max_new_tokens=4, do_sample=False) as tracer:
        with tracer.invoke(PROMPT):
            p.layers[0].output[:, -1] *= -3
            a = tracer.result[:, -4:].save()
        with tracer.invoke(OTHER):
            b = tracer.result[:, -4:].save()
    return [a, b]


def every_step(m: Any, p: Parts) -> Any:
    """A layer at all steps, and the result after the loop."""
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        hidden = p.words.save([])
        for _ in tracer.iter[:4]:
            hidden.append(p.layers[1].output[:, -1])
        ids = tracer.result.save()
    return [*hidden, ids]


def some_steps(m: Any, p: Parts) -> Any:
    """A range of steps, one, and a list of them."""
    kept = []
    for steps in (slice(1, 3), 2, [0, 2]):
        with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
            hidden = p.words.save([])
            for _ in tracer.iter[steps]:
                hidden.append(p.layers[1].output[:, -1])
        kept += [len(hidden), *hidden]
    return kept


def all_steps(m: Any, p: Parts) -> Any:
    """All of them, without their number."""
    with m.generate(PROMPT, max_new_tokens=3, do_sample=False) as tracer:
        logits = p.words.save([])
        for _ in tracer.all():
            logits.append(p.head.output[:, -1])
    return logits


def steps_by_with(m: Any, p: Parts) -> Any:
    """The old form: a block for one step."""
    with m.generate(PROMPT, max_new_tokens=3, do_sample=False) as tracer:
        hidden = p.words.save([])
        with tracer.iter[1]:
            hidden.append(p.layers[0].output)
    return hidden


def a_condition_on_the_step(m: Any, p: Parts) -> Any:
    """What is done depends on the step, in plain Python."""
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        logits = p.words.save([])
        for step in tracer.iter[:4]:
            if step == 2:
                p.layers[0].output[:, -1] = 0
            logits.append(p.head.output[:, -1])
    return logits


def write_at_every_step(m: Any, p: Parts) -> Any:
    """Steering by less and less, from the prompt on."""
    direction = p.noise(p.width)
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        logits = p.words.save([])
        for step in tracer.iter[:4]:
            p.layers[0].output[:] += direction * 0.5**step
            logits.append(p.head.output[:, -1])
        ids = tracer.result.save()
    return [*logits, ids]


def write_at_one_step(m: Any, p: Parts) -> Any:
    """Steering at one step, which later ones see through the cache."""
    direction = p.noise(p.width)
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        for _ in tracer.iter[1]:
            p.layers[0].output[:] += direction * 2
        logits = p.words.save([])
        for _ in tracer.iter[2:4]:
            logits.append(p.head.output[:, -1])
    return logits


def force_tokens(m: Any, p: Parts) -> Any:
    """Logits changed so that a token must be chosen."""
    with m.generate(PROMPT, max_new_tokens=3, do_sample=False) as tracer:
        for step in tracer.iter[:3]:
            p.head.output[:, -1, 7 + step] = 1000.0
        ids = tracer.result.save()
    return ids


def tokens_as_they_are_made(m: Any, p: Parts) -> Any:
    """The tokens that steps choose."""
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        tokens = p.words.save([])
        for _ in tracer.iter[p.steps_of_tokens(4)]:
            tokens.append(p.new_token())
    return tokens


def a_value_of_an_earlier_step(m: Any, p: Parts) -> Any:
    """The prompt's last hidden state, added two steps later."""
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        kept = p.words.save([])
        for step in tracer.iter[:4]:
            h = p.layers[0].output
            kept.append(h[:, -1].clone())
            if step == 2:
                h[:, -1] += kept[0] * 3
            kept.append(p.head.output[:, -1])
    return kept


def patterns_of_steps(m: Any, p: Parts) -> Any:
    """Whom each new token attends to."""
    with m.generate(PROMPT, max_new_tokens=3, do_sample=False) as tracer:
        patterns = p.words.save([])
        for _ in tracer.iter[:3]:
            patterns.append(p.pattern(1)[:, :, -1:])
    return patterns


def read_the_cache(m: Any, p: Parts) -> Any:
    """Keys and values that a step reads, its own included."""
    with m.generate(PROMPT, max_new_tokens=3, do_sample=False) as tracer:
        kept = p.words.save([])
        for _ in tracer.iter[2]:
            kept.append(p.keys(1).clone())
            kept.append(p.values(1).clone())
    return kept


def write_the_cache(m: Any, p: Parts) -> Any:
    """Values of the prompt's tokens changed at one step, and so at all later ones."""
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        for _ in tracer.iter[1]:
            p.values(1)[:, 1:4] *= -2
        logits = p.words.save([])
        for _ in tracer.iter[2:4]:
            logits.append(p.head.output[:, -1])
    return logits


def the_whole_batch_at_steps(m: Any, p: Parts) -> Any:
    """An invoke without a prompt, at each step."""
    with m.generate(max_new_tokens=3, do_sample=False) as tracer:
        with tracer.invoke(PROMPT):
            a = tracer.result[:, -3:].save()
        with tracer.invoke(OTHER):
            b = tracer.result[:, -3:].save()
        with tracer.invoke():
            logits = p.words.save([])
            for _ in tracer.iter[:3]:
                p.layers[0].output[:, -1] *= 2
                logits.append(p.head.output[:, -1])
    return [a, b, *logits]


def stop_a_generation(m: Any, p: Parts) -> Any:
    """It ends at a site of its second step."""
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        kept = p.words.save([])
        for step in tracer.iter[:2]:
            kept.append(p.layers[0].output[:, -1])
            if step == 1:
                tracer.stop()
    return kept


SCRIPTS = [
    generate,
    generate_several,
    generate_in_invokes,
    every_step,
    some_steps,
    all_steps,
    steps_by_with,
    a_condition_on_the_step,
    write_at_every_step,
    write_at_one_step,
    force_tokens,
    tokens_as_they_are_made,
    a_value_of_an_earlier_step,
    patterns_of_steps,
    read_the_cache,
    write_the_cache,
    the_whole_batch_at_steps,
    stop_a_generation,
]
