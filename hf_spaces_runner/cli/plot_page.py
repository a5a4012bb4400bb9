"""Makes one HTML page of plots and a table, which needs no network and no script."""

import base64
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of Okabe and Ito: colours that the colour-blind tell apart.
GOOD, BAD, PLAIN = "#009e73", "#d55e00", "#0072b2"
_NAME_LENGTH = 28
_MOST_COLUMNS = 5
_LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold dollar signs
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222;background:#fff}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(28rem,1fr));gap:1.5rem}
figure{margin:0;border:1px solid #ddd;border-radius:6px;padding:.8rem}figcaption{font-weight:600}
img{width:100%;height:auto}table{border-collapse:collapse;width:100%;margin-top:2rem}
td,th{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}
""".strip()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot; `rows` is how many lines it has room for, `draw` paints it."""

    title: str
    draw: "Callable[[Axes], None]"
    detail: str = ""
    rows: int = 6


def require_plots(option: str, without: str) -> None:
    """Make sure that plots can be drawn, which takes no time: for those who find out before they begin.

    Args:
        option: of the command line, which wants them.
        without: what the user gets without them.

    Raises:
        ConfigurationError: the plotting library is not installed.
    """
    if find_spec("matplotlib") is None:
        raise ConfigurationError(
            f"{option} needs a plotting library that is not installed",
            hint=f"pip install 'hf-spaces-runner[plots]'; {without}",
        )


def plot_page(*, head: str, title: str, lead: str, plots: Iterable[Plot], table: str = "") -> str:
    """Return the page; all texts are escaped here, but for `table`, which `html_table` makes."""
    figures = "\n".join(_figure(plot) for plot in plots)
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width"><title>{escape(head)}: {escape(title)}</title>
<style>{_STYLE}</style></head>
<body><h1>{escape(title)}</h1>
<p>{escape(lead)} Written {written}.</p>
<main>
{figures}
</main>
{table}
</body></html>
"""


def write_page(file: Path, page: str) -> None:
    """Write `page` to `file`.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        file.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", hint="name another file") from error


def html_table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table with escaped cells."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def legend(axes: "Axes") -> None:
    """Show what the colours mean, above the plot."""
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=_MOST_COLUMNS, handlelength=1.0)


def name_lines(axes: "Axes", names: Sequence[str]) -> range:
    """Give each of `names` a line of its own, the first on top, and return their places."""
    places = range(len(names))
    axes.set_yticks(places, [one_line(name, limit=_NAME_LENGTH) for name in names])
    axes.invert_yaxis()
    return places


def _figure(plot: Plot) -> str:
    """Return a plot as an image within the page: what a name holds cannot reach the page from there."""
    data = base64.b64encode(_svg(plot)).decode("ascii")
    said = f"{escape(plot.title)}{f' <small>{escape(plot.detail)}</small>' if plot.detail else ''}"
    return (
        f'<figure><figcaption>{said}</figcaption><img alt="{escape(plot.title)}"'
        f' src="data:image/svg+xml;base64,{data}"></figure>'
    )


def _svg(plot: Plot) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415 - an extra, and slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415

    written = BytesIO()
    # The reader's browser has the letters that the library's own font lacks.
    with mpl.rc_context(_LOOK), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure = Figure(figsize=(6.4, max(2.6, 1 + 0.36 * plot.rows)), layout="constrained")
        plot.draw(figure.subplots())
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()
