"""Greets over HTTP."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from @@name:snake@@ import greet


class Handler(BaseHTTPRequestHandler):
    """Answers `/health` and `/hello/NAME`."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(HTTPStatus.OK, "ok")
        elif self.path.startswith("/hello/"):
            self._answer(HTTPStatus.OK, greet(unquote(self.path.removeprefix("/hello/"))))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "not found")

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: whoever stands in front of the service logs."""

    def _answer(self, status: HTTPStatus, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def create(address: tuple[str, int]) -> ThreadingHTTPServer:
    """A server that listens but does not yet answer."""
    return ThreadingHTTPServer(address, Handler)
