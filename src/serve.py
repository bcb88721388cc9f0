"""Serve paintings over HTTP: ``python src/serve.py [adapters=FOLDER] [replicas=N]``."""

import hydra
from omegaconf import DictConfig, OmegaConf

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def serve(cfg: DictConfig) -> None:
    """Check the settings, start the replicas, and answer."""
    from impasto.base.ray_session import require_ray_serve
    from impasto.serve.settings import settings_of

    settings = settings_of(OmegaConf.to_container(cfg, resolve=True))  # type: ignore[arg-type]
    require_ray_serve()
    from impasto.serve.start import serve_paintings

    serve_paintings(settings)


@hydra.main(version_base="1.3", config_path="../conf", config_name="serve")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    serve(cfg)


if __name__ == "__main__":
    run(main)
