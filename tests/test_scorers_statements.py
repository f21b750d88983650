"""What a written statement says is so, was so, or is not so."""

import pytest

from healthgym.scorers.scenes.vocabulary import named_concepts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("60-year-old man with septic shock", "septic_shock"),
        ("3-day history of melena", "major_bleed"),
        ("melena for the past 3 days", "major_bleed"),
        ("septic shock, lactate 5.2, no fever", "septic_shock"),
        ("no fever, septic shock", "septic_shock"),
        ("no fracture but acute subdural hematoma", "intracranial_hemorrhage"),
        ("history of present illness: septic shock", "septic_shock"),
        ("history of GI bleed", "past:major_bleed"),
        ("h/o ICH", "past:intracranial_hemorrhage"),
        ("GI bleed 5 years ago", "past:major_bleed"),
        ("anaphylaxis to bee sting 2012", "past:anaphylaxis"),
        ("old stroke", "past:stroke"),
        ("no mass, shift, or subdural hematoma", ""),
        ("no evidence of acute or chronic intracranial hemorrhage", ""),
        ("denies melena, hematemesis or hematochezia", ""),
        ("not actively suicidal", ""),
        ("family history of HIT", ""),
        ("mother had HIT positive", ""),
        ("at risk for delirium tremens", ""),
        ("allergies: penicillin (anaphylaxis)", ""),
        ("allergic to penicillin - anaphylaxis", ""),
    ],
)
def test_now_past_or_not_at_all(text: str, found: str) -> None:
    named = named_concepts(text)
    assert found in named if found else not named
