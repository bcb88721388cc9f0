"""Audit a model: what it gives away of its pictures, ``python src/audit.py checkpoint=RUN_DIR``.

With ``find=PICTURE`` it names the runs that a picture was trained on in.
"""

import hydra
from omegaconf import DictConfig

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def audit(cfg: DictConfig) -> None:
    """Attack a model, or look for a picture in the records of runs."""
    from impasto.base.errors import UserError

    if (cfg.checkpoint is None) == (cfg.find is None):
        raise UserError("Give checkpoint=RUN_DIR to attack a model, or find=PICTURE to look for one in runs.")
    from impasto.base.notices import log
    from impasto.base.progress import drawing_bars

    if cfg.find is not None:
        from impasto.audit.finding import find

        for line in find(cfg.find, cfg.runs):
            log.info("%s", line)
        return
    from impasto.audit.command import audit as attack
    from impasto.audit.command import sentences

    with drawing_bars():
        path, record = attack(cfg)
    for line in sentences(record):
        log.info("%s", line)
    log.info("Written: %s", path)


@hydra.main(version_base="1.3", config_path="../conf", config_name="audit")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    audit(cfg)


if __name__ == "__main__":
    run(main)
