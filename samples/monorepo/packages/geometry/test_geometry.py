import unittest

from geometry import hypotenuse


class HypotenuseTest(unittest.TestCase):
    def test_of_a_known_triangle(self):
        self.assertEqual(hypotenuse(3, 4), 5)

    def test_refuses_negative_sides(self):
        with self.assertRaises(ValueError):
            hypotenuse(-1, 2)
