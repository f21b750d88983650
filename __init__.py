"""Healthcare AI GYM: medical AI agents practise, are judged and learn on synthetic patients.

Research software on synthetic data. It is not a medical device and not for clinical use.
`import gymnasium, healthgym` registers `BioAgent-v0`; so does `gymnasium.make("healthgym:...")`.
"""

import sys

__version__ = "0.1.0"

# Only where gymnasium is in use: commands and nodes start without it.
if "gymnasium" in sys.modules:
    sys.modules["gymnasium"].register(
        id="BioAgent-v0", entry_point="healthgym.gymnasium_env:BioAgentEnv"
    )
