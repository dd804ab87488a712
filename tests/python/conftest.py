"""Models that the tests trace: tiny checkpoints with random weights, one per architecture."""

from pathlib import Path

import pytest

import pellucid as pl

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny"


@pytest.fixture(scope="session")
def llama() -> pl.LanguageModel:
    return pl.LanguageModel(TINY / "llama")


@pytest.fixture(scope="session")
def gpt2() -> pl.LanguageModel:
    return pl.LanguageModel(TINY / "gpt2")
