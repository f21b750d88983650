"""MedQuAD: questions and answers of the NIH (Ben Abacha, BMC Bioinformatics 2019;20:511).

Pairs without an answer (taken out upstream for copyright) are left out.
"""

from collections.abc import Iterator
from pathlib import Path

from . import Entry
from ._files import files, xml

SOURCE = "MedQuAD, Ben Abacha and Demner-Fushman 2019, CC BY 4.0"


def read(path: Path) -> Iterator[Entry]:
    """Every answered question, under its question. Raises BadCorpus."""
    for name, body in files(path, ".xml"):
        document = xml(name, body)
        place = Path(name)  # document ids come twice, file names do not
        folder = place.parent.name.partition("_")[0]
        where = document.get("url") or name
        for pair in document.iter("QAPair"):
            question, answer = pair.find("Question"), pair.find("Answer")
            text = "" if answer is None else (answer.text or "").strip()
            if question is None or not text:
                continue
            id_ = f"{folder}-{place.stem}-{pair.get('pid')}"
            yield Entry(id=id_, title=(question.text or "").strip(), text=text, source=where)
