"""The cost of an address over the share that is held, drawn of the same data as the tables."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import StrMethodFormatter

from bench.aims import OURS, RAW
from bench.contenders.plain import PlainRows
from bench.layouts import Order
from bench.results import Figure, Results
from bench.service import NAME as SERVICE

COLOURS = {OURS: "#1f6fb4", RAW: "#555555"}
ANY_OTHER = "#c44e52"
STYLES = {Order.RANDOM.value: "-", Order.RUN.value: "--"}
COLUMNS = 2
PANEL_INCHES = (4.6, 3.3)
SETTINGS = {
    "font.size": 9,
    "font.family": "sans-serif",
    # Text stays text, in the reader's own font.
    "svg.fonttype": "none",
    # The same data make the same file: ids that are not drawn by lot, and no date.
    "svg.hashsalt": "freehold",
}


def draw(results: Results, file: Path) -> None:
    """Write the plot as SVG: a panel for each database, milliseconds on a logarithmic axis."""
    databases = [one for one in results.databases if one != SERVICE]
    columns = min(COLUMNS, len(databases))
    rows = -(-len(databases) // columns)
    width, height = PANEL_INCHES
    with mpl.rc_context(SETTINGS):
        drawing = Drawing(figsize=(columns * width, rows * height), layout="constrained")
        panels = drawing.subplots(rows, columns, sharey=True, squeeze=False)
        for panel, database in zip(panels.flat, databases, strict=False):
            _draw_panel(panel, database, results)
        for panel in panels.flat[len(databases) :]:
            panel.set_visible(False)
        drawing.suptitle("Allocating one address of a /16, median")
        handles, labels = panels.flat[0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        drawing.savefig(file, format="svg", metadata={"Date": None})


def _draw_panel(panel: Axes, database: str, results: Results) -> None:
    shares = sorted(
        {
            one.share
            for one in results.figures
            if one.database == database and one.operation == "allocate" and one.share is not None
        }
    )
    drawn = [one for one in results.contenders(database) if one != PlainRows.name]
    for contender in drawn:
        for order, style in STYLES.items():
            found = _line(results.figures, database, contender, order)
            panel.plot(
                [shares.index(one.share) for one in found if one.share is not None],
                [one.median_ms for one in found],
                style,
                color=COLOURS.get(contender, ANY_OTHER),
                marker="o",
                markersize=3,
                linewidth=1.4,
                label=f"{contender}, held {order}",
            )
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    panel.set_title(database, fontsize=10)
    panel.set_xticks(range(len(shares)), [_label(share) for share in shares])
    panel.set_xlabel("held (full: the refusal)")
    panel.set_ylabel("milliseconds")
    panel.label_outer(remove_inner_ticks=False)
    panel.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)


def _line(figures: Sequence[Figure], database: str, contender: str, order: str) -> Sequence[Figure]:
    return [
        one
        for one in figures
        if (one.database, one.contender, one.order) == (database, contender, order)
        and one.operation == "allocate"
        and one.share is not None
    ]


def _label(share: float) -> str:
    return "full" if share == 1 else f"{100 * share:g} %"
