"""What Freehold is to reach, as one table, and whether it does.

An aim is a ratio to raw, or a share of it, measured in the same run. SQLAlchemy may
take longer for many rows than the database does, and then raw is not the least that is
possible: so an aim for many is a ratio to raw or to the plain driver, whichever is faster.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.contenders.freehold import FreeholdDriver
from bench.contenders.plain import PlainRows
from bench.contenders.raw import RawRows
from bench.results import Figure, Rate, Results
from bench.service import NAME as SERVICE

OURS = FreeholdDriver.name
RAW = RawRows.name
PLAIN = PlainRows.name


@dataclass(frozen=True, slots=True)
class CostAim:
    """How many times as long as raw an operation may take at the most.

    Attributes:
        operation: a value of `bench.measuring.Operation`.
        shares: the fills that it holds at; None stands for large subnets.
        times: the limit.
        by_mean: whether it is about means; else it is about medians.
        or_ms: or how many milliseconds; either is enough.
        of_fastest: whether the plain driver counts instead of raw where it is faster.
    """

    operation: str
    shares: tuple[float | None, ...]
    times: float
    by_mean: bool = False
    or_ms: float | None = None
    of_fastest: bool = False

    def __str__(self) -> str:
        statistic = "mean " if self.by_mean else ""
        other = "" if self.or_ms is None else f" or {self.or_ms:g} ms"
        least = " of the faster" if self.of_fastest else ""
        return f"{statistic}≤ {self.times:g}x{least}{other}"


COSTS = (
    CostAim("allocate", (0.0, 0.5, 0.9, None), 1.3),
    CostAim("allocate", (0.99,), 2, by_mean=True),
    CostAim("allocate", (0.999,), 5, by_mean=True),
    CostAim("allocate", (1.0,), 10, or_ms=5),
    CostAim("release", (0.0, 0.5, 0.9, 0.99, 0.999, 1.0, None), 1.2),
    CostAim("bulk", (0.0, 0.5), 2, of_fastest=True),
)
MANY_TO_FEW = 1.2
"""What allocating may take where many are held, as a multiple of where few are."""

THROUGHPUT = 0.8
"""Of raw workers' throughput, what as many of Freehold's reach at the least ..."""

CROWDS = ((8, 1), (8, 3), (32, 3))
"""... with so many workers writing to so many nodes."""

FAILED = 0.01
"""The share of transactions that may fail in a crowd, for another's sake."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One aim at one place.

    Attributes:
        about: the figure or the rate that it is about.
        aim: in words.
        reached: in words.
        missed_by: by what share of the limit; 0 or less if the aim is met.
    """

    about: Figure | Rate
    aim: str
    reached: str
    missed_by: float

    @property
    def met(self) -> bool:
        """Whether the aim is met."""
        return self.missed_by <= 0


def ratio(figure: Figure, raw: Figure, *, by_mean: bool = False) -> float:
    """Return how many times as long as raw something took."""
    return figure.mean_ms / raw.mean_ms if by_mean else figure.median_ms / raw.median_ms


def verdicts(results: Results) -> Sequence[Verdict]:
    """Compare all that was measured with the aims."""
    return [*_of_costs(results), *_of_growth(results), *_of_crowds(results)]


def _of_costs(results: Results) -> Iterator[Verdict]:
    raws = {one.setting: one for one in results.figures if one.contender == RAW}
    plains = {one.setting: one for one in results.figures if one.contender == PLAIN}
    for figure in results.figures:
        if figure.contender != OURS or figure.database == SERVICE:
            continue
        for aim in COSTS:
            if aim.operation == figure.operation and figure.share in aim.shares:
                least = raws[figure.setting]
                if aim.of_fastest:
                    plain = plains.get(figure.setting, least)
                    least = min(least, plain, key=lambda one: one.median_ms)
                times = ratio(figure, least, by_mean=aim.by_mean)
                over = times / aim.times
                if aim.or_ms is not None:
                    over = min(over, figure.median_ms / aim.or_ms)
                yield Verdict(figure, str(aim), f"{times:.2f}x", over - 1)


def _of_growth(results: Results) -> Iterator[Verdict]:
    ours = [
        one
        for one in results.figures
        if one.contender == OURS and one.operation == "allocate" and one.share is None
    ]
    for many in ours:
        few = min(
            (one for one in ours if _same_but_held(one, many)), key=lambda figure: figure.held
        )
        if few.held < many.held:
            times = many.median_ms / few.median_ms
            aim = f"≤ {MANY_TO_FEW:g}x of {few.held:,} held"
            yield Verdict(many, aim, f"{times:.2f}x", times / MANY_TO_FEW - 1)


def _same_but_held(one: Figure, other: Figure) -> bool:
    return (one.database, one.cidr, one.order) == (other.database, other.cidr, other.order)


def _of_crowds(results: Results) -> Iterator[Verdict]:
    raws = {
        (one.database, one.workers, one.writers): one
        for one in results.rates
        if one.contender == RAW
    }
    for rate in results.rates:
        if rate.contender != OURS:
            continue
        if (rate.workers, rate.writers) in CROWDS:
            share = rate.per_second / raws[rate.database, rate.workers, rate.writers].per_second
            aim = f"≥ {THROUGHPUT:g} of raw"
            yield Verdict(rate, aim, f"{share:.2f}", 1 - share / THROUGHPUT)
        if rate.writers > 1:
            aim = f"< {FAILED:.0%} failed"
            yield Verdict(rate, aim, f"{rate.failed:.1%}", rate.failed / FAILED - 1)
