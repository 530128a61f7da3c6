"""The program: serves until it is stopped."""

import sys

from @@name:snake@@.service import create


def main() -> int:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    with create(("127.0.0.1", port)) as server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
