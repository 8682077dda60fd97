"""Reading what Prometheus would read."""

from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def samples(exposition: str) -> Samples:
    """Return all values of an exposition, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }


def value(exposition: str, name: str, **labels: str) -> float:
    """Return one value; KeyError if there is none."""
    return samples(exposition)[name, frozenset(labels.items())]


def names(exposition: str) -> frozenset[str]:
    """Return the names by which rules and dashboards ask."""
    return frozenset(_names(exposition))


def families(exposition: str) -> frozenset[str]:
    """Return the names of the metrics, each once: of a histogram without what it consists of."""
    return frozenset(
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(exposition)
    )


def _names(exposition: str) -> Iterator[str]:
    for family in text_string_to_metric_families(exposition):
        yield f"{family.name}_total" if family.type == "counter" else family.name
        for sample in family.samples:
            yield sample.name
