"""The script of the picture reader: list, look, measure, compare, grade, tell, act, answer."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ...knowledge.domains.visual_diagnosis import (
    LESIONS,
    MEASURED,
    REFERRALS,
    SAMPLES,
    TOOLS,
    acted,
    answer,
    facts_of,
)
from ...knowledge.drugs import formulary
from ...knowledge.visual.conclusions import conclude
from ...knowledge.visual.words import About, Conclusion, Setting
from ..policy import View
from . import Call


class _Seen(msgspec.Struct):
    """What the calls have shown."""

    facts: set[str] = msgspec.field(default_factory=set)
    done: set[str] = msgspec.field(default_factory=set)
    refused: set[str] = msgspec.field(default_factory=set)
    images: list[dict[str, Any]] = msgspec.field(default_factory=list)
    setting: Setting = "clinic"
    values: dict[str, float | str] = msgspec.field(default_factory=dict)
    prior: dict[str, float | str] = msgspec.field(default_factory=dict)
    past: tuple[str, ...] = ()
    home: tuple[str, ...] = ()

    @property
    def now(self) -> dict[str, Any]:
        """The current picture."""
        return next(i for i in self.images if not i["months_ago"])

    @property
    def older(self) -> dict[str, Any] | None:
        """The earlier picture."""
        return next((i for i in self.images if i["months_ago"]), None)


def _call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)


def _take(seen: _Seen, name: str, content: dict[str, Any]) -> None:
    if name == "list_images":
        seen.images, seen.setting = list(content["images"]), content["setting"]
    elif name == "compare_images":
        seen.prior = {c["name"]: c["prior"] for c in content["changes"]}
    elif name == "get_patient_history":
        seen.past = tuple(content["past"])
    elif name == "get_medications":
        seen.home = tuple(content["home"])
    elif name in TOOLS.values():
        seen.values |= {k: v for k, v in content.items() if k != "image"}


def _read(view: View) -> _Seen:
    seen = _Seen()
    for turn in view.turns:
        told = turn.observation
        if told is None:
            continue
        name = getattr(turn.action, "tool", "")
        if not told.ok:
            seen.refused.add(name)
            continue
        seen.facts |= set(told.reveals)
        if told.effect is not None and told.effect.item:
            seen.done.add(told.effect.item)
        _take(seen, name, dict(told.content))
    return seen


def _about(seen: _Seen) -> About:
    drugs = formulary().drugs
    known = [drugs[name] for text in seen.home if (name := text.split(" ")[0]) in drugs]
    older = seen.older
    return About(
        setting=seen.setting,
        smoker="current smoker" in seen.past,
        qt_drug=any(d.qt == "known" for d in known),
        prior=seen.prior,
        prior_months=older["months_ago"] if older else 0,
    )


def _work(seen: _Seen) -> Iterator[Call]:
    """Measures that are still missing."""
    if not seen.images:
        yield _call("list_images")
        return
    id_, older = seen.now["image"], seen.older
    if "viewed" not in seen.facts:
        yield _call("view_image", image=id_)
    if older and "viewed_prior" not in seen.facts:
        yield _call("view_image", image=older["image"])
    kind = seen.now["kind"]
    for fact in MEASURED.get(kind, LESIONS):
        hidden = fact not in facts_of(kind, seen.values)
        if fact not in seen.facts and TOOLS[fact] not in seen.refused and not hidden:
            yield _call(TOOLS[fact], image=id_)
    if older and "compared" not in seen.facts:
        yield _call("compare_images", image=id_, prior_image=older["image"])


def _after(seen: _Seen, right: Conclusion) -> Iterator[Call]:
    id_ = seen.now["image"]
    if right.critical and f"alerted:{right.critical}" not in seen.done:
        yield _call("alert_clinician", image=id_, finding=right.critical)
    solid = right.diagnosis == "solid_lung_nodule" and right.system == "fleischner_2017"
    if solid and "history" not in seen.facts:
        yield _call("get_patient_history")
    if right.diagnosis == "long_qt" and "medications" not in seen.facts:
        yield _call("get_medications")
    if right.system and f"score:{right.system}" not in seen.facts | seen.refused:
        yield _call("grade_image_finding", image=id_, system=right.system)
    act = acted(right)
    if act and act not in seen.done:
        what, _, which = act.partition(":")
        if what == "sample":
            yield _call("request_tissue_sample", image=id_, method=which)
        else:
            yield _call("refer_patient", image=id_, to=which)


def _submit(said: dict[str, Any]) -> Call:
    return Call(tool="submit_visual_diagnosis", arguments=said)


def _concluded(seen: _Seen) -> Conclusion:
    return conclude(seen.now["kind"], seen.values, _about(seen))


def proposals(view: View) -> list[Call]:
    """What the script would do now; the answer last."""
    seen = _read(view)
    work = list(_work(seen))
    if work:
        return work
    right = _concluded(seen)
    return [*_after(seen, right), _submit(answer(seen.values, right))]


_GUESSES = (
    ("normal_chest_film", "no_action"),
    ("benign_naevus", "no_action"),
    ("thyroid_nodule", "needle_biopsy"),
    ("normal_ecg", "no_action"),
    ("normal_tracing", "routine_monitoring"),
    ("no_retinopathy", "follow_up_12_months"),
)


def slips(view: View) -> list[Call]:
    """Answers, most of them wrong."""
    del view
    return [_submit({"diagnosis": d, "recommendation": a}) for d, a in _GUESSES]


def harms(view: View) -> list[Call | None]:
    """Alarms and tissue that most patients do not need."""
    seen = _read(view)
    if "viewed" not in seen.facts:
        return [None]
    id_ = seen.now["image"]
    samples = [_call("request_tissue_sample", image=id_, method=m) for m in SAMPLES.values()]
    alarms = [_call("alert_clinician", image=id_, finding="st_elevation")]
    return [*samples, *alarms, _call("refer_patient", image=id_, to=next(iter(REFERRALS.values())))]
