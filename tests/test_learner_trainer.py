"""The learner against an oracle: TRL's loss is the GRPO loss written out by hand."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")
# ruff: noqa: E402 - what follows needs the `learn` extra

import healthgym
from healthgym.bus.weights import adapter_config
from healthgym.learners import checkpoint
from healthgym.learners.batch import Batch, Sample
from healthgym.learners.errors import BadAdapter, LearnerError, UnknownStrategy
from healthgym.learners.strategies import strategies, strategy
from healthgym.learners.trainer import LONGEST, Learner

pytestmark = [
    pytest.mark.learn,
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
TINY = Path(healthgym.__file__).parent / "data" / "policies" / "tiny"
TEMPERATURE = 0.8
RATE = 1e-3


def learner(name: str = "grpo", adapter: bytes | None = None, seed: int = 1) -> Learner:
    return Learner(
        TINY, adapter, learning_rate=RATE, temperature=TEMPERATURE, strategy=name, seed=seed
    )


def plain_logprobs(model: torch.nn.Module, s: Sample) -> torch.Tensor:
    """One unpadded episode: log-probability of every completion token."""
    ids = torch.tensor([s.prompt + s.completion])
    logits = model(input_ids=ids).logits[0, len(s.prompt) - 1 : -1] / TEMPERATURE
    return logits.log_softmax(-1).gather(-1, ids[0, len(s.prompt) :, None])[:, 0]


def recorded(model: torch.nn.Module, seed: int, rows: int = 6) -> list[Sample]:
    """Episodes of uneven length, played by a policy that has moved on since."""
    draw = torch.Generator().manual_seed(seed)

    def ints(n: int) -> list[int]:
        return torch.randint(5, 1000, (n,), generator=draw).tolist()

    out = []
    for row in range(rows):
        turns, mask = [], []
        for turn in range(3):
            given = 0 if turn == 0 else 4 + row
            own = 5 + (row * 7 + turn) % 6
            turns += ints(given + own)
            mask += [0] * given + [1] * own
        advantage = (-1.0) ** row * (0.5 + 0.3 * row)
        sample = Sample(
            prompt=ints(4 + row), completion=turns, mask=mask, logprobs=[], advantages=[]
        )
        with torch.no_grad():
            now = plain_logprobs(model, sample)
        noise = 0.3 * torch.randn(len(mask), generator=draw)
        was = ((now + noise) * torch.tensor(mask)).tolist()
        out.append(
            Sample(
                prompt=sample.prompt,
                completion=turns,
                mask=mask,
                logprobs=was,
                advantages=[advantage] * len(mask),
            )
        )
    return out


def oracle_loss(model: torch.nn.Module, samples: list[Sample], name: str) -> torch.Tensor:
    """The clipped surrogate, an episode at a time, without padding."""
    loss = strategy(name).loss
    sums, counts = [], []
    with torch.no_grad(), model.disable_adapter():
        base = [plain_logprobs(model, s) for s in samples]
    for s, start in zip(samples, base, strict=True):
        mask = torch.tensor(s.mask, dtype=torch.float)
        ratio = torch.exp(plain_logprobs(model, s) - torch.tensor(s.logprobs))
        advantage = torch.tensor(s.advantages)
        clipped = ratio.clamp(1 - loss.clip_low, 1 + loss.clip_high)
        each = -torch.min(ratio * advantage, clipped * advantage)
        away = start - plain_logprobs(model, s)
        each = each + loss.kl * ratio * (torch.exp(away) - away - 1)
        sums.append((each * mask).sum())
        counts.append(mask.sum())
    total, count = torch.stack(sums), torch.stack(counts)
    if loss.type == "grpo":
        return (total / count).mean()
    if loss.type == "dr_grpo":
        return total.sum() / (len(samples) * LONGEST)
    return total.sum() / count.sum()


def oracle_update(model: torch.nn.Module, batches: list[list[Sample]], name: str) -> list[float]:
    own = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(own, lr=RATE, weight_decay=0.0)
    losses = []
    for samples in batches:
        loss = oracle_loss(model, samples, name)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(own, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss))
    return losses


def loss_of(teacher: Learner, samples: list[Sample]) -> float:
    """TRL's loss without a step."""
    teacher.model.eval()
    inputs = teacher.trainer._generate_and_score_completions(samples)
    with torch.no_grad():
        return float(teacher.trainer._compute_loss(teacher.model, inputs))


def lora(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("name", strategies())
def test_trl_agrees_with_the_loss_written_by_hand(name: str) -> None:
    mine, theirs = learner(name), learner(name)
    start = lora(mine.model)
    assert all(torch.equal(v, start[k]) for k, v in lora(theirs.model).items())
    batches = [recorded(mine.model, seed) for seed in range(3)]
    expected = oracle_update(mine.model, batches, name)
    got = [
        theirs.learn(Batch(samples=samples, dropped=0, staleness=0.0)).loss for samples in batches
    ]
    theirs.close()
    assert got == pytest.approx(expected, abs=1e-4)
    moved = max(float((v - start[k]).abs().max()) for k, v in lora(mine.model).items())
    assert moved > 1e-3
    reached = lora(theirs.model)
    off = torch.cat([(v - reached[k]).abs().flatten() for k, v in lora(mine.model).items()])
    # AdamW divides by the gradient's size: where that is nearly zero, rounding decides the step.
    assert float((off > 1e-4).float().mean()) < 1e-4
    assert float(off.max()) < 2 * RATE


def test_the_ratio_is_against_the_policy_that_acted() -> None:
    teacher = learner()
    samples = recorded(teacher.model, 5)
    shifted = [
        Sample(
            prompt=s.prompt,
            completion=s.completion,
            mask=s.mask,
            logprobs=[p + 0.05 * m for p, m in zip(s.logprobs, s.mask, strict=True)],
            advantages=s.advantages,
        )
        for s in samples
    ]
    expected = [float(oracle_loss(teacher.model, s, "grpo")) for s in (samples, shifted)]
    assert abs(expected[0] - expected[1]) > 1e-3
    got = [loss_of(teacher, s) for s in (samples, shifted)]
    assert got == pytest.approx(expected, abs=1e-4)


def test_given_tokens_move_nothing() -> None:
    teacher = learner()
    samples = recorded(teacher.model, 6)
    loud = [
        Sample(
            prompt=s.prompt,
            completion=s.completion,
            mask=s.mask,
            logprobs=[p if m else -9.0 for p, m in zip(s.logprobs, s.mask, strict=True)],
            advantages=[a if m else 1e6 for a, m in zip(s.advantages, s.mask, strict=True)],
        )
        for s in samples
    ]
    assert loss_of(teacher, samples) == pytest.approx(loss_of(teacher, loud), abs=1e-7)


def test_an_adapter_comes_back_bit_equal() -> None:
    teacher = learner()
    samples = recorded(teacher.model, 7)
    teacher.learn(Batch(samples=samples, dropped=0, staleness=0.0))
    teacher.close()
    adapter = teacher.adapter()
    assert adapter == teacher.adapter()
    assert adapter_config(adapter) == teacher.adapter_config()
    assert adapter_config(adapter)["r"] == teacher.lora_rank
    again = learner(adapter=adapter, seed=99)
    assert again.adapter() == adapter


def test_bytes_that_are_no_adapter_are_refused() -> None:
    good = learner().adapter()
    for bad in (b"", b"junk", good[:-100], good.replace(b'"r\\": 16', b'"r\\": 17')):
        with pytest.raises(BadAdapter):
            checkpoint.restore(learner().model, bad)


def test_unknown_strategies_and_missing_models_are_said() -> None:
    with pytest.raises(UnknownStrategy, match="grpo"):
        learner("nonsense")
    with pytest.raises(LearnerError, match=r"config\.json"):
        Learner(TINY / "no", None, learning_rate=1e-3, temperature=1, strategy="grpo", seed=0)
