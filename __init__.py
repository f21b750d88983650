"""Healthcare AI GYM: medical AI agents practise, are judged and learn on synthetic patients.

Research software on synthetic data. It is not a medical device and not for clinical use.
"""

__version__ = "0.1.0"
