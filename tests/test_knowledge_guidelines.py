"""Guidelines as data: versions, sources, and patterns that name what exists."""

import re
from datetime import date, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge import guidelines as room
from healthgym.knowledge.conditions import condition, conditions
from healthgym.knowledge.domains import domains
from healthgym.knowledge.drugs import formulary
from healthgym.knowledge.errors import BadData, UnknownGuideline
from healthgym.knowledge.files import names
from healthgym.knowledge.guidelines import (
    Advice,
    Guideline,
    find,
    guideline,
    guidelines,
    history,
    versions,
)
from healthgym.knowledge.instruments.core import instruments
from healthgym.knowledge.labs import catalogue
from healthgym.knowledge.studies import studies
from healthgym.knowledge.variants import comorbidities, findings

IDS = list(guidelines())
ALL = [g for id_ in IDS for g in history(id_)]
ACTIONS = [(g, a) for g in ALL for a in g.actions]

TEN = {
    "acs": date(2025, 2, 27),
    "stroke": date(2026, 1, 26),
    "sepsis": date(2021, 10, 2),
    "preeclampsia": date(2020, 6, 1),
    "dka": date(2024, 6, 22),
    "pneumonia": date(2019, 10, 1),
    "asthma": date(2024, 5, 7),
    "pulmonary_embolism": date(2021, 8, 2),
    "kawasaki": date(2017, 3, 29),
    "suicide_risk": date(2024, 5, 1),
}

# What no catalogue holds yet; a guideline asks for it all the same.
LATER = """
    lab:glucose_poc lab:abg lab:esr lab:hcg lab:acetaminophen lab:legionella_antigen
    lab:pneumococcal_antigen lab:urine_protein_creatinine imaging:brain_mri
    imaging:ct_angiogram_head_neck imaging:vq_scan imaging:lumbar_xray imaging:lumbar_ct
    imaging:lumbar_mri imaging:abdominal_ultrasound imaging:abdominal_mri drug:prasugrel
    drug:rosuvastatin drug:verapamil drug:vasopressin drug:dopamine drug:hydroxyethyl_starch
    drug:clevidipine drug:hydralazine drug:nifedipine drug:methylergonovine drug:betamethasone
    drug:dexamethasone class:inhaled_corticosteroid finding:last_known_well
    finding:suicidal_ideation score:nihss score:wells_pe score:perc score:psi_port score:geneva
    score:years score:spesi score:pesi score:hestia score:c_ssrs score:phq9 score:air
    score:adult_appendicitis score:alvarado score:asthma_severity score:back_red_flags
"""
SHOWN = {"vitals", "allergies", "medications", "history"}
FREE = re.compile(
    r"(consult|team|procedure|note|plan|followup|diet|ready|stopped|asked|exam|disposition):[a-z0-9_]+"
)


def items() -> list[tuple[str, str]]:
    found = []
    for g, a in ACTIONS:
        asked = [c.fact.removeprefix("done:") for c in a.exception if c.fact.startswith("done:")]
        patterns = (*a.match, *a.before, *a.since, *(limit.item for limit in a.limits), *asked)
        found += [(f"{g.id}.{a.id}", p) for p in patterns]
    return found + [(g.id, g.t0) for g in ALL if g.t0 != "arrival"]


def known(item: str) -> bool:
    item = item.removeprefix("seen:")
    kind, _, name = item.partition(":")
    book = formulary()
    catalogues = {
        "lab": {*catalogue().tests, "troponin_t_serial"},
        "imaging": set(studies().studies),
        "drug": set(book.drugs),
        "class": {c for d in book.drugs.values() for c in (*d.classes, *d.roles)},
        "score": set(instruments()),
        "finding": set(findings()),
    }
    if kind in catalogues:
        return name in catalogues[kind] or item in LATER.split()
    return item in SHOWN or FREE.fullmatch(item) is not None


def test_the_ten_and_the_extras_are_held():
    assert {id_: guideline(id_).valid_from for id_ in TEN} == TEN
    extras = {"appendicitis", "low_back_pain", "stewardship", "aortic", "alcoholic_ketoacidosis"}
    extras |= {"copd", "heart_failure", "hhs", "panic", "reflux"}
    assert set(IDS) >= extras | set(TEN)
    assert all(g.actions for g in ALL)
    assert len(ALL) == len(names("guidelines"))


def test_ids_are_unique():
    for g in ALL:
        own = [a.id for a in g.actions]
        assert len(set(own)) == len(own), g.id
    assert len({(g.id, g.version) for g in ALL}) == len(ALL)


@pytest.mark.parametrize("id_", IDS)
def test_versions_follow_one_another(id_):
    for old, new in pairwise(history(id_)):
        assert old.valid_to is not None
        assert old.valid_to + timedelta(days=1) == new.valid_from
        assert (old.replaced_by, new.replaces) == (new.version, old.version)
    for g in history(id_):
        assert g.valid_to is None or (g.valid_to > g.valid_from and g.replaced_by)


@pytest.mark.parametrize("g", ALL, ids=lambda g: f"{g.id} {g.version}")
def test_every_fact_has_a_source_and_a_year(g):
    for source in (g.source, *(a.source for a in g.actions)):
        assert re.search(r"\b(19|20)\d\d\b", source), source
    for a in g.actions:
        assert a.weight > 0
        if a.critical and a.kind == "must":
            assert a.rule or a.id in {"ecg", "brain_imaging", "lysis_in_shock"}, (g.id, a.id)


def test_every_pattern_names_something():
    assert [(where, p) for where, p in items() if not known(p)] == []


def test_clauses_ask_for_facts_that_exist():
    components = set(catalogue().components)
    vitals = {"hr_bpm", "sbp_mmhg", "dbp_mmhg", "map_mmhg", "rr_pm", "temperature_c", "spo2_pct"}
    flags = re.compile(r"(flag|extra|allergy|medication|demo|done|finding):\S+")
    for _, a in ACTIONS:
        for clause in (*a.when, *a.exception):
            kind, _, name = clause.fact.partition(":")
            if kind == "lab":
                assert name in components, clause
            elif kind == "vital":
                assert name in vitals, clause
            else:
                assert clause.fact in {"ecg", "condition", "onset_h"} or flags.fullmatch(
                    clause.fact
                ), clause
            if kind == "medication":
                assert name in formulary().drugs
            if kind == "flag" and name in comorbidities():
                assert clause.value is True


def test_limits_are_in_the_unit_of_the_drug():
    for g, a in ACTIONS:
        for limit in a.limits:
            meant = [d for d in formulary().drugs.values() if d.matches(limit.item)]
            assert meant or limit.item in LATER.split(), limit
            assert limit.low <= limit.high
            for d in meant:
                plain = limit.unit.removesuffix("/kg")
                assert plain in {d.unit, ""}, (g.id, a.id, d.id)
                assert not limit.route or limit.route in {"iv", "oral"}
            assert any(limit.item == m or m.startswith("class:") for m in a.match)


def test_kinds_have_what_they_need():
    for g, a in ACTIONS:
        assert bool(a.before) == (a.kind == "order"), (g.id, a.id)
        assert a.match
        if a.earliest_min and a.deadline_min is not None:
            assert a.earliest_min < a.deadline_min
        if a.hard_deadline_min is not None:
            assert a.critical
            assert a.deadline_min is not None
            assert a.deadline_min <= a.hard_deadline_min
        if a.persists:
            assert a.when
            assert a.deadline_min is not None
        if a.kind != "must":
            assert (a.earliest_min, a.hard_deadline_min, a.persists) == (0.0, None, False)


def test_conditions_and_domains_exist():
    for g in ALL:
        assert set(g.conditions) <= set(conditions())
        assert set(g.domains) <= set(domains())
        assert not (g.domains and not (g.conditions or g.trigger)), g.id


def meant(patterns) -> set[str]:
    """What patterns name, with every drug of a class."""
    book = formulary().drugs.values()
    return {*patterns} | {d.id for d in book if any(d.matches(p) for p in patterns)}


def test_a_guideline_asks_at_least_what_its_condition_demands():
    for g in guidelines().values():
        asked = meant([m for a in g.actions if a.kind == "must" for m in a.match])
        banned = meant([m for a in g.actions if a.kind != "must" for m in a.match])
        for name in g.conditions:
            judgement = condition(name).judgement
            for r in judgement.required:
                # Reading the allergies is a rule of the house, not of one guideline.
                assert r.id == "allergies_read" or asked & meant(r.any_of), (g.id, r.id)
            for f in judgement.forbidden:
                assert banned & meant(f.any_of), (g.id, f.id)


def test_pinning():
    assert guideline("dka").version == "ADA/EASD 2024"
    assert guideline("dka", "ADA 2009").valid_to == date(2024, 6, 21)
    assert guideline("dka", on=date(2020, 1, 1)).version == "ADA 2009"
    assert guideline("dka", on=date(2024, 6, 22)).version == "ADA/EASD 2024"
    assert guideline("stroke", on=date(2025, 12, 31)).version == "AHA/ASA 2019"
    assert guideline("stroke", on=date(2026, 1, 26)).version == "AHA/ASA 2026"
    for wrong in (("dkka", None, None), ("dka", "ADA 1999", None), ("dka", None, date(2000, 1, 1))):
        with pytest.raises(UnknownGuideline, match="dk"):
            guideline(*wrong)
    # What has been replaced by something not held here is in force no more, yet still pinned.
    assert guideline("sepsis").replaced_by == "SSC 2026"
    with pytest.raises(UnknownGuideline):
        guideline("sepsis", on=date(2026, 6, 1))
    assert versions()["sepsis"] == "SSC 2021"


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.dates(date(1990, 1, 1), date(2040, 1, 1)))
def test_at_most_one_version_is_in_force(id_, day):
    valid = [g for g in history(id_) if g.valid_from <= day <= (g.valid_to or date.max)]
    assert len(valid) <= 1
    if valid:
        assert guideline(id_, on=day) == valid[0]
        assert guideline(id_, valid[0].version, day) == valid[0]


def test_new_guidelines_leave_the_search_as_it_was():
    newer = {"asthma", "preeclampsia", "stroke", "kawasaki", "suicide_risk", "appendicitis"}
    newer |= {"stewardship", "low_back_pain"}
    for g in guidelines().values():
        for word in g.words:
            if g.id not in newer:
                assert find(word)[0].id not in newer, word
    for query, id_ in (("asthma attack", "asthma"), ("stroke", "stroke"), ("eclampsia",) * 2):
        assert find(query)[0].id in {id_, "preeclampsia"}
    assert find("back pain")[0].id == "low_back_pain"


def test_sentences_are_short():
    for g in ALL:
        assert 2 <= len(g.do) <= 6, g.id
        assert all(len(s) <= 110 for s in (*g.do, *g.avoid)), g.id


def test_dangerous_numbers():
    def action(id_: str, name: str, version: str | None = None) -> Advice:
        return next(a for a in guideline(id_, version).actions if a.id == name)

    assert action("dka", "insulin_low_potassium").when[0].value == 3.5
    assert action("dka", "insulin_low_potassium", "ADA 2009").when[0].value == 3.3
    assert action("dka", "bicarbonate").when[0].value == 7.0
    assert action("dka", "bicarbonate", "ADA 2009").when[0].value == 6.9
    assert action("dka", "dextrose").when[0].value == 250
    assert action("dka", "dextrose", "ADA 2009").when[0].value == 200
    assert action("sepsis", "antibiotic").hard_deadline_min == 180
    (tenecteplase, alteplase) = action("stroke", "lysis").limits
    assert (tenecteplase.cap, alteplase.cap) == (25, 90)
    assert {a.id for a in guideline("stroke", "AHA/ASA 2019").actions}.isdisjoint(
        {"tenecteplase_high_dose", "pressure_after_thrombectomy"}
    )


def test_unknown_keys_are_errors():
    raw = msgspec.to_builtins(guideline("dka"))
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(raw | {"colour": "red"}, Guideline)
    raw["actions"][0]["deadline"] = 3
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(raw, Guideline)


def test_a_file_is_named_by_what_it_holds(monkeypatch):
    held = guideline("sepsis")
    monkeypatch.setattr(room, "names", lambda _: ["dka"])
    monkeypatch.setattr(room, "load", lambda *_: held)
    room._versions.cache_clear()
    try:
        with pytest.raises(BadData, match="dka"):
            guideline("dka")
    finally:
        room._versions.cache_clear()
