"""All scripts, and the models that each is for."""

from __future__ import annotations

from compare_nnsight import attention, changes, generation, jobs, modules, prompts, recipes, sites
from compare_nnsight.parts import Script

SCRIPTS: list[Script] = [
    *sites.SCRIPTS,
    *prompts.SCRIPTS,
    *modules.SCRIPTS,
    *attention.SCRIPTS,
    *generation.SCRIPTS,
    *jobs.SCRIPTS,
    *recipes.SCRIPTS,
    *changes.SCRIPTS,
]


def takes(script: Script, model: str) -> bool:
    """Whether a script is for a model: those of experts need experts."""
    return script not in changes.EXPERTS or model in changes.WITH_EXPERTS


def tolerance(script: str) -> float:
    """How far results may be apart: both sum in f32, in other orders, and values are below 20.

    Rounded to half precision, a value near 1 may fall to either side.
    """
    return 2e-3 if script == "cache_inputs_in_half" else 1e-4
