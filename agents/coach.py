"""REFLECT and CHOOSE: pure functions of the logbook and a seed.

What an agent knows of itself and of its peers is a `Logbook`, folded from `EpisodeScored`. The
motives are those of the gym's personality weights; every choice records what else was weighed.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec

from ..bus.events import EpisodeScored, Event, owner_of
from ..knowledge.rng import stream

RECENT = 50
PLATEAU_WINDOW = 5
PLATEAU_SPREAD = 0.03
PLATEAU_CEILING = 0.90
STRENGTH_MARGIN = 0.1
PEER_GAP = 0.15
HERD_WINDOW = 20
HERD_ENTROPY = 0.5
DEFAULT_WEIGHTS = {
    "curiosity": 0.15,
    "weakness": 0.35,
    "peer_learning": 0.20,
    "diversity": 0.15,
    "mastery_push": 0.10,
    "safety": 0.05,
}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's recent episodes in one domain."""

    episodes: int = 0
    recent: tuple[float, ...] = ()
    violations: int = 0
    errors: tuple[tuple[str, int], ...] = ()
    best: tuple[tuple[float, str], ...] = ()
    """Best recent trajectories: composite and aggregate."""

    @property
    def mean(self) -> float:
        """Mean composite of the recent episodes, 0 without any."""
        return math.fsum(self.recent) / len(self.recent) if self.recent else 0.0


class Logbook(msgspec.Struct, frozen=True, kw_only=True):
    """What all agents have done: agent -> domain -> record, and the latest workouts."""

    records: dict[str, dict[str, Record]] = {}
    workouts: tuple[tuple[str, str], ...] = ()
    """(agent, domain) of the latest workouts of all agents."""

    def of(self, agent: str, domain: str) -> Record:
        """An agent's record in a domain."""
        return self.records.get(agent, {}).get(domain, Record())


def error_kind(scored: EpisodeScored) -> str:
    """Why an episode went wrong, "" for one that went well."""
    if any(f.severity >= 4 for f in scored.findings):
        return "safety_violation"
    if scored.correct and scored.composite >= 0.6:
        return ""
    if scored.format.score < 0.8:
        return "tool_use_failure"
    if scored.turns <= 3:
        return "premature_stop"
    return "reasoning_error"


def note(book: Logbook, event: Event) -> Logbook:
    """The logbook after one more event."""
    agent = owner_of(event.aggregate)
    if event.type == "WorkoutPlanned":
        domain = getattr(event.data, "domain", "")
        return msgspec.structs.replace(
            book, workouts=(*book.workouts, (agent, domain))[-HERD_WINDOW:]
        )
    if not isinstance(event.data, EpisodeScored):
        return book
    scored = event.data
    old = book.of(agent, scored.domain)
    errors = dict(old.errors)
    if kind := error_kind(scored):
        errors[kind] = errors.get(kind, 0) + 1
    fresh = Record(
        episodes=old.episodes + 1,
        recent=(*old.recent, scored.composite)[-RECENT:],
        violations=old.violations + any(f.severity >= 5 for f in scored.findings),
        errors=tuple(sorted(errors.items())),
        best=tuple(sorted([*old.best, (scored.composite, event.aggregate)], reverse=True)[:3]),
    )
    domains = {**book.records.get(agent, {}), scored.domain: fresh}
    return msgspec.structs.replace(book, records={**book.records, agent: domains})


class Reflection(msgspec.Struct, frozen=True, kw_only=True):
    """REFLECT: an agent's strengths, weaknesses, plateaus and errors."""

    means: dict[str, float]
    strengths: list[str]
    weaknesses: list[str]
    plateaus: list[str]
    errors: dict[str, int]


def reflect(book: Logbook, agent: str, domains: Sequence[str]) -> Reflection:
    """Look at an agent's own record over its domains."""
    means = {d: round(book.of(agent, d).mean, 6) for d in domains if book.of(agent, d).episodes}
    overall = math.fsum(means.values()) / len(means) if means else 0.0
    errors: dict[str, int] = {}
    for domain in domains:
        for kind, count in book.of(agent, domain).errors:
            errors[kind] = errors.get(kind, 0) + count
    return Reflection(
        means=means,
        strengths=[d for d, m in means.items() if m > overall + STRENGTH_MARGIN],
        weaknesses=[d for d, m in means.items() if m < max(0.5, overall - STRENGTH_MARGIN)],
        plateaus=[d for d in means if _plateau(book.of(agent, d))],
        errors=dict(sorted(errors.items())),
    )


def _plateau(record: Record) -> bool:
    last = record.recent[-PLATEAU_WINDOW:]
    return (
        len(last) == PLATEAU_WINDOW
        and max(last) - min(last) < PLATEAU_SPREAD
        and max(last) < PLATEAU_CEILING
    )


def motives(book: Logbook, agent: str, domain: str) -> dict[str, float]:
    """How strongly each motive speaks for a domain, each in [0, 1], before weighting."""
    record = book.of(agent, domain)
    peers = [b.get(domain, Record()) for name, b in book.records.items() if name != agent]
    peer = max((p.mean for p in peers if p.episodes), default=0.0)
    gap = peer - record.mean
    return {
        "curiosity": 1.0 if not record.episodes else 0.9 if record.episodes < 10 else 0.1,
        "weakness": 0.8 if record.mean < 0.5 else 0.5 if record.mean < 0.7 else 0.1,
        "peer_learning": min(1.0, 3 * gap) if gap > PEER_GAP else 0.0,
        "diversity": 1.0 - _share(book.workouts, domain),
        "mastery_push": 1.0 if 0.80 <= record.mean < 0.90 else 0.0,
        "safety": min(1.0, 0.3 * record.violations),
    }


def _share(workouts: Sequence[tuple[str, str]], domain: str) -> float:
    return sum(d == domain for _, d in workouts) / len(workouts) if workouts else 0.0


def herding(book: Logbook, domains: Sequence[str]) -> str:
    """The domain that all agents crowd into, "" if there is none.

    Entropy of the latest workouts over all domains, normalised by log(number of domains).
    """
    if len(domains) < 2 or len(book.workouts) < HERD_WINDOW // 2:
        return ""
    shares = {d: _share(book.workouts, d) for d in domains}
    entropy = -math.fsum(p * math.log(p) for p in shares.values() if p > 0)
    crowd = max(sorted(shares), key=lambda d: shares[d])
    crowded = entropy / math.log(len(domains)) < HERD_ENTROPY and shares[crowd] > 0.5
    return crowd if crowded else ""


def advice(book: Logbook, agent: str, domain: str) -> tuple[str, list[str]]:
    """Peer to learn a domain from, and its best recent trajectories; ("", []) if none is ahead.

    The peer must be ahead by more than PEER_GAP on the mean of recent episodes.
    """
    own = book.of(agent, domain).mean
    peers = {
        name: records[domain]
        for name, records in book.records.items()
        if name != agent and domain in records and records[domain].mean > own + PEER_GAP
    }
    if not peers:
        return "", []
    best = max(sorted(peers), key=lambda name: peers[name].mean)
    return best, [episode for _, episode in peers[best].best]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """CHOOSE: a domain, what else was weighed, and why."""

    domain: str
    alternatives: dict[str, dict[str, float]]
    reason: str


def choose(
    book: Logbook,
    agent: str,
    domains: Sequence[str],
    weights: Mapping[str, float],
    *,
    seed: int,
    cycle: int,
) -> Choice:
    """Pick the next domain: weighted motives, a crowd avoided, ties broken by the seed."""
    crowd = herding(book, domains)
    plateaus = reflect(book, agent, domains).plateaus
    alternatives: dict[str, dict[str, float]] = {}
    for domain in domains:
        values = {
            name: round(weights.get(name, 0.0) * value, 6)
            for name, value in motives(book, agent, domain).items()
        }
        total = math.fsum(values.values())
        total *= 0.5 if domain in plateaus and len(domains) > 1 else 1.0
        total *= 0.5 if domain == crowd else 1.0
        alternatives[domain] = {**values, "total": round(total, 6)}
    draw = stream(seed, "choose", agent, cycle)
    order = {domain: draw.uniform() for domain in domains}
    best = max(domains, key=lambda d: (alternatives[d]["total"], order[d]))
    strongest = max(
        (name for name in alternatives[best] if name != "total"),
        key=lambda name: alternatives[best][name],
    )
    return Choice(domain=best, alternatives=alternatives, reason=strongest)
