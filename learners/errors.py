"""What can go wrong while learning.

LearnerError
├── UnknownStrategy   no module of strategies/ has that name
└── BadAdapter        bytes that are no adapter, or one of another model
"""


class LearnerError(Exception):
    """The workout cannot go on: it ends as TrainingFailed."""


class UnknownStrategy(LearnerError):
    """No strategy has that name."""


class BadAdapter(LearnerError):
    """These bytes are no adapter of this model."""
