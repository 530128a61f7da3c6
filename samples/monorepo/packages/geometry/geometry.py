"""Lengths in the plane."""

import math


def hypotenuse(a: float, b: float) -> float:
    if a < 0 or b < 0:
        raise ValueError("a side has no negative length")
    return math.hypot(a, b)
