"""The domains: which tools, policy and tasks."""
