"""Draw what `bench.growth` measured: sheets as JSON on the standard input, an SVG as the answer.

    chart FILE

Runs where matplotlib is installed, which is not beside us.
"""

import json
import sys
from statistics import median

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

#: Read on light and on dark ground.
_INK = "#7a7f8c"
_COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#ef4444")


def draw(path: str) -> None:
    mpl.rcParams.update(
        {
            **{f"{each}.color": _INK for each in ("text", "xtick", "ytick")},
            "axes.labelcolor": _INK,
            "axes.edgecolor": _INK,
            "font.size": 9,
            "svg.fonttype": "none",
            "svg.hashsalt": "ledgerport",
        }
    )
    sheets = json.load(sys.stdin)
    figure, plots = plt.subplots(1, len(sheets), figsize=(4 * len(sheets), 3.2), squeeze=False)
    for sheet, plot in zip(sheets, plots[0], strict=True):
        sizes = [int(row["what"].replace(",", "")) for row in sheet["rows"]]
        names = [name for name in sheet["rows"][0] if name != "what"]
        for name, colour in zip(names, _COLOURS, strict=False):
            values = [median(row[name]) for row in sheet["rows"]]
            plot.plot(sizes, values, marker="o", color=colour, label=name)
        plot.set_xscale("log")
        plot.set_ylim(bottom=0)
        plot.set_title(sheet["title"])
        plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        plot.grid(visible=True, color=_INK, alpha=0.2)
        for side in ("top", "right"):
            plot.spines[side].set_visible(False)
        plot.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, transparent=True, metadata={"Date": None})


draw(sys.argv[1])
