"""Questions made from our own facts: drawn by a seed, answered by a passage or a computation.

A variant names a kind of question and, for drugs, a class; the seed draws the subject, the numbers,
the wrong options and their order. So the letter carries nothing, and no text is anybody else's.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from .conditions import condition, conditions
from .drugs import Drug, formulary
from .errors import BadData, InvalidInput
from .guidelines import guidelines
from .instruments.core import calc, find, instruments, measure
from .measurements import measurements
from .passages import name_of
from .rng import Stream, stream

LETTERS = "ABCDE"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question, its right answer, and the fact that shows it."""

    text: str
    options: tuple[str, ...] = ()
    right: str = ""
    """The right option's letter; "" where a number is asked for."""
    value: float = 0.0
    tolerance: float = 0.0
    unit: str = ""
    subject: str
    fact: str
    """What must have been seen: `passage:<id>`, `computed:<instrument>` or `converted:<id>`."""
    inputs: dict[str, Any] = {}
    """What a computation is to be made with."""
    given: float = 0.0
    """The value that a conversion starts from."""
    guideline: str = ""
    """The guideline that a free text has to tell; "" where none is asked for."""

    def ticket(self) -> str:
        """The question as it is asked."""
        shown = (f"{letter}) {o}" for letter, o in zip(LETTERS, self.options, strict=False))
        return " ".join([self.text, *shown])


@lru_cache(maxsize=4096)
def question(kind: str, of: str, variant: str, seed: int) -> Question:
    """The question of a variant and a seed. Raises BadData for an unknown kind."""
    make = _MAKERS.get(kind)
    if make is None:
        raise BadData(f"no kind of question {kind!r}; there are: {', '.join(_MAKERS)}")
    return make(of, stream("exam", variant, seed))


def _asked(
    s: Stream, text: str, right: str, wrong: Sequence[str], subject: str, fact: str
) -> Question:
    """An option question: four wrong options, in an order of the seed."""
    others = list(dict.fromkeys(w for w in wrong if w != right))
    chosen: list[str] = []
    while others and len(chosen) < 4:
        chosen.append(others.pop(s.integer(0, len(others) - 1)))
    place = s.integer(0, len(chosen))
    options = (*chosen[:place], right, *chosen[place:])
    return Question(
        text=text, options=options, right=LETTERS[place], subject=subject, fact=f"passage:{fact}"
    )


def _has_dose(d: Drug) -> bool:
    return d.max_single > 0


@cache
def _drugs(of: str, need: str = "") -> tuple[Drug, ...]:
    """Drugs of a class ("" for all) with a non-empty field, by id."""
    found = (d for _, d in sorted(formulary().drugs.items()))
    return tuple(d for d in found if (not of or of in d.classes) and (not need or getattr(d, need)))


def _drug_class(of: str, s: Stream) -> Question:
    d = s.choice(_drugs(of, "classes"))
    every = sorted({c for other in _drugs("") for c in other.classes} - set(d.classes))
    right = name_of(s.choice(d.classes))
    text = f'To which of these groups does "{name_of(d.id)}" belong?'
    return _asked(s, text, right, list(map(name_of, every)), name_of(d.id), f"drug:{d.id}:identity")


def _drug_brand(of: str, s: Stream) -> Question:
    d = s.choice(_drugs(of, "brands"))
    brand = s.choice(d.brands)
    wrong = [name_of(o.id) for o in _drugs(of) if brand not in o.brands]
    text = f'Which ingredient is sold as "{brand}"?'
    return _asked(s, text, name_of(d.id), wrong, brand, f"drug:{d.id}:identity")


def _dose(field: str, words: str) -> Callable[[str, Stream], Question]:
    def make(of: str, s: Stream) -> Question:
        d = s.choice(_drugs(of, field))
        limit = float(getattr(d, field))
        known = {limit, d.usual[0], d.usual[1], d.max_single, d.max_daily}
        wrong = sorted({limit * f for f in (0.1, 0.25, 0.5, 2.5, 3, 5, 10)} - known)
        text = f'What is the largest {words} dose of "{name_of(d.id)}" for an adult?'
        said = [f"{w:g} {d.unit}" for w in wrong]
        return _asked(s, text, f"{limit:g} {d.unit}", said, name_of(d.id), f"drug:{d.id}:dose")

    return make


_ACTIONS = ("contraindicated", "avoid", "do not start", "reduce", "monitor", "no change")


def _drug_kidney(of: str, s: Stream) -> Question:
    d = s.choice(_drugs(of, "renal"))
    rule = s.choice(d.renal)
    value = s.integer(int(rule.low), max(int(rule.high) - 1, int(rule.low)))
    measured = "creatinine clearance" if rule.measure == "crcl" else "eGFR"
    same = [r for r in d.renal if r.measure == rule.measure and r.low <= value < r.high]
    right = name_of(same[0].action)
    text = f'What does the label of "{name_of(d.id)}" ask for at a {measured} of {value}?'
    wrong = [a for a in _ACTIONS if a not in {name_of(r.action) for r in same}]
    return _asked(s, text, right, wrong, name_of(d.id), f"drug:{d.id}:kidney")


def _drug_pregnancy(of: str, s: Stream) -> Question:
    d = s.choice(_drugs(of, "pregnancy"))
    rule = s.choice(d.pregnancy)
    week = s.integer(int(rule.from_week), min(int(rule.to_week), 42) - 1)
    text = f'What is the advice on "{name_of(d.id)}" in week {week} of pregnancy?'
    wrong = [a for a in ("block", "avoid", "caution", "allow") if a != rule.advice]
    return _asked(s, text, rule.advice, wrong, name_of(d.id), f"drug:{d.id}:pregnancy")


def _drug_role(of: str, s: Stream) -> Question:
    d = s.choice(_drugs(of, "roles"))
    every = sorted({r for o in _drugs("") for r in o.roles} - set(d.roles))
    text = f'Which of these does "{name_of(d.id)}" count as?'
    right = name_of(s.choice(d.roles))
    return _asked(
        s, text, right, list(map(name_of, every)), name_of(d.id), f"drug:{d.id}:interactions"
    )


def _drug_monitoring(of: str, s: Stream) -> Question:
    d = s.choice(_drugs(of, "monitoring"))
    own = " ".join(d.monitoring).lower()
    every = sorted({m for o in _drugs("") for m in o.monitoring if m.lower() not in own})
    text = f'Which of these is watched under "{name_of(d.id)}"?'
    right = s.choice(d.monitoring)
    return _asked(s, text, right, every, name_of(d.id), f"drug:{d.id}:monitoring")


def _instrument_input(of: str, s: Stream) -> Question:
    del of
    tool = s.choice(list(instruments().values()))
    own = tool.inputs.__struct_fields__
    every = sorted({f for t in instruments().values() for f in t.inputs.__struct_fields__})
    title = tool.title.partition(":")[0]
    text = f'Which of these does the instrument "{title}" ask for?'
    wrong = [name_of(f) for f in every if f not in own]
    right = name_of(s.choice(own))
    return _asked(s, text, right, wrong, title, f"instrument:{tool.name}")


def _instrument_version(of: str, s: Stream) -> Question:
    del of
    tool = s.choice(list(instruments().values()))
    title = tool.title.partition(":")[0]
    text = f'Which version of "{title}" is in use here?'
    wrong = sorted({t.version for t in instruments().values()} - {tool.version})
    return _asked(s, text, tool.version, wrong, title, f"instrument:{tool.name}")


def _loinc(of: str, s: Stream) -> Question:
    del of
    id_ = s.choice(list(measurements()))
    m = measurements()[id_]
    text = f'Which LOINC code is "{m.name}"?'
    wrong = [o.loinc for o in measurements().values()]
    return _asked(s, text, m.loinc, wrong, m.name, f"measurement:{id_}")


def _code(of: str, s: Stream) -> Question:
    del of
    c = condition(s.choice(conditions()))
    text = f'Which ICD-10-CM code is "{c.name}"?'
    wrong = [condition(o).icd10 for o in conditions()]
    return _asked(s, text, c.icd10, wrong, c.name, f"condition:{c.id}")


def _guideline(field: str, words: str) -> Callable[[str, Stream], Question]:
    def make(of: str, s: Stream) -> Question:
        del of
        g = s.choice([g for g in guidelines().values() if getattr(g, field)])
        wrong = sorted({t for o in guidelines().values() for t in getattr(o, field)})
        text = f'What does the guideline "{g.title}" {words}?'
        others = [w for w in wrong if w not in getattr(g, field)]
        return _asked(s, text, s.choice(getattr(g, field)), others, g.title, f"guideline:{g.id}")

    return make


def _convert(of: str, s: Stream) -> Question:
    del of
    able = [i for i, m in measurements().items() if m.units and m.ranges]
    id_ = s.choice(able)
    m = measurements()[id_]
    unit = s.choice(list(m.units))
    top = m.ranges[0].high or m.ranges[0].low or 1.0
    value = float(f"{s.uniform(0.5, 1.5) * top:.3g}")
    line = m.units[unit]
    factor, offset = line if isinstance(line, tuple) else (line, 0.0)
    right = value * factor + offset
    text = f'Convert "{id_}" from {value:g} {m.ucum} to {unit}.'
    return Question(
        text=text,
        value=right,
        tolerance=abs(right) * 0.01 + 1e-9,
        unit=unit,
        subject=id_,
        fact=f"converted:{id_}",
        given=value,
    )


def _compute(of: str, s: Stream) -> Question:
    tool = find(of)
    for _ in range(40):
        inputs = {f: _drawn(f, t, s) for f, t in _types(of).items()}
        try:
            result = calc(of, inputs)
        except InvalidInput:  # values that exclude each other: draw again
            continue
        if isinstance(result.value, int | float):
            said = "; ".join(f"{k}={msgspec.json.encode(v).decode()}" for k, v in inputs.items())
            value = float(result.value)
            return Question(
                text=f'Compute "{of}" for {said}.',
                value=value,
                tolerance=max(abs(value) * 0.01, 0.01),
                unit=tool.unit,
                subject=of,
                fact=f"computed:{of}",
                inputs=inputs,
            )
    raise BadData(f"{of}: no number came of forty patients")


@cache
def _types(name: str) -> dict[str, inspect.Type]:
    shape = inspect.type_info(find(name).inputs)
    assert isinstance(shape, inspect.StructType)  # noqa: S101
    return {f.name: f.type for f in shape.fields if f.required}


def _drawn(name: str, type_: inspect.Type, s: Stream) -> Any:
    """A plausible input: near its normal value where it has one."""
    extra, plain = measure(type_)
    match plain:
        case inspect.BoolType():
            return s.bernoulli(0.4)
        case inspect.LiteralType():
            return s.choice(list(plain.values))
        case inspect.IntType() | inspect.FloatType():
            low, high = float(plain.ge or 0), float(plain.le or 100)
            normal = extra.get("normal")
            if normal:
                low, high = max(low, normal * 0.6), min(high, normal * 1.6)
            elif name == "age_years":
                low, high = max(low, 20), min(high, 90)
            elif high > 300:
                low, high = max(low, 40), 200
            if isinstance(plain, inspect.IntType):
                return s.integer(round(low), round(high))
            return round(s.uniform(low, high), 2 if high < 10 else 0)
        case _:
            raise BadData(f"{name}: no draw for {plain}")


def _manage(of: str, s: Stream) -> Question:
    id_ = s.choice(of.split())
    title = guidelines()[id_].title
    text = f'In full sentences: what does the guideline "{title}" ask for, and what to avoid?'
    return Question(text=text, subject=title, fact=f"passage:guideline:{id_}", guideline=id_)


_MAKERS: dict[str, Callable[[str, Stream], Question]] = {
    "drug_class": _drug_class,
    "drug_brand": _drug_brand,
    "drug_single_dose": _dose("max_single", "single"),
    "drug_daily_dose": _dose("max_daily", "daily"),
    "drug_kidney": _drug_kidney,
    "drug_pregnancy": _drug_pregnancy,
    "drug_role": _drug_role,
    "drug_monitoring": _drug_monitoring,
    "instrument_input": _instrument_input,
    "instrument_version": _instrument_version,
    "loinc": _loinc,
    "code": _code,
    "guideline_do": _guideline("do", "ask for"),
    "guideline_avoid": _guideline("avoid", "warn against"),
    "manage": _manage,
    "convert": _convert,
    "compute": _compute,
}
