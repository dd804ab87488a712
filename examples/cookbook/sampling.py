"""Many continuations under an intervention: what changes in distribution, not in one text.

`n` continuations of one prompt share the prompt's pass; each is drawn with its own random numbers,
which depend on the seed alone, so that with and without are pairs.
"""

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
