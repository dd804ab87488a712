"""Where Pellucid does not do what NNsight does, and why."""

from __future__ import annotations

DIFFERENCES: list[tuple[str, str, str]] = [
    (
        "No padding is visible",
        "Prompts of a trace are padded on the left to the longest; position 0 may be padding.",
        "Rows are packed: an invoke's positions are its own prompt's, whoever is beside it. An "
        "invoke of prompts of different lengths sees them aligned to the right, with zeros before "
        "the start; `[:, -1]` is each one's last token in both. `tracer.result` of an invoke has "
        "no padding of other invokes.",
    ),
    (
        "Reads have no order",
        "A value that the model has run past is an `OutOfOrderError`.",
        "The order of a block is planned, so any order will do; the one mistake that is left, a "
        "write that needs a later value, is an error at its line before anything runs. A value "
        "read before a write to an earlier site was written down is the model's own, with the "
        "write.",
    ),
    (
        "Code after a loop over steps runs",
        "What follows `for step in tracer.iter[:]` is dropped if the run makes fewer steps.",
        "Loops unroll while they are recorded. A step that was not made, since all rows had "
        "ended, leaves its values without elements: using one is an error, and lists saved "
        "with `pl.list` or `pl.save` leave it out. A range beyond `max_new_tokens` is warned of.",
    ),
    (
        "A step's token is that step's",
        "The streamer gets the prompt first, so token n is at its step n + 1.",
        "`model.generator.token`, or `model.generator.streamer.output`, is what the step chose.",
    ),
    (
        "A window's cache has all keys",
        "The cache of a layer with a sliding window holds the last keys only.",
        "`attn.cache` has every key of the text, by position; those outside the window are not "
        "read.",
    ),
    (
        "Edits hold at every step",
        "An edit acts at the first step of a generation, unless it loops over `tracer.iter`.",
        "An edited model is one model. `with model.edit() as edited:` gives the copy; in 0.8 "
        "NNsight gives a tracer and the copy.",
    ),
    (
        "Weights belong to a handle",
        "A weight that is changed is changed for everybody in the process.",
        "Weights are edits too: data kept with one handle, taken back by `clear_edits`.",
    ),
    (
        "`.output` is one tensor",
        "Attention gives a tuple, a block a tensor or a tuple, by version of transformers.",
        "`attn.output` is what attention adds, the pattern is the tap `attn.pattern`. `[0]` on an "
        "attention's output is warned of, since it is a row here. `model.output` is the logits.",
    ),
    (
        "`.inputs` has one argument",
        "All arguments of `forward`, masks, positions and the cache among them.",
        "`((value,), {})`. Masks are at `attn.scores`, the cache at `attn.cache`; positions are "
        "those of the prompt.",
    ),
    (
        "Taps for `.source`",
        "Any call in the Python of a module's `forward` can be read and written by its name there.",
        "There is no Python of the model. `q k v scores pattern z pre post` and others are sites "
        "with one meaning in every architecture, whatever transformers calls its variables.",
    ),
    (
        "Values are not there while recording",
        "A block runs on real tensors: `if h.norm() > 3`, `print(h)`, any library.",
        "A block is recorded, so that it can be checked, planned and sent. `pl.where`, `pl.cond` "
        "and `pl.while_loop` decide by values, `pl.log` shows them; `bool(value)` says so.",
    ),
    (
        "`save` is of tensors",
        "Any Python object has `.save()`, and names that were not saved vanish after the block.",
        "Tensors and containers of them are saved; other objects are Python's own and stay.",
    ),
    (
        "Barriers are needless",
        "A value used in another invoke at the same site needs `tracer.barrier(n)` in both.",
        "Values flow; a barrier is accepted and does nothing, whatever its count.",
    ),
    (
        "A skip may be of one invoke",
        "A skipped module must be skipped in every invoke of the batch.",
        "Rows are apart: others run the module.",
    ),
    (
        "A cache may be asked for at any time",
        "`tracer.cache()` must come before any value is read.",
        "It holds values as they are when the invoke ends, wherever it is written.",
    ),
    (
        "Shapes are checked",
        "A replacement of another shape fails later in torch, or shifts rows of other invokes.",
        "It is an error at its line, with the shape that is expected.",
    ),
    (
        "No attributes of modules",
        "`layer.attn.num_heads` passes through to the torch module.",
        "Modules are not Python objects here. Weights can be read; numbers are in `envoy.sites`.",
    ),
    (
        "Invokes without a prompt come last",
        "They may stand anywhere, and see rows of invokes after them.",
        "They see the invokes before them. What cells before a prompt's start read as is 0.",
    ),
    (
        "Modules are listed from the top",
        "`modules()` lists what is inside before what it is in, under paths that begin `model.`.",
        "As torch's `named_modules()` does, under Hugging Face's paths.",
    ),
    (
        "Sampling draws other numbers",
        "torch's generator.",
        "A generator of its own, the same on every machine, alone or in a batch; greedy "
        "generations are the same in both.",
    ),
    (
        "Threads may share a model",
        "One trace at a time: others fail.",
        "Any number at once, each with the bits that it has alone.",
    ),
]
"""Title, what NNsight does, what Pellucid does and why."""
