"""A key-value store over HTTP: PUT and GET /KEY. /health answers once it is ready."""

import http.server
import os


class Store(http.server.BaseHTTPRequestHandler):
    values: dict[str, bytes] = {}

    def do_GET(self):
        if self.path == "/health":
            self.answer(200, b"ready\n")
        elif self.path in self.values:
            self.answer(200, self.values[self.path])
        else:
            self.answer(404, b"no such key\n")

    def do_PUT(self):
        self.values[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(204, b"")

    def answer(self, status: int, body: bytes):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


address = ("127.0.0.1", int(os.environ["PORT"]))
with http.server.ThreadingHTTPServer(address, Store) as server:
    print("listening on", server.server_port, flush=True)
    server.serve_forever()
