"""Stage A's decoder with less to compute and to hold: its scalars are part of the weights, its widest maps are
never whole.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.published.stage_a import MixBlock

# A channel MLP has no norm inside, so its hidden channels can be computed in groups and their outputs added up. Whole,
# they would take
# 0.4 GB three times over for a picture of 1024×1024.
GROUPS = 4


class HiddenGroup(nn.Module):
    """The part of a channel MLP that goes through some of its hidden channels; (…, c) to (…, c).

    Weights stay what they were, so that they may be stored as float16; ONNX Runtime scales them when it loads the
    graph."""

    def __init__(self, first: Tensor, bias: Tensor, last: Tensor, scales: Tensor) -> None:
        """`scales`: of the first weight and of the last."""
        super().__init__()
        self.first, self.last = (nn.Parameter(weight.clone(), requires_grad=False) for weight in (first, last))
        for name, values in (("bias", bias.clone()), ("scales", scales)):
            self.register_buffer(name, values)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.gelu(F.linear(x, self.first * self.scales[0], self.bias)), self.last * self.scales[1])


class FoldedMix(nn.Module):
    """A MixBlock whose modulations and gates are part of the weights beside them."""

    def __init__(self, block: MixBlock) -> None:
        super().__init__()
        (scale, shift, gate, mlp_scale, mlp_shift, mlp_gate), conv = block.gammas, block.depthwise[1]
        first, last = block.channelwise[0], block.channelwise[2]
        self.register_buffer("conv", conv.weight * (1 + scale) * gate)  # (c, 1, 3, 3)
        # Edges are repeated, so they are shifted too.
        self.register_buffer("conv_bias", (conv.bias + conv.weight.sum(dim=(1, 2, 3)) * shift) * gate)
        bias, scales = first.bias + first.weight.sum(dim=1) * mlp_shift, torch.stack([1 + mlp_scale, mlp_gate])
        parts = zip(first.weight.chunk(GROUPS), bias.chunk(GROUPS), last.weight.chunk(GROUPS, dim=1), strict=True)
        self.groups = nn.ModuleList(HiddenGroup(*part, scales) for part in parts)
        self.register_buffer("last_bias", last.bias * mlp_gate)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w)."""
        x = x.permute(0, 2, 3, 1)
        shape = (x.shape[3],)
        around = F.pad(F.layer_norm(x, shape, eps=1e-6).permute(0, 3, 1, 2), (1, 1, 1, 1), mode="replicate")
        x = x + F.conv2d(around, self.conv, self.conv_bias, groups=shape[0]).permute(0, 2, 3, 1)
        y = F.layer_norm(x, shape, eps=1e-6)
        x = x + self.last_bias
        for group in self.groups:
            x = x + group(y)
        return x.permute(0, 3, 1, 2)


@torch.no_grad()
def fold_mixes(blocks: nn.Sequential) -> None:
    """Folds every MixBlock of Stage A's decoder, in place."""
    for index, block in enumerate(blocks):
        if isinstance(block, MixBlock):
            blocks[index] = FoldedMix(block)
