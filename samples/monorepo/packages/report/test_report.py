import unittest

from report import sentence


class SentenceTest(unittest.TestCase):
    def test_names_all_three_lengths(self):
        self.assertEqual(sentence(5, 12), "The hypotenuse of 5 and 12 is 13")
