"""Items of MIMIC-III that are vital signs, and its units in UCUM.

Items: the public code of the MIMIC project (Johnson, J Am Med Inform Assoc 2018;25:32).
"""

from .model import Coding

_LOINC = {
    "8867-4": ("Heart rate", ("211", "220045")),
    "8480-6": ("Systolic blood pressure", ("51", "442", "455", "6701", "220179", "220050")),
    "8462-4": ("Diastolic blood pressure", ("8368", "8440", "8441", "8555", "220180", "220051")),
    "8478-0": (
        "Mean arterial pressure",
        ("456", "52", "6702", "443", "220052", "220181", "225312"),
    ),
    "9279-1": ("Respiratory rate", ("615", "618", "220210", "224690")),
    "8310-5": ("Body temperature", ("223761", "678", "223762", "676")),
    "59408-5": ("Oxygen saturation", ("646", "220277")),
    "9269-2": ("Glasgow Coma Scale", ("198",)),
}
_FAHRENHEIT = frozenset({"223761", "678"})
_OF = {
    item: Coding(system="loinc", code=code, text=text, also=(f"mimic|{item}",))
    for code, (text, known) in _LOINC.items()
    for item in known
}
_UNITS = {
    "meq/l": "meq/L",
    "mg/dl": "mg/dL",
    "g/dl": "g/dL",
    "k/ul": "10*3/uL",
    "m/ul": "10*6/uL",
    "iu/l": "U/L",
    "mm hg": "mm[Hg]",
    "mmhg": "mm[Hg]",
    "mmol/l": "mmol/L",
    "units": "[pH]",
    "bpm": "/min",
    "insp/min": "/min",
    "deg. f": "[degF]",
    "deg. c": "Cel",
    "?f": "[degF]",
    "?c": "Cel",
    "points": "{score}",
    "sec": "s",
    "mosm/kg": "mosm/kg",
}
_PH = "50820"


def vital(item: str) -> Coding | None:
    """The vital sign of an item, None for any other."""
    return _OF.get(item)


def unit(item: str, told: str) -> str:
    """The unit as UCUM where it is known, else as it was told."""
    if item in _OF and _OF[item].code == "8310-5":
        return "[degF]" if item in _FAHRENHEIT else "Cel"
    if told.lower() == "units" and item != _PH:
        return told
    if not told and item in _OF and _OF[item].code == "9269-2":
        return "{score}"
    return _UNITS.get(told.lower(), told)
