"""What the gym knows, as short passages with sources; `library` searches them.

Passages are made from the drugs, instruments, guidelines, conditions and measurements of this
package, so a text can never disagree with what the judges know.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from .conditions import condition, conditions
from .drugs import Drug, formulary
from .guidelines import guidelines
from .instruments.core import instruments
from .measurements import Measurement, Range, measurements

KINDS = ("drug", "instrument", "guideline", "condition", "measurement")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One passage."""

    id: str
    """`<kind>:<subject>` or `<kind>:<subject>:<section>`."""
    title: str
    text: str
    source: str

    @property
    def kind(self) -> str:
        """What it is about: one of KINDS."""
        return self.id.partition(":")[0]


@cache
def passages() -> dict[str, Passage]:
    """All passages, by id."""
    made = (*_drugs(), *_instruments(), *_guidelines(), *_conditions(), *_measurements())
    return {p.id: p for p in made}


def name_of(id_: str) -> str:
    """An id in words."""
    return id_.replace("_", " ")


def span(low: float | None, high: float | None, unit: str) -> str:
    """A range in words."""
    if low is None or high is None:
        return f"up to {high:g} {unit}".strip() if low is None else f"from {low:g} {unit}".strip()
    return f"{low:g} to {high:g} {unit}".strip()


def _drugs() -> Iterator[Passage]:
    for id_, d in sorted(formulary().drugs.items()):
        yield from _drug(id_, d)


def _drug(id_: str, d: Drug) -> Iterator[Passage]:
    name = name_of(id_)

    def part(section: str, text: str, source: str = "") -> Passage:
        title = f"{name}: {section}"
        return Passage(
            id=f"drug:{id_}:{section}", title=title, text=text, source=source or d.source
        )

    brands = f" Brands: {', '.join(d.brands)}." if d.brands else ""
    groups = ", ".join(map(name_of, d.classes))
    yield part("identity", f"{name} belongs to: {groups}.{brands}")
    low, high = d.usual
    dose = f"The usual single dose of {name} is {span(low, high, d.unit)}; no more than "
    yield part(
        "dose", f"{dose}{d.max_single:g} {d.unit} at once and {d.max_daily:g} {d.unit} a day."
    )
    if d.renal:
        yield part("kidney", " ".join(renal_text(name, r) for r in d.renal), d.renal[0].source)
    if d.hepatic:
        rules = (f"From Child-Pugh class {h.child_pugh}: {name_of(h.action)}." for h in d.hepatic)
        yield part("liver", f"{name} in liver disease. {' '.join(rules)}", d.hepatic[0].source)
    if d.pregnancy:
        rules = (_pregnancy(p.from_week, p.to_week, p.advice, p.note) for p in d.pregnancy)
        text = f"{name} in pregnancy. {' '.join(rules)} Breastfeeding: {d.lactation}."
        yield part("pregnancy", text, d.pregnancy[0].source)
    if d.monitoring:
        yield part("monitoring", f"{name} needs: {'; '.join(d.monitoring)}.")
    if d.roles:
        roles = ", ".join(map(name_of, d.roles))
        yield part("interactions", f"{name} counts as: {roles}. QT warning in the label: {d.qt}.")


def renal_text(name: str, r: Any) -> str:
    """A kidney rule in words."""
    measure = "creatinine clearance" if r.measure == "crcl" else "eGFR"
    where = f"below {r.high:g}" if not r.low else f"from {r.low:g} to below {r.high:g}"
    more = f" ({r.dose})" if r.dose else ""
    return f"{name} at a {measure} {where}: {name_of(r.action)}{more}."


def _pregnancy(start: float, end: float, advice: str, note: str) -> str:
    when = f"Weeks {start:g} to {end:g}"
    return f"{when}: {advice}{f' ({note})' if note else ''}."


def _instruments() -> Iterator[Passage]:
    for tool in instruments().values():
        inputs = ", ".join(map(name_of, tool.inputs.__struct_fields__))
        bands = f" Bands: {'; '.join(tool.bands)}." if tool.bands else ""
        text = f"{tool.title} Version: {tool.version}. Asks for: {inputs}.{bands}"
        title = tool.title.partition(":")[0]
        yield Passage(id=f"instrument:{tool.name}", title=title, text=text, source=tool.source)


def _guidelines() -> Iterator[Passage]:
    for g in guidelines().values():
        avoid = f" Avoid: {'; '.join(g.avoid)}." if g.avoid else ""
        text = f"{g.title}. Do: {'; '.join(g.do)}.{avoid} Version: {g.version}."
        yield Passage(id=f"guideline:{g.id}", title=g.title, text=text, source=g.source)


def _conditions() -> Iterator[Passage]:
    for c in map(condition, conditions()):
        rivals = ", ".join(condition(o).name for o in c.look_alikes)
        acts = "; ".join(
            f"{name_of(r.id)}{f' within {r.deadline_min:g} min' if r.deadline_min else ''}"
            for r in c.judgement.required
        )
        text = (
            f"{c.name} has the ICD-10-CM code {c.icd10}. Told apart from: {rivals}. Acts: {acts}."
        )
        yield Passage(id=f"condition:{c.id}", title=c.name, text=text, source=c.source)


def _measurements() -> Iterator[Passage]:
    for id_, m in measurements().items():
        ranges = " ".join(_range(r, m) for r in m.ranges)
        others = f" Other units: {', '.join(m.units)}." if m.units else ""
        text = f"{m.name} is LOINC {m.loinc}, measured in {m.ucum}. {ranges}{others}"
        source = "ABIM laboratory reference ranges, 2024; LOINC"
        yield Passage(id=f"measurement:{id_}", title=m.name, text=text, source=source)


def _range(r: Range, m: Measurement) -> str:
    who = "adults"
    if r.trimester:
        who = f"trimester {r.trimester} of pregnancy"
    elif r.ages:
        who = f"ages {r.ages[0]:g} to below {r.ages[1]:g} years"
    elif r.sex:
        who = "women" if r.sex == "female" else "men"
    return f"Reference range in {who}: {span(r.low, r.high, m.ucum)}."
