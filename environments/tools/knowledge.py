"""Look up and compute: search the passages, read one, run an instrument, convert a unit."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...bus.events import Answer, Effect
from ...knowledge import library
from ...knowledge.errors import KnowledgeError
from ...knowledge.instruments.core import calc, find, schema
from ...knowledge.measurements import convert, measurement
from ...knowledge.passages import Passage
from ..errors import invalid
from ..tool import Context, Outcome, tool

HERE = ("medical_qa",)
Query = Annotated[str, Meta(min_length=2, max_length=300)]
Kind = Literal["", "drug", "instrument", "guideline", "condition", "measurement"]
Citations = Annotated[tuple[str, ...], Meta(max_length=10)]


def _hits(found: list[Passage]) -> Outcome:
    listed = [{"passage_id": p.id, "title": p.title} for p in found]
    return Outcome(content={"hits": listed, "found": len(listed)}, reveals=("searched",))


@tool(effect="read", minutes=1, domains=HERE)
def search(ctx: Context, query: Query, kind: Kind = "") -> Outcome:
    """Search the passages; titles of the best five.

    Fields:
        query: The subject in plain words.
        kind: Only passages of this kind; empty for all.

    """
    return _hits(library.search(query, kind=kind, generation=ctx.library))


@tool(effect="read", minutes=1, domains=HERE)
def search_drugs(ctx: Context, query: Query) -> Outcome:
    """Search passages on drugs.

    Fields:
        query: Drug and topic, such as warfarin kidney.

    """
    return _hits(library.search(query, kind="drug", generation=ctx.library))


@tool(effect="read", minutes=1, domains=HERE)
def search_guidelines(ctx: Context, query: Query) -> Outcome:
    """Search passages on guidelines.

    Fields:
        query: Topic in plain words.

    """
    return _hits(library.search(query, kind="guideline", generation=ctx.library))


@tool(effect="read", minutes=1, domains=HERE)
def search_instruments(ctx: Context, query: Query) -> Outcome:
    """Search passages on scores and formulas.

    Fields:
        query: Name or purpose.

    """
    return _hits(library.search(query, kind="instrument", generation=ctx.library))


def _passage(ctx: Context, field: str, id_: str) -> Passage:
    found = library.passage(id_.removeprefix("passage:"), ctx.library)
    if found is None:
        raise invalid(field, "an id that a search has shown", id_)
    return found


@tool(effect="read", minutes=1, domains=HERE)
def browse_passage(ctx: Context, passage_id: str) -> Outcome:
    """Read a passage and its source.

    Fields:
        passage_id: An id that a search has shown.

    """
    p = _passage(ctx, "passage_id", passage_id)
    return Outcome(
        content={"title": p.title, "text": p.text, "source": p.source},
        reveals=(f"passage:{p.id}",),
    )


@tool(effect="read", minutes=1, domains=HERE)
def compare_passages(ctx: Context, first: str, second: str) -> Outcome:
    """The words that only one of two passages has.

    Fields:
        first: Id of a passage.
        second: Id of another.

    """
    a, b = _passage(ctx, "first", first), _passage(ctx, "second", second)
    one, two = ([w.strip(".,;:()") for w in p.text.split()] for p in (a, b))
    return Outcome(
        content={
            "only_first": [w for w in dict.fromkeys(one) if w not in two][:30],
            "only_second": [w for w in dict.fromkeys(two) if w not in one][:30],
        }
    )


@tool(effect="read", minutes=1, domains=HERE)
def grade_source(ctx: Context, passage_id: str) -> Outcome:
    """How far a passage's source can be trusted.

    Fields:
        passage_id: Id of a passage.

    """
    p = _passage(ctx, "passage_id", passage_id)
    doubtful = "unverified" in p.source.lower()
    label = "FDA label" in p.source
    grade = "unverified" if doubtful else "regulator" if label else "publication"
    return Outcome(content={"source": p.source, "grade": grade})


@tool(effect="read", minutes=1, domains=HERE)
def describe_instrument(ctx: Context, name: str) -> Outcome:
    """The inputs of an instrument, with units and plausible ranges.

    Fields:
        name: Name of the instrument, such as curb65.

    """
    del ctx
    try:
        found = schema(find(name))
    except KnowledgeError as error:
        raise invalid("name", "the name of an instrument", name) from error
    return Outcome(
        content={"title": found["title"], "inputs": found["inputs"]["properties"]},
        reveals=(f"passage:instrument:{name}",),
    )


@tool(effect="read", minutes=1, domains=HERE)
def compute_instrument(ctx: Context, name: str, inputs: dict[str, Any]) -> Outcome:
    """Run a clinical instrument.

    Fields:
        name: Name of the instrument, such as curb65.
        inputs: Its inputs by name.

    """
    del ctx
    try:
        result = calc(name, inputs)
    except KnowledgeError as error:
        raise invalid("inputs", str(error)[:300], name) from error
    if result.value is None:
        raise invalid("inputs", f"also {', '.join(result.missing)}", name)
    content = {"value": result.value, "unit": result.unit, "band": result.band}
    return Outcome(content=content, reveals=(f"computed:{name}",))


@tool(effect="read", minutes=1, domains=HERE)
def convert_unit(
    ctx: Context, measurement: str, value: float, from_unit: str, to_unit: str
) -> Outcome:
    """Convert a laboratory value or a vital sign between UCUM units.

    Fields:
        measurement: Id such as creatinine_mg_dl.
        value: The value.
        from_unit: Its unit.
        to_unit: The wanted unit.

    """
    del ctx
    try:
        result = convert(measurement, value, from_unit, to_unit)
    except KnowledgeError as error:
        raise invalid("measurement", str(error)[:300], measurement) from error
    return Outcome(
        content={"value": round(result, 6), "unit": to_unit}, reveals=(f"converted:{measurement}",)
    )


@tool(effect="read", minutes=1, domains=HERE)
def define_measurement(ctx: Context, name: str) -> Outcome:
    """What a measurement is: LOINC, unit, other units, the adult reference range.

    Fields:
        name: Id such as creatinine_mg_dl.

    """
    del ctx
    try:
        m = measurement(name)
    except KnowledgeError as error:
        raise invalid("name", str(error)[:200], name) from error
    adult = m.ranges[0] if m.ranges else None
    return Outcome(
        content={
            "name": m.name,
            "loinc": m.loinc,
            "unit": m.ucum,
            "other_units": list(m.units),
            "adult_range": [adult.low, adult.high] if adult else [],
        },
        reveals=(f"passage:measurement:{name}",),
    )


@tool(effect="submit", minutes=1, domains=HERE)
def submit_option(
    ctx: Context, letter: Literal["A", "B", "C", "D", "E"], citations: Citations = ()
) -> Outcome:
    """Answer an option question.

    Fields:
        letter: The right option.
        citations: Ids of the evidence, such as passage:drug:warfarin:dose.

    """
    del ctx
    return Outcome(
        content={"submitted": True, "letter": letter},
        effect=Effect(kind="submitted", text=f"option:{letter}"),
        answer=Answer(citations=list(citations), fields={"letter": letter}),
    )


@tool(effect="submit", minutes=1, domains=HERE)
def submit_text(
    ctx: Context,
    text: Annotated[str, Meta(min_length=2, max_length=2000)],
    citations: Citations = (),
) -> Outcome:
    """Answer a question that asks for sentences.

    Fields:
        text: The answer.
        citations: Ids of the evidence, such as passage:guideline:sepsis.

    """
    del ctx
    return Outcome(
        content={"submitted": True, "characters": len(text)},
        effect=Effect(kind="submitted", text="text"),
        answer=Answer(citations=list(citations), fields={"text": text}),
    )


@tool(effect="submit", minutes=1, domains=HERE)
def submit_number(ctx: Context, value: float, unit: str = "", citations: Citations = ()) -> Outcome:
    """Answer a question for a number.

    Fields:
        value: The number.
        unit: Its unit.
        citations: Ids of the evidence, such as computed:curb65.

    """
    del ctx
    return Outcome(
        content={"submitted": True, "value": value, "unit": unit},
        effect=Effect(kind="submitted", text=f"number:{value:g}"),
        answer=Answer(citations=list(citations), fields={"value": value, "unit": unit}),
    )
