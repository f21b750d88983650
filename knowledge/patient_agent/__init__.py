"""The patient who is asked: answers from the hidden truth, in one of many manners.

`manners` draws who speaks and what colours the words, `words` understands what is asked,
`answers` says what is told and what waits, `interview` plans questions. All of it is a pure
function of the patient, of what is known already, and of the question.
"""

from .answers import Answer, answer
from .interview import about, directly, interview
from .manners import Manner, manner
from .wording import unfaithful
from .words import MOST_TOPICS, names_diagnosis

__all__ = [
    "MOST_TOPICS",
    "Answer",
    "Manner",
    "about",
    "answer",
    "directly",
    "interview",
    "manner",
    "names_diagnosis",
    "unfaithful",
]
