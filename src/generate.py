"""Paint pictures from noise: ``python src/generate.py checkpoint=RUN_DIR num_images=64 output=DIR``."""

from functools import partial

import hydra
from omegaconf import DictConfig

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def generate(cfg: DictConfig) -> None:
    """Load the painter, find label, vectors, properties or prompts and sliders, and paint."""
    from impasto.inference.places import output_folder
    from impasto.painters.checkpoints import find_checkpoint

    checkpoint, folder = find_checkpoint(cfg.checkpoint), output_folder(cfg.output)
    import impasto
    from impasto.data.transforms import as_size
    from impasto.inference.blending import resolve_blend
    from impasto.inference.conditions import guide, resolve_beside, resolve_label, resolve_prompts, resolve_properties
    from impasto.inference.console import follow
    from impasto.inference.generate import first_of
    from impasto.inference.generate import generate as events_of
    from impasto.inference.made_files import MadeFiles
    from impasto.inference.sprites import finish_for
    from impasto.painters.sliders import resolve_edit

    model = impasto.load(checkpoint, device=cfg.device, trust=list(cfg.trust))
    painter = (model.showing_masks() if cfg.masks else model).painter
    painter = painter if cfg.size is None else painter.resized(*as_size(cfg.size, "size"))
    prompts, captions = resolve_prompts(cfg.prompt, painter)
    label = resolve_label(cfg.label, painter)
    told = resolve_beside(captions, label, cfg.style, painter)
    vectors = resolve_properties(cfg.properties, cfg.vectors, painter) if told is None else told
    guide(painter, cfg.guidance)
    finish = finish_for(painter, cfg.edges, cfg.palette, partial(first_of, painter, vectors, cfg.seed))
    events = events_of(
        painter,
        folder,
        cfg.num_images,
        label=None if told is not None else label,
        vectors=vectors,
        prompts=prompts,
        truncation=cfg.truncation,
        shift=resolve_edit(cfg.edit, cfg.sliders, painter),
        seed=cfg.seed,
        batch_size=cfg.batch_size,
        grid=cfg.grid,
        audio=cfg.audio,
        blend=resolve_blend(cfg.blend, cfg.mix_from, painter),
        files=MadeFiles(finish, cfg.clip, cfg.fps, cfg.sprite_sheet),
        overwrite=cfg.overwrite,
    )
    follow(events)


@hydra.main(version_base="1.3", config_path="../conf", config_name="generate")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    generate(cfg)


if __name__ == "__main__":
    run(main)
