import threading
import unittest
from http.client import HTTPConnection

from @@name:snake@@.service import create


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.server = create(("127.0.0.1", 0))
        self.addCleanup(self.server.server_close)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.shutdown)

    def get(self, path):
        connection = HTTPConnection(*self.server.server_address, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def test_greets(self):
        self.assertEqual(self.get("/hello/World"), (200, "Hello, World!"))

    def test_is_healthy(self):
        self.assertEqual(self.get("/health"), (200, "ok"))

    def test_knows_nothing_else(self):
        self.assertEqual(self.get("/"), (404, "not found"))
