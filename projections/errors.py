"""Errors of the projections."""


class ProjectionError(Exception):
    """A projection is unknown, or its database cannot be used."""
