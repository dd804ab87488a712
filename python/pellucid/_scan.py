"""Traces that are checked and not run: `model.scan(...)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.tracer import Tracer

if TYPE_CHECKING:
    from pellucid._recorder import Recorder
    from pellucid.session import Session


class Scanner(Tracer):
    """A trace that is checked and not run: `with model.scan(prompt) as tracer:`."""

    def _join(self, session: Session, recorder: Recorder) -> None:
        """Stays outside: it runs nothing."""

    _word = "scan"

    def _run(self, recorder: Recorder) -> None:
        recorder.scan()
