"""Writes what train.py writes, in a moment: the log's lines, a sheet and a style; goes on until it is stopped."""

import shutil
import signal
import sys
import time
from pathlib import Path

from PIL import Image


def main(run: Path, style: str, further: list[str]) -> None:
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
    if "fail" in further:
        sys.exit("Error: No picture here can be read; give others.")
    print("style pictures, planned_kimg 2.8, minutes 2, crop 128, canvas 288, rank 2", flush=True)
    (run / "samples").mkdir(parents=True)
    (run / "metrics.csv").write_text("images_seen,kimg,train/loss_d,train/loss_g\n1000,1.0,1.6,2.9\n2000,2.0,1.4,2.5\n")
    Image.new("RGB", (300, 150), "teal").save(run / "samples" / "000000196.png")
    shutil.copyfile(style, run / "style.safetensors")
    print("0.3/2.8 kimg, 10 img/s, 1:30 left", flush=True)
    while not stopped and "short" not in further:
        time.sleep(0.02)
    print("0.4 kimg seen, 10 img/s, 0:31", flush=True)


main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
