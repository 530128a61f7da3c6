import os
import unittest
import urllib.error
import urllib.request

URL = os.environ["STORE_URL"]


class StoreTest(unittest.TestCase):
    def test_gives_back_what_was_put(self):
        put = urllib.request.Request(f"{URL}/color", data=b"green", method="PUT")
        urllib.request.urlopen(put, timeout=5).close()
        with urllib.request.urlopen(f"{URL}/color", timeout=5) as answer:
            self.assertEqual(answer.read(), b"green")

    def test_knows_no_other_keys(self):
        with self.assertRaises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(f"{URL}/other", timeout=5)
        self.assertEqual(missing.exception.code, 404)
        missing.exception.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
