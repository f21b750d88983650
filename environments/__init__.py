"""The hospital that answers: tools, domains, sessions."""
