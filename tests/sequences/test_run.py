"""A run on sequences: train, resume, generate a FASTA, measure; what is for pictures refuses."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

from impasto.api.training import train
from impasto.base.errors import UserError
from impasto.base.files import read_json
from impasto.base.notices import notices
from impasto.evaluation.measure import measure
from impasto.inference.generate import generate
from impasto.painters.loading import load_painter, of_pictures
from impasto.sequences.fasta import FILES, class_of
from impasto.sequences.module import SequenceDataModule
from impasto.sequences.text import open_text
from tests.training import CONF, composed, weights

TINY = (
    *("data=dna", "data.count=200", "data.length=60", "data.kinds=[promoter,exon]"),
    *("data.batch_size=8", "callbacks.guard=null", "callbacks.monitor=null"),
)
NETWORKS = (
    *("model=sequence", "model.generator.features=8", "model.generator.depth=1", "model.discriminator.features=8"),
    *("model.generator.latent_dim=4", "penalty.r1.every=2"),
)
MEASURED = ("evaluation=dna", "evaluation.num_sequences=40", "evaluation.lstm_kimg=0.1", "evaluation.ngram_orders=[2]")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dna")
    train(composed(folder, *TINY, *NETWORKS, *MEASURED, "kimg=0.064"))
    return folder


def test_a_run_measures_itself_beside_its_controls_and_shows_its_sequences(run: Path) -> None:
    summary = read_json(run / "summary.json")
    assert summary["main_metric"] == "kmer_divergence_by_place"
    shown = summary["metrics"]["motif_tata_box"]
    assert set(shown["controls"]) == {"3-gram", "n-gram, best order", "LSTM", "real, trained on"}
    assert shown["controls"]["real, trained on"] > 0.8 > shown["controls"]["3-gram"]
    assert summary["data"]["classes"] == ["promoter", "exon"]
    assert summary["data"]["made"].startswith("by code")
    assert (run / "samples" / "000000064.png").is_file()


def test_resuming_gives_the_same_weights_as_a_run_in_one_go(run: Path, tmp_path: Path) -> None:
    train(composed(tmp_path, *TINY, *NETWORKS, "kimg=0.032", "evaluation=none"))
    train(composed(tmp_path, *TINY, *NETWORKS, "kimg=0.064", "evaluation=none", f"resume={tmp_path}"))
    whole, resumed = (weights(folder)["state_dict"] for folder in (run, tmp_path))
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_generated_sequences_are_a_fasta_that_depends_on_seed_and_number_alone(run: Path, tmp_path: Path) -> None:
    painter = load_painter(run)
    for _ in generate(painter, tmp_path / "many", 6, seed=3, grid=2):
        pass
    for _ in generate(painter, tmp_path / "few", 2, seed=3):
        pass
    lines = (tmp_path / "many" / "sequences.fasta").read_text().splitlines()
    assert [line.split()[:2] for line in lines[:3:2]] == [[">000000", "promoter"], [">000001", "exon"]]
    assert len(lines) == 12
    assert all(len(line) == 60 and set(line) <= set("ACGT") for line in lines[1::2])
    assert (tmp_path / "few" / "sequences.fasta").read_text().splitlines() == lines[:4]
    assert (tmp_path / "many" / "grid.png").is_file()
    with pytest.raises(UserError, match="already holds sequences"):
        list(generate(painter, tmp_path / "few", 2))


def test_what_is_for_pictures_says_that_these_are_sequences(run: Path) -> None:
    with pytest.raises(UserError, match=r"makes sequences, and export.py is for pictures"):
        of_pictures(load_painter(run), "export.py")


def test_evaluate_measures_a_checkpoint_as_its_run_did(run: Path) -> None:
    with initialize_config_dir(CONF, version_base="1.3"):
        cfg = compose("evaluate", [f"checkpoint={run}"])
    found = measure(cfg)
    then = read_json(run / "summary.json")["metrics"]
    assert found.figures["kmer_divergence"] == pytest.approx(then["kmer_divergence"]["final"], abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["model=cgan", "evaluation=dna"], "learns from image, the data has sequence"),
        (["model=sequence", "evaluation=dna", "augment=diffaugment"], "augment= changes pictures"),
        (["model=sequence"], "NoiseProtocol needs data with the part image"),
        (["model=sequence", "evaluation=dna", "model.latent=uniform"], "tokens are drawn by normal noise"),
        (
            ["model=sequence", "evaluation=dna", "data.data_seed=1", "data.kinds=[virus]"],
            "data.kinds=virus is not known",
        ),
        (["model=sequence", "evaluation=dna", "model.generator.kernel=4"], "kernel=4 has no middle"),
    ],
)
def test_what_is_for_pictures_or_not_known_is_refused(settings: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        train(composed(tmp_path, *TINY, *settings, "kimg=0.01"))


def test_a_folder_of_fasta_is_read_and_what_is_broken_is_listed(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0)
    for kind in ("human", "mouse"):
        records = ("".join(numbers.choice(list("ACGT"), 70)) for _ in range(12))
        (tmp_path / f"{kind}.fa").write_text("".join(f">{kind}{i}\n{text}\n" for i, text in enumerate(records)))
    (tmp_path / "mouse.fa").open("a").write(">odd\nACGTNNNN\n")
    packed = gzip.compress((tmp_path / "mouse.fa").read_bytes())
    (tmp_path / "mouse.fna.gz").write_bytes(packed[:60] + b"\xff" * 60 + packed[120:])
    (tmp_path / "noise.fasta").write_bytes(b"\xff\xfe\x00")
    own: list[Any] = [*TINY, *NETWORKS, f"data.root={tmp_path}", "kimg=0.016", "evaluation=none"]
    train(composed(tmp_path / "run", *own, "data.max_bad_share=0.2"))
    summary = read_json(tmp_path / "run" / "summary.json")
    assert summary["data"]["classes"] == ["human", "mouse"]
    rows = (tmp_path / "run" / "bad_sequences.csv").read_text()
    assert 'mouse.fa:odd,"it has N, which is none of A, C, G and T"' in rows
    assert "noise.fasta,cannot be read" in rows
    assert "mouse.fna.gz,cannot be read" in rows
    assert [class_of(part, FILES) for part in ("chr1.v2.fa.gz", "GRCh38.p14", "b.FASTA")] == [
        "chr1.v2",
        "GRCh38.p14",
        "b",
    ]


def test_what_does_not_fit_is_left_out_and_a_notice_says_how_much(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two three\none two\nthree two\n" + "one " * 9 + "\n")
    data = SequenceDataModule(sequences=open_text, root=str(tmp_path), length=4, holdout=0.0)
    data.prepare_data()
    assert len(data.sequences("train")) == 3
    assert any("1 of 4 sequences" in said and "raise data.length" in said for said in notices().values())
