"""The knowledge room alone: draw patients, compute instruments, check a prescription.

python examples/patients_and_instruments.py [--count 5]
"""

import argparse

from healthgym.knowledge.drugs import interaction, resolve
from healthgym.knowledge.instruments.core import calc
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import MINUTE, measured_vitals
from healthgym.knowledge.tasks import variants


def main() -> None:
    """Print the shock index of some patients and what speaks against a pair of drugs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5)
    options = parser.parse_args()
    for seed, name in enumerate(variants("clinical_diagnosis", "train")[: options.count]):
        patient = generate(name, seed)
        vitals = measured_vitals(patient, (), MINUTE)
        inputs = {
            "heart_rate_per_min": vitals["hr_bpm"],
            "systolic_bp_mmhg": vitals["sbp_mmhg"],
        }
        found = calc("shock_index", inputs)
        print(f"{patient.age_years} {patient.sex} {name}: {found.value} ({found.band})")
    pair = interaction(resolve("Coumadin").id, resolve("Flagyl").id)
    print(pair)


if __name__ == "__main__":
    main()
