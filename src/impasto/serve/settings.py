"""The settings of the service, checked before anything is loaded; imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.base.checks import check_number
from impasto.base.errors import UserError
from impasto.base.visitors import LOOPBACK, Limits, is_loopback, token_for


@dataclass(frozen=True)
class Settings:
    """Of ``conf/serve.yaml``, with what it leaves open filled in.

    Attributes:
        checkpoint: as given; None for the base that comes along.
        adapters: folder of styles; None for none.
        kept: most styles that a replica holds ready.
        replicas: processes that paint.
        cores: of each; None shares those of this machine out.
        batch: most pictures that are painted at once; None takes what the device gains from.
        limits: of pictures.
        max_waiting: requests that are answered at a time.
        host: address that is listened on.
        port: likewise.
        token: what those who ask must know; None for a service for this machine alone.
        device: of the painter.
        direction: likewise.
        trust: likewise.
    """

    checkpoint: str | None
    adapters: Path | None
    kept: int
    replicas: int
    cores: int | None
    batch: int | None
    limits: Limits
    max_waiting: int
    host: str
    port: int
    token: str | None
    device: str
    direction: str | None
    trust: tuple[str, ...]


def settings_of(cfg: Mapping[str, Any]) -> Settings:
    """The settings of a configuration.

    Raises:
        UserError: one does not fit.
    """
    for name in ("kept", "replicas", "max_megabytes", "max_megapixels", "max_waiting", "port"):
        check_number(name, cfg[name], 1)
    for name in ("cores", "batch"):
        if cfg[name] is not None:
            check_number(name, cfg[name], 1)
    if cfg["port"] > 65535:
        raise UserError(f"port={cfg['port']} does not fit: give a number from 1 to 65535.")
    host = str(cfg["host"] or LOOPBACK)
    return Settings(
        checkpoint=cfg["checkpoint"],
        adapters=existing_folder(cfg["adapters"]),
        kept=cfg["kept"],
        replicas=cfg["replicas"],
        cores=cfg["cores"],
        batch=cfg["batch"],
        limits=Limits(cfg["max_megabytes"] * 10**6, cfg["max_megapixels"] * 10**6),
        max_waiting=cfg["max_waiting"],
        host=host,
        port=cfg["port"],
        token=token_for(cfg["token"], reached_by_others=not is_loopback(host)),
        device=cfg["device"],
        direction=cfg["direction"],
        trust=tuple(cfg["trust"]),
    )


def existing_folder(value: object) -> Path | None:
    """The folder of adapters; None for none.

    Raises:
        UserError: it is not there.
    """
    if value is None:
        return None
    path = Path(str(value)).expanduser()
    if not path.is_dir():
        raise UserError(f"adapters={path} is no folder; give one that holds adapters (.safetensors).")
    return path.resolve()
