"""Questions that bring given facts to light: what a plan asks that knows the truth."""

from collections.abc import Iterable, Sequence

from ..patients import Patient
from ..variants import findings
from .answers import answer
from .words import MOST_TOPICS, spoken_name


def about(topics: Iterable[str]) -> str:
    """One open question about some topics."""
    return f"Tell me about {', '.join(spoken_name(t) for t in topics)}."


def directly(*ids: str) -> str:
    """One question about some findings, by the words the chart would print."""
    topics = dict.fromkeys(findings()[id_].topic for id_ in ids)
    texts = ", ".join(findings()[id_].text for id_ in ids)
    return f"{about(topics).removesuffix('.')}: {texts}?"


def interview(patient: Patient, wanted: Sequence[str], opening: str = "") -> list[str]:
    """The questions after which a patient has told the wanted findings, few topics at a time.

    `opening` is asked in place of the first questions. A finding that would stay untold is
    asked for by name. Findings that cannot be asked are left out.
    """
    ids = [id_ for id_ in dict.fromkeys(wanted) if findings()[id_].told and id_ in patient.findings]
    topics = list(dict.fromkeys(findings()[id_].topic for id_ in ids))
    asked: list[str] = []
    known: dict[str, None] = {}

    def untold(question: str, some: list[str]) -> int:
        told = (*known, *answer(patient, known, question).said)
        return sum(f"finding:{id_}" not in told for id_ in some)

    def ask(*options: str, some: list[str]) -> None:
        asked.append(min(options, key=lambda q: untold(q, some)))
        known.update(dict.fromkeys(answer(patient, known, asked[-1]).said))

    if opening:
        ask(opening, some=ids)
    for i in range(0, 0 if opening else len(topics), MOST_TOPICS):
        part = topics[i : i + MOST_TOPICS]
        mine = [id_ for id_ in ids if findings()[id_].topic in part]
        ask(about(part), directly(*mine), some=mine)
    for id_ in ids:
        if f"finding:{id_}" not in known:
            ask(directly(id_), some=[id_])
    return asked
