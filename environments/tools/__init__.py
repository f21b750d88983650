"""The clinical tools, by clinical function."""
