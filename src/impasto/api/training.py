"""One run from its configuration to its report; what it needs is imported when it starts, torch with it."""

import logging

from omegaconf import DictConfig

log = logging.getLogger("impasto")


def train(cfg: DictConfig) -> float | None:
    """Train, evaluate and report one run; returns the figure that a sweep optimises."""
    from pathlib import Path

    from omegaconf import OmegaConf

    from impasto.base.files import write_json
    from impasto.base.notices import forget_notices
    from impasto.run.budget import within_budget
    from impasto.run.build import build_model
    from impasto.run.checks.configuration import check, check_data
    from impasto.run.fit import fit, objective, prepare
    from impasto.run.records.report import write_report
    from impasto.run.records.resume import with_resumed_config
    from impasto.run.records.summary import outcome, summarise

    forget_notices()
    cfg = within_budget(with_resumed_config(cfg))
    parts = check(cfg)
    run_dir = Path(cfg.output_dir)
    prepare(parts.data, run_dir)
    check_data(parts)
    model = build_model(cfg, parts.data.spec, parts)
    fit(cfg, parts.trainer, model, parts.data)
    summary = summarise(cfg, parts.trainer, model)
    if parts.trainer.is_global_zero:
        write_json(run_dir / "summary.json", summary)
        page = write_report(run_dir, summary, OmegaConf.to_yaml(cfg, resolve=True))
        log.info("%s; samples in %s, report in %s", outcome(summary), run_dir / "samples", page)
    return objective(cfg, summary)
