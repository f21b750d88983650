"""The commands of `healthgym`, one module for each kind of need."""
