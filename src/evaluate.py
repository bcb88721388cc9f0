"""Measure a model, a folder or a clip: ``evaluate.py checkpoint=RUN_DIR``, or ``generated=DIR`` with another folder."""

import hydra
from omegaconf import DictConfig

from impasto.evaluation.arguments import check_paths, is_of_checkpoint
from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def evaluate(cfg: DictConfig) -> None:
    """Measure, write JSON, and show a table."""
    is_of_checkpoint(cfg)
    check_paths(cfg)  # before torch is imported

    from impasto.base.progress import drawing_bars
    from impasto.evaluation.measure import measure
    from impasto.evaluation.table import show

    with drawing_bars():
        result = measure(cfg)
    show(result)


@hydra.main(version_base="1.3", config_path="../conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    evaluate(cfg)


if __name__ == "__main__":
    run(main)
