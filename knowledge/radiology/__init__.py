"""Imaging studies as structure: what can be seen where, what it is called, and what follows."""
