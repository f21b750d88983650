"""The players: policies, the role that plays episodes, and the coach."""
