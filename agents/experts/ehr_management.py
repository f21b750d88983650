"""The script of record work: read what the order needs, drop what cannot be right, compute, report.

It knows the published scores and the ticket; everything else it takes from the tables it was shown.
"""

import math
import re
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import msgspec

from ...bus.events import ToolCalled
from ...knowledge.domains import Call as Planned
from ...knowledge.domains.ehr_management import (
    APACHE_LABS,
    TABLE,
    labs,
    reading,
    signs,
)
from ...knowledge.stays import scores
from ...knowledge.stays.asked import Ask
from ...knowledge.stays.course_kinds import sofa_hour, zero
from ...knowledge.stays.papers import (
    EGFR_METFORMIN,
    HALF_YEAR_DAYS,
    YEAR_DAYS,
    Order,
    same_class,
    suspicion,
)
from ...knowledge.stays.tables import LABS, Flow, Lab, Signs, Tables
from ..policy import View
from . import Call

_TICKET = re.compile(r"\[(\w+);(?: of: ([^;]+);)?(?: from hour (\d+);)? hour (\d+)\]$")
_FACTORS = (
    (0.1, "impossible_value"),
    (0.01, "impossible_value"),
    *((f, "wrong_unit") for f in (88.42, 17.1, 10.0, 9.01, 1 / 18)),
)
"""Lost digits, and factors between usual units: how far a wrong row is off its neighbours."""
_COLDEST_C = 25.0
_SINGLE_UNIT = frozenset(LABS) - {"pao2", "fio2", "ph"}
"""Labs in which a jump by such a factor is no illness."""
_OFF = 0.6
"""How far (natural logarithm) a ratio may be from such a factor."""


def call(tool: str, **arguments: Any) -> Call:
    """A tool call."""
    return Call(tool=tool, arguments=arguments)


def _own(planned: Sequence[Planned]) -> list[Call]:
    return [Call(tool=c.tool, arguments=c.arguments) for c in planned]


class _Log(msgspec.Struct, kw_only=True):
    """What was called and shown so far."""

    calls: list[Call] = []
    contents: list[dict[str, Any]] = []
    failed: list[Call] = []

    def has(self, c: Call) -> bool:
        """Whether that call was made, with success or not."""
        return c in self.calls or c in self.failed

    def of(self, tool: str) -> list[dict[str, Any]]:
        """What a tool has shown about this stay."""
        return [
            content
            for c, content in zip(self.calls, self.contents, strict=True)
            if c.tool == tool and not c.arguments.get("hadm_id")
        ]

    def shown(self, tool: str) -> list[dict[str, Any]]:
        """Rows of a tool's tables as mappings, each row once."""
        found: dict[str, dict[str, Any]] = {}
        for content in self.of(tool):
            for values in content["rows"]:
                one = dict(zip(content["columns"], values, strict=True))
                found[str(values)] = one
        return list(found.values())

    def flagged(self) -> set[str]:
        """Rows that were taken out."""
        return {c.arguments["row"] for c in self.calls if c.tool == "flag_data_error"}


def _log(view: View) -> _Log:
    log = _Log()
    for turn in view.turns:
        if not isinstance(turn.action, ToolCalled) or turn.observation is None:
            continue
        made = Call(tool=turn.action.tool, arguments=dict(turn.action.arguments))
        if turn.observation.ok:
            log.calls.append(made)
            log.contents.append(turn.observation.content)
        else:
            log.failed.append(made)
    return log


def asked(ticket: str) -> Ask:
    """The work order of a ticket. Raises ValueError where it is none."""
    found = _TICKET.search(ticket)
    if found is None:
        raise ValueError(f"not a work order: {ticket[-80:]}")
    kind, of, since, at = found.groups()
    return Ask(kind=kind, text="", at=int(at), since=int(since or 0), of=of or "")


def _rows(log: _Log) -> Tables:
    """The rows read, without those taken out."""
    out = log.flagged()

    def made(tool: str, type_: Any) -> list[Any]:
        rows = [_named(r) for r in log.shown(tool) if r["row"] not in out]
        return sorted((msgspec.convert(r, type_) for r in rows), key=lambda r: r.id)

    return Tables(
        labs=tuple(made("query_labs", Lab)),
        signs=tuple(made("query_vitals", Signs)),
        flows=tuple(made("query_inputs_outputs", Flow)),
    )


_FIELDS = {"row": "id", "charttime": "hour", "valuenum": "value", "valueuom": "unit"}


def _named(shown: dict[str, Any]) -> dict[str, Any]:
    """A row of a shown table by the names of its fields."""
    return {_FIELDS.get(column, column): value for column, value in shown.items()}


def _factor(ratio: float) -> str:
    """What a jump by that ratio means; "" where it may be illness."""
    off, reason = min((abs(math.log(ratio / f)), why) for f, why in _FACTORS)
    return reason if off <= _OFF else ""


def suspects(t: Tables) -> Iterator[tuple[str, str]]:
    """Rows that cannot be right, with the reason."""
    for label in LABS:
        yield from _odd_labs([r for r in t.labs if r.label == label])
    for s in t.signs:
        if s.temp < _COLDEST_C:
            yield s.id, "impossible_value"
    known: set[tuple[Any, ...]] = set()
    for f in t.flows:
        key = (f.hour, f.label, f.kind)
        if key in known:
            yield f.id, "duplicate"
        known.add(key)


def _odd_labs(own: Sequence[Lab]) -> Iterator[tuple[str, str]]:
    """Rows of one lab that repeat another or are off all others by a factor."""
    hours = [r.hour for r in own]
    for n, r in enumerate(own):
        others = [o.value for o in own[max(n - 3, 0) : n + 4] if o is not r]
        if r.hour in hours[:n]:
            yield r.id, "duplicate"
        elif len(others) >= 2 and r.label in _SINGLE_UNIT:
            reason = _factor(r.value / median(others))
            if reason:
                yield r.id, reason


def _report(**fields: Any) -> Call:
    return call("submit_report", **fields)


def proposals(view: View) -> list[Call]:
    """What a careful abstractor would do now, the report last."""
    ask, log = asked(view.started.ticket), _log(view)
    found = [c for c in _steps(ask, log) if not log.has(c)]
    return found or [_report(value=0.0, at_hour=-1.0, items=[])]


def _steps(ask: Ask, log: _Log) -> Iterator[Call]:
    first = _own(reading(ask))
    yield from first
    if ask.kind == "data_error" and ask.of == "labs":
        for label in LABS:
            if not list(suspects(_rows(log))) and not log.flagged():
                yield from _own(labs(0, ask.at, label))
    rows = _rows(log)
    for id_, reason in suspects(rows):
        yield call("flag_data_error", table=TABLE[id_[0]], row=id_, reason=reason)
    solve = {
        "sofa": _sofa,
        "sofa2": _sofa,
        "news2": _news2,
        "apache": _apache,
        "kdigo": _kdigo,
        "lace": _lace,
        "trend": _trend,
        "extreme": _extreme,
        "deterioration": _deterioration,
        "time_zero": _time_zero,
        "balance": _balance,
        "reconcile": _reconcile,
        "data_error": _data_error,
        "readiness": _readiness,
        "cohort": _cohort,
    }
    if all(log.has(c) for c in first):
        yield from solve[ask.kind](ask, log, rows)


def _value(log: _Log, tool: str, key: str) -> Iterator[Call]:
    """Report the last number that a calculator has shown."""
    for content in log.of(tool)[-1:]:
        yield _report(value=content[key])


def _sofa(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del rows
    yield call("calculate_sofa", hour=ask.at, version=ask.kind)
    yield from _value(log, "calculate_sofa", ask.kind)


def _news2(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del rows
    low = any("88-92" in o["text"] for o in log.shown("get_orders"))
    yield call("calculate_news2_at", hour=ask.at, spo2_scale=2 if low else 1)
    yield from _value(log, "calculate_news2_at", "news2")


def _apache(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del ask, rows
    start = log.of("get_icu_stays")[0]["rows"][0][0]
    yield from _own(
        (*labs(start, start + scores.DAY, *APACHE_LABS), *signs(start, start + scores.DAY))
    )
    note = log.shown("get_notes")[0]["text"]
    yield call(
        "calculate_apache_ii",
        chronic_insufficiency="insufficiency: yes" in note,
        acute_renal_failure="failure: yes" in note,
    )
    yield from _value(log, "calculate_apache_ii", "apache_ii")


def _kdigo(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del rows
    stays = [a for a in log.shown("list_admissions") if a["kind"] == "inpatient"]
    recent = [a["hadm_id"] for a in stays if a["days_before"] <= YEAR_DAYS]
    if recent:
        yield call("compare_admissions", hadm_id=recent[0])
    baseline = "previous_admission" if recent else "lowest_of_stay"
    yield call("stage_aki", hour=ask.at, baseline=baseline)
    yield from _value(log, "stage_aki", "kdigo_stage")


def _lace(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del ask, rows
    visits = [a for a in log.shown("list_admissions") if a["kind"] == "ed_visit"]
    count = sum(v["days_before"] <= HALF_YEAR_DAYS for v in visits)
    yield call("calculate_lace", ed_visits=count)
    yield from _value(log, "calculate_lace", "lace")


def _trend(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del ask, rows
    for content in log.of("get_lab_trend")[-1:]:
        first, last = content["first"]["value"], content["last"]["value"]
        yield _report(value=round(scores.change_percent(first, last), 2))


def _extreme(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del log
    label, _, which = ask.of.partition(" ")
    values = [r.value for r in rows.labs if r.label == label]
    if values:
        yield _report(value=min(values) if which == "lowest" else max(values))


def _deterioration(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del log
    points = [(r.hour, scores.news2(r).value) for r in rows.signs]
    hours = [hour for hour, value in points if value >= int(ask.of)]
    if hours:
        yield call("calculate_news2_at", hour=int(hours[0]))
    if points and points[-1][1] >= 7:
        yield call("write_note", kind="escalation", text="NEWS2 of 7 or more now.")
    yield _report(at_hour=hours[0] if hours else -1.0)


def _time_zero(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    found = [
        Order(
            id=o["row"],
            hour=o["charttime"],
            kind=o["kind"],
            text=o["text"],
            drug=o["text"].split()[0] if o["kind"] == "medication" else "",
        )
        for o in log.shown("get_orders")
    ]
    organ, _ = sofa_hour(rows, ask.at)
    yield _report(at_hour=zero(suspicion(tuple(found)), organ))


def _balance(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del log
    yield _report(value=scores.balance(rows, ask.since, ask.at))


def _reconcile(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del ask, rows
    shown = log.of("reconcile_medications")
    if not shown:
        return
    content = shown[-1]
    table = {name: (home, draft) for name, home, draft in content["rows"]}
    notes = " ".join(n["text"] for n in log.shown("get_notes"))
    wrong: list[str] = []
    for name, (home, draft) in table.items():
        twin = not home and any(o in same_class(name) for o, (h, _) in table.items() if h)
        left_out = bool(home) and not draft and f"{name} was stopped" not in notes
        if left_out or twin or (home and draft and home != draft):
            wrong.append(name)
    kidney = content.get("egfr_ml_min_1_73", 100)
    if table.get("metformin", ("", ""))[1] and kidney < EGFR_METFORMIN:
        wrong.append("metformin")
    yield _report(items=sorted(set(wrong)))


def _data_error(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del ask, rows
    flags = [c for c in log.calls if c.tool == "flag_data_error"]
    fields = {"reason": flags[0].arguments["reason"]} if flags else {}
    yield _report(items=[c.arguments["row"] for c in flags], **fields)


def _readiness(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del ask
    eats = any("Eats" in n["text"] for n in log.shown("get_notes"))
    for last in rows.signs[-1:]:
        unmet = scores.unstable(last, eats=eats)
        yield _report(items=list(unmet), ready=not unmet)


def _cohort(ask: Ask, log: _Log, rows: Tables) -> Iterator[Call]:
    del rows
    tables = [
        {r[0]: r for r in content["rows"] if r[1] == "present"}
        for content in log.of("search_census")
    ]
    if ask.of == "shock":
        lactate, pressure = tables[0], tables[1]
        count = sum(r[3] > 2 and pressure[k][3] < 70 for k, r in lactate.items())
    elif ask.of == "injury":
        count = sum(r[3] >= 1.5 * r[2] for r in tables[0].values())
    else:
        wanted = [
            call("query_vitals", from_h=r[4], to_h=r[4], hadm_id=k) for k, r in tables[0].items()
        ]
        yield from wanted
        count = sum(_warned(log, c) for c in wanted)
    yield _report(value=float(count))


def _warned(log: _Log, made: Call) -> bool:
    if made not in log.calls:
        return False
    content = log.contents[log.calls.index(made)]
    one = dict(zip(content["columns"], content["rows"][-1], strict=True))
    return scores.news2(msgspec.convert(_named(one), Signs)).value >= 5


def slips(view: View) -> list[Call]:
    """Reports without the work, most of them wrong."""
    del view
    return [
        *(_report(value=float(n)) for n in (0, 2, 5)),
        _report(at_hour=-1.0),
        _report(items=[]),
        _report(items=[], ready=True),
    ]


def harms(view: View) -> list[Call | None]:
    """A sound row taken out of the record, if one was read."""
    rows = _rows(_log(view))
    read = [r.id for r in rows.rows][:1]
    flags = [
        call("flag_data_error", table=TABLE[i[0]], row=i, reason="impossible_value") for i in read
    ]
    return [*flags, None]
