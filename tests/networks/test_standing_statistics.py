import pytest
import torch
from torch import nn

from impasto.networks.layers.norm import BatchNorm
from impasto.networks.standing_statistics import running_norms, standing_statistics


@pytest.mark.parametrize("make", [nn.BatchNorm1d, BatchNorm])
def test_statistics_are_the_mean_over_batches(make: type[nn.Module]) -> None:
    network = nn.Sequential(make(1), nn.Dropout(0.5)).eval()
    batches = [torch.tensor([[1.0], [3.0]]), torch.tensor([[10.0], [14.0]])]  # means 2 and 12, variances 2 and 8
    standing_statistics(network, [lambda batch=batch: network(batch) for batch in batches])
    (norm,) = running_norms(network)
    assert norm.running_mean.item() == pytest.approx(7)
    assert norm.running_var.item() == pytest.approx(5)
    assert norm.momentum == 0.1
    assert not any(module.training for module in network.modules())
