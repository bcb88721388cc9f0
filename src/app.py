"""A page to paint, learn a style, watch runs and compare paintings: ``python src/app.py``."""

import hydra
from omegaconf import DictConfig

from impasto.run.command_line.entry import checked, report_user_errors, run


@report_user_errors
@checked
def app(cfg: DictConfig) -> None:
    """Build the page and answer until it is ended."""
    from impasto.app.settings import settings_from
    from impasto.app.start import serve

    serve(settings_from(cfg))


@hydra.main(version_base="1.3", config_path="../conf", config_name="app")
def main(cfg: DictConfig) -> None:
    """Entry point."""
    app(cfg)


if __name__ == "__main__":
    run(main)
