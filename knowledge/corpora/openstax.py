"""OpenStax Anatomy and Physiology 2e, CNXML modules of the last CC BY commit."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from . import Entry
from ._files import files, xml

SOURCE = "OpenStax Anatomy and Physiology 2e, OpenStax, Rice University, CC BY 4.0"
_NS = "{http://cnx.rice.edu/cnxml}"
_SKIPPED = frozenset({f"{_NS}{n}" for n in ("figure", "table", "exercise", "media", "note")})


def _words(node: ET.Element) -> str:
    if node.tag in _SKIPPED:
        return ""
    inner = "".join(_words(child) + (child.tail or "") for child in node)
    return (node.text or "") + inner


def _sections(node: ET.Element, title: str) -> Iterator[tuple[str, str]]:
    """Title and running text of a part, then of the parts within it."""
    paragraphs = [_words(p) for p in node.findall(f"{_NS}para")]
    if paragraphs:
        yield title, " ".join(paragraphs)
    for section in node.findall(f"{_NS}section"):
        name = section.findtext(f"{_NS}title") or ""
        yield from _sections(section, f"{title}: {name.strip()}" if name.strip() else title)


def read(path: Path) -> Iterator[Entry]:
    """Every section of running text; figures, tables and exercises are left out.

    Raises BadCorpus.
    """
    for name, body in files(path, ".cnxml"):
        root = xml(name, body)
        module = Path(name).parent.name or Path(name).stem
        title = " ".join((root.findtext(f"{_NS}title") or module).split())
        content = root.find(f"{_NS}content")
        if content is None:
            continue
        for n, (heading, text) in enumerate(_sections(content, title), 1):
            yield Entry(id=f"{module}-{n}", title=heading, text=text, source=f"module {module}")
