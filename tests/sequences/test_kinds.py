"""Kinds of sequences: what is made is what it says, what is read is checked, and figures tell right from wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from impasto.base.alphabet import Alphabet, Property
from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.evaluation.protocols.restyled_text import Marks
from impasto.inference.conditions import resolve_properties
from impasto.inference.restyle_text import restyle_lines
from impasto.painters.painter import Painter
from impasto.sequences.dna import CLASSES, make_dna, markov, matrix
from impasto.sequences.files import Generated, write
from impasto.sequences.molecules import decoded, open_molecules
from impasto.sequences.motifs import recovered, shares_of_bases
from impasto.sequences.networks import SequenceDiscriminator, SequenceGenerator, draw_tokens
from impasto.sequences.proteins import TURNS, leaning, make_proteins, moments
from impasto.sequences.reviews import read
from impasto.sequences.text import open_restyled_text, open_text
from impasto.sequences.transformer import SequenceTransformer


def test_planted_motifs_are_found_where_they_are_and_not_elsewhere() -> None:
    made = make_dna(("promoter", "exon"), 600, 64, seed=3)
    for label, kind in enumerate(CLASSES):
        for site in CLASSES[kind]:
            here, elsewhere = (
                recovered(made.tokens[made.labels == each, 0], site).mean() for each in (label, 1 - label)
            )
            assert here > 0.9
            assert elsewhere < 0.45
    assert matrix("tata_box")[3, 3] == pytest.approx(0.99 * 374 / 389 + 0.0025)  # column 4 of Bucher's counts
    bases = np.bincount(markov(500, 100, np.random.default_rng(0)).ravel(), minlength=4) / 50000
    assert bases == pytest.approx(shares_of_bases(), abs=0.01)


def test_reviews_are_read_as_they_were_made_and_mistakes_are_not() -> None:
    made = open_text(count=300)
    said = [read(made.alphabet.split(row[0])) for row in made.tokens]
    assert made.labels is not None
    assert [each.tone for each in said if each is not None] == made.labels.tolist()
    assert read(["the", "waiters", "were", "rude", "and", "we", "hated", "the", "soup"]) is not None
    for wrong in (
        "the waiters was rude",  # number
        "the soup was rude",  # kind
        "the soup was stale and we loved the fish",  # both praise and complaint
        "the soup was",
        "",
    ):
        assert read(wrong.split()) is None, wrong


def test_helices_turn_as_helices_and_strands_as_strands() -> None:
    made = make_proteins(200, 48)
    rows = [made.tokens[made.labels == label, 0] for label in (0, 1)]
    assert leaning(rows[0]).mean() > 0.6 > 0.4 > leaning(rows[1]).mean()
    for ours, other, degrees in zip(rows, rows[::-1], TURNS.values(), strict=True):
        assert moments(ours, degrees).mean() > 1.4 * moments(other, degrees).mean()


def test_smiles_are_read_and_written_again_and_bad_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / "some.smi").write_text("CCO ethanol\nC1CC\nc1ccccc1O phenol\nCC(=O)O\n[Na+].[Cl-]\n" + "C" * 50 + "\n")
    (tmp_path / "more.csv").write_text("name,SMILES\npropane,CCC\n")
    (tmp_path / "wide.csv").write_text("SMILES\n" + "C" * 200_000 + "\n")
    found = open_molecules(12, str(tmp_path), ["logp", "weight"], least=1)
    assert sorted(found.names) == ["CC(=O)O", "CCC", "CCO", "Oc1ccccc1"]
    assert [name for name, _ in found.bad] == ["some.smi:2", "wide.csv"]
    assert found.known["left_out"] == 2  # the salt, and the long one
    assert decoded(found.alphabet, found.tokens[:, 0]) == list(found.names)
    assert found.properties is not None
    ethanol = list(found.names).index("CCO")
    assert found.properties[ethanol, 1] == pytest.approx(46.07, abs=0.01)
    assert found.vectors is not None
    assert found.vectors.mean(0) == pytest.approx(0, abs=1e-5)
    given = Generated(found.alphabet, found.tokens[:1], ["000000"], "made")
    assert write(tmp_path / "out", given)[0].read_text() == f"{found.names[0]} 000000\n"


def test_gumbel_noise_draws_tokens_as_often_as_a_softmax_says_and_gradients_go_through() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(20000, 3)[:, :, None, None].clone().requires_grad_()
    drawn = draw_tokens(logits, torch.randn(20000, 3, 1, 1), 1.0, soft=False)
    assert drawn.detach().mean(0).flatten().tolist() == pytest.approx([0.5, 0.3, 0.2], abs=0.015)
    assert torch.allclose(drawn.detach().amax(1), torch.ones(20000, 1, 1))
    assert torch.allclose(drawn.detach().sum(1), torch.ones(20000, 1, 1))
    drawn[:, 0].sum().backward()
    assert logits.grad is not None
    assert (logits.grad[:, 0] > 0).all()
    assert (logits.grad[:, 1:] < 0).all()


@pytest.mark.parametrize("kind", [SequenceDiscriminator, SequenceTransformer])
def test_discriminators_tell_places_apart_and_can_be_penalised(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    network = kind(4, 2, 20, num_classes=3, features=8, minibatch_std=False)
    x = torch.rand(3, 4, 2, 20, requires_grad=True)
    scores = network(x, torch.tensor([0, 1, 2]))
    first = scores[0] if isinstance(scores, list) else scores
    assert first.shape == (3,)
    (slope,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
    assert not torch.allclose(network(x.flip(3), torch.tensor([0, 1, 2]))[0], scores[0])


def painter_told(told: tuple[Property, ...]) -> Painter:
    spec = ImageSpec(4, 1, 12, condition_dim=len(told), alphabet=Alphabet(tuple("ABCD"), "text", properties=told))
    network = SequenceGenerator(4, 1, 12, condition_dim=len(told), latent_dim=4, features=8, depth=1)
    return Painter(network, spec, ("latent", "vector") if told else ("latent",)).eval()


def test_properties_are_asked_for_by_name_in_their_own_units() -> None:
    painter = painter_told((Property("logp", 2.0, 0.5), Property("weight", 300.0, 100.0)))
    found = resolve_properties({"logp": 3.0}, None, painter)
    assert found is not None
    assert found.tolist() == [[2.0, 0.0]]
    assert painter.sample(2, condition=found.expand(2, -1)).shape == (2, 4, 1, 12)
    with pytest.raises(UserError, match=r"properties.qed is no property of this model: it is told logp, weight"):
        resolve_properties({"qed": 1.0}, None, painter)
    with pytest.raises(UserError, match=r"set properties.logp=NUMBER"):
        resolve_properties({}, None, painter)
    assert resolve_properties({}, None, painter_told(())) is None


class Swaps(nn.Module):
    """Turns the first word of the alphabet into the second."""

    def forward(self, content: torch.Tensor) -> torch.Tensor:
        return content[:, [0, 2, 1, 3]]


def test_lines_are_restyled_and_those_with_unknown_words_stay() -> None:
    alphabet = Alphabet(("", "bad", "good", "food"), "text", " ")
    spec = ImageSpec(4, 1, 3, alphabet=alphabet)
    painter = Painter(Swaps(), spec, ("content",), spec)
    lines, left = restyle_lines(painter, alphabet, ["bad food", "", "bad coffee", "bad food bad food"], 3)
    assert lines == ["good food", "", "bad coffee", "bad food bad food"]
    assert left == 2


def test_words_that_mark_a_style_are_told_from_those_that_say_what_it_is_about() -> None:
    parts = open_restyled_text(count=2000)
    marks = Marks(parts["content"], parts["style"])
    tokens = parts["content"].alphabet.tokens
    assert {"stale", "hated"} <= {tokens[i] for i in np.flatnonzero(marks.of_content)}
    assert {"fresh", "loved"} <= {tokens[i] for i in np.flatnonzero(marks.of_style)}
    before = parts["content"].tokens[:50]
    swapped = marks.swapped(before)
    assert marks.kept(before, swapped).mean() > 0.95
    assert not marks.of_content[swapped[:, 0, 1:]].any()
    with pytest.raises(UserError, match=r"data.content and data.style go together"):
        open_restyled_text(content="a.txt")


def test_convolutions_that_see_the_draws_let_a_token_depend_on_its_neighbours() -> None:
    torch.manual_seed(0)
    z = torch.randn(1, 4 + 4 * 12 + 4 * 12)
    other = z.clone()
    other[0, -1] += 5.0  # the draw of the last token of the last place
    for sees in (False, True):
        network = SequenceGenerator(4, 1, 12, latent_dim=4, features=8, depth=1, sees_draws=sees).eval()
        logits = []
        network.leave.register_forward_hook(lambda _, __, found, kept=logits: kept.append(found))
        with torch.no_grad():
            network(z), network(other)
        changed = (logits[0] - logits[1]).abs().amax((0, 1)) > 0
        assert changed.any() == sees


def test_a_discriminator_scores_places_their_sum_or_neither() -> None:
    x = torch.rand(2, 4, 1, 20)
    shapes = {}
    for local in ("places", "whole", "none"):
        network = SequenceDiscriminator(4, 1, 20, features=8, local=local, minibatch_std=False)
        shapes[local] = [tuple(each.shape) for each in network(x)]
    assert shapes == {"places": [(2,), (2, 20)], "whole": [(2,), (2,)], "none": [(2,)]}
    with pytest.raises(UserError, match=r"local=some is not known"):
        SequenceDiscriminator(4, 1, 20, local="some")  # type: ignore[arg-type]
