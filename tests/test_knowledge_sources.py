"""Every fact has its source, and the pages in docs/ are those of this code."""

from pathlib import Path

import pytest

from healthgym.knowledge.instruments.core import instruments
from healthgym.knowledge.sources import facts, instruments_page, sources_page

DOCS = Path(__file__).parents[1] / "docs"


def test_every_fact_has_a_source_with_a_year() -> None:
    known = facts()
    assert {f.kind for f in known} >= {"instrument", "drug", "pair", "guideline", "condition"}
    for fact in known:
        assert fact.source, fact
        if fact.kind in {"instrument", "pair", "guideline"}:
            assert any(c.isdigit() for c in fact.source), fact


def test_what_rests_on_memory_is_listed() -> None:
    page = sources_page()
    doubtful = [f for f in facts() if not f.verified]
    assert doubtful
    assert f"## Unverified ({len(doubtful)})" in page


def test_the_page_of_instruments_has_a_row_for_each() -> None:
    page = instruments_page()
    assert all(f"| `{name}` |" in page for name in instruments())


@pytest.mark.parametrize(
    ("name", "text"), [("instruments", instruments_page), ("clinical-sources", sources_page)]
)
def test_the_pages_are_up_to_date(name: str, text: object) -> None:
    written = (DOCS / f"{name}.md").read_text("utf-8")
    assert written == text(), "run `healthgym knowledge pages`"  # type: ignore[operator]
