"""Matched pairs: the same patient put in two ways that must not matter."""
