"""Drugs: names, doses, class graph, allergies and interactions, all by ingredient id.

A class is reached through the graph, never by a substring: penicillamine is no penicillin.
"""

from .allergy import Verdict, allergic, cross_reactivity
from .chart import Alert, Chart, ChartAllergy, ChartDrug
from .formulary import drug, formulary, of_class
from .model import Advice, Allergy, Drug, Formulary, Interaction, Severity
from .names import find, resolve
from .pairs import interaction, interactions, washout_days
from .screen import screen

__all__ = [
    "Advice",
    "Alert",
    "Allergy",
    "Chart",
    "ChartAllergy",
    "ChartDrug",
    "Drug",
    "Formulary",
    "Interaction",
    "Severity",
    "Verdict",
    "allergic",
    "cross_reactivity",
    "drug",
    "find",
    "formulary",
    "interaction",
    "interactions",
    "of_class",
    "resolve",
    "screen",
    "washout_days",
]
