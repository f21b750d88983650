"""The judges: five dimensions, safety rules, the composite."""
