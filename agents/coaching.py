"""The coach's role on the bus: REFLECT -> CHOOSE -> TRAIN -> RECORD, measured before and after.

One job per registered agent, from AgentRegistered until its plan is done. What to do next is a pure
function of the agent's events and of the outcomes of the episodes it is waiting for, so another
node takes over at any point; requests made twice are the same events.
"""

from collections.abc import Sequence

import msgspec

from ..bus.actor import Step
from ..bus.events import (
    AdviceGiven,
    AgentRegistered,
    BenchmarkCompleted,
    BenchmarkStarted,
    CheckpointPromoted,
    CycleCompleted,
    CycleStarted,
    Data,
    DomainChosen,
    Draft,
    EpisodeScored,
    Event,
    Recorded,
    ReflectionRecorded,
    TrainingCompleted,
    TrainingFailed,
    TrainingStepped,
    WorkoutPlanned,
    agent,
    owner_of,
)
from ..bus.jetstream import JetStreamLog
from ..knowledge.curriculum import Request, held_out_cases, request, round_requests
from .coach import Logbook, advice, choose, note, reflect
from .verdicts import benchmark_result, checkpoint_verdict

NAME = "coach"
OUTCOMES = ("EpisodeScored", "ScoringFailed", "EpisodeAbandoned")


class State(msgspec.Struct):
    """Where an agent stands in its plan."""

    registered: AgentRegistered | None = None
    version: str = ""
    object: str = ""
    benchmark: Event | None = None
    benchmarks: tuple[tuple[str, float], ...] = ()
    """(label, temperature) of the completed ones."""
    cycle: int = 0
    cycle_open: bool = False
    workout: Event | None = None
    steps: tuple[str, ...] = ()
    trained: Event | None = None
    judged: Event | None = None
    failed: bool = False
    outcomes: dict[str, EpisodeScored | None] = {}
    """Episode -> its score, None where it was lost; of the open stage."""


def fold(state: State, event: Event) -> None:
    """Bring the state up to date with one event of the agent or one outcome of its episodes."""
    match event.data:
        case AgentRegistered() as data:
            state.registered = data
        case BenchmarkStarted():
            state.benchmark, state.outcomes = event, {}
        case BenchmarkCompleted() as data:
            state.benchmark = None
            state.benchmarks = (*state.benchmarks, (data.label, data.temperature))
        case CycleStarted() as data:
            state.cycle, state.cycle_open = data.cycle, True
        case WorkoutPlanned():
            state.workout, state.steps, state.outcomes = event, (), {}
            state.trained = state.judged = None
            state.failed = False
        case TrainingStepped() as data:
            state.steps = (*state.steps, data.policy_version)
        case TrainingCompleted():
            state.trained, state.outcomes = event, {}
        case TrainingFailed():
            state.failed = True
        case CycleCompleted():
            state.cycle_open = False
        case _:
            _fold_outcome(state, event)


def _fold_outcome(state: State, event: Event) -> None:
    if event.type in OUTCOMES:
        scored = event.data if isinstance(event.data, EpisodeScored) else None
        state.outcomes[event.aggregate] = scored
    elif event.type in {"CheckpointPromoted", "CheckpointRejected"}:
        state.judged = event
        if isinstance(event.data, CheckpointPromoted):
            state.version = event.data.policy_version
            state.object = event.data.object


class CoachJob:
    """One agent's way through its plan."""

    def __init__(self, coach: "Coach", claim: Recorded) -> None:
        self._coach = coach
        self._agent = owner_of(claim.event.aggregate)
        self._state = State()
        self._requested: set[str] = set()

    async def step(self, fresh: Sequence[Recorded]) -> Step:
        """Decide what comes next."""
        for recorded in fresh:
            fold(self._state, recorded.event)
        state = self._state
        if state.registered is None:
            return Step()
        if state.benchmark is not None:
            return self._measure(state.registered, state.benchmark)
        if state.cycle_open:
            return self._train(state.registered)
        if (wanted := self._next_benchmark(state.registered)) is not None:
            return self._append(wanted)
        if state.cycle < state.registered.plan.cycles:
            return await self._start_cycle(state.registered)
        return Step(done=True)

    # ------------------------------------------------------------ measuring

    def _next_benchmark(self, who: AgentRegistered) -> BenchmarkStarted | None:
        """The first measurement that is due and not done."""
        plan, state = who.plan, self._state
        trained = plan.cycles > 0 and state.cycle >= plan.cycles
        labels = ["before", "after"] if trained else ["before"]
        temperatures = [plan.temperature, 0.0] if plan.greedy else [plan.temperature]
        for label in labels if plan.test_episodes else []:
            for temperature in temperatures:
                if (label, temperature) not in state.benchmarks:
                    return BenchmarkStarted(
                        label=label,
                        policy_version=state.version,
                        episodes=plan.test_episodes,
                        temperature=temperature,
                    )
        return None

    def _measure(self, who: AgentRegistered, started: Event) -> Step:
        data = started.data
        if not isinstance(data, BenchmarkStarted):
            return Step()
        cases = held_out_cases(who.domains, "test", data.episodes, who.plan.seed)
        requests = [
            request(
                case,
                who=who,
                purpose="test",
                version=data.policy_version,
                temperature=data.temperature,
                place=("test", started.id, i, 0, 1),
            )
            for i, case in enumerate(cases)
        ]
        if not self._all_over(requests):
            return self._ask(requests)
        scores = [self._state.outcomes[name] for name, _ in requests]
        return self._append(benchmark_result(data, scores), cause=started.id)

    # ------------------------------------------------------------ training

    async def _start_cycle(self, who: AgentRegistered) -> Step:
        """REFLECT and CHOOSE, on everything the log says now."""
        book, as_of = await self._coach.logbook()
        cycle = self._state.cycle + 1
        plan, state = who.plan, self._state
        seen = reflect(book, self._agent, who.domains)
        choice = choose(book, self._agent, who.domains, who.weights, seed=plan.seed, cycle=cycle)
        source, studied = advice(book, self._agent, choice.domain)
        advised = AdviceGiven(
            cycle=cycle,
            source=source,
            domain=choice.domain,
            episodes=studied,
            note=f"recent mean {book.of(source, choice.domain).mean:.3f} against "
            f"{book.of(self._agent, choice.domain).mean:.3f}",
        )
        return self._append(
            *([advised] if source else []),
            CycleStarted(cycle=cycle, policy_version=state.version),
            ReflectionRecorded(
                cycle=cycle,
                as_of=as_of,
                means=seen.means,
                strengths=seen.strengths,
                weaknesses=seen.weaknesses,
                plateaus=seen.plateaus,
                errors=seen.errors,
            ),
            DomainChosen(
                cycle=cycle,
                domain=choice.domain,
                alternatives=choice.alternatives,
                reason=choice.reason,
            ),
            WorkoutPlanned(
                cycle=cycle,
                domain=choice.domain,
                strategy=plan.strategy,
                policy_version=state.version,
                rounds=plan.rounds,
                groups_per_round=plan.groups_per_round,
                group_size=plan.group_size,
                lead=plan.lead,
                max_staleness=plan.max_staleness,
                seed=plan.seed,
                temperature=plan.temperature,
                learning_rate=plan.learning_rate,
            ),
        )

    def _train(self, who: AgentRegistered) -> Step:
        """Pace the rounds, then validate what was learned, then record the cycle."""
        state = self._state
        workout = state.workout
        if workout is None or not isinstance(workout.data, WorkoutPlanned):
            return Step()
        if state.judged is not None or state.failed:
            return self._complete(workout.data)
        if state.trained is not None:
            return self._validate(who, workout, state.trained)
        plan = workout.data
        requests: list[Request] = []
        last = min(plan.rounds, len(state.steps) + 1 + plan.lead)
        for number in range(len(state.steps) + 1, last + 1):
            learned = number - 2 - plan.lead
            version = state.steps[learned] if learned >= 0 else plan.policy_version
            requests += round_requests(plan, workout.id, who, number, version)
        return self._ask(requests)

    def _validate(self, who: AgentRegistered, workout: Event, trained: Event) -> Step:
        """Play the same validation patients with the version in use and with the candidate."""
        data = trained.data
        if not isinstance(data, TrainingCompleted) or not isinstance(workout.data, WorkoutPlanned):
            return Step()
        cases = held_out_cases(
            [workout.data.domain], "validation", who.plan.validation_episodes, who.plan.seed
        )
        arms = [
            [
                request(
                    case,
                    who=who,
                    purpose="validation",
                    version=version,
                    temperature=who.plan.temperature,
                    place=(f"validation-{arm}", trained.id, i, 0, 1),
                )
                for i, case in enumerate(cases)
            ]
            for arm, version in enumerate((self._state.version, data.policy_version))
        ]
        if not self._all_over([*arms[0], *arms[1]]):
            return self._ask([*arms[0], *arms[1]])
        before, after = ([self._state.outcomes[name] for name, _ in arm] for arm in arms)
        return self._append(checkpoint_verdict(data, before, after), cause=trained.id)

    def _complete(self, workout: WorkoutPlanned) -> Step:
        judged = self._state.judged
        result = getattr(judged.data, "result", None) if judged else None
        return self._append(
            CycleCompleted(
                cycle=workout.cycle,
                domain=workout.domain,
                before=result.before if result else 0.0,
                after=result.after if result else 0.0,
                promoted=judged is not None and isinstance(judged.data, CheckpointPromoted),
            )
        )

    # ------------------------------------------------------------ small parts

    def _all_over(self, requests: Sequence[Request]) -> bool:
        return all(name in self._state.outcomes for name, _ in requests)

    def _ask(self, requests: Sequence[Request]) -> Step:
        """Request the episodes that this node has not requested yet."""
        fresh = tuple(r for r in requests if r[0] not in self._requested)
        self._requested.update(name for name, _ in fresh)
        return Step(others=fresh)

    def _append(self, *events: Data, cause: str = "") -> Step:
        return Step(
            drafts=tuple(
                Draft(data=data, cause="" if i else cause) for i, data in enumerate(events)
            )
        )


class Coach:
    """The role: claims AgentRegistered, wakes on training progress and episode outcomes."""

    name = NAME
    owner = "*"
    claims = ("AgentRegistered",)
    wakes = ("TrainingStepped", "TrainingCompleted", "TrainingFailed", *OUTCOMES)
    patience = None
    begins = False

    def __init__(self, log: JetStreamLog) -> None:
        self._log = log
        self._book = Logbook()
        self._cursor = 0

    async def logbook(self) -> tuple[Logbook, int]:
        """The logbook over all agents as of now, and the sequence it was read up to."""
        async for batch in self._log.records(
            "EpisodeScored", "WorkoutPlanned", after=self._cursor, follow=False
        ):
            for recorded in batch:
                self._book = note(self._book, recorded.event)
            self._cursor = batch[-1].sequence
        return self._book, self._cursor

    def key(self, recorded: Recorded) -> str:
        """The agent."""
        return agent(owner_of(recorded.event.aggregate))

    async def history(self, log: JetStreamLog, claim: Recorded) -> list[Recorded]:
        """The agent's own events, and the outcomes of its episodes since the open stage began."""
        own = await log.read(claim.event.aggregate)
        stages = [r for r in own if r.event.type in _STAGES]
        if not stages:
            return own
        async for batch in log.records(
            *OUTCOMES,
            owner=owner_of(claim.event.aggregate),
            after=stages[-1].sequence,
            follow=False,
        ):
            own += batch
        return sorted(own, key=lambda r: r.sequence)

    def open(self, claim: Recorded) -> CoachJob:
        """Coach one agent."""
        return CoachJob(self, claim)

    def expired(self, history: Sequence[Recorded]) -> Step:  # noqa: ARG002 - waits for ever
        """A plan has no time limit."""
        return Step(done=True)

    def give_up(self, claim: Recorded, history: Sequence[Recorded]) -> Step:  # noqa: ARG002
        """A plan that brings coaches down is left as it stands in the log."""
        return Step(done=True)


_STAGES = ("BenchmarkStarted", "WorkoutPlanned", "TrainingCompleted")
