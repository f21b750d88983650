"""From scored episodes to better weights."""
