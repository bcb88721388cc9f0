import os
import pickle
from pathlib import Path

import pytest
import torch

from impasto.errors import UserError
from impasto.run.resume import last_checkpoint, read_checkpoint


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def test_a_pickle_with_code_in_it_is_not_run(tmp_path: Path) -> None:
    marker, path = tmp_path / "run", tmp_path / "model.ckpt"
    torch.save({"impasto": Malicious(marker)}, path)
    with pytest.raises(UserError, match="was not opened"):
        read_checkpoint(path)
    assert not marker.exists()
    path.write_bytes(pickle.dumps(Malicious(marker)))
    with pytest.raises(UserError):
        read_checkpoint(path)
    assert not marker.exists()


def test_a_file_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    torch.save({"impasto": {"weights": torch.zeros(1000)}}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match="damaged or cut short"):
        read_checkpoint(path)


def test_not_ours_and_not_there(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(UserError, match="not a checkpoint of this project"):
        read_checkpoint(path)
    with pytest.raises(UserError, match="does not exist"):
        read_checkpoint(tmp_path / "none.ckpt")
    with pytest.raises(UserError, match=r"last\.ckpt is missing"):
        last_checkpoint(tmp_path)
