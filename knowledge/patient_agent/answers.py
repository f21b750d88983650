"""What the patient tells: true facts only, a few at a time, some only when asked again.

A fact is present, absent, or nothing the patient could tell (a finding never drawn for the family).
What is said is the finding's own sentence, so no order or wording of questions can contradict it;
manner and bias only add remarks and delay.
"""

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b

import msgspec

from ..patients import Patient
from ..variants import comorbidities, findings
from .manners import Bias, Manner, Personality, biases, manner, personalities, voice
from .words import GENERAL, Asked, names_diagnosis, phrases, understand

MOST_LETTERS = 280
"""Length that an answer does not pass."""
_LONG_LIST = 150
_ASKED, _AGAIN, _FINDING = "asked:", ":again", "finding:"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a patient says to one question."""

    text: str
    said: tuple[str, ...] = ()
    """Facts revealed: `finding:<id>`, `allergies`; `asked:<topic>` for what was talked about."""
    withheld: tuple[str, ...] = ()
    """Findings (and topics of the background) that were asked about and left out this time."""
    topics: tuple[str, ...] = ()


class _Fact(msgspec.Struct, frozen=True):
    """One sentence that may be said; the key is `finding:<id>`, or a topic of the background."""

    key: str
    text: str
    present: bool = False

    @property
    def finding(self) -> str:
        """Id of the finding, "" for background."""
        return self.key.removeprefix(_FINDING) if self.key.startswith(_FINDING) else ""


def answer(patient: Patient, known: Collection[str], question: str) -> Answer:
    """What this patient answers, where `known` are the facts observed so far in the episode.

    `asked:<topic>` among them tells that the topic was talked about, so a question is a second one.
    The same arguments give the same answer. Raises UnknownVariant.
    """
    asked = understand(question, tuple(patient.findings))
    match asked.kind:
        case "topics":
            return _told(patient, frozenset(known), asked)
        case "open":
            return _opened(patient)
        case "too_much":
            return Answer(text=_pick(phrases().one_thing, patient))
        case "diagnosis":
            return Answer(text=_pick(phrases().why_i_came, patient))
        case "unknown":
            return Answer(text=_pick(phrases().not_understood, patient))


def _pick(options: Sequence[str], patient: Patient, *parts: object) -> str:
    """One of several phrases, by the seed and what the talk is about."""
    if len(options) == 1:
        return options[0]
    name = "\x1f".join(map(str, (patient.variant, patient.seed, *parts))).encode()
    return options[int.from_bytes(blake2b(name, digest_size=4).digest(), "big") % len(options)]


def _background(patient: Patient, topic: str) -> str:
    def safe(text: str, instead: str) -> str:
        return instead if names_diagnosis(text, patient.condition) else text

    match topic:
        case "smoking":
            return "Yes, I smoke." if "smoker" in patient.comorbidities else "I do not smoke."
        case "allergies":
            labels = (
                f"{safe(a.substance, phrases().masked)} ({safe(a.reaction, phrases().reaction)})"
                for a in patient.allergies
            )
            told = ", ".join(labels)
            return f"I was told I am allergic to {told}." if told else "I have no allergies."
        case _:
            names = (comorbidities()[c].name for c in patient.comorbidities)
            past = _short(dict.fromkeys(safe(n, phrases().masked) for n in names))
            return f"I have had {past}." if past else "I have always been healthy."


def _short(names: Iterable[str]) -> str:
    """The names as a list; those that make it long are left to the papers."""
    text = ""
    for name in names:
        if len(text) + len(name) > _LONG_LIST:
            return f"{text} and more that is in my papers"
        text = f"{text}, {name}" if text else name
    return text


def _facts(patient: Patient, topics: Iterable[str]) -> list[_Fact]:
    """Everything that could be said about some topics, in the order of the data."""
    facts = []
    for topic in topics:
        if topic in GENERAL:
            facts.append(_Fact(topic, _background(patient, topic)))
        for id_, present in patient.findings.items():
            f = findings()[id_]
            text = f.told if present else f.denied
            if f.topic == topic and text:
                facts.append(_Fact(_FINDING + id_, text, present))
    return facts


def _told(patient: Patient, known: frozenset[str], asked: Asked) -> Answer:
    who = manner(patient)
    facts = _facts(patient, asked.topics)
    waiting = _waiting(who, known, asked)

    def rank(fact: _Fact) -> tuple[bool, bool, bool, bool]:
        """What was named comes first, then what nobody has heard, then what no chart holds."""
        id_, heard = fact.finding, fact.key in known
        if not id_:
            return (False, False, False, False)
        charted = findings()[id_].layer == "history"
        return (id_ not in asked.exact, heard or id_ not in asked.named, heard, charted)

    ready = sorted((f for f in facts if f.finding not in waiting), key=rank)
    words = _Words(patient, who, asked.topics)
    chosen = words.fitting(ready)
    said = [f for f in facts if f in chosen]
    left = tuple(f.finding or f.key for f in facts if f not in chosen and f.key not in known)
    return Answer(
        text=words.text(said, more=bool(left)) if facts else _pick(phrases().unknown, patient),
        said=_reveals(known, asked.topics, said),
        withheld=left,
        topics=asked.topics,
    )


def _waiting(who: Manner, known: frozenset[str], asked: Asked) -> frozenset[str]:
    """Findings that are not told yet: not named, of a topic never talked about, without rapport."""
    if not who.withheld:
        return who.withheld
    talked = [k for k in known if k.startswith(_ASKED) and not k.endswith(_AGAIN)]
    rapport = personalities()[who.personality].rapport
    if len(talked) >= rapport > 0:
        return frozenset()
    return frozenset(
        id_
        for id_ in who.withheld - asked.named
        if f"{_ASKED}{findings()[id_].topic}" not in known and _FINDING + id_ not in known
    )


def _reveals(known: frozenset[str], topics: Iterable[str], said: list[_Fact]) -> tuple[str, ...]:
    """Facts of an answer; a second question about a topic counts where it brought something."""
    revealed = [f.key for f in said if f.finding or f.key == "allergies"]
    fresh = {findings()[f.finding].topic for f in said if f.finding and f.key not in known}
    for topic in topics:
        talked = _ASKED + topic
        revealed.append(talked)
        if talked in known and topic in fresh:
            revealed.append(talked + _AGAIN)
    return tuple(revealed)


class _Words:
    """The grammar of one answer: manner, the facts, a hint of more, opinion, manner."""

    def __init__(self, patient: Patient, who: Manner, topics: tuple[str, ...]) -> None:
        self.own: Personality = voice(who.personality, patient.age_years)
        bias: Bias = biases()[who.bias]
        self.before = _pick(self.own.before, patient, "before", *topics)
        self.after = _pick(self.own.after, patient, "after", *topics)
        self.more = _pick(self.own.more, patient, "more", *topics)
        self.remark = _pick(bias.remarks, patient, "remark", *topics) if bias.remarks else ""
        self.only_told = bias.when == "told"

    def fitting(self, ranked: list[_Fact]) -> list[_Fact]:
        """The first facts that one answer holds, by number and by length."""
        parts = (self.own.frame, self.before, self.after, self.more, self.remark)
        left = MOST_LETTERS - sum(len(p) + 1 for p in parts)
        chosen: list[_Fact] = []
        for fact in ranked[: self.own.most]:
            left -= len(fact.text) + 1
            if left < 0 and chosen:
                break
            chosen.append(fact)
        return chosen

    def text(self, said: list[_Fact], *, more: bool) -> str:
        """The answer in words."""
        facts = " ".join(dict.fromkeys(f.text for f in said))
        opinion = any(f.present for f in said) or not self.only_told
        parts = (
            self.before if said else "",
            self.own.frame.replace("{facts}", facts) if facts else "",
            self.more if more else "",
            self.remark if opinion else "",
            self.after if said else "",
        )
        return " ".join(p for p in parts if p)


def _opened(patient: Patient) -> Answer:
    """What the desk was told already: the symptoms of the chart's history, as far as they go."""
    who = manner(patient)
    facts = [
        _Fact(_FINDING + id_, findings()[id_].told, True)
        for id_, present in patient.findings.items()
        if present and findings()[id_].layer == "history" and findings()[id_].told
    ]
    words = _Words(patient, who, ("open",))
    said = words.fitting(facts)
    if not said:
        return Answer(text=_pick(phrases().nothing_new, patient))
    left = tuple(f.finding for f in facts if f not in said)
    return Answer(
        text=words.text(said, more=bool(left)),
        said=(*(f.key for f in said), _ASKED + "open"),
        withheld=left,
    )
