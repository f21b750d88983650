"""Weights & Biases as one more consumer of the events; works offline.

Per update: reward, loss, dimensions, staleness. Per measurement: composite with its interval. Per
cycle: domain, validation before and after. Nothing is ever read back from it.
"""

from pathlib import Path
from typing import Any, Literal

from ..bus.events import (
    BenchmarkCompleted,
    CycleCompleted,
    DomainChosen,
    Event,
    TrainingStepped,
    owner_of,
)
from ..bus.log import Log
from .errors import ProjectionError

TYPES = ("TrainingStepped", "BenchmarkCompleted", "DomainChosen", "CycleCompleted")


def metrics(event: Event) -> dict[str, float | str]:
    """The numbers of one event, named `<agent>/<what>`."""
    name = owner_of(event.aggregate)
    match event.data:
        case TrainingStepped() as data:
            found: dict[str, float | str] = {
                "update": data.step,
                "reward": data.reward,
                "loss": data.loss,
                "staleness": data.staleness,
                "dropped": data.dropped,
                "tokens": data.tokens,
                **{f"dimension/{k}": v for k, v in data.dimensions.items()},
            }
        case BenchmarkCompleted() as data:
            how = "greedy" if data.temperature == 0 else "sampled"
            found = {
                f"test/{how}/composite": data.composite.mean,
                f"test/{how}/low": data.composite.low,
                f"test/{how}/high": data.composite.high,
                f"test/{how}/correct": data.correct,
            }
        case DomainChosen() as data:
            found = {"cycle": data.cycle, "domain": data.domain, "reason": data.reason}
        case CycleCompleted() as data:
            found = {
                "cycle": data.cycle,
                "validation/before": data.before,
                "validation/after": data.after,
                "promoted": float(data.promoted),
            }
        case _:
            found = {}
    return {f"{name}/{key}": value for key, value in found.items()}


Mode = Literal["online", "offline", "disabled", "shared"]


async def report(log: Log, project: str, mode: Mode, folder: Path) -> None:
    """Send every update, measurement and cycle to W&B, for ever.

    Raises ProjectionError if wandb is not installed.
    """
    try:
        import wandb
    except ModuleNotFoundError as error:
        raise ProjectionError(
            "the configuration asks for wandb: pip install 'healthgym[learn]'"
        ) from error
    run: Any = wandb.init(project=project, mode=mode, dir=str(folder))
    try:
        async for batch in log.records(*TYPES):
            for recorded in batch:
                run.log(metrics(recorded.event), step=recorded.sequence)
    finally:
        run.finish()
