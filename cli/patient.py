"""`healthgym patient`: one synthetic patient, with the hidden truth."""

from typing import Annotated, Any

import msgspec
import typer

from .shared import Json, as_json, console, fail


def patient(
    variant: Annotated[str, typer.Option(help="Variant; `healthgym tasks --json` names them.")],
    seed: Annotated[int, typer.Option(help="Which patient of the variant.")] = 0,
    hour: Annotated[float, typer.Option(help="Simulated hours after arrival.", min=0)] = 0.0,
    *,
    fhir: Annotated[bool, typer.Option("--fhir", help="Print a FHIR R4 bundle.")] = False,
    json: Json = False,
) -> None:
    """Show a synthetic patient. Example: healthgym patient --variant dka_missed_insulin."""
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.patient_agent import manner
    from ..knowledge.patients import generate
    from ..knowledge.physiology import MINUTE, levels

    try:
        found = generate(variant, seed)
        how = manner(found)
    except KnowledgeError as error:
        raise fail(str(error)) from error
    if fhir:
        from ..knowledge.charts import export

        as_json(export.fhir(export.chart_of(found)))
        return
    at = int(hour * 60 * MINUTE)
    true = {key: round(value, 2) for key, value in levels(found, (), at).items()}
    body: dict[str, Any] = msgspec.to_builtins(found)
    speaks = {"personality": how.personality, "bias": how.bias, "withheld": sorted(how.withheld)}
    if json:
        as_json({**body, "manner": speaks, "at_hour": hour, "levels": true})
        return
    _print({**body, "manner": speaks}, true, hour)


def _print(found: dict[str, Any], true: dict[str, float], hour: float) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ..knowledge.measurements import measurements

    told = Table(title=escape(found["complaint"]), title_justify="left", show_header=False)
    for key in (
        "id",
        "condition",
        "age_years",
        "sex",
        "ethnicity",
        "ses",
        "weight_kg",
        "height_cm",
    ):
        told.add_row(key, str(found[key]))
    told.add_row("comorbidities", ", ".join(found["comorbidities"]))
    told.add_row("home drugs", ", ".join(m["text"] for m in found["medications"]))
    labels = (f"{a['substance']} ({a['reaction']}){_true(a)}" for a in found["allergies"])
    told.add_row("allergies", ", ".join(labels))
    told.add_row("findings", ", ".join(k for k, has in found["findings"].items() if has))
    manner = found["manner"]
    told.add_row("manner", f"{manner['personality']}, bias {manner['bias']}")
    told.add_row("told when pressed", ", ".join(manner["withheld"]))
    told.add_row("severity", f"{found['severity']} at arrival, {found['onset_h']} h after onset")
    told.add_row("ECG", found["ecg"])
    told.add_row("imaging", ", ".join(f"{k}: {v}" for k, v in found["imaging"].items()))
    if found["extra"]:
        told.add_row("further", ", ".join(f"{k}: {v}" for k, v in found["extra"].items()))
    console().print(told)
    table = Table("what", "true value", "unit", title=f"Untreated, {hour:g} h after arrival")
    known = measurements()
    for key, value in sorted(true.items()):
        if key in known:
            table.add_row(known[key].name, f"{value:g}", escape(known[key].ucum))
    console().print(table)


def _true(allergy: dict[str, Any]) -> str:
    return "" if allergy["true"] else ", a wrong label"


COMMANDS = (patient,)
