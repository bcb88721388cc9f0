"""Measure a model, a folder or a clip: ``evaluate.py checkpoint=RUN_DIR``, or ``generated=DIR`` with another folder."""

from pathlib import Path

import hydra
from omegaconf import DictConfig

from impasto.evaluation.arguments import check_paths, is_of_checkpoint, is_of_clips
from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def evaluate(cfg: DictConfig) -> None:
    """Measure, show a table, and write JSON."""
    of_checkpoint = is_of_checkpoint(cfg)
    check_paths(cfg)

    from impasto.base.files import write_json
    from impasto.base.progress import drawing_bars
    from impasto.evaluation.clip_measurements import measure_clips
    from impasto.evaluation.command import measure_checkpoint
    from impasto.evaluation.folder_measurements import measure_folders, measure_pairs, measure_translated
    from impasto.evaluation.style_measurements import measure_styled
    from impasto.evaluation.table import show

    protocols = Path(__file__).parents[1] / "conf" / "evaluation"
    of_folders = measure_folders if cfg.content is None else measure_translated
    of_folders = of_folders if cfg.target is None else measure_pairs
    of_folders = of_folders if cfg.style is None else measure_styled
    with drawing_bars():
        if is_of_clips(cfg):
            result = measure_clips(cfg)
        else:
            result = measure_checkpoint(cfg, protocols) if of_checkpoint else of_folders(cfg, protocols)
    write_json(result.path, result.report)
    show(result)


@hydra.main(version_base="1.3", config_path="../conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    evaluate(cfg)


if __name__ == "__main__":
    run(main)
