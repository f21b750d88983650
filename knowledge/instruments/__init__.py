"""Validated clinical scores as pure, versioned functions."""
