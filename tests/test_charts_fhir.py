"""FHIR from elsewhere: links, dates, states and values; and what is written is R4."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from healthgym.knowledge.charts import charts
from healthgym.knowledge.charts.export import chart_of, fhir
from healthgym.knowledge.charts.fhir import bundle
from healthgym.knowledge.charts.model import (
    Allergy,
    Chart,
    Coding,
    Done,
    Given,
    Observed,
    Problem,
    Report,
    Stay,
)
from healthgym.knowledge.domains import domains
from healthgym.knowledge.errors import BadChart
from healthgym.knowledge.patients import generate
from healthgym.knowledge.variants import domain_variants

PERSON = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1960-05-04"}
VISIT = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"code": "IMP"},
    "subject": {"reference": "Patient/p"},
    "period": {"start": "2020-01-01T10:00:00Z", "end": "2020-01-02T10:00:00Z"},
}


def entry(kind: str, **fields: Any) -> dict[str, Any]:
    who = "patient" if kind in {"AllergyIntolerance", "Immunization"} else "subject"
    return {"resource": {"resourceType": kind, who: {"reference": "Patient/p"}, **fields}}


def read(*entries: dict[str, Any], limit: int = 0) -> tuple[list[Chart], Report]:
    first = [{"resource": PERSON}, {"resource": VISIT}]
    report = Report()
    body = {"resourceType": "Bundle", "type": "collection", "entry": [*first, *entries]}
    found = list(bundle(json.dumps(body), "x.json", report, limit))
    assert report.lost() == {}
    return found, report


def test_references_of_every_kind_are_followed() -> None:
    url = "urn:uuid:1d8bc6ce-0000-4000-8000-000000000001"
    for ref in ("Patient/p", "http://a.b/fhir/Patient/p", "Patient/p/_history/2"):
        (one,), _ = read(entry("Condition", subject={"reference": ref}, code={"text": "x"}))
        assert len(one.problems) == 1, ref
    body = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": url, "resource": PERSON},
            entry("Condition", subject={"reference": url}, code={"text": "x"}),
        ],
    }
    (one,) = bundle(json.dumps(body), "x.json", Report())
    assert (one.subject, len(one.problems)) == ("p", 1)
    _, report = read(entry("Condition", subject={"reference": "Group/p"}, code={"text": "x"}))
    assert sum(report.left["Condition"].values()) == 1


def test_a_drug_that_is_pointed_at_is_named() -> None:
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "aspirin"}}
    inner = entry("MedicationRequest", medicationReference={"reference": "#m"}, contained=[drug])
    outer = entry("MedicationRequest", medicationReference={"reference": "Medication/m"})
    (one,), report = read(inner, outer, {"resource": drug})
    assert [d.drug.text for d in one.drugs] == ["aspirin", "aspirin"]
    assert report.left["Medication"] == {"a dictionary: its names are used": 1}


WRONG = {
    "error": entry("Observation", status="entered-in-error", valueInteger=1),
    "refuted": entry("Condition", verificationStatus={"coding": [{"code": "refuted"}]}),
    "not given": entry("MedicationRequest", doNotPerform=True),
    "not done": entry("Procedure", status="not-done"),
    "no vaccine": entry("Immunization", status="not-done"),
    "healed": entry("AllergyIntolerance", clinicalStatus={"coding": [{"code": "resolved"}]}),
    "none known": entry("AllergyIntolerance", code={"text": "No known allergy (situation)"}),
    "planned": entry("Encounter", status="planned", period={"start": "2019-01-01"}),
    "meaning unknown": entry("Condition", modifierExtension=[{"url": "x"}]),
    "STU3": entry("Observation", context={"reference": "Encounter/e"}, valueInteger=1),
    "R5": entry("MedicationRequest", medication={"concept": {"text": "aspirin"}}),
    "twice": {"resource": VISIT},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_fact_is_counted_with_the_reason(name: str) -> None:
    (one,), report = read(WRONG[name])
    assert sum(sum(why.values()) for why in report.left.values()) == 1
    lists = (one.observations, one.problems, one.drugs, one.done, one.allergies)
    assert not any(lists)
    assert len(one.stays) == 1
    assert one.stays[0].start == 0


VALUES: dict[str, tuple[dict[str, Any], tuple[float | None, str, str]]] = {
    "limit": (
        {"valueQuantity": {"value": 0.1, "comparator": "<", "unit": "ng/mL"}},
        (None, "<0.1", "ng/mL"),
    ),
    "integer": ({"valueInteger": 3}, (3.0, "", "")),
    "no": ({"valueBoolean": False}, (None, "no", "")),
    "range": ({"valueRange": {"low": {"value": 1}, "high": {"value": 5}}}, (None, "1-5", "")),
    "ratio": (
        {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}},
        (None, "1/128", ""),
    ),
    "code": ({"valueCodeableConcept": {"coding": [{"code": "260"}]}}, (None, "260", "")),
    "note": ({"valueInteger": 1, "note": [{"text": "intubated"}]}, (1.0, "intubated", "")),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_of_every_type_are_kept(name: str) -> None:
    fields, expected = VALUES[name]
    (one,), _ = read(entry("Observation", effectivePeriod={"start": "2020-01-01T11:00Z"}, **fields))
    (seen,) = one.observations
    assert (seen.value, seen.text, seen.unit) == expected
    assert seen.at == 60


def test_doses_are_put_in_words() -> None:
    dose = {
        "timing": {"repeat": {"frequency": 2, "period": 1.0, "periodUnit": "d"}},
        "asNeededBoolean": True,
        "doseAndRate": [{"doseQuantity": {"value": 5.0, "unit": "mg"}}],
    }
    drug = {"medicationCodeableConcept": {"text": "x"}}
    (one,), _ = read(entry("MedicationRequest", dosageInstruction=[dose, {"text": "or"}], **drug))
    assert one.drugs[0].dose == "5 mg, 2 x in 1 d, as needed; or"


def test_dates_without_a_day_and_with_a_zone() -> None:
    (one,), _ = read(entry("Condition", onsetDateTime="2019-12", code={"text": "x"}))
    assert one.problems[0].at == -(31 * 1440 + 600)
    (one,), _ = read(entry("Condition", onsetDateTime="2020-01-01T12:00:00+02:00"))
    assert one.problems[0].at == 0
    with pytest.raises(BadChart, match=r"x\.json, Condition c, onsetDateTime: 'soon' is no time"):
        read(entry("Condition", id="c", onsetDateTime="soon"))


def test_a_death_and_other_codes_are_kept() -> None:
    codes = [{"system": "http://snomed.info/sct", "code": "1"}, {"system": "urn:x", "code": "2"}]
    body = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": {**PERSON, "birthDate": "1960", "deceasedDateTime": "2020-01-01"}},
            entry("Condition", onsetDateTime="2019-01-01", code={"coding": codes}),
        ],
    }
    (one,) = bundle(json.dumps(body), "x.json", Report())
    assert one.dead
    assert (one.problems[0].what.code, one.problems[0].what.also) == ("1", ("urn:x|2",))


def test_a_limit_counts_those_beyond() -> None:
    other = {"resource": {**PERSON, "id": "q"}}
    found, report = read(other, limit=1)
    assert len(found) == 1
    assert report.left["Patient"] == {"of a patient beyond the limit": 1}


def test_a_bundle_a_line_and_a_patient_that_comes_twice(tmp_path: Path) -> None:
    body = json.dumps({"resourceType": "Bundle", "entry": [{"resource": PERSON}]})
    other = body.replace('"p"', '"q"')
    (tmp_path / "a.ndjson").write_text(f"{body}\n{other}\n")
    assert [c.subject for c in charts("fhir", tmp_path, Report())] == ["p", "q"]
    (tmp_path / "b.json").write_text(json.dumps(json.loads(body), indent=2))
    with pytest.raises(BadChart, match=r"b\.json: patient p came in a\.ndjson, line 1"):
        list(charts("fhir", tmp_path, Report()))
    (tmp_path / "b.json").write_text(json.dumps(PERSON))
    with pytest.raises(BadChart, match="expected a Bundle, got 'Patient'"):
        list(charts("fhir", tmp_path, Report()))


STATES = {
    "Encounter": {"in-progress", "finished"},
    "Observation": {"final"},
    "MedicationRequest": {"active", "completed", "stopped", "unknown"},
    "MedicationAdministration": {"completed"},
    "Procedure": {"completed"},
    "DiagnosticReport": {"final"},
    "Immunization": {"completed"},
}
UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CODED = ("category", "clinicalStatus", "class")


def is_r4(body: dict[str, Any]) -> None:
    urls = [e["fullUrl"] for e in body["entry"]]
    assert len(set(urls)) == len(urls)
    assert all(UUID.fullmatch(url) for url in urls)
    for one in (e["resource"] for e in body["entry"]):
        text = json.dumps(one)
        assert not re.search(r'\{\}|\[\]|""|null', text), text
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", one["id"])
        assert one.get("status", "") in STATES.get(one["resourceType"], {""})
        refs = [one[r]["reference"] for r in ("subject", "patient", "encounter") if r in one]
        assert set(refs) <= set(urls)
        assert one["resourceType"] == "Patient" or refs
        for name in CODED:
            for concept in one[name] if isinstance(one.get(name), list) else [one.get(name)]:
                codes = (concept or {}).get("coding", [concept] if name == "class" else [])
                assert all("system" in code for code in codes if code)
        assert len([name for name in one if name.startswith("value")]) < 2


@pytest.mark.parametrize("domain", domains())
def test_a_patient_of_every_domain_is_written_as_r4_and_comes_back(domain: str) -> None:
    for variant in sorted(domain_variants(domain))[::9]:
        chart = chart_of(generate(variant, 3))
        body = fhir(chart)
        is_r4(body)
        (back,) = bundle(msgspec.json.encode(body), "x", Report())
        assert msgspec.structs.replace(back, source="healthgym") == chart


def test_a_chart_of_tables_is_written_as_r4_and_comes_back() -> None:
    what = Coding(system="loinc", code="2160-0", text="Creatinine", also=("mimic|50912",))
    chart = Chart(
        source="fhir",
        subject="70",
        age_years=80,
        dead=True,
        died=5000.0,
        origin="2130-03-04T10:00:00",
        stays=(Stay(id="70", kind="Med-Surg ICU", start=-60.0, end=4000.0, outcome="died"),),
        observations=(
            Observed(what=what, kind="lab", at=None, stay="70", value=0.0, unit="K/uL"),
            Observed(what=what, kind="other", at=5.0, value=1.0, text="1.0 ET/Trach"),
            Observed(what=what, kind="lab", at=6.0, text="<0.1", unit="mg/dL"),
        ),
        drugs=(
            Given(drug=what, at=None, status="ordered"),
            Given(drug=what, at=1.0, until=9.0, stay="70", dose="4 mg", status="given"),
        ),
        problems=(Problem(what=what, past=True), Problem(what=what, at=1.0, stay="70", past=True)),
        allergies=(Allergy(what=what, at=4.0, stay="70"),),
        done=(Done(kind="culture", what=what, text=">=4"), Done(kind="immunization", what=what)),
    )
    body = fhir(chart)
    told = {**STATES, "MedicationRequest": {"unknown"}}
    assert body["entry"][0]["resource"]["gender"] == "unknown"
    for one in (e["resource"] for e in body["entry"]):
        assert one.get("status", "") in told.get(one["resourceType"], {""})
        quantity = one.get("valueQuantity", {})
        assert "code" not in quantity or quantity["unit"] == "mg/dL"
    is_r4(body)
    (back,) = bundle(msgspec.json.encode(body), "x", Report())
    assert back == chart
