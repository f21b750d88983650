"""Learners turn judged episodes into adapters. The only room besides model backends with torch."""

import os

# Models are folders on this machine: nothing is fetched, and nobody is told that we train.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
