"""Two processes with half the batch each are one process with all of it."""

import multiprocessing
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from impasto.networks.article import ArticleGenerator
from impasto.networks.layers.dropout import ChannelDropout
from impasto.networks.layers.head import MinibatchDeviation
from impasto.networks.layers.norm import BatchNorm, ConditionalNorm
from impasto.networks.resnet_translation import TranslationGenerator


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = [ConditionalNorm("batch", 5, 3), nn.Conv2d(5, 4, 3), ConditionalNorm("batch", 4)]
    return nn.ModuleList([*layers, ChannelDropout(0.3), MinibatchDeviation(2)]).double()


def scores(net: nn.Module, x: Tensor, c: Tensor) -> Tensor:
    torch.manual_seed(2)
    first, middle, second, dropout, deviation = net  # type: ignore[misc]
    return deviation(dropout(second(middle(first(x, c))))).square().mul(torch.arange(1.0, 6.0)[:, None, None]).mean()


def results(net: nn.Module, x: Tensor, c: Tensor, processes: int) -> dict[str, Tensor]:
    """This process's part of the gradients of (mean loss + gradient penalty), and the buffers."""
    x = x.clone().requires_grad_()
    loss = scores(net, x, c) / processes
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    (loss + 100 * gradient.square().sum()).backward()
    out = {name: p.grad for name, p in net.named_parameters() if p.grad is not None}
    return {**out, **dict(net.named_buffers()), "x": x.grad, "loss": loss.detach()}  # type: ignore[dict-item]


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{folder}/rendezvous", rank=rank, world_size=2)
    x, c = torch.load(f"{folder}/x.pt")
    mine = slice(4 * rank, 4 * rank + 4)
    torch.save(results(network(), x[mine], c[mine], 2), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.parametrize(
    "network",
    [
        ArticleGenerator(1, 8, 8, latent_dim=4, dense=8),
        TranslationGenerator(features=4, blocks=1, norm="batch", dropout=0.1),
    ],
)
def test_networks_have_no_layer_that_looks_at_one_process_alone(network: nn.Module) -> None:
    kinds = {type(module) for module in network.modules()}
    assert BatchNorm in kinds
    assert not kinds & {nn.BatchNorm1d, nn.BatchNorm2d, nn.Dropout, nn.Dropout2d}


def test_two_processes_are_one(tmp_path: Path) -> None:
    """Batch statistics, their first and second derivatives, dropout and minibatch deviation."""
    torch.manual_seed(1)
    x, c = torch.randn(8, 5, 6, 7).double() * 2 + 30, torch.randn(8, 3).double()
    torch.save((x, c), tmp_path / "x.pt")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=work, args=(rank, str(tmp_path))) for rank in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(90)
        assert worker.exitcode == 0
    halves = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for name, whole in results(network(), x, c, 1).items():
        first, second = halves[0][name], halves[1][name]
        if name == "x":
            together = torch.cat([first, second])
        elif "running" in name:
            together = first
            torch.testing.assert_close(first, second, rtol=0, atol=0)
        else:
            together = first + second
        torch.testing.assert_close(together, whole, rtol=1e-5, atol=1e-8, msg=lambda text, name=name: f"{name}: {text}")
