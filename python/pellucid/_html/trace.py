"""A trace in a notebook: its inputs, the sites it touches, its results, what it costs, its text."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from pellucid._html import code, faint, folded, head, page
from pellucid.errors import PellucidError

if TYPE_CHECKING:
    from pellucid import _native

_TOUCH = re.compile(r"^(?:%\S+(?:, %\S+)* = )?(read|write|skip) \d+ (\S+)", re.M)
_APPLY = re.compile(r"^%\S+ = apply (\S+)", re.M)
_SAVE = re.compile(r"^save (.+) %\S+$", re.M)
_INVOKE = re.compile(r"^invoke \d+ (.+)$", re.M)


def html(trace: _native.Trace, state: str, model: _native.Model | None = None) -> str:
    """The whole of it; `state` says how far the trace is. With a model, what it will cost there."""
    text = trace.text
    n = len(re.findall(r"^(?!pellucid |model |invoke |#|\s*$)", text, re.M))
    top = head("trace", faint(state), faint(f"{n} statements"), code(trace.hash[:12]))
    planned = _planned(trace, model) if model is not None else []
    return page(top, _inputs(text), _sites(text), *planned, folded("text", _pre(text)))


def not_entered(where: str) -> str:
    """A trace of which nothing is recorded yet."""
    return page(head("trace", faint(f"not entered yet, {where}")))


def _inputs(text: str) -> str:
    prompts = _INVOKE.findall(text)
    rows = "".join(
        f"<tr><td>{faint(f'invoke {i}')}</td><td>{code(_short(prompt))}</td></tr>"
        for i, prompt in enumerate(prompts)
    )
    return f'<table class="l">{rows}</table>'


def _sites(text: str) -> str:
    touched: dict[str, list[str]] = {}
    for how, site in _TOUCH.findall(text):
        touched.setdefault(site, []).append(how)
    for module in _APPLY.findall(text):
        touched.setdefault(module, []).append("apply")
    rows = "".join(
        f"<tr><td>{code(site)}</td><td>{' '.join(_mark(how, hows) for how in dict.fromkeys(hows))}"
        "</td></tr>"
        for site, hows in touched.items()
    )
    return folded(
        f"{len(touched)} sites", f'<table class="l">{rows}</table>', is_open=len(touched) < 12
    )


def _mark(how: str, hows: list[str]) -> str:
    n = hows.count(how)
    return f'<span class="mark">{how}{f" ×{n}" if n > 1 else ""}</span>'


def _planned(trace: _native.Trace, model: _native.Model) -> list[str]:
    try:
        plan = trace.explain(model)
    except PellucidError as error:
        return [f"<div>{escape(str(error))}</div>"]
    results = re.findall(r"^result (.*)$", plan, re.M)
    shown = "".join(f"<tr><td>{faint('result')}</td><td>{code(r)}</td></tr>" for r in results)
    cost = re.findall(r"^cost: (.*)$", plan, re.M)
    return [
        f'<table class="l">{shown}</table>',
        *(f"<div>{faint('costs')} {escape(line)}</div>" for line in cost),
        folded("plan", _pre(plan)),
    ]


def _pre(text: str) -> str:
    return f"<pre>{escape(text.rstrip())}</pre>"


def _short(text: str, most: int = 120) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
