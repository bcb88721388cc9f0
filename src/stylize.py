"""Repaint pictures and clips: ``python src/stylize.py input=FILE|FOLDER style=FILE|FOLDER|NAME output=FOLDER``.

Or restore them: ``python src/stylize.py checkpoint=RUN input=FILE|FOLDER output=FOLDER``.
"""

import hydra
from omegaconf import DictConfig, OmegaConf

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def stylize(cfg: DictConfig) -> None:
    """Load the model, choose the styles, and repaint."""
    from impasto.inference.masks import choose_masks
    from impasto.inference.places import existing_input, require_checkpoint
    from impasto.inference.style_choice import choose_styles
    from impasto.inference.workers import choose_over
    from impasto.painters.checkpoints import find_checkpoint, shipped_base

    require_checkpoint(cfg.task, cfg.checkpoint)
    checkpoint = shipped_base() if cfg.checkpoint is None else find_checkpoint(cfg.checkpoint)
    alone = {name: cfg[name] for name in ("sheet", "steps", "ahead")}
    over = choose_over(cfg.launcher, cfg.workers, alone)
    pictures, masks = existing_input(cfg.input), choose_masks(cfg.mask)
    style = cfg.style if isinstance(cfg.style, str | None) else OmegaConf.to_object(cfg.style)
    # A checkpoint may be of a model that takes no style; the base takes any, and so needs one.
    chosen = [] if style is None and cfg.checkpoint is not None else choose_styles(style, apart=cfg.sheet is True)
    import impasto
    from impasto.inference.console import follow
    from impasto.inference.repaint import Look
    from impasto.inference.repaint_clip import Film
    from impasto.video.codecs import Encoding

    model = impasto.load(checkpoint, device=cfg.device, trust=list(cfg.trust), direction=cfg.direction)
    if model.painter.gives.alphabet is not None:
        from impasto.inference.music import refuse_pictures_settings
        from impasto.inference.restyle_text import restyle_text

        refuse_pictures_settings({name: cfg[name] for name in ("style", "mask", "sheet", "task", "instances", "masks")})
        follow(restyle_text(model.painter, pictures, cfg.output, cfg.overwrite))
        return
    model = model.showing_masks() if cfg.masks else model
    follow(
        model.paint_files(
            pictures,
            cfg.output,
            style=chosen,
            look=Look(cfg.strength, cfg.preserve_color, cfg.tile, cfg.brush),
            film=Film(cfg.temporal, Encoding(cfg.codec, cfg.crf)),
            masks=masks,
            steps=cfg.steps,
            overwrite=cfg.overwrite,
            sheet=cfg.sheet,
            task=cfg.task,
            instances=cfg.instances,
            ahead=cfg.ahead,
            over=over,
        )
    )


@hydra.main(version_base="1.3", config_path="../conf", config_name="stylize")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    stylize(cfg)


if __name__ == "__main__":
    run(main)
