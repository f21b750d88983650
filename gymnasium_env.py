"""`BioAgent-v0`: one clinical episode as a gymnasium environment of texts.

The observation is what the agent reads: first the ticket, the policy and the tools, then the answer
to each call. The action is the agent's text: `{"name": ..., "arguments": {...}}`. The reward is the
composite score, given when the episode ends.
"""

from typing import Any, SupportsFloat

import gymnasium
import msgspec
from gymnasium import spaces

from .agents.toolcall import parse
from .bus.events import Event, canonical, episode, opaque_id
from .bus.view import Action, acted
from .environments.run import Record
from .environments.session import Session, open_session, opening, request, respond
from .knowledge.rng import stream
from .knowledge.tasks import Task, task, tasks
from .scorers.composite import score

MOST_CHARACTERS = 200_000


class AnyText(spaces.Text):
    """Every text up to a length, in any script: clinical text has newlines and units."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        super().__init__(max_length=most, min_length=0)

    def contains(self, x: Any) -> bool:
        """Whether it is a text short enough."""
        return isinstance(x, str) and len(x) <= self.max_length


class BioAgentEnv(gymnasium.Env[str, str]):
    """One task after another of a domain; `options={"task_id": ...}` on reset names one."""

    metadata = {"render_modes": ["ansi", "human"], "render_fps": 1}

    def __init__(
        self,
        domain: str = "clinical_diagnosis",
        task_id: str | None = None,
        split: str = "train",
        max_turns: int = 24,
        render_mode: str | None = None,
    ) -> None:
        self.domain = domain
        self.render_mode = render_mode
        self.observation_space = AnyText()
        self.action_space = AnyText()
        self._max_turns = max_turns
        self._fixed = task(task_id) if task_id is not None else None
        self._pool = tasks(domain, split)
        self._episodes = 0
        self._session: Session | None = None
        self._record = Record("", "gymnasium")

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Start an episode: of `options["task_id"]`, the fixed task, or one drawn by the seed."""
        super().reset(seed=seed)
        if seed is not None:
            self._episodes = 0
        chosen = self._choose((options or {}).get("task_id"), seed)
        requested = request(chosen, agent="gymnasium", max_turns=self._max_turns)
        self._session = open_session(requested)
        name = episode("gymnasium", opaque_id("gymnasium", chosen.id, self._episodes))
        self._episodes += 1
        self._record = Record(name, "gymnasium")
        self._record.say(requested)
        first = opening(self._session)
        self._record.say(first.started)
        text = "\n\n".join(
            [
                first.objects[first.started.policy_md].decode(),
                "# Tools\n" + first.objects[first.started.tools].decode(),
                "# Patient\n" + first.started.ticket,
            ]
        )
        return text, {"patient_id": first.started.patient_id, "ticket": first.started.ticket}

    def step(self, action: str) -> tuple[str, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take one action. Raises gymnasium's ResetNeeded after the end."""
        record = self._record
        if self._session is None or not record.state.open:
            raise gymnasium.error.ResetNeeded("the episode has ended: call reset()")
        turn = len(record.state.turns) + 1
        record.say(acted(Action(raw=action), turn, parse), at=record.state.at)
        self._session, drafts = respond(self._session, record.state)
        record.append(drafts)
        observation = record.state.turns[-1].observation
        text = canonical(observation.content if observation else {}).decode()
        info: dict[str, Any] = {"at_minutes": record.state.at / 60e6, "turn": turn}
        ended = record.state.ended
        if ended is None:
            return text, 0.0, False, False, info
        scored = score(record.events)
        info["score"] = msgspec.to_builtins(scored)
        submitted = ended.reason == "submitted"
        return text, scored.composite, submitted, not submitted, info

    def render(self) -> str | None:  # type: ignore[override]
        """Show the transcript so far: as text (`ansi`) or on the terminal (`human`)."""
        from .projections.transcript import transcript

        text = transcript(self._record.events)
        if self.render_mode == "human":
            print(text)  # noqa: T201 - this is what the mode is for
            return None
        return text

    @property
    def events(self) -> list[Event]:
        """Events of the episode so far, as they would stand in a log."""
        return list(self._record.events)

    def _choose(self, task_id: str | None, seed: int | None) -> Task:
        if task_id is not None:
            return task(task_id)
        if self._fixed is not None:
            return self._fixed
        key = seed if seed is not None else int(self.np_random.integers(2**31))
        return stream("gymnasium", self.domain, key).choice(self._pool)


__all__ = ["AnyText", "BioAgentEnv"]
