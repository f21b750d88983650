"""`healthgym tasks check`: may every frozen task stay? Reference, expert, chance, nothing, salad.

A task is admitted only if its reference solution runs without an error and earns at least 0.95,
and doing nothing, chance and a keyword salad earn at most 0.15: a task that a fool can pass teaches
folly. Beside them: what the reference of a look-alike earns here (an answer learnt by heart), and
which free feature tells most (`tells.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import mean

import msgspec
from msgspec import structs

from ..agents.expert import play as expert_plays
from ..agents.random_policy import play as random_plays
from ..agents.toolcall import parse, render
from ..bus.events import EpisodeRequested, ObservationReturned
from ..bus.view import Action, View
from ..environments.run import play
from ..environments.session import request
from ..environments.tool import tools
from ..knowledge.conditions import condition, conditions
from ..knowledge.rng import stream
from ..knowledge.tasks import Task, tasks, variants
from ..knowledge.variants import variant
from ..scorers.composite import score
from .play import by_reference
from .tells import DEMOGRAPHIC, MOST, MOST_BY_PEOPLE, Tell, names_a_disorder, tells

GOOD, FOOLISH = 0.95, 0.15
TURNS = 40
Play = Callable[[View], Action]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What each player earned on one task."""

    task: str
    domain: str
    variant: str
    split: str
    reference: float
    errors: int
    """Refused calls of the reference."""
    expert: float
    random: float
    nothing: float
    salad: float
    swapped: float
    """What the reference of a look-alike with the same seed earns here."""

    @property
    def admitted(self) -> bool:
        """Whether the task may stay. Chance is judged by the mean of its domain."""
        sound = self.reference >= GOOD and not self.errors
        return sound and max(self.nothing, self.salad) <= FOOLISH


def _earned(requested: EpisodeRequested, act: Play) -> tuple[float, int]:
    events = play(requested, act, parse)
    refused = [e for e in events if isinstance(e.data, ObservationReturned) and not e.data.ok]
    return score(events).composite, len(refused)


def _salad() -> str:
    return " ".join(f"{condition(c).name} {condition(c).icd10}" for c in conditions())


def _at_once(tool: str, **arguments: object) -> Play:
    return lambda _: Action(raw=render(tool, arguments))


def examine(on: Task) -> Verdict:
    """Let every player play a task."""
    asked = request(on, agent="admission", max_turns=TURNS)
    submit = "submit_answer"
    if submit not in tools(on.domain):
        submit = next(name for name in tools(on.domain) if name.startswith("submit_"))

    def chance(view: View) -> Action:
        return random_plays(view, stream("admission", on.id, len(view.turns)))

    earned, errors = _earned(asked, by_reference(asked))
    return Verdict(
        task=on.id,
        domain=on.domain,
        variant=on.variant,
        split=on.split,
        reference=earned,
        errors=errors,
        expert=_earned(asked, expert_plays)[0],
        random=_earned(asked, chance)[0],
        nothing=_earned(asked, _at_once(submit))[0],
        salad=_earned(asked, _at_once(submit, answer=_salad(), reasoning=_salad()))[0],
        swapped=_earned(asked, by_reference(_look_alike(asked)))[0],
    )


def _look_alike(asked: EpisodeRequested) -> EpisodeRequested:
    """The same seed with the next variant of the family: of another condition, if there is one."""
    own = variant(asked.variant).condition
    family = [
        name
        for name in variants(asked.domain)
        if condition(variant(name).condition).family == condition(own).family
    ]
    others = [name for name in family if variant(name).condition != own] or family
    later = [name for name in others if name > asked.variant]
    return structs.replace(asked, variant=(later or others)[0])


def _examine(id_and_domain: tuple[str, str]) -> Verdict:
    id_, domain = id_and_domain
    return examine(next(t for t in tasks(domain) if t.id == id_))


def check(domain: str | None = None, *, processes: int = 2) -> Iterator[Verdict]:
    """Examine every frozen task (of a domain), in order, in several processes."""
    chosen = [(t.id, t.domain) for t in tasks(domain)]
    if processes == 1:
        yield from map(_examine, chosen)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_examine, chosen, chunksize=8)


def summary(verdicts: Sequence[Verdict]) -> list[dict[str, object]]:
    """One row for each domain."""
    rows: list[dict[str, object]] = []
    for name in sorted({v.domain for v in verdicts}):
        mine = [v for v in verdicts if v.domain == name]
        rows.append(
            {
                "domain": name,
                "tools": len(tools(name)),
                "variants": len({v.variant for v in mine}),
                "tasks": len(mine),
                "admitted": sum(v.admitted for v in mine),
                "reference": _both(v.reference for v in mine),
                "expert": round(mean(v.expert for v in mine), 3),
                "random": round(mean(v.random for v in mine), 3),
                "nothing": round(mean(v.nothing for v in mine), 3),
                "salad": round(mean(v.salad for v in mine), 3),
                "swapped": round(mean(v.swapped for v in mine), 3),
            }
        )
    return rows


def _both(values: Iterable[float]) -> str:
    known = list(values)
    return f"{mean(known):.3f} (least {min(known):.3f})"


def sound(verdicts: Sequence[Verdict]) -> bool:
    """Whether every task may stay and chance earns nothing in any domain."""
    rows = {name: [v.random for v in verdicts if v.domain == name] for name in _domains(verdicts)}
    return all(v.admitted for v in verdicts) and all(mean(r) <= FOOLISH for r in rows.values())


def _domains(verdicts: Sequence[Verdict]) -> list[str]:
    return sorted({v.domain for v in verdicts})


def page(verdicts: Sequence[Verdict]) -> str:
    """docs/tasks.md."""
    lines = [
        "# Tasks",
        "",
        "Generated by `healthgym tasks check --out docs/tasks.md`. A frozen task is admitted if",
        f"its reference solution runs without an error and earns at least {GOOD}, and doing",
        f"nothing and a keyword salad earn at most {FOOLISH}; chance is judged by its mean.",
        "`swapped` is what the reference of a look-alike with the same seed earns: an answer",
        "learnt by heart. Where look-alikes share the answer (a triage level), so do they this.",
        "",
        *_table(summary(verdicts)),
    ]
    refused = [v for v in verdicts if not v.admitted]
    lines += [f"Not admitted: {', '.join(v.task for v in refused) or 'none'}.", ""]
    return "\n".join([*lines, *_giving_away(_domains(verdicts))])


def _giving_away(names: Sequence[str]) -> list[str]:
    known = {name: tells(name) for name in names}
    over = [t for name in names for t in known[name] if t.auc > _most(t)]
    graver = [t for t in over if names_a_disorder(t.domain)]
    plain = [t for t in over if t not in graver and t.feature != DEMOGRAPHIC]
    return [
        "## What gives a condition away for free",
        "",
        "One condition against its look-alikes by one feature that needs no call (words of the",
        "ticket, age, sex, vital signs, history, past illness): area under the ROC curve, 200",
        f"fresh patients each. The aim is at most {MOST}, by age and sex below {MOST_BY_PEOPLE}.",
        "In `conduct` the look-alikes are one request, rightly met or rightly refused.",
        "",
        *_table([_strongest(name, found) for name, found in known.items() if found]),
        "Above the aim where the answer is a diagnosis:",
        "",
        *_table([structs.asdict(t) for t in graver]),
        f"Above {MOST} where it is not (a triage level, a reading, a review, a number): to know",
        "the condition is no answer there.",
        "",
        *_table([structs.asdict(t) for t in plain]),
    ]


def _most(tell: Tell) -> float:
    return MOST_BY_PEOPLE if tell.feature == DEMOGRAPHIC else MOST


def _strongest(domain: str, found: Sequence[Tell]) -> dict[str, object]:
    feature = next(t for t in found if t.feature != DEMOGRAPHIC)
    people = next(t for t in found if t.feature == DEMOGRAPHIC)
    return {
        "domain": domain,
        "families": len({t.family for t in found}),
        "strongest feature": f"{feature.condition}: {feature.feature}, {feature.auc:.3f}",
        DEMOGRAPHIC: f"{people.condition}, {people.auc:.3f}",
    }


def _table(rows: Sequence[Mapping[str, object]]) -> list[str]:
    if not rows:
        return ["None.", ""]
    return [
        "| " + " | ".join(rows[0]) + " |",
        "|" + "---|" * len(rows[0]),
        *("| " + " | ".join(str(v) for v in row.values()) + " |" for row in rows),
        "",
    ]
