"""Tells lengths to people."""

import sys

from geometry import hypotenuse


def sentence(a: float, b: float) -> str:
    return f"The hypotenuse of {a:g} and {b:g} is {hypotenuse(a, b):g}"


if __name__ == "__main__":
    print(sentence(float(sys.argv[1]), float(sys.argv[2])))
