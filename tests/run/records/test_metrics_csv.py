"""metrics.csv after a kill that cut its last line."""

import csv
from pathlib import Path

from impasto.run.records.metrics_csv import MetricsCsv


def test_the_first_row_of_a_resumed_run_is_not_glued_to_a_line_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    first = MetricsCsv(path)
    for count in (1000, 2000):
        first.log_metrics({"loss": count}, step=count)
    with path.open("a") as file:
        file.write("3000,3.0,30")  # killed while it wrote 3000.0
    second = MetricsCsv(path, resume=True)
    second.log_metrics({"loss": -1}, step=3000)
    second.log_metrics({"loss": -2}, step=4000)
    with path.open(newline="") as file:
        found = [(row["images_seen"], row["loss"]) for row in csv.DictReader(file)]
    assert found == [("1000", "1000.0"), ("2000", "2000.0"), ("3000", "-1.0"), ("4000", "-2.0")]
