"""Experiments as files: recorded in Python, read by people, run from the command line.

The text holds everything that the experiment does and nothing else: no code, no model. It can be
kept beside a paper, compared line by line, and run again on this or any model with these layers.
"""

import os
import subprocess

from safetensors.numpy import load_file

import pellucid as pl

NAME = "SmolLM2-135M-Instruct"
model = pl.LanguageModel(NAME)
with model.trace() as tracer:
    with tracer.invoke("The capital of France is the city of"):
        france = model.layers[15].output[:, 3]
    with tracer.invoke("The capital of Italy is the city of"):
        model.layers[15].output[:, 3] = france
        here = model.unembed.output[0, -1].topk(3).indices.save("top")
    tracer.save("patch.trace")
    print(tracer.text)

pellucid = os.environ.get("PELLUCID", "target/release/pellucid")  # `make build` puts it there
command = [pellucid, "run", "patch.trace", "--model", NAME, "--save", "out.safetensors"]
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
there = load_file("out.safetensors")["top"]
print("in Python:           ", model.tokenizer.pieces(here))
print("by the command line: ", model.tokenizer.pieces(there))
