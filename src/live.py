"""Paint a camera, a clip or the screen in real time: ``python src/live.py source=0 style=van_gogh``."""

import hydra
from omegaconf import DictConfig, OmegaConf

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def live(cfg: DictConfig) -> None:
    """Find the source and the styles, and paint until it ends."""
    from impasto.inference.style_choice import choose_styles
    from impasto.live.sources import check_source
    from impasto.painters.checkpoints import find_checkpoint
    from impasto.video.endings import check_installed

    check_installed()
    check_source(str(cfg.source))
    if cfg.checkpoint is not None:
        find_checkpoint(cfg.checkpoint)
    style = cfg.style if isinstance(cfg.style, str | None) else OmegaConf.to_object(cfg.style)
    chosen = [] if style is None and cfg.checkpoint is not None else choose_styles(style)

    from impasto.live.command import live as paint_live

    paint_live(cfg, chosen)


@hydra.main(version_base="1.3", config_path="../conf", config_name="live")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    live(cfg)


if __name__ == "__main__":
    run(main)
