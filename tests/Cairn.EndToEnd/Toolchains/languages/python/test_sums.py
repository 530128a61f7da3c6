import ctypes
import lzma
import multiprocessing
import os
import pwd
import sqlite3
import ssl
import unittest

from sums import total


class SumsTests(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total([1, 2]), 3)

    def test_modules_with_libraries(self):
        self.assertEqual(sqlite3.connect(":memory:").execute("select 1 + 2").fetchone(), (3,))
        self.assertEqual(lzma.decompress(lzma.compress(b"sums")), b"sums")
        self.assertTrue(ssl.OPENSSL_VERSION)
        self.assertEqual(ctypes.CDLL(None).abs(-3), 3)
        self.assertEqual(pwd.getpwuid(os.getuid()).pw_name, "cairn")

    def test_processes(self):
        with multiprocessing.Pool(2) as pool:
            self.assertEqual(pool.map(abs, [-1, 2]), [1, 2])
