"""What was measured, as tables in Markdown; each aim that is missed is marked with by how much."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from bench.aims import OURS, RAW, Verdict, ratio, verdicts
from bench.layouts import Order
from bench.results import Figure, Rate, Results
from bench.service import NAME as SERVICE
from bench.service import FreeholdService

_Key = tuple[str, str, str, int, str, str]
"""A figure's setting and contender."""

INTRODUCTION = """\
# What an address costs

How many times as long as raw each operation takes: raw is one row inserted into (for "release":
deleted from) a table of the shape of Freehold's `allocations`, and COMMIT, through the same engine.
Medians, means in brackets, of one operation of each contender in turn by one client; every COMMIT
waits for the disk. "In a run" and "at random" say how the held addresses lie in the pool. With
100 % held, "allocate", "next" and "specific" are refusals. "Bulk" asks for 1,000 addresses at once;
its aim is about raw or the plain driver (without SQLAlchemy), whichever is faster. Within a row
ratios can be compared; milliseconds mean something on this machine only.

In the /64 and the /8 only raw and Freehold are measured. Neutron's driver reads all that is held
for each address, as the /16 shows, and where a million are held that takes too long to be repeated;
the plain driver's statements are raw's, and the /16 shows what it saves. A row that a database does
not have was not measured in the run that its figures are of.

Made by `make bench ARGS=--write`, with the data in [benchmarks.json](benchmarks.json). How it is
measured is said in `bench/`: in `measuring.py` (turns, and how the fill is kept), `workers.py`
(throughput) and `servers.py` (settings of the databases). An aim that is missed is in bold, with by
how much.

![Milliseconds for an address over the share of a /16 that is held](benchmarks.svg)
"""

REASONS = """\
Why aims are missed:

- **Release** writes two rows where raw deletes one, since it tells the history who held the
  address. On SQLite, MariaDB and Galera that is a second statement; on PostgreSQL the same one.
  Without history (`history_days = 0`) a release on MariaDB was measured at 1.2x to 1.3x.
- **"Full"** is proven by counting the 65,533 rows of the pool in the index, each time anew, since
  no counter is kept that could be wrong. A process that is asked by many at once counts for all
  of them.
- **Allocate** is one statement, and costs more than raw mainly in Python: 0.1 to 0.4 ms for
  proposing, the unit of work and a larger statement. Where a COMMIT takes half a millisecond,
  that shows.
- **Eight workers** or more share two processors with the database here, so what each of them
  computes takes from the others and from the server. On Galera, where the nodes wait for one
  another, it matters less.
- **Bulk** first reads which of the proposed addresses are held, so that the insert that follows
  finds them free; raw and the plain driver only insert.
"""


def page(results: Results) -> str:
    """Return the whole page."""
    return f"{INTRODUCTION}\n{tables(results, REASONS)}\n"


def tables(results: Results, reasons: str = "") -> str:
    """Return the tables of all databases, the list of what was missed, and why it was."""
    found = verdicts(results)
    parts = [_summary(found), reasons.strip()]
    for database in results.databases:
        if database == SERVICE:
            parts.append(_service(results))
        else:
            parts.append(_costs(results, database, found))
            parts.append(_crowds(results, database, found))
    parts.append(_runs(results))
    return "\n\n".join(part for part in parts if part)


def _summary(found: Sequence[Verdict]) -> str:
    missed = [verdict for verdict in found if not verdict.met]
    lines = ["## Aims", "", f"{len(found) - len(missed)} of {len(found)} are met. Missed:", ""]
    if not missed:
        lines[2:] = [f"All {len(found)} are met."]
    else:
        lines += _table(
            ("database", "what", "aim", "reached", "missed by"),
            (
                (one.about.database, _about(one.about), one.aim, one.reached, _over(one))
                for one in missed
            ),
        )
    return "\n".join(lines)


def _about(about: Figure | Rate) -> str:
    if isinstance(about, Rate):
        return f"{about.workers} workers, {_nodes(about.writers)}"
    return f"{about.operation}, {_subnet(about)} {_held(about)}, {about.order}"


def _costs(results: Results, database: str, found: Sequence[Verdict]) -> str:
    figures = {(*one.setting, one.contender): one for one in results.figures}
    ours = [one for one in results.figures if (one.database, one.contender) == (database, OURS)]
    rows = {(one.operation, one.cidr, one.held): one for one in ours}
    orders = [order.value for order in Order]
    headings = ["operation", "subnet", "held", "raw, ms"]
    who = [one for one in results.contenders(database) if one != RAW]
    headings += [f"{contender}, {order}" for contender in who for order in orders]
    body = [_cost(one, who, figures, found) for one in rows.values()]
    return "\n".join([f"## {database}", "", *_table([*headings, "aim"], body)])


def _cost(
    one: Figure, who: Sequence[str], figures: Mapping[_Key, Figure], found: Sequence[Verdict]
) -> Sequence[str]:
    """Return one row: an operation at one fill, in both orders."""
    at = [(one.database, one.operation, one.cidr, one.held, order.value) for order in Order]
    about = [each for each in found if isinstance(each.about, Figure) and each.about.setting in at]
    raws = [figures[*key, RAW] for key in at if (*key, RAW) in figures]
    return [
        one.operation,
        _subnet(one),
        _held(one),
        " / ".join(f"{raw.median_ms:.2f}" for raw in raws),
        *(
            cell
            for contender in who
            for cell in _cells(
                at, figures, contender, partial(_marked, about) if contender == OURS else _times
            )
        ),
        ", ".join(dict.fromkeys(each.aim for each in about)),
    ]


def _cells(
    at: Sequence[tuple[str, str, str, int, str]],
    figures: Mapping[_Key, Figure],
    contender: str,
    render: Callable[[Figure, Figure], str],
) -> list[str]:
    """Return what one contender took in both orders; nothing where it was not measured."""
    return [
        render(figures[*key, contender], figures[*key, RAW]) if (*key, contender) in figures else ""
        for key in at
    ]


def _times(figure: Figure, raw: Figure) -> str:
    return f"{_number(ratio(figure, raw))}x ({_number(ratio(figure, raw, by_mean=True))}x)"


def _marked(about: Sequence[Verdict], figure: Figure, raw: Figure) -> str:
    missed = [one for one in about if one.about is figure and not one.met]
    text = _times(figure, raw)
    if figure.share == 1:
        text += f" {figure.median_ms:.1f} ms"
    if missed:
        return f"**{text}: {', '.join(map(_over, missed))}**"
    return text


def _crowds(results: Results, database: str, found: Sequence[Verdict]) -> str:
    rates = {
        (one.workers, one.writers, one.contender): one
        for one in results.rates
        if one.database == database
    }
    body = []
    for (workers, writers, contender), rate in rates.items():
        if contender != OURS:
            continue
        raw = rates[workers, writers, RAW]
        about = [one for one in found if one.about is rate]
        text = f"{rate.per_second / raw.per_second:.2f}"
        met = [one.aim for one in about if one.met]
        missed = [f"{one.aim}: {_over(one)}" for one in about if not one.met]
        told = [f"met {', '.join(met)}"] if met else []
        told += [f"**missed {', '.join(missed)}**"] if missed else []
        body.append(
            (
                str(workers),
                _nodes(writers),
                f"{raw.per_second:,.0f}",
                f"{rate.per_second:,.0f}",
                text,
                f"{raw.failed:.2%}",
                f"{rate.failed:.2%}",
                "; ".join(told),
            )
        )
    if not body:
        return ""
    headings = ["workers", "writing to", "raw, per s", "Freehold, per s", "of raw"]
    headings += ["raw failed", "Freehold failed", "aims"]
    title = f"Allocations on {database} by processes that work at once on one subnet, half held:"
    return "\n".join([title, "", *_table(headings, body)])


def _service(results: Results) -> str:
    figures = {
        (one.share, one.contender): one for one in results.figures if one.database == SERVICE
    }
    body = []
    for share in dict.fromkeys(share for share, _ in figures):
        raw, http = figures[share, RAW], figures[share, FreeholdService.name]
        body.append(
            (
                _held(http),
                f"{raw.median_ms:.2f}",
                f"{figures[share, OURS].median_ms:.2f}",
                f"{http.median_ms:.2f}",
                _times(http, raw),
            )
        )
    title = "`POST /v2.0/ports` to `freehold serve`, by one client that keeps its connection:"
    headings = ("held at random", "raw, ms", "Freehold's driver, ms", "POST, ms", "POST to raw")
    return "\n".join([f"## {SERVICE}", "", title, "", *_table(headings, body)])


def _runs(results: Results) -> str:
    rows = [(run.database, run.machine, run.date) for run in results.runs]
    return "\n".join(["## Measured on", "", *_table(("database", "machine", "day"), rows)])


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield "|" + "---|" * len(headings)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _over(verdict: Verdict) -> str:
    share = "less than 1 %" if verdict.missed_by < 0.01 else f"{100 * verdict.missed_by:.0f} %"
    return f"{share} {'short' if verdict.aim.startswith('≥') else 'over'}"


def _number(times: float) -> str:
    return f"{times:.2f}" if times < 10 else f"{times:,.0f}"


def _nodes(writers: int) -> str:
    return "one node" if writers == 1 else f"{writers} nodes"


def _subnet(figure: Figure) -> str:
    return "/" + figure.cidr.partition("/")[2]


def _held(figure: Figure) -> str:
    return f"{figure.held:,}" if figure.share is None else f"{100 * figure.share:g} %"
