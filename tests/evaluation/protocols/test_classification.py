"""The classification accuracy score, on pictures whose class is their brightness."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.evaluation.protocols.classification import ClassificationProtocol, mean_over_seeds
from impasto.evaluation.real.trained_classifiers import Labelled, accuracy, augmented, no_larger


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget_notices()
    yield
    forget_notices()


def shades(each: int, seed: int) -> Labelled:
    """Dark pictures of class 0 and bright ones of class 1."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.arange(2).repeat_interleave(each)
    noise = torch.randint(0, 100, (2 * each, 1, 8, 8), generator=source)
    return Labelled((noise + 150 * labels[:, None, None, None]).to(torch.uint8), labels)


def protocol(**changes: Any) -> ClassificationProtocol:
    small = {"num_images": 8, "per_class": [4, 500], "seeds": 2, "shown": 3200, "shown_few": 1280}
    return ClassificationProtocol(**(small | changes))


def test_generated_pictures_teach_what_their_labels_say() -> None:
    real, tested = shades(20, 0), shades(50, 1)
    right = protocol().measure_sets(real, shades(20, 2), tested, {"generator_saw": 40})
    assert right.main == "cas"
    assert right.figures["cas"] == right.figures["cas_real"] == 1
    assert right.figures["cas_gain_4"] == pytest.approx(right.figures["cas_both_4"] - right.figures["cas_real_4"])
    assert "cas_real_500" not in right.figures, "there are no 500 of a class"
    assert "trained on 20 of its smallest class" in notices()["evaluation.per_class"]
    record = right.comparability["cas_both_4"]
    assert (record["trained_on"], record["generator_saw"], record["augmented"]) == ([8, 40], 40, True)

    made = shades(20, 2)
    wrong = protocol(per_class=[], rows=["cas_real", "cas"]).measure_sets(
        real, Labelled(made.pixels, 1 - made.labels), tested
    )
    assert wrong.figures["cas"] == 0, "classes exchanged"
    assert wrong.figures["cas_real"] == 1, "what real ones teach does not depend on them"
    assert set(wrong.figures) == {"cas", "cas_real"}
    with pytest.raises(UserError, match="are not some of cas, cas_real, cas_both, cas_shuffled"):
        protocol(rows=["cas_none"])


def test_the_interval_is_students_over_seeds() -> None:
    mean, record = mean_over_seeds([0.8, 0.84, 0.82], {})
    assert mean == pytest.approx(0.82)
    half = 4.302653 * 0.02 / 3**0.5  # t of 2 degrees of freedom, times the standard error
    assert record["interval"] == pytest.approx([0.82 - half, 0.82 + half], rel=1e-5)


def test_few_pictures_are_as_many_of_every_class() -> None:
    drawn = shades(20, 0).few(3, torch.Generator().manual_seed(7))
    assert drawn.labels.bincount().tolist() == [3, 3]
    assert len(drawn.pixels.flatten(1).unique(dim=0)) == 6, "none twice"


def test_augmentation_shifts_and_mirrors_whole_pictures() -> None:
    ramp = torch.arange(8).expand(8, 8)[None, None].repeat(200, 1, 1, 1)
    found = augmented(ramp, 0.25, True, torch.Generator().manual_seed(0))
    rows = {tuple(row) for row in found[:, 0, 0].tolist()}
    shifted = {tuple(min(max(x + by, 0), 7) for x in range(8)) for by in range(-2, 3)}
    assert rows == shifted | {row[::-1] for row in shifted}
    still = augmented(ramp, 0.0, False, torch.Generator().manual_seed(0))
    assert torch.equal(still, ramp)


def test_accuracy_counts_and_large_pictures_are_made_small() -> None:
    class Always(torch.nn.Module):
        def with_logits(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return images, torch.tensor([0.0, 1.0]).expand(len(images), 2)

    tested = Labelled(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.tensor([1, 1, 1, 0]))
    assert accuracy(Always(), tested) == 0.75  # type: ignore[arg-type]
    assert no_larger(torch.full((1, 3, 64, 64), 77, dtype=torch.uint8)).unique().tolist() == [77]
    assert no_larger(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape == (1, 3, 32, 32)
