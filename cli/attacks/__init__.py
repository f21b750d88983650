"""Attacks on the reward: fixed hacks, mutated play, a tuned template; and the agreement study."""
