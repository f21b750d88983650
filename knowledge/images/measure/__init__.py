"""Measures on pixels, a module for each kind of picture; none of them sees the truth."""
