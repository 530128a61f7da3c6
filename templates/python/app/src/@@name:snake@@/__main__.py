"""The program: greets whom its argument names."""

import sys

from @@name:snake@@ import greet


def main() -> int:
    print(greet(sys.argv[1] if len(sys.argv) > 1 else "World"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
