"""Checks a cluster's file before `ray up`, and what lies beside it.

    python -m cluster.check cluster/config.yaml

Prints nothing and exits with 0 where the cluster's file, the key, the token and the versions are right.
"""

import sys

from cluster.check import file


def main(arguments: list[str]) -> int:
    """Check the cluster's file that is named; returns 2 for mistakes, each told in one line on stderr, else 0."""
    found = list(file.mistakes(arguments[0] if len(arguments) == 1 else ""))
    for mistake in found:
        print(f"cluster.check: {mistake}", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
