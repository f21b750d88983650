"""What a diagnosis code is worth for a condition: its place in the tree, told from its rivals."""

from functools import cache

from ..knowledge.conditions import Condition, condition
from ..knowledge.icd10 import closeness, nearer_another
from ..knowledge.variants import conditions_in


@cache
def _rivals(name: str, domain: str) -> tuple[str, ...]:
    """Codes of the domain's other conditions that a patient of this age can have.

    A child's asthma and an adult's are one disease under two codes, and so are appendicitis in the
    surgical and in the obstetric ward: neither rules out the other.
    """
    own = condition(name)
    others = (condition(o) for o in conditions_in(domain))
    return tuple(sorted({o.icd10 for o in others if _same_age(own, o)} - {own.icd10}))


def _same_age(one: Condition, other: Condition) -> bool:
    return one.age.low <= other.age.high and other.age.low <= one.age.high


def worth(code: str, of: Condition, domain: str) -> float:
    """Credit of a code for a condition of a domain, in [0, 1].

    Nothing for a code that stands nearer to another condition: a low sodium (E87.1) is no high
    potassium (E87.5). Nor for a heading that holds a look-alike.
    """
    if nearer_another(code, of.icd10, _rivals(of.id, domain)):
        return 0.0
    return closeness(code, of.icd10, tuple(condition(o).icd10 for o in of.look_alikes))
