from pathlib import Path

import pytest

from bench import plot
from bench.aims import verdicts
from bench.report import page, tables
from bench.results import Figure, Rate, Results, Run, from_json, renewed, to_json


def figure(contender: str, milliseconds: float, **more: object) -> Figure:
    values: dict[str, object] = {
        "database": "PostgreSQL",
        "operation": "allocate",
        "cidr": "10.0.0.0/16",
        "held": 32766,
        "share": 0.5,
        "order": "at random",
        "contender": contender,
        "median_ms": milliseconds,
        "mean_ms": milliseconds,
        "operations": 200,
        **more,
    }
    return Figure(**values)  # type: ignore[arg-type]  # each value is of its field's type


def rate(contender: str, per_second: float, failed: float, writers: int, workers: int = 8) -> Rate:
    return Rate(
        database="Galera",
        workers=workers,
        writers=writers,
        contender=contender,
        per_second=per_second,
        failed=failed,
    )


def results(*measured: Figure | Rate) -> Results:
    places = dict.fromkeys(one.database for one in measured)
    return Results(
        tuple(Run(database=one, machine="2 processors", date="2026-11-21") for one in places),
        tuple(one for one in measured if isinstance(one, Figure)),
        tuple(one for one in measured if isinstance(one, Rate)),
    )


def missed(*measured: Figure | Rate) -> list[float]:
    return [round(verdict.missed_by, 3) for verdict in verdicts(results(*measured))]


def test_an_aim_is_missed_by_a_share_of_its_limit() -> None:
    assert missed(figure("raw", 1.0), figure("Freehold", 1.95)) == [0.5]
    assert missed(figure("raw", 1.0), figure("Freehold", 1.3)) == [0.0]


def test_some_aims_are_about_means() -> None:
    raw = figure("raw", 1.0, share=0.99, mean_ms=2.0)
    assert missed(raw, figure("Freehold", 1.0, share=0.99, mean_ms=5.0)) == [0.25]


@pytest.mark.parametrize(("raw", "ours", "over"), [(0.1, 4.0, -0.2), (1.0, 9.0, -0.1), (1, 20, 1)])
def test_a_refusal_may_be_fast_or_not_much_slower_than_raw(
    raw: float, ours: float, over: float
) -> None:
    assert missed(figure("raw", raw, share=1.0), figure("Freehold", ours, share=1.0)) == [over]


def test_many_held_are_compared_with_few() -> None:
    large = {"cidr": "10.0.0.0/8", "share": None}
    figures = [
        figure(contender, milliseconds, held=held, **large)
        for held, milliseconds in ((1000, 1.0), (1_000_000, 1.5))
        for contender in ("raw", "Freehold")
    ]
    assert missed(*figures) == [-0.231, -0.231, 0.25]


def test_a_crowd_on_one_node_has_to_reach_a_share_of_raw() -> None:
    assert missed(rate("raw", 1000, 0, 1), rate("Freehold", 600, 0.5, 1)) == [0.25]


def test_a_crowd_on_several_nodes_may_not_fail_often_either() -> None:
    assert missed(rate("raw", 1000, 0, 3), rate("Freehold", 900, 0.02, 3)) == [-0.125, 1.0]


@pytest.mark.parametrize(("raw", "plain", "over"), [(4, 2, 0.25), (2, 4, 0.25), (2, None, 0.25)])
def test_many_at_once_are_compared_with_whoever_is_faster(
    raw: float, plain: float | None, over: float
) -> None:
    bulk = {"operation": "bulk"}
    others = [figure("raw", raw, **bulk)]
    if plain is not None:
        others.append(figure("plain driver", plain, **bulk))
    ours = figure("Freehold", 5, **bulk)
    assert missed(*others, ours) == [over]
    text = tables(results(*others, ours))
    assert "| ≤ 2x of the faster | 2.50x | 25 % over |" in text


def test_one_address_is_compared_with_raw_however_fast_the_plain_driver_is() -> None:
    measured = [figure("raw", 1.0), figure("plain driver", 0.1), figure("Freehold", 1.3)]
    assert missed(*measured) == [0.0]


def test_a_row_of_a_crowd_tells_which_aims_are_met_and_which_are_not() -> None:
    large = [rate("raw", 1000, 0, 3, 32), rate("Freehold", 600, 0.0, 3, 32)]
    text = tables(results(*large))
    assert "| met < 1% failed; **missed ≥ 0.8 of raw: 25 % short** |" in text
    met = tables(results(rate("raw", 1000, 0, 3, 32), rate("Freehold", 900, 0.0, 3, 32)))
    assert "| met ≥ 0.8 of raw, < 1% failed |" in met


def test_a_missed_aim_is_marked_in_the_table_and_in_the_list_of_what_was_missed() -> None:
    text = tables(results(figure("raw", 1.0), figure("Freehold", 1.95)))
    assert "**1.95x (1.95x): 50 % over**" in text
    assert "| PostgreSQL | allocate, /16 50 %, at random | ≤ 1.3x | 1.95x | 50 % over |" in text


def test_an_aim_that_is_met_is_not_marked() -> None:
    text = tables(results(figure("raw", 1.0), figure("Freehold", 1.2)))
    assert "All 1 are met." in text
    assert "**" not in text


def test_results_outlive_being_written_down() -> None:
    measured = results(
        figure("raw", 1.0), figure("Freehold", 2.0, share=None), rate("raw", 10.5, 0.1, 3)
    )
    assert from_json(to_json(measured)) == measured


def test_the_plot_shows_each_contender_of_each_database(tmp_path: Path) -> None:
    measured = [
        figure(contender, 1.0 + share, share=share, order=order, database=database)
        for database in ("SQLite", "PostgreSQL")
        for order in ("in a run", "at random")
        for share in (0.0, 0.9, 1.0)
        for contender in ("raw", "Freehold", "Neutron 29")
    ]
    plot.draw(results(*measured), tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text()
    texts = ("SQLite", "PostgreSQL", "Neutron 29, held at random", "full", "90 %")
    assert all(f">{text}</text>" in drawn for text in texts)


def test_the_page_tells_what_it_ran_on() -> None:
    text = page(results(figure("raw", 1.0), figure("Freehold", 1.0)))
    assert "| PostgreSQL | 2 processors | 2026-11-21 |" in text


def test_what_is_measured_anew_takes_the_place_of_what_was() -> None:
    kept, old, new = (
        figure("raw", milliseconds, database=database)
        for database, milliseconds in (("MariaDB", 1.0), ("SQLite", 2.0), ("SQLite", 3.0))
    )
    both = renewed(results(kept, old, rate("raw", 1, 0, 1)), results(new))
    assert both.figures == (kept, new)
    assert both.databases == ["MariaDB", "SQLite", "Galera"]
    assert len(both.rates) == 1
