"""What was measured of the services, as a page in Markdown."""

from collections.abc import Iterator, Sequence

from bench.api.freehold import FreeholdApi
from bench.api.results import Timing

INTRODUCTION = """\
# What lists, prefixes and bulk creations cost

Freehold's and Neutron's service, side by side: each is asked by its API, as a WSGI application in
the process that measures, without a socket; both keep their tables in databases of one server, and
what is there already was put into their tables as rows. Neutron is the one of PyPI with its plugin
ML2 and its driver `internal`, without agents, service plugins and Keystone. Every COMMIT waits for
the disk. Within a row the ratio can be compared; milliseconds mean something on this machine only.

One client asks both in turn. A figure is the median of 15 requests, in bulk of 3, or of as many as
begin within ten seconds of a service's own time: Neutron was asked for 1,000 ports at once only one
time, and for a /28 among 100,000 subnets two or three times; the data say how often. Nothing is
asked beforehand, so that what is asked first after rows were put in can be slower than what comes
later: PostgreSQL's /28 among 10 subnets, which came first of its kind, does not say that fewer
subnets cost more.

Made by `make bench ARGS='--lists --write'`, with the data in
[benchmarks-api.json](benchmarks-api.json); how it is measured is said in `bench/api/`.
"""


def page(timings: Sequence[Timing]) -> str:
    """Return the whole page."""
    return f"{INTRODUCTION}\n{tables(timings)}\n"


def tables(timings: Sequence[Timing]) -> str:
    """Return a table for each database."""
    parts = []
    for database in dict.fromkeys(one.database for one in timings):
        here = [one for one in timings if one.database == database]
        where = " ".join(dict.fromkeys(one.machine for one in here))
        parts.append("\n".join([f"## {database}", "", *_table(here), "", where]))
    return "\n\n".join(parts)


def _table(timings: Sequence[Timing]) -> Iterator[str]:
    services = list(dict.fromkeys(one.service for one in timings))
    headings = ["request", "among", *(f"{one}, ms" for one in services), "ratio"]
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    rows: dict[tuple[str, str], dict[str, Timing]] = {}
    for one in timings:
        rows.setdefault((one.request, one.among), {})[one.service] = one
    for (request, among), by_service in rows.items():
        ours = by_service[FreeholdApi.name].median_ms
        figures = [f"{by_service[one].median_ms:,.1f}" for one in services]
        ratios = [
            f"{by_service[one].median_ms / ours:,.1f}"
            for one in services
            if one != FreeholdApi.name
        ]
        yield "| " + " | ".join([request, among, *figures, ", ".join(ratios)]) + " |"
