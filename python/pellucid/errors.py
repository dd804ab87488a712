"""Everything that can go wrong, as exceptions.

Each error has a stable `code` to branch on, a `message`, the `file` and `line` of the script that
caused it, and a `help` that says what to do next. The classes group codes by what a user would
expect to catch: a wrong shape is a `ValueError`, a wrong path an `AttributeError`.
"""

from __future__ import annotations

from pellucid._location import here


class PellucidError(Exception):
    """The base of all errors of this package."""

    code: str
    message: str
    help: str | None
    file: str | None
    line: int | None

    def __init__(
        self,
        code: str,
        message: str,
        help: str | None = None,
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(code, message, help, file, line)
        self.code = code
        self.message = message
        self.help = help
        self.file = file
        self.line = line

    def __str__(self) -> str:
        text = f"{self.message} [{self.code}]"
        if self.file is not None:
            text += f"\n  --> {self.file}:{self.line}"
        if self.help is not None:
            text += f"\n  help: {self.help}"
        return text


class ShapeError(PellucidError, ValueError):
    """Shapes that must agree or broadcast do not."""


class DTypeError(PellucidError, TypeError):
    """An element type that an operation or a site does not take."""


class PathError(PellucidError, AttributeError):
    """A module or site that the model does not have."""


class RangeError(PellucidError, IndexError):
    """An index outside its axis, or outside a list of modules."""


class ArgumentError(PellucidError, TypeError, ValueError):
    """An argument of the wrong kind, or out of its range."""


class OrderError(PellucidError):
    """Interventions that no order of the forward pass can satisfy."""


class PromptError(PellucidError, ValueError):
    """A prompt that is empty, too long, or not of this model's tokens."""


class LoadError(PellucidError, OSError):
    """A model that cannot be opened."""


class LimitError(PellucidError):
    """A trace that passes one of the named limits."""


class FormatError(PellucidError, ValueError):
    """A file or bytes that are not a trace this version reads."""


class TraceError(PellucidError, RuntimeError):
    """A value or module used where there is no trace for it, or no element yet."""


class EditError(PellucidError, ValueError):
    """An edit that cannot be one, or a write to weights outside of an edit."""


class GradientError(PellucidError, RuntimeError):
    """A gradient that cannot be had: of integers, or of what nothing was computed from."""


class UnusedValueWarning(UserWarning):
    """A value of a trace that is neither saved nor used, so that it is not computed."""


class TupleIndexWarning(UserWarning):
    """An item taken of a tuple of transformers, which is one tensor here, and `[0]` its row."""


_CLASSES: dict[str, type[PellucidError]] = {
    "shape-mismatch": ShapeError,
    "dtype-mismatch": DTypeError,
    "unknown-module": PathError,
    "unknown-site": PathError,
    "unknown-parameter": PathError,
    "index-out-of-range": RangeError,
    "bad-argument": ArgumentError,
    "unknown-op": ArgumentError,
    "duplicate-name": ArgumentError,
    "needs-later-value": OrderError,
    "cyclic-invokes": OrderError,
    "skipped-site": OrderError,
    "after-stop": OrderError,
    "live-order": OrderError,
    "empty-prompt": PromptError,
    "prompt-too-long": PromptError,
    "token-out-of-range": PromptError,
    "not-tokenized": PromptError,
    "bad-prompt": PromptError,
    "no-tokenizer": PromptError,
    "no-chat-template": PromptError,
    "bad-chat": PromptError,
    "limit-exceeded": LimitError,
    "syntax": FormatError,
    "bad-wire": FormatError,
    "unsupported-version": FormatError,
    "model-mismatch": FormatError,
    "effect-in-function": TraceError,
    "unknown-value": TraceError,
    "unknown-invoke": TraceError,
    "read-only-parameter": EditError,
    "prompt-in-edit": EditError,
    "no-edit": EditError,
    "no-gradient": GradientError,
    "bad-adapter": EditError,
    "no-trace": TraceError,
    "open-trace": TraceError,
    "no-invoke": TraceError,
    "not-saved": TraceError,
    "not-concrete": TraceError,
    "file-missing": LoadError,
    "io": LoadError,
    "not-a-model": LoadError,
    "bad-safetensors": LoadError,
    "shard-missing": LoadError,
    "bad-gguf": LoadError,
    "unsupported-block-type": LoadError,
    "unknown-model-type": LoadError,
    "no-such-model": LoadError,
    "no-such-repository": LoadError,
    "no-such-revision": LoadError,
    "no-such-file": LoadError,
    "gated-model": LoadError,
    "access-denied": LoadError,
    "bad-token": LoadError,
    "not-in-cache": LoadError,
    "hub-unreachable": LoadError,
    "download-interrupted": LoadError,
    "corrupt-download": LoadError,
    "disk-full": LoadError,
    "bad-endpoint": LoadError,
    "bad-answer": LoadError,
    "tensor-missing": LoadError,
    "tensors-unused": LoadError,
    "wrong-shape": LoadError,
    "unsupported-dtype": LoadError,
    "bad-json": LoadError,
    "bad-config": LoadError,
    "bad-tokenizer": LoadError,
}


def error(
    code: str,
    message: str,
    help: str | None = None,
    file: str | None = None,
    line: int | None = None,
) -> PellucidError:
    """The exception for a code, of the class that its users would catch."""
    return _CLASSES.get(code, PellucidError)(code, message, help, file, line)


def fault(code: str, message: str, help: str | None = None) -> PellucidError:
    """The same, at the line of the user's script that is being run."""
    return error(code, message, help, *(here() or ()))
