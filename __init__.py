"""Healthcare AI GYM: medical AI agents practise, are judged and learn on synthetic patients.

Research software on synthetic data. It is not a medical device and not for clinical use.
`gymnasium.make("BioAgent-v0", ...)` finds the environment through its entry point.
"""

__version__ = "0.1.0"
