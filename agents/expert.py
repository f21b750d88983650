"""The scripted expert of every domain as a policy, and a clumsy one that errs by the seed."""

from ..knowledge.rng import Stream, stream
from .experts import Call, script
from .policy import Action, View
from .toolcall import render


def proposals(view: View) -> list[Call]:
    """What the expert would do now, the most urgent first; never empty."""
    return script(view.started.domain).proposals(view)


def play(view: View) -> Action:
    """The expert's next action."""
    first = proposals(view)[0]
    return Action(raw=render(first.tool, first.arguments))


def imperfect(view: View, skill: float, rng: Stream) -> Action:
    """The same script with seeded mistakes; `skill` in [0, 1], 1 makes none.

    Mistakes: steps out of order, an early answer, a drug or a diagnosis of a look-alike, and now
    and then a text that is no call.
    """
    domain = script(view.started.domain)
    options = domain.proposals(view)
    chosen, slip = options[0], rng.uniform()
    fault = rng.uniform() if slip < (1 - skill) * 0.35 else 1.0
    if fault < 0.4:
        chosen = rng.choice(options[: min(len(options), 4)])
    elif fault < 0.55:
        chosen = rng.choice(domain.slips(view))
    elif fault < 0.85:
        chosen = rng.choice(domain.harms(view)) or chosen
    elif fault < 0.92:
        return Action(raw=render(chosen.tool, chosen.arguments)[: rng.integer(1, 12)])
    if chosen.tool.startswith("submit_") and rng.bernoulli((1 - skill) * 0.3):
        chosen = rng.choice(domain.slips(view))
    return Action(raw=render(chosen.tool, chosen.arguments))


class ExpertPolicy:
    """The expert (or, with a skill below 1, an imperfect one) as a policy."""

    def __init__(self, skill: float = 1.0) -> None:
        self._skill = skill

    async def act(self, view: View) -> Action:
        """The next action; seeded by the episode's name and the turn."""
        if self._skill >= 1:
            return play(view)
        return imperfect(view, self._skill, stream("imperfect", view.episode, len(view.turns)))

    async def close(self) -> None:
        """Nothing is held."""


async def open_policy(model: str, fetch: object) -> ExpertPolicy:  # noqa: ARG001 - no weights
    """Open the expert; `model` may be a skill between 0 and 1, "" is 1. Raises ValueError."""
    return ExpertPolicy(float(model) if model else 1.0)
