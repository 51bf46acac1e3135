"""What a training run will cost, before it starts: parameters, arithmetic, memory, hours here and on named GPUs."""

import time
from dataclasses import dataclass

import torch
from rich.table import Table
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from wuerstchen.config import OptimiserConfig
from wuerstchen.training.precision import autocast
from wuerstchen.training.trainer import Trainer

MEASURED_STEPS = 3
# Share of the peak that training reaches. Large networks in mixed precision report 30 to 50 %; small ones wait for
# memory and kernels, so for configurations of a few million parameters these hours are a lower bound.
ASSUMED_UTILISATION = 0.3
# Dense bfloat16 TFLOP/s with float32 accumulation, from NVIDIA's data sheets; half of a figure that is with sparsity.
GPU_TFLOPS = {
    "A100": 312,  # A100 Tensor Core GPU data sheet: 312, 624 with sparsity
    "H100 SXM": 989,  # H100 data sheet: 1,979 with sparsity
    "H200 SXM": 989,  # H200 data sheet: 1,979 with sparsity
    "L4": 121,  # L4 data sheet: 242 with sparsity
    "T4": 65,  # T4 data sheet: 65 in float16; this generation has no bfloat16 units
    "RTX 4090": 165,  # Ada GPU architecture whitepaper: 165.2, 330.4 with sparsity
}


@dataclass(frozen=True)
class Estimate:
    """Bytes are of one process that holds everything (DDP); FSDP shards all but the activations."""

    stage: str
    parameters: int
    trained: int
    steps: int
    flops_step: int
    activation_bytes: int
    seconds_step: float
    read: int = 0

    @property
    def memory_bytes(self) -> int:
        """Weights and their average 4 bytes each; gradient 4 and Adam's two moments 8 for each trained one;
        activations; 4 for each parameter of a frozen network that is read.
        """
        return 8 * self.parameters + 12 * self.trained + self.activation_bytes + 4 * self.read

    @property
    def hours(self) -> float:
        return self.steps * self.seconds_step / 3600

    def gpu_hours(self, gpu: str) -> float:
        return self.steps * self.flops_step / (GPU_TFLOPS[gpu] * 1e12 * ASSUMED_UTILISATION) / 3600


def estimate(trainer: Trainer, plan: OptimiserConfig) -> Estimate:
    """Takes a few real steps of a fresh run (not compiled). With a critic, steps at which it takes part."""
    trainer.step = trainer.run.critic.from_step if trainer.run.critic else 0
    activations = _activation_bytes(trainer, plan)
    with FlopCounterMode(display=False) as counter:
        trainer.advance(print)
    start = time.perf_counter()
    for _ in range(MEASURED_STEPS):
        trainer.advance(print)
    seconds = (time.perf_counter() - start) / MEASURED_STEPS
    parts = [*trainer.run.modules.parameters(), *(trainer.run.critic.parts.parameters() if trainer.run.critic else [])]
    trained = sum(p.numel() for p in parts if p.requires_grad)
    total = sum(p.numel() for p in parts)
    read = sum(p.numel() for p in trainer.run.reads.parameters() if not p.requires_grad)
    return Estimate(trainer.run.name, total, trained, plan.steps, counter.get_total_flops(), activations, seconds, read)


def saved_bytes(parts: nn.Module, forward: torch.nn.Module | object) -> int:
    """Bytes that `forward()` keeps for the backward pass, each storage once, parameters left out."""
    own, sizes = {parameter.untyped_storage().data_ptr() for parameter in parts.parameters()}, {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = forward()  # held until counted: a freed address would be given out twice
    del kept
    return sum(sizes.values())


def _activation_bytes(trainer: Trainer, plan: OptimiserConfig) -> int:
    """Of one micro-batch: the next one reuses the memory."""
    trainer.learner.begin(trainer.step)

    def forward() -> Tensor:
        with autocast(plan.precision, trainer.shares[0].device):
            return trainer.run.loss(trainer.step, trainer.shares[0])[0]

    return saved_bytes(nn.ModuleList([trainer.run.modules, trainer.run.reads]), forward)


def table(estimates: list[Estimate]) -> Table:
    """One column a stage and one for the sum."""
    view = Table(
        title=f"Training, estimated. GPUs: peak bfloat16 × {ASSUMED_UTILISATION:.0%} utilisation (assumed); "
        "small networks reach less"
    )
    view.add_column("")
    for column in (*[e.stage for e in estimates], *(["all"] if len(estimates) > 1 else [])):
        view.add_column(column, justify="right")

    def row(label: str, values: list[float], form: str, total: str = "sum") -> None:
        shown = [form.format(value) for value in values]
        if len(values) > 1:
            shown.append({"sum": form.format(sum(values)), "max": form.format(max(values)), "": ""}[total])
        view.add_row(label, *shown)

    row("parameters, million", [e.parameters / 1e6 for e in estimates], "{:.2f}")
    row("steps", [e.steps for e in estimates], "{:,}")
    row("TFLOP a step", [e.flops_step / 1e12 for e in estimates], "{:.4f}", "")
    row("PFLOP in all", [e.flops_step * e.steps / 1e15 for e in estimates], "{:,.3f}")
    row("activations, GiB", [e.activation_bytes / 2**30 for e in estimates], "{:.2f}", "max")
    row("memory in all, GiB", [e.memory_bytes / 2**30 for e in estimates], "{:.2f}", "max")
    row("seconds a step, measured here", [e.seconds_step for e in estimates], "{:.3f}", "")
    row("hours here, not compiled", [e.hours for e in estimates], "{:.2f}")
    for gpu in GPU_TFLOPS:
        row(f"hours on one {gpu}", [e.gpu_hours(gpu) for e in estimates], "{:.4f}")
    return view
