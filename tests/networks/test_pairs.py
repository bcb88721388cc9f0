"""What every generator and discriminator must do, at many sizes."""

import io
from typing import Any

import pytest
import torch

from impasto.base.errors import UserError
from impasto.networks.layers.resample import Resize
from tests.networks.conftest import PAIRS, Pair, stirred

SIZES = [(1, 28, 28), (3, 37, 53), (3, 96, 64), (3, 256, 256), (4, 7, 19), (3, 16, 130)]
DISCRIMINATOR_OPTIONS: list[dict[str, Any]] = [
    {},
    {"conditioning": "concat"},
    {"conditioning": "none"},
    {"sigmoid": True},
]


@pytest.mark.parametrize("size", SIZES)
def test_any_size(pair: Pair, size: tuple[int, int, int]) -> None:
    generator, discriminator = pair.g(*size), pair.d(*size)
    pictures = generator(torch.randn(2, 6), None)
    assert pictures.shape == (2, *size)
    scores = discriminator(pictures, None)
    assert scores.shape == (2,)
    assert scores.isfinite().all()
    assert generator.latent_dim == 6
    assert discriminator.sigmoid is False


def test_colours_stay_in_range_in_evaluation(pair: Pair) -> None:
    generator = stirred(pair.g(3, 16, 16)).eval()
    assert generator(10 * torch.randn(8, 6)).abs().max() <= 1


def test_too_small_a_picture_is_refused(conv_pair: Pair) -> None:
    for make in (conv_pair.g, conv_pair.d):
        with pytest.raises(UserError, match=r"6x32 are too small.*at least 7 pixels"):
            make(3, 6, 32)


def test_numbers_that_make_no_sense_are_named(pair: Pair) -> None:
    for make in (pair.g, pair.d):
        with pytest.raises(UserError, match=r"depth=0; give 1 or more\."):
            make(3, 16, 16, depth=0)
    with pytest.raises(UserError, match="latent_dim=0"):
        pair.generator(3, 16, 16, latent_dim=0)
    with pytest.raises(UserError, match=r"attention\[1\]=-3"):
        PAIRS["dcgan"].d(3, 16, 16, attention=[8, -3])
    with pytest.raises(UserError, match=r"dropout=1\.5"):
        PAIRS["dcgan"].d(3, 16, 16, dropout=1.5)


@pytest.mark.parametrize("options", DISCRIMINATOR_OPTIONS)
def test_gradient_reaches_every_weight(pair: Pair, options: dict[str, Any]) -> None:
    generator = stirred(pair.g(3, 19, 16, num_classes=3))
    discriminator = stirred(pair.d(3, 19, 16, num_classes=3, **options))
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    pictures = generator(torch.randn(6, 6), labels)
    discriminator(pictures, labels).square().sum().backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("attention", [[], [8]])
@pytest.mark.parametrize("conditioning", ["concat", "norm"])
def test_labels_and_vectors_change_the_picture(conv_pair: Pair, conditioning: str, attention: list[int]) -> None:
    z = torch.randn(1, 6).expand(2, 6)
    labelled = conv_pair.g(1, 16, 16, num_classes=2, conditioning=conditioning, attention=attention).eval()
    stirred(labelled)
    a, b = labelled(z, torch.tensor([0, 1]))
    assert not torch.allclose(a, b)
    steered = stirred(conv_pair.g(1, 16, 16, num_classes=2, condition_dim=3, conditioning=conditioning)).eval()
    a, b = steered(z, torch.randn(2, 3))
    assert not torch.allclose(a, b)


@pytest.mark.parametrize("conditioning", ["projection", "concat"])
def test_labels_and_vectors_change_the_score(pair: Pair, conditioning: str) -> None:
    x = torch.randn(1, 1, 16, 16).expand(2, 1, 16, 16)
    labelled = stirred(pair.d(1, 16, 16, num_classes=2, conditioning=conditioning)).eval()
    a, b = labelled(x, torch.tensor([0, 1]))
    assert a != b
    steered = stirred(pair.d(1, 16, 16, num_classes=2, condition_dim=3, conditioning=conditioning)).eval()
    a, b = steered(x, torch.randn(2, 3))
    assert a != b


def test_a_network_without_condition_leaves_it_alone(pair: Pair) -> None:
    generator = pair.g(1, 16, 16, num_classes=2, conditioning="none").eval()
    discriminator = pair.d(1, 16, 16, num_classes=2, conditioning="none").eval()
    z, x, labels = torch.randn(2, 6), torch.randn(2, 1, 16, 16), torch.tensor([0, 1])
    torch.testing.assert_close(generator(z, labels), generator(z, None))
    torch.testing.assert_close(discriminator(x, labels), discriminator(x, None))


def test_a_wrong_condition_is_named(pair: Pair) -> None:
    for network, given in (
        (pair.g(1, 16, 16, num_classes=2), torch.randn(2, 6)),
        (pair.d(1, 16, 16, num_classes=2), torch.randn(2, 1, 16, 16)),
    ):
        with pytest.raises(UserError, match=r"got none; pass integer labels of shape \(N,\), 0 to 1"):
            network(given, None)
        with pytest.raises(UserError, match=r"float32 of shape \(2, 3\); pass integer labels"):
            network(given, torch.randn(2, 3))
    with pytest.raises(UserError, match=r"int64 of shape \(2,\); pass float vectors of shape \(N, 3\)"):
        pair.g(1, 16, 16, condition_dim=3)(torch.randn(2, 6), torch.tensor([0, 1]))
    with pytest.raises(UserError, match="no conditioning 'sideways'"):
        pair.d(1, 16, 16, num_classes=2, conditioning="sideways")


def test_gradient_of_the_gradient(pair: Pair) -> None:
    """R1 through every discriminator: the directional derivative of |grad D|^2 agrees with a difference quotient."""
    options = {} if pair.generator.__name__ == "MLPGenerator" else {"attention": [8]}
    discriminator = stirred(pair.d(2, 11, 16, num_classes=2, **options)).double().eval()
    labels = torch.tensor([0, 1])
    x, step = torch.randn(2, 2, 11, 16, dtype=torch.float64), torch.randn(2, 2, 11, 16, dtype=torch.float64)

    def squared_gradient(images: torch.Tensor) -> torch.Tensor:
        (gradient,) = torch.autograd.grad(discriminator(images, labels).sum(), images, create_graph=True)
        return gradient.square().sum()

    at = x.clone().requires_grad_()
    (second,) = torch.autograd.grad(squared_gradient(at), at, allow_unused=True)
    exact = torch.zeros(()) if second is None else (second * step).sum()
    h = 1e-6
    ends = [squared_gradient((x + s * h * step).requires_grad_()) for s in (1, -1)]
    torch.testing.assert_close(exact.double(), (ends[0] - ends[1]) / (2 * h), rtol=1e-3, atol=1e-6)


def test_r1_reaches_every_weight_but_biases_of_the_end(pair: Pair) -> None:
    discriminator = stirred(pair.d(2, 16, 16, num_classes=2))
    x = torch.randn(2, 2, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(discriminator(x, torch.tensor([0, 1])).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    weights = [p for name, p in discriminator.named_parameters() if "bias" not in name]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in weights)


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_spectral_norm_and_its_state(spectral_norm: bool) -> None:
    for name in PAIRS:
        make = PAIRS[name].d
        network = make(3, 16, 16, num_classes=2, spectral_norm=spectral_norm)
        x, labels = torch.randn(2, 3, 16, 16), torch.tensor([0, 1])
        for _ in range(30):
            network(x, labels)
        network.eval()
        matrices = [
            m.weight.flatten(1)
            for m in network.modules()
            if isinstance(m, torch.nn.Conv2d | torch.nn.Linear | torch.nn.Embedding)
        ]
        largest = torch.stack([torch.linalg.matrix_norm(m, 2) for m in matrices])
        assert torch.allclose(largest, torch.ones_like(largest), atol=0.05) == spectral_norm, name
        file = io.BytesIO()
        torch.save(network.state_dict(), file)
        file.seek(0)
        other = make(3, 16, 16, num_classes=2, spectral_norm=spectral_norm).eval()
        other.load_state_dict(torch.load(file, weights_only=True))
        torch.testing.assert_close(other(x, labels), network(x, labels), rtol=0, atol=0)


@pytest.mark.parametrize("norm", ["batch", "instance", "layer", "pixel", "none"])
@pytest.mark.parametrize("depth", [1, 2])
def test_every_norm_and_depth(norm: str, depth: int) -> None:
    for name in ("dcgan", "resnet", "r3gan"):
        generator = PAIRS[name].g(3, 16, 24, num_classes=2, norm=norm, depth=depth, dropout=0.2, attention=[8])
        discriminator = PAIRS[name].d(3, 16, 24, num_classes=2, norm=norm, depth=depth, dropout=0.2, attention=[8])
        labels = torch.tensor([0, 1])
        scores = discriminator(generator(torch.randn(2, 6), labels), labels)
        scores.sum().backward()
        assert scores.isfinite().all()
    with pytest.raises(UserError, match="no normalisation 'group'; set norm to one of batch, instance"):
        PAIRS["dcgan"].g(3, 16, 16, norm="group")


def test_sigmoid_squashes(pair: Pair) -> None:
    x = torch.randn(3, 1, 16, 16)
    raw, squashed = pair.d(1, 16, 16).eval(), pair.d(1, 16, 16, sigmoid=True).eval()
    squashed.load_state_dict(raw.state_dict())
    assert squashed.sigmoid
    torch.testing.assert_close(squashed(x), torch.sigmoid(raw(x)))


def test_no_memory_is_needed_to_check_a_network(pair: Pair) -> None:
    with torch.device("meta"):
        generator, discriminator = pair.g(3, 64, 64, num_classes=9), pair.d(3, 64, 64, num_classes=9)
    assert {p.device.type for n in (generator, discriminator) for p in n.parameters()} == {"meta"}


def test_memory_format_is_kept(conv_pair: Pair) -> None:
    """Channels-last pictures stay so through every block, and bfloat16 stays bfloat16."""
    generator = conv_pair.g(3, 32, 32, num_classes=2).to(memory_format=torch.channels_last)
    discriminator = conv_pair.d(3, 32, 32, num_classes=2).to(memory_format=torch.channels_last)
    seen: list[torch.Tensor] = []
    for network in (generator, discriminator):
        for name, module in network.named_modules():
            if name and "parametrizations" not in name and not isinstance(module, Resize):  # a picture stays float32
                module.register_forward_hook(lambda m, i, out: seen.append(out) if torch.is_tensor(out) else None)
    labels = torch.tensor([0, 1])
    with torch.autocast("cpu", torch.bfloat16):
        discriminator(generator(torch.randn(2, 6), labels), labels)
    maps = [x for x in seen if x.ndim == 4 and x.shape[1] > 1 and min(x.shape[2:]) > 1]
    assert len(maps) > 10
    assert all(x.is_contiguous(memory_format=torch.channels_last) for x in maps)
    assert {x.dtype for x in maps} == {torch.bfloat16}
