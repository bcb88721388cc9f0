"""Networks and torch.compile: one graph, the same numbers, and R1 in spite of it. Traced only, which is quick."""

import torch

from impasto.models.adversary import single_precision
from tests.networks.conftest import PAIRS, Pair, stirred


def test_one_graph_with_the_same_numbers(pair: Pair) -> None:
    generator = stirred(pair.g(3, 9, 14, num_classes=2)).eval()
    discriminator = stirred(pair.d(3, 9, 14, num_classes=2)).eval()
    z, labels = torch.randn(2, 6), torch.tensor([0, 1])
    pictures = generator(z, labels)
    scores = discriminator(pictures, labels)
    torch.compiler.reset()
    for network in (generator, discriminator):
        network.compile(backend="eager", fullgraph=True)
    torch.testing.assert_close(generator(z, labels), pictures, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(discriminator(pictures, labels), scores, rtol=1e-4, atol=1e-5)


def test_second_derivatives_of_a_compiled_network() -> None:
    discriminator = PAIRS["dcgan"].d(3, 8, 8)
    torch.compiler.reset()
    discriminator.compile(backend="aot_eager")
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    discriminator(x).sum().backward()
    with single_precision(torch.device("cpu"), True):
        (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert all(p.grad is not None for p in discriminator.parameters())
