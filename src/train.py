"""Train a model: ``python src/train.py model=cgan data=wikiart``.

``--help`` lists the groups, ``--cfg job`` prints the configuration; both, and any typo, answer without importing torch.
"""

import hydra
from omegaconf import DictConfig

from impasto.api.training import train
from impasto.run.command_line.entry import checked, register_resolvers, report_user_errors, run
from impasto.run.sweeps.trial import run_trial

register_resolvers()


@hydra.main(version_base="1.3", config_path="../conf", config_name="train")
def main(cfg: DictConfig) -> float | None:
    """Entry point: one run, or each trial of a sweep."""
    return report_user_errors(lambda job: run_trial(job, checked(train)))(cfg)


if __name__ == "__main__":
    run(main)
