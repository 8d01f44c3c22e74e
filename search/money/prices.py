"""Prices as data: what an hour of each machine costs, with a date and a source, in a table that everyone may edit."""

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ConfigError

DEFAULT_FILE = Path(__file__).parents[2] / "cluster" / "prices.csv"
COLUMNS = ("cloud", "region", "machine", "market", "usd_per_hour", "date", "source")
LABELS = ("machine", "market", "region")
"""A node's labels that say what it costs."""
MARKETS = ("on-demand", "spot")
EACH = "each"
"""Market of what every machine of a region has besides: its disk, its address."""
SECONDS_AN_HOUR = 3600
DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A kind of machine that has a price: the labels of a node, or of a node type in a cluster's file."""

    machine: str
    """As its cloud calls it, such as g5.xlarge."""
    market: str
    """`on-demand` or `spot`."""
    region: str

    def __str__(self) -> str:
        """Return it as people say it."""
        return f"{self.machine} {self.market}"


@dataclass(frozen=True, kw_only=True)
class Price:
    """One line of the table."""

    cloud: str
    region: str
    machine: str
    market: str
    usd_per_hour: float
    date: str
    """Of the price, such as 2025-06 or 2025-06-01."""
    source: str


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """All prices of one file."""

    file: str
    prices: tuple[Price, ...]
    _by_machine: dict[tuple[str, str, str], Price] = field(default_factory=dict)

    def of(self, machine: Machine) -> Price:
        """Return a machine's own line.

        Raises:
            ConfigError: there is none.
        """
        price = self._by_machine.get((machine.region, machine.machine, machine.market))
        if price is None:
            near = [p for p in self.prices if p.region == machine.region and p.market != EACH]
            has = ", ".join(f"{p.machine} {p.market}" for p in near) or "none at all"
            raise ConfigError(
                f"{self.file} must have a price of {machine} in {machine.region}, and has none (there it has {has}). "
                f"Add a line CLOUD,{machine.region},{machine.machine},{machine.market},USD_PER_HOUR,DATE,SOURCE, or "
                "name another file with --prices"
            )
        return price

    def with_each(self, machine: Machine) -> tuple[Price, ...]:
        """Return the lines of what every machine has besides, where this one is."""
        cloud = self.of(machine).cloud
        return tuple(p for p in self.prices if (p.cloud, p.region, p.market) == (cloud, machine.region, EACH))

    def hourly(self, machine: Machine) -> float:
        """Return what an hour of a machine costs with all that it has, in USD.

        Raises:
            ConfigError: it has no price.
        """
        return self.of(machine).usd_per_hour + sum(price.usd_per_hour for price in self.with_each(machine))


def machine_of(labels: Mapping[str, str], where: str) -> Machine:
    """Return what a node's labels say that it is.

    Args:
        labels: of the node; others are left alone.
        where: whose they are, for the error.

    Raises:
        ConfigError: one is missing, or the market is none.
    """
    missing = [name for name in LABELS if not labels.get(name)]
    if missing:
        raise ConfigError(
            f"{where} must say what it costs by the labels {', '.join(LABELS)}, and lacks {', '.join(missing)}. Add "
            "`labels: {machine: g5.xlarge, market: spot, region: us-west-2}`, say, to its type in the cluster's file"
        )
    if labels["market"] not in MARKETS:
        raise ConfigError(f"{where}: the label market must be on-demand or spot, got {labels['market']!r}")
    return Machine(**{name: str(labels[name]) for name in LABELS})


def read_prices(file: str | None = None) -> PriceList:
    """Read a table of prices, this project's own by default.

    Raises:
        ConfigError: it is not there, or a line is not what it must be; the message names the line.
    """
    path = Path(file) if file is not None else _default_file()
    try:
        text = path.read_text(encoding="utf-8-sig")  # as spreadsheets write it, too
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--prices must be a table of prices, and {path} cannot be read: {error}") from error
    by_machine: dict[tuple[str, str, str], Price] = {}
    lines: dict[tuple[str, str, str], int] = {}
    for number, price in _rows(path, text):
        key = (price.region, price.machine, price.market)
        if key in by_machine:
            what = f"{price.machine} {price.market} in {price.region}"
            raise ConfigError(f"{path}, line {number}: {what} must have one price, and line {lines[key]} has another")
        by_machine[key], lines[key] = price, number
    return PriceList(file=str(path), prices=tuple(by_machine.values()), _by_machine=by_machine)


def _default_file() -> Path:
    """Return this project's own table, by a short name where there is one."""
    return DEFAULT_FILE.relative_to(Path.cwd()) if DEFAULT_FILE.is_relative_to(Path.cwd()) else DEFAULT_FILE


def _rows(path: Path, text: str) -> Iterator[tuple[int, Price]]:
    """Yield each price with the number of its line; the header is checked, empty lines are left out."""
    if not text.strip():
        raise ConfigError(f"{path}, line 1 must be the header {','.join(COLUMNS)}, got an empty file")
    reader = csv.reader(text.splitlines())
    for row in reader:
        number = reader.line_num
        if number == 1:
            if tuple(row) != COLUMNS:
                raise ConfigError(f"{path}, line 1 must be the header {','.join(COLUMNS)}, got {','.join(row)!r}")
        elif any(cell.strip() for cell in row):
            yield number, _price(row, f"{path}, line {number}")


def _price(row: list[str], where: str) -> Price:
    """Read one line."""
    if len(row) != len(COLUMNS):
        raise ConfigError(f"{where} must have {len(COLUMNS)} values, got {len(row)}; one with a comma stands in quotes")
    cells = dict(zip(COLUMNS, (cell.strip() for cell in row), strict=True))
    empty = [name for name, cell in cells.items() if not cell]
    if empty:
        raise ConfigError(f"{where}: {empty[0]} must be given, and is empty")
    if cells["market"] not in (*MARKETS, EACH):
        raise ConfigError(f"{where}: market must be on-demand, spot or each, got {cells['market']!r}")
    if DATE.fullmatch(cells["date"]) is None:
        raise ConfigError(f"{where}: date must be of the form 2025-06 or 2025-06-01, got {cells['date']!r}")
    usd_per_hour = _usd(cells.pop("usd_per_hour"), where)
    return Price(usd_per_hour=usd_per_hour, **cells)


def _usd(text: str, where: str) -> float:
    """Read an amount."""
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not 0 <= amount < math.inf:
        raise ConfigError(f"{where}: usd_per_hour must be a number such as 0.526, 0 or more, got {text!r}")
    return amount


def usd(amount: float) -> str:
    """Return an amount as people write it, small ones with more digits."""
    return f"${amount:,.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.2g}"
