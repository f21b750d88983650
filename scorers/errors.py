"""Every error of the scoring room, typed.

ScorerError
├── Unfinished     the events are no ended episode
├── OtherVersion   the episode's patient was made by another generator version
├── BadScoring     the scoring configuration is not valid
├── BackendMissing an optional model or package is not installed
└── BadScene       a scenario names an unknown action, drug or key
"""


class ScorerError(Exception):
    """The episode cannot be judged; the sample is dropped and never becomes a number."""


class Unfinished(ScorerError):
    """The request or the end is missing: there is nothing to judge."""


class OtherVersion(ScorerError):
    """The hidden truth cannot be rebuilt by this code's patient generator."""


class BadScoring(ScorerError):
    """Weights that do not sum to 1, or an unknown gate."""


class BadScene(ScorerError):
    """A scenario outside any episode cannot be read; the message names the field."""


class BackendMissing(ScorerError):
    """A similarity was asked for whose package or weights are not here."""
