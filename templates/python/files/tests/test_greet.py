import unittest

from @@name:snake@@ import greet


class GreetTest(unittest.TestCase):
    def test_names_who_is_greeted(self):
        self.assertEqual(greet("World"), "Hello, World!")

    def test_greets_nobody_too(self):
        self.assertEqual(greet(""), "Hello, !")
