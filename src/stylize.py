"""Repaint pictures: ``python src/stylize.py checkpoint=RUN_DIR input=FILE|FOLDER output=FOLDER``."""

import hydra
from omegaconf import DictConfig

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def stylize(cfg: DictConfig) -> None:
    """Load the painter and repaint."""
    from impasto.inference.places import existing_input
    from impasto.painters.checkpoints import find_checkpoint

    checkpoint, pictures = find_checkpoint(cfg.checkpoint), existing_input(cfg.input)
    from impasto.inference.console import follow
    from impasto.inference.stylize import stylize as events_of
    from impasto.painters.loading import load_painter

    painter = load_painter(checkpoint, device=cfg.device, trust=list(cfg.trust), direction=cfg.direction)
    events = events_of(
        painter,
        pictures,
        cfg.output,
        strength=cfg.strength,
        preserve_color=cfg.preserve_color,
        tile=cfg.tile,
        overwrite=cfg.overwrite,
        sheet=cfg.sheet,
    )
    follow(events)


@hydra.main(version_base="1.3", config_path="../conf", config_name="stylize")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    stylize(cfg)


if __name__ == "__main__":
    run(main)
