"""Which number format is fast on this device."""

import logging
from pathlib import Path

import torch

log = logging.getLogger("impasto")


def choose_precision(wanted: str, accelerator: str) -> str:
    """The Lightning precision for ``precision=``.

    Args:
        wanted: ``auto``, or a Lightning precision, which is returned as it is.
        accelerator: ``cpu``, ``gpu``, ``mps`` or ``auto``.

    Returns:
        ``bf16-mixed`` if the device multiplies bfloat16 in hardware, else ``32-true``.
    """
    if wanted != "auto":
        return wanted
    on_gpu = accelerator in ("gpu", "cuda", "auto") and torch.cuda.is_available()
    fast = torch.cuda.is_bf16_supported(including_emulation=False) if on_gpu else _cpu_has_bf16()
    if accelerator == "mps" or (accelerator == "auto" and not on_gpu and torch.backends.mps.is_available()):
        fast = False  # second derivatives fail in half precision there
    log.info("precision=auto: %s", "bf16-mixed" if fast else "32-true")
    return "bf16-mixed" if fast else "32-true"


def _cpu_has_bf16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
