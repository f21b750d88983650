"""Does GRPO help? One small model, before and after, without a bus.

Trains on the training variants of one domain and measures on those of another split with seeds
that nothing else uses, sampled and greedy. Choose recipes by `--split validation`. Prints progress;
`--json FILE` keeps every number.

Example: python -m healthgym.benchmarks.grpo_offline --updates 60 --json grpo.json
"""

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from healthgym.agents.transformer import Model
from healthgym.benchmarks.arena import play_all
from healthgym.bus.episode import Episode
from healthgym.bus.events import EpisodeRequested, Sampling, digest
from healthgym.environments.session import request
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import task, variants
from healthgym.learners.trainer import Learner

DIMENSIONS = ("accuracy", "process", "safety", "format", "coherence")
TRAIN_SEED, TEST_SEED = 5_000_000, 7_000_000


def asked(
    domain: str, variant: str, seed: int, sampling: Sampling, version: str, **more: Any
) -> EpisodeRequested:
    chosen = task(f"{domain}:{variant}:{seed}")
    return request(
        chosen, agent="tiny", policy_version=version, sampling=sampling, max_turns=20, **more
    )


def measure(
    model: Model, version: str, arguments: argparse.Namespace, temperature: float
) -> dict[str, Any]:
    """Means over unseen patients of the split's variants, with the standard error."""
    count, domain, seed = arguments.patients, arguments.domain, 11
    names = variants(domain, arguments.split)
    law = Sampling(temperature=temperature, seed=seed, max_new_tokens=80)
    requests = [
        asked(domain, names[i % len(names)], TEST_SEED + i, law, version, purpose="test", index=i)
        for i in range(count)
    ]
    episodes: list[Episode] = []
    for start in range(0, count, 64):
        episodes += play_all(requests[start : start + 64], model.act_batch)
    scores = [e.scored for e in episodes if e.scored is not None]
    composite = [s.composite for s in scores]
    mean = sum(composite) / count
    spread = math.sqrt(sum((c - mean) ** 2 for c in composite) / max(1, count - 1) / count)
    out: dict[str, Any] = {
        "composite": round(mean, 4),
        "standard_error": round(spread, 4),
        "correct": round(sum(s.correct for s in scores) / count, 4),
        "critical": round(sum(any(f.severity == 5 for f in s.findings) for s in scores) / count, 4),
        "turns": round(sum(len(e.turns) for e in episodes) / count, 2),
        "submitted": round(
            sum(e.ended is not None and e.ended.reason == "submitted" for e in episodes) / count, 4
        ),
    }
    out["refused"] = dict(
        Counter(
            f"{t.observation.code} {getattr(t.action, 'tool', '')}".strip()
            for e in episodes
            for t in e.turns
            if t.observation is not None and not t.observation.ok
        ).most_common(8)
    )
    for name in DIMENSIONS:
        out[name] = round(sum(getattr(s, name).score for s in scores) / count, 4)
    return out


def rollout(
    model: Model, version: str, update: int, arguments: argparse.Namespace
) -> list[list[Episode]]:
    """Groups of one update: `groups` patients, each played `rollouts` times."""
    names = variants(arguments.domain, "train")
    draw = stream("grpo", arguments.seed, update)
    requests = []
    for group in range(arguments.groups):
        name, seed = draw.choice(names), TRAIN_SEED + draw.integer(0, 999_999)
        for index in range(arguments.rollouts):
            law = Sampling(
                temperature=arguments.temperature, seed=arguments.seed, max_new_tokens=80
            )
            requests.append(
                asked(
                    arguments.domain,
                    name,
                    seed,
                    law,
                    version,
                    purpose="train",
                    group=f"{update}.{group}",
                    index=index,
                    group_size=arguments.rollouts,
                )
            )
    played = play_all(requests, model.act_batch)
    size = arguments.rollouts
    return [played[i : i + size] for i in range(0, len(played), size)]


def tell(label: str, row: dict[str, Any]) -> None:
    parts = " ".join(f"{k[:3]} {row[k]:.3f}" for k in DIMENSIONS)
    print(
        f"{label:24s} composite {row['composite']:.3f}±{row['standard_error']:.3f} "
        f"correct {row['correct']:.2f} {parts} turns {row['turns']} refused {row['refused']}",
        flush=True,
    )


def evaluate(model: Model, version: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Sampled and greedy play on the split's variants."""
    out = {}
    for name, temperature in (("sampled", arguments.temperature), ("greedy", 0.0)):
        out[name] = measure(model, version, arguments, temperature)
        tell(f"{version[:8] or 'base'} {name}", out[name])
    return out


def experiment(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure, train, measure."""
    model = Model(arguments.model)
    learner = Learner(
        arguments.model,
        None,
        learning_rate=arguments.learning_rate,
        temperature=arguments.temperature,
        strategy=arguments.strategy,
        seed=arguments.seed,
        minibatch=arguments.minibatch,
    )
    before = evaluate(model, "", arguments)
    version, versions, history = "", {"": 0}, []
    checkpoints: dict[str, Any] = {}
    for update in range(arguments.updates):
        clock = time.process_time()
        groups = rollout(model, version, update, arguments)
        played = time.process_time()
        result = learner.update(groups, versions=versions, now=update)
        adapter = learner.adapter()
        version = digest(adapter)
        versions[version] = update + 1
        model.load_adapter(version, adapter)
        scored = [e.scored for group in groups for e in group if e.scored is not None]
        row = {
            "update": update + 1,
            "reward": round(sum(s.composite for s in scored) / len(scored), 4),
            "loss": round(result.loss, 5),
            "tokens": result.tokens,
            "dropped": result.dropped,
            "cpu_rollout": round(played - clock, 2),
            "cpu_update": round(time.process_time() - played, 2),
        }
        row |= {
            d: round(sum(getattr(s, d).score for s in scored) / len(scored), 4) for d in DIMENSIONS
        }
        history.append(row)
        print(json.dumps(row), flush=True)
        if (
            arguments.every
            and (update + 1) % arguments.every == 0
            and update + 1 < arguments.updates
        ):
            checkpoints[str(update + 1)] = evaluate(model, version, arguments)
    after = evaluate(model, version, arguments)
    learner.close()
    if arguments.adapter:
        arguments.adapter.write_bytes(learner.adapter())
    setting = {k: str(v) if isinstance(v, Path) else v for k, v in vars(arguments).items()}
    return {
        "settings": setting,
        "before": before,
        "checkpoints": checkpoints,
        "after": after,
        "history": history,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    shipped = Path(__file__).resolve().parents[1] / "data" / "policies" / "tiny"
    parser.add_argument("--model", type=Path, default=shipped)
    parser.add_argument("--domain", default="clinical_diagnosis")
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--groups", type=int, default=4)
    parser.add_argument("--rollouts", type=int, default=8)
    parser.add_argument("--minibatch", type=int, default=16)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--strategy", default="grpo")
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--every", type=int, default=0, help="measure after every N updates")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file for all numbers")
    parser.add_argument("--adapter", type=Path, help="file for the last adapter")
    chosen = parser.parse_args(arguments)
    result = experiment(chosen)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
