"""`python -m search`: search, vote, submission."""

import time

from core.cli import run_command
from search.settings import SearchSettings

DESCRIPTION = """Train many CNNs on a Ray cluster (one is started here unless --address names another), keep every
one's predictions, and write the vote of the best as a Kaggle submission. The same command with the same --study goes on
where it stopped."""


def main(settings: SearchSettings) -> None:
    """Run the search; ray and optuna load after the settings are known to be right."""
    began = time.time()
    if settings.dry_run:
        from search.money.dry_run import dry_run

        dry_run(settings)
        return
    from search.run import search_study

    search_study(settings, began=began)


if __name__ == "__main__":
    run_command(SearchSettings, main, prog="python -m search", description=DESCRIPTION)
