"""Look into a trained model: ``python src/explain.py checkpoint=RUN_DIR``.

It writes explain.html, and sliders that generate.py paints with.
"""

from dataclasses import fields
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def explain(cfg: DictConfig) -> None:
    """Load the painter, look into it, and write the page."""
    from impasto.explain.settings import Settings, page_folder
    from impasto.painters.checkpoints import find_checkpoint, shipped_base

    checkpoint = shipped_base() if cfg.checkpoint is None else find_checkpoint(cfg.checkpoint)
    folder = page_folder(cfg.output, None if cfg.checkpoint is None else checkpoint, cfg.overwrite)
    given: Any = OmegaConf.to_container(cfg)
    settings = Settings(**{each.name: given[each.name] for each in fields(Settings)})
    from impasto.base.notices import log
    from impasto.base.progress import drawing_bars
    from impasto.explain.command import explain as write
    from impasto.painters.loading import load_painter, of_pictures

    painter = load_painter(checkpoint, device=cfg.device, trust=list(cfg.trust), direction=cfg.direction)
    with drawing_bars():
        log.info("Written: %s", write(of_pictures(painter, "explain.py"), cfg, settings, folder))


@hydra.main(version_base="1.3", config_path="../conf", config_name="explain")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    explain(cfg)


if __name__ == "__main__":
    run(main)
