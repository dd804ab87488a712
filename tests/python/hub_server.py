"""A hub on the loopback: one repository, large files redirected to a second host."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

COMMIT = "c0ffee00" * 5
REVISIONS = ("main", "v1.0", COMMIT)


@dataclass
class Hub:
    """A repository `org/tiny` with these files; `gate` is the token that may read them."""

    files: dict[str, bytes]
    gate: str | None = None
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    drop_after: int | None = None
    """The next large file ends after so many bytes."""
    hold: threading.Event | None = None
    """Half of a large file is sent, the rest when this is set."""
    left: threading.Event = field(default_factory=threading.Event)
    """Set when a client went before it had all."""

    def __enter__(self) -> Hub:
        self._hosts = [ThreadingHTTPServer(("127.0.0.1", 0), self._handler(k)) for k in range(2)]
        self.endpoint, self._cdn = (f"http://127.0.0.1:{host.server_port}" for host in self._hosts)
        for host in self._hosts:
            threading.Thread(target=host.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for host in self._hosts:
            host.shutdown()
            host.server_close()

    def bodies(self) -> list[str]:
        """The files that were sent, by the end of their path."""
        return [path.rsplit("/", 1)[1] for method, path, _ in self.asked if method == "GET"]

    def _handler(self, host: int) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, token = unquote(self.path), self.headers.get("Authorization")
                hub.asked.append((self.command, path, token))
                status, headers, body = hub._on_hub(path, token) if host == 0 else hub._on_cdn(path)
                start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
                if host == 1 and "Range" in self.headers:
                    status, body = 206, body[start:]
                    whole = start + len(body)
                    headers = {"Content-Range": f"bytes {start}-{whole - 1}/{whole}"}
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if host == 1 and hub.drop_after is not None:
                    body, hub.drop_after = body[: hub.drop_after], None
                if self.command == "GET" and host == 1 and hub.hold is not None:
                    self.in_halves(body, hub.hold)
                elif self.command == "GET":
                    self.wfile.write(body)

            def in_halves(self, body: bytes, hold: threading.Event) -> None:
                half = len(body) // 2
                try:
                    self.wfile.write(body[:half])
                    hold.wait(30)
                    self.wfile.write(body[half:])
                except OSError:
                    hub.left.set()

            do_HEAD = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def _on_hub(self, path: str, token: str | None) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/api/models/org/tiny/revision/"):
            if path.rsplit("/", 1)[1].split("?")[0] not in REVISIONS:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b""
            siblings = [{"rfilename": name} for name in self.files]
            answer = {"id": "org/tiny", "sha": COMMIT, "siblings": siblings}
            return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()
        revision, _, file = path.removeprefix("/org/tiny/resolve/").partition("/")
        if revision not in REVISIONS:
            return 401, {"X-Error-Code": "RepoNotFound"}, b""
        if self.gate is not None and token != f"Bearer {self.gate}":
            return 403 if token else 401, {"X-Error-Code": "GatedRepo"}, b""
        if file not in self.files:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        body = self.files[file]
        headers = {"X-Repo-Commit": COMMIT}
        if not file.endswith(".safetensors"):
            git = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
            return 200, {**headers, "ETag": f'"{git}"'}, body
        sha256 = hashlib.sha256(body).hexdigest()
        linked = {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(body))}
        return 302, {**headers, **linked, "Location": f"{self._cdn}/{file}"}, b""

    def _on_cdn(self, path: str) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, self.files[path[1:]]
