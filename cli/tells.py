"""What gives a condition away for free, before a single call.

Within a family of look-alikes no feature that is known on arrival (the ticket's words, age and
sex, vital signs, the history, past illness) should tell one condition from the others: a diagnosis
has to be worked for. Measured by the area under the ROC curve (Hanley, Radiology 1982), one
condition against the rest of its family, over fresh patients. Where a domain's look-alikes are no
conditions (the same request, rightly met or rightly refused), its module's `kind` says what they
are.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from ..environments.tool import tools
from ..knowledge.conditions import condition
from ..knowledge.domains import questions
from ..knowledge.patients import Patient, generate
from ..knowledge.physiology import MINUTE, measured_vitals
from ..knowledge.tasks import variants
from ..knowledge.variants import findings, variant

MOST = 0.9
MOST_BY_PEOPLE = 0.6
DEMOGRAPHIC = "age and sex"
_SEED = 5_000_000
"""Far from the seeds of frozen tasks."""
_COMMON = 0.05
_Rows = dict[str, list[dict[str, float]]]


class Tell(msgspec.Struct, frozen=True, kw_only=True):
    """How well one free feature separates a condition from the others of its family."""

    domain: str
    family: str
    condition: str
    feature: str
    auc: float


def auc(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Area under the ROC curve, whichever way it points: 0.5 to 1; ties count half."""
    both = np.concatenate([np.asarray(ours, float), np.asarray(theirs, float)])
    _, place, count = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    n, m = len(ours), len(theirs)
    above = (ranks[:n].sum() - n * (n + 1) / 2) / (n * m)
    return float(max(above, 1 - above))


def free(patient: Patient) -> dict[str, float]:
    """All that is known without a call, as numbers."""
    told = {k: f for k, f in findings().items() if f.layer == "history" and k in patient.findings}
    seen = {"age": float(patient.age_years), "female": float(patient.sex == "F")}
    seen |= {f"vital {k}": v for k, v in measured_vitals(patient, (), MINUTE).items()}
    seen |= {f"history {k}": float(patient.findings[k]) for k in told}
    seen |= {f"past {k}": 1.0 for k in patient.comorbidities}
    seen["medicines"] = float(len(patient.medications))
    words = re.findall(r"[a-z]{4,}", patient.complaint.lower())
    return seen | {f"word {w}": 1.0 for w in words}


def names_a_disorder(domain: str) -> bool:
    """Whether the answer is a diagnosis, so that to know the condition is to know the answer."""
    ways = [t for name, t in tools(domain).items() if name.startswith("submit_")]
    own = [t for t in ways if t.domains == (domain,)] or ways
    return any("icd10_code" in t.arguments.__struct_fields__ for t in own)


def _families(domain: str) -> Mapping[str, Mapping[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    kind = getattr(questions(domain), "kind", None)
    for name in variants(domain):
        of = variant(name).condition
        family = condition(of).family
        if kind is not None:
            family, of = kind(generate(name, _SEED))
        found[family][of].append(name)
    return {family: known for family, known in found.items() if len(known) > 1}


def _column(rows: Sequence[Mapping[str, float]], feature: str) -> list[float]:
    return [row.get(feature, 0.0) for row in rows]


def _demographic(
    ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]
) -> float:
    """Age and sex together, by Fisher's linear discriminant."""
    a, b = (np.array([[r["age"], r["female"]] for r in rows]) for rows in (ours, theirs))
    spread = np.cov(a.T) + np.cov(b.T) + np.eye(2) * 1e-6
    way = np.linalg.solve(spread, a.mean(0) - b.mean(0))
    return auc((a @ way).tolist(), (b @ way).tolist())


def _of_family(rows: _Rows) -> Iterator[tuple[str, str, float]]:
    for name, ours in rows.items():
        theirs = [r for other, some in rows.items() if other != name for r in some]
        counts = Counter(k for r in (*ours, *theirs) for k in r)
        for feature, count in sorted(counts.items()):
            if count >= _COMMON * len(ours):
                yield name, feature, auc(_column(ours, feature), _column(theirs, feature))
        yield name, DEMOGRAPHIC, _demographic(ours, theirs)


def tells(domain: str, *, patients: int = 200) -> list[Tell]:
    """Every free feature of every condition that has look-alikes in the domain, best first."""
    found = []
    for family, members in _families(domain).items():
        rows: _Rows = {
            of: [free(generate(names[i % len(names)], _SEED + i)) for i in range(patients)]
            for of, names in members.items()
        }
        for name, feature, area in _of_family(rows):
            tell = Tell(
                domain=domain, family=family, condition=name, feature=feature, auc=round(area, 3)
            )
            found.append(tell)
    return sorted(found, key=lambda t: (-t.auc, t.condition, t.feature))
