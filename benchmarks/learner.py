"""The learner's update against TRL's own loss and optimiser on the same batch."""

import time
from pathlib import Path
from statistics import median

import torch

import healthgym
from healthgym.learners.batch import Batch, Sample
from healthgym.learners.trainer import Learner, tensors

MODEL = Path(healthgym.__file__).parent / "data" / "policies" / "tiny"
ROWS, PROMPT, TURNS, GIVEN, OWN = 16, 24, 8, 12, 14


def samples(seed: int) -> list[Sample]:
    """Episodes of ordinary shape: a ticket, then turns of observation and call."""
    draw = torch.Generator().manual_seed(seed)

    def ints(n: int) -> list[int]:
        return torch.randint(5, 1000, (n,), generator=draw).tolist()

    made = []
    for row in range(ROWS):
        mask = ([1] * OWN + [0] * GIVEN) * TURNS
        made.append(
            Sample(
                prompt=ints(PROMPT),
                completion=ints(len(mask)),
                mask=mask,
                logprobs=[-6.0 * m for m in mask],
                advantages=[(-1.0) ** row] * len(mask),
            )
        )
    return made


def learner() -> Learner:
    """A fresh learner on the shipped model."""
    return Learner(MODEL, None, learning_rate=1e-3, temperature=1.0, strategy="dr_grpo", seed=0)


def update_against_trl(rounds: int) -> tuple[float, float]:
    """Median seconds of one update: ours, through the queue; TRL's loss and AdamW directly."""
    ours, plain = learner(), learner()
    own = [p for p in plain.model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(own, lr=1e-3, weight_decay=0.0)
    plain.model.train()
    plain.trainer.current_gradient_accumulation_steps = 1

    def direct(batch: list[Sample]) -> None:
        loss = plain.trainer._compute_loss(plain.model, tensors(batch))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(own, 1.0)
        optimiser.step()
        optimiser.zero_grad()

    mine, theirs = [], []
    for number in range(rounds + 1):
        batch = samples(number)
        started = time.perf_counter()
        ours.learn(Batch(samples=batch, dropped=0, staleness=0.0))
        mine.append(time.perf_counter() - started)
        started = time.perf_counter()
        direct(batch)
        theirs.append(time.perf_counter() - started)
    ours.close()
    return median(mine[1:]), median(theirs[1:])
