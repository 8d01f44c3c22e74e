"""The commands of cluster/README.md, as it has them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDE = ROOT / "cluster" / "README.md"


def commands(heading: str) -> list[str]:
    """Return the shell commands below a heading, one string each, without those that set variables."""
    lines = script(heading).replace("\\\n", "").splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line and not line.startswith("export ")]


def script(heading: str) -> str:
    """Return the shell commands below a heading as they are."""
    section = GUIDE.read_text().partition(f"# {heading}\n")[2].partition("\n#")[0]
    blocks = [block.partition("```")[0] for block in section.split("```sh\n")[1:]]
    assert blocks, f"cluster/README.md must have commands below {heading!r}"
    return "".join(blocks)


def command(heading: str, words: str) -> str:
    """Return the one command below a heading that has these words."""
    (found,) = [line for line in commands(heading) if words in line]
    return found
