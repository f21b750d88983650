"""Clinical diagnosis: an acute adult patient in the emergency department."""

from ...knowledge.files import root


def policy() -> bytes:
    """The rules an agent is given in this domain (Markdown)."""
    return (root() / "data" / "domains" / "clinical_diagnosis" / "policy.md").read_bytes()
