"""``report.html``: one self-contained page about a run."""

import base64
import html
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from impasto.base.files import dispensable, whole_or_not
from impasto.base.page import document, picture, section
from impasto.base.sheets import legend
from impasto.evaluation.protocols.figure_records import full_record
from impasto.run.records.curves import curve_groups, read_columns
from impasto.run.records.summary import length

NOT_PROTOCOL = (
    *("final", "best", "best_at_images", "higher_is_better", "by_class", "interval", "interval_method", "protocol"),
    *("controls", "counts_of_controls", "by_strength", "gains"),
)
"""Parts of a figure's record that have a column of their own or are too long for one; ``summary.json`` has them all."""


def write_report(run_dir: Path, summary: Mapping[str, Any], config: str) -> Path:
    """Write the page from the files in the run's folder; on a full disk the run ends without it.

    Args:
        run_dir: folder with ``samples/`` and ``metrics.csv``.
        summary: what ``summary.json`` holds.
        config: the run's configuration as YAML.

    Returns:
        The page's path.
    """
    path = run_dir / "report.html"
    with dispensable(path.name), whole_or_not(path) as temporary:
        # Names of folders are on the page, and need not be UTF-8.
        temporary.write_text(page(run_dir, summary, config), encoding="utf-8", errors="backslashreplace")
    return path


def page(run_dir: Path, summary: Mapping[str, Any], config: str) -> str:
    """The HTML; arguments as for :func:`write_report`."""
    sheets = sorted((run_dir / "samples").glob("[0-9]*.png"))
    parts = [
        f"<h1>{html.escape(run_dir.resolve().name)}</h1>",
        f"<p class=quiet>{html.escape(headline(summary))}</p>",
        *(f"<p class=notice>{html.escape(text)}</p>" for text in warnings_of(summary)),
        section("What is wrong", wrong(summary)),
        section("Samples", picture(sheets[-1]) + classes_shown(summary, config)) if sheets else "",
        section("Between latent vectors", picture(run_dir / "samples" / "interpolation.png")),
        section(
            "Generated pictures, each beside the real ones nearest to it",
            picture(run_dir / "samples" / "neighbours.png"),
        ),
        section(
            f"Figures after {length(summary)}",
            metrics_table({name: full_record(summary, name) for name in summary["metrics"]}),
        )
        if summary["metrics"]
        else "",
        section("Over the strength of the damage", plot(run_dir / "samples" / "strengths.png")),
        section("Training", curves(run_dir / "metrics.csv")),
        section("How it went", "".join(picture(sheet) for sheet in thinned(sheets[:-1], 4))) if len(sheets) > 1 else "",
        section("Run", facts(summary)),
        section("Configuration", f"<details><summary>show</summary><pre>{html.escape(config)}</pre></details>"),
    ]
    return document(run_dir.resolve().name, "\n".join(part for part in parts if part))


def headline(summary: Mapping[str, Any]) -> str:
    """The run in one line."""
    rate = f"{summary['images_per_second']:.0f} images a second"
    cause = f" ({summary['cause']})" if summary["cause"] else ""
    return f"{summary['status']}{cause}, {summary['images_seen']:,} images seen, {rate} on {summary['device']}"


def warnings_of(summary: Mapping[str, Any]) -> list[str]:
    """Warnings that concern all figures."""
    cut = summary["cut_short"]
    about = [f"This run was {cut}: its figures are not those of its full length."] if cut else []
    return [*about, *(text for key, text in summary["notices"].items() if not key.startswith("monitor."))]


def wrong(summary: Mapping[str, Any]) -> str:
    """What the monitor found, a row for each; empty where it found nothing."""
    rows = "".join(
        f"<tr><td class=number>{each['at_kimg']:.4g} kimg<td>{html.escape(each['said'])}<td>"
        f"{html.escape(each['evidence'])}<td>{html.escape(each['remedy'])}</tr>"
        for each in summary.get("findings", ())
    )
    return f"<table><tr><th>since<th>finding<th>evidence<th>remedy</tr>{rows}</table>" if rows else ""


def classes_shown(summary: Mapping[str, Any], config: str) -> str:
    """Places of the classes on a sheet; empty for an unconditional generator."""
    names = (summary.get("data", {}).get("classes") or []) if summary.get("conditional") else []
    nodes = (OmegaConf.select(OmegaConf.create(config), "callbacks") or {}).values()
    sheets: Mapping[str, Any] = next((n for n in nodes if n and str(n.get("_target_")).endswith(".SampleSheets")), {})
    text = legend(names, sheets.get("count"), sheets.get("columns"))
    return f"<p class=quiet>{html.escape(text)}</p>" if text else ""


def plot(path: Path) -> str:
    """A plot inside the page, drawn smoothly; empty without a file."""
    return picture(path).replace("<img ", "<img class=plot ")


def thinned(sheets: list[Path], count: int) -> Iterable[Path]:
    """At most ``count`` of the sheets, evenly spread."""
    step = max(len(sheets) // count, 1)
    return sheets[::step][:count]


def metrics_table(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Each metric's final and best value and its interval; below, what all figures of one network have in common."""
    protocols = {name: {k: v for k, v in record.items() if k not in NOT_PROTOCOL} for name, record in metrics.items()}
    shared = {}
    for extractor in dict.fromkeys(protocol.get("extractor") for protocol in protocols.values()):
        first, *others = [p for p in protocols.values() if p.get("extractor") == extractor]
        shared[extractor] = {k: v for k, v in first.items() if all(k in p and p[k] == v for p in others)}
    rows = ["<tr><th>metric<th>final<th>interval<th>best<th>at<th>measured with</tr>"]
    for name, record in metrics.items():
        extractor = protocols[name].get("extractor")
        own = {k: v for k, v in protocols[name].items() if k not in shared[extractor]}
        text = ", ".join(filter(None, [extractor, _list(own)]))
        arrow = ARROWS[record.get("higher_is_better", False)]
        rows.append(
            f"<tr><td>{html.escape(name)} {arrow}<td class=number>{record['final']:.4g}"
            f"<td class=number>{between(record)}<td class=number>{record['best']:.4g}"
            f"<td class=number>{record['best_at_images']:,}<td class=quiet>{html.escape(text)}</tr>"
        )
        rows += [
            f"<tr class=quiet><td>&emsp;{html.escape(control)}<td class=number>{value:.4g}<td><td><td>"
            f"<td>{html.escape(_list(counts(record, control)))}</tr>"
            for control, value in record.get("controls", {}).items()
        ]
    lines = [
        f"<p class=quiet>{html.escape(f'{name}: ' if name else '')}{html.escape(_list(common))}</p>"
        for name, common in ((e, {k: v for k, v in c.items() if k != "extractor"}) for e, c in shared.items())
        if common
    ]
    return f"<table>{''.join(rows)}</table>{''.join(lines)}"


ARROWS = {True: "\N{UPWARDS ARROW}", False: "\N{DOWNWARDS ARROW}", None: ""}
"""Which way a figure is better."""


def between(record: Mapping[str, Any]) -> str:
    """A figure's interval, or the beginning of the reason why it has none; empty if the figure never has one."""
    if record.get("interval"):
        return _short(record["interval"])
    return html.escape(str(record.get("interval_method", "")).split(",")[0]) if "interval" in record else ""


def counts(record: Mapping[str, Any], control: str) -> dict[str, Any]:
    """How many pictures a control's value is of, if recorded."""
    found = record.get("counts_of_controls", {}).get(control)
    return dict(zip(("generated", "real"), found, strict=True)) if found else {}


def _list(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {_short(value)}" for key, value in values.items() if value is not None)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return " to ".join(_short(v) for v in value)
    text = _plain({key: _short(item) for key, item in value.items()}) if isinstance(value, Mapping) else str(value)
    return f"{text[:12]}..." if len(text) == 64 else text


def facts(summary: Mapping[str, Any]) -> str:
    """The rest of the summary, two columns."""
    shown = {
        k: v for k, v in summary.items() if k not in ("metrics", "protocols", "notices", "findings", "status", "cause")
    }
    rows = "".join(
        f"<tr><th>{html.escape(key.replace('_', ' '))}<td>{html.escape(_plain(value))}</tr>"
        for key, value in shown.items()
    )
    return f"<table>{rows}</table>"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def curves(metrics: Path) -> str:
    """Losses and evaluation over the count of pictures, drawn from ``metrics.csv``."""
    columns = read_columns(metrics)
    groups = curve_groups(columns)
    if not groups:
        return ""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(groups), 3), layout="constrained")
    for axes, (title, names) in zip(figure.subplots(1, len(groups), squeeze=False)[0], groups.items(), strict=True):
        for name in names:
            axes.plot(*zip(*columns[name], strict=True), label=name.split("/")[-1], linewidth=1)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("kimg", fontsize=9)
        axes.legend(fontsize=8, frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return f'<img class=plot src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}" alt="curves">'
