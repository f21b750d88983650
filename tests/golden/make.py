"""Make the golden log, when behaviour is meant to change: python tests/golden/make.py."""

import asyncio
import shutil
from pathlib import Path

import msgspec

from healthgym.agents.expert import imperfect
from healthgym.agents.expert import play as expert_plays
from healthgym.agents.toolcall import parse
from healthgym.bus.events import Draft, Head, head_of
from healthgym.bus.log import FileLog
from healthgym.bus.view import Action, View
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.domains import domains, questions
from healthgym.knowledge.pathways import pathway_of
from healthgym.knowledge.patients import generate
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import task, tasks
from healthgym.scorers.composite import score

FOLDER = Path(__file__).parent / "log"
TASKS = ("dx_pneumonia_001", "dx_nstemi_001", "dx_dka_002", "dx_sepsis_003")
"""Beside them, the first task of every other domain, and of every pathway."""


def _others():
    """The first task of each domain or pathway, by name."""
    first = {}
    for domain in domains():
        for one in tasks(domain):
            kind = pathway_of(one.condition).id if domain == "cross_domain" else ""
            first.setdefault((domain, kind), one.id)
    del first["clinical_diagnosis", ""]
    return first.values()


def players(name: str):
    """The reference, the expert, and an imperfect script of the same case."""
    chosen = task(name)
    calls = questions(chosen.domain).reference(generate(chosen.variant, chosen.seed))
    texts = [
        msgspec.json.encode({"name": c.tool, "arguments": c.arguments}).decode() for c in calls
    ]

    def by_the_book(view: View) -> Action:
        return Action(raw=texts[len(view.turns)])

    def clumsy(view: View) -> Action:
        return imperfect(view, 0.4, stream("golden", name, len(view.turns)))

    return {"reference": by_the_book, "expert": expert_plays, "imperfect": clumsy}


async def main() -> None:
    """Play and store."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    async with FileLog(FOLDER, gym="local") as log:
        for name in (*TASKS, *_others()):
            for agent, policy in players(name).items():
                events = play(request(task(name), agent=agent, max_turns=40), policy, parse)
                head = Head(aggregate=events[0].aggregate)
                for e in events:
                    draft = Draft(data=e.data, at=e.at, cause=e.cause, correlation=e.correlation)
                    head = head_of(await log.append(head, [draft]), head.aggregate)
                judged = Draft(data=score(events), at=events[-1].at, cause=events[-1].id)
                await log.append(head, [judged])


if __name__ == "__main__":
    asyncio.run(main())
