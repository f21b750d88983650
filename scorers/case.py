"""What a judge sees: the ended episode beside the hidden truth, step by step."""

from collections.abc import Iterable, Sequence

import msgspec

from ..bus.episode import Turn, fold
from ..bus.events import Answer, EpisodeRequested, Event, SafetyFinding
from ..knowledge.conditions import Condition, Forbidden, Judgement, Required, condition
from ..knowledge.domains import questions
from ..knowledge.drugs import Allergy, allergic, drug, formulary
from ..knowledge.forks import patient_of
from ..knowledge.patients import GENERATOR_VERSION, Patient
from ..knowledge.world import World, evolve, holds, open_world
from .errors import OtherVersion, Unfinished


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One answered turn, with the world before and after it."""

    turn: Turn
    before: World
    after: World
    items: tuple[str, ...]
    """What the call did and showed: its effect's item, then every fact it revealed."""
    done: str
    """The committed act: the effect's item, "" for none."""
    new: tuple[str, ...]
    """Facts first observed in this turn."""

    @property
    def ok(self) -> bool:
        """The call succeeded."""
        return self.turn.observation is not None and self.turn.observation.ok

    @property
    def tool(self) -> str:
        """The tool that was called, "" for an unparsable text."""
        return getattr(self.turn.action, "tool", "")

    @property
    def n(self) -> int:
        """Position of the observation in the chain."""
        return self.turn.observed_n

    @property
    def at(self) -> int:
        """Simulated microsecond at which the call was answered."""
        return self.turn.observed_at

    @property
    def number(self) -> int:
        """Number of the turn, from 1."""
        return self.turn.action.turn

    @property
    def drug(self) -> str:
        """Id of the drug that went in, "" for none."""
        return self.done.removeprefix("drug:") if self.done.startswith("drug:") else ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An ended episode and its truth."""

    requested: EpisodeRequested
    patient: Patient
    condition: Condition
    steps: tuple[Step, ...]
    answer: Answer
    ended_n: int
    end: int
    """Simulated microsecond at which the episode ended."""
    opening: World
    world: World
    """The world at the end."""

    @property
    def judgement(self) -> Judgement:
        """What the domain asks of this patient, and what it forbids."""
        return questions(self.requested.domain).judgement(self.patient)

    @property
    def empty(self) -> bool:
        """Nothing structured was answered."""
        return not (self.answer.icd10_code or self.answer.disposition or self.answer.fields)


def _step(before: World, turn: Turn) -> Step:
    observation = turn.observation
    if observation is None:
        return Step(turn=turn, before=before, after=before, items=(), done="", new=())
    after = evolve(before, observation, turn.observed_at)
    effect = observation.effect
    done = effect.item if effect is not None and observation.ok else ""
    shown = tuple(observation.reveals) if observation.ok else ()
    return Step(
        turn=turn,
        before=before,
        after=after,
        items=(done, *shown) if done else shown,
        done=done,
        new=after.observed[len(before.observed) :],
    )


def open_case(events: Sequence[Event]) -> Case:
    """Rebuild the patient and walk the world beside the turns.

    Raises Unfinished or OtherVersion, and UnknownVariant where the patient does not exist.
    """
    episode = fold(events)
    requested, ended = episode.requested, episode.ended
    if requested is None or ended is None:
        raise Unfinished(f"{episode.aggregate or 'no events'}: not an ended episode")
    if requested.generator != GENERATOR_VERSION:
        raise OtherVersion(f"generator {requested.generator}, this code has {GENERATOR_VERSION}")
    patient = patient_of(requested)
    opening = world = open_world(patient)
    steps: list[Step] = []
    for turn in episode.turns:
        steps.append(_step(world, turn))
        world = steps[-1].after
    return Case(
        requested=requested,
        patient=patient,
        condition=condition(patient.condition),
        steps=tuple(steps),
        answer=ended.answer or Answer(),
        ended_n=episode.ended_n,
        end=max(world.now, episode.at if ended.answer else world.now),
        opening=opening,
        world=world,
    )


def named(pattern: str, items: Iterable[str]) -> bool:
    """Whether a pattern (`lab:lactate`, `class:nsaid`, `consult:*`) names one of the items."""
    if pattern.endswith("*"):
        return any(item.startswith(pattern[:-1]) for item in items)
    if pattern.startswith("class:"):
        return any(_drug_is(item, pattern) for item in items)
    return pattern in items


def _drug_is(item: str, pattern: str) -> bool:
    return item.startswith("drug:") and drug(item.removeprefix("drug:")).matches(pattern)


def names_any(patterns: Sequence[str], items: Sequence[str]) -> bool:
    """Whether any of the patterns names any of the items."""
    return any(named(p, items) for p in patterns)


def observed_decisive(alternatives: Iterable[Sequence[str]], observed: Sequence[str]) -> bool:
    """Whether all facts of one alternative have been seen."""
    return any(all(fact in observed for fact in facts) for facts in alternatives)


def applies(required: Required, case: Case) -> bool:
    """Whether a requirement holds for this patient: its predicates at arrival, and not waived."""
    if not all(holds(p, case.opening, 0) for p in required.when):
        return False
    return not (required.unless_allergic and _all_allergic(required.any_of, case.patient.allergies))


def _all_allergic(patterns: Sequence[str], charted: Sequence[Allergy]) -> bool:
    real = [a for a in charted if a.true]
    options = [d for d in formulary().drugs.values() if any(d.matches(p) for p in patterns)]
    return bool(options) and all(allergic(real, d.id) for d in options)


def commits(step: Step, forbidden: Forbidden, earlier: Sequence[str]) -> bool:
    """Whether a step commits a forbidden act; `earlier` are the items of the steps before it."""
    return (
        bool(step.done)
        and names_any(forbidden.any_of, (step.done,))
        and all(holds(p, step.before, step.at) for p in forbidden.when)
        and not names_any(forbidden.unless_done, earlier)
    )


def finding(
    rule: str, severity: int, event: int, note: str, evidence: Sequence[int] = ()
) -> SafetyFinding:
    """A safety finding, its rule id in capitals."""
    return SafetyFinding(
        rule=rule.upper(), severity=severity, event=event, evidence=list(evidence), note=note
    )
