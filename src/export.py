"""Export a painter for other programs: ``python src/export.py checkpoint=RUN_DIR format=onnx output=FILE``."""

import hydra
from omegaconf import DictConfig, OmegaConf

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def export(cfg: DictConfig) -> None:
    """Load the painter, choose what of it is exported, write it, compare, and say how far the file is from it."""
    from impasto.base.checks import as_path
    from impasto.export.settings import ENCODE, Settings, check_free, check_settings, output_file
    from impasto.inference.style_choice import choose_styles
    from impasto.painters.checkpoints import find_checkpoint, shipped_base

    calibration = None if cfg.calibration is None else as_path("calibration", cfg.calibration)
    settings = Settings(
        cfg.format, cfg.opset, cfg.adapter_rank, cfg.uint8, cfg.quantize, calibration, max_loss=cfg.max_loss
    )
    check_settings(settings, cfg.style)
    output = output_file(cfg.output, settings, cfg.overwrite)
    checkpoint = shipped_base() if cfg.checkpoint is None else find_checkpoint(cfg.checkpoint)
    style = cfg.style if isinstance(cfg.style, str | None) else OmegaConf.to_object(cfg.style)
    chosen = [] if style is None else choose_styles(style)
    from impasto.export.command import export as events_of
    from impasto.export.command import in_chosen_style
    from impasto.export.report import follow
    from impasto.painters.loading import load_painter, of_pictures

    painter = load_painter(checkpoint, device="cpu", trust=list(cfg.trust), direction=cfg.direction)
    painter = in_chosen_style(of_pictures(painter, "export.py"), chosen)
    if "style" in painter.takes and settings.format != "safetensors":
        check_free(output, ENCODE, cfg.overwrite)
    follow(events_of(painter, output, settings))


@hydra.main(version_base="1.3", config_path="../conf", config_name="export")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    export(cfg)


if __name__ == "__main__":
    run(main)
