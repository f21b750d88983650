"""Mastery levels of a mean composite."""

LEVELS = (
    (0.30, "novice"),
    (0.50, "beginner"),
    (0.70, "intermediate"),
    (0.85, "advanced"),
    (0.95, "expert"),
)


def mastery(mean: float) -> str:
    """Name the level: novice, beginner, intermediate, advanced, expert, master."""
    return next((name for cut, name in LEVELS if mean < cut), "master")
