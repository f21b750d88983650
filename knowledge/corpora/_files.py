"""The files of a corpus, wherever they lie: a folder, one file, or a packed archive."""

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from ..errors import BadCorpus


def files(path: Path, ending: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file with that ending, by name.

    A folder is read with all below it, and an archive (`.tar`, `.tar.gz`) without unpacking
    anything to the disk. Raises BadCorpus for a path that cannot be read or holds no such file.
    """
    found = 0
    try:
        for name, body in _folder(path, ending) if path.is_dir() else _file(path, ending):
            found += 1
            yield name, body
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise BadCorpus(f"{path}: cannot be read: {error}") from error
    if not found:
        raise BadCorpus(f"{path}: no file that ends in {ending}")


def _folder(path: Path, ending: str) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob(f"*{ending}")):
        if file.is_file():
            yield file.relative_to(path).as_posix(), file.read_bytes()


def _file(path: Path, ending: str) -> Iterator[tuple[str, bytes]]:
    if path.name.endswith((".tar", ".tar.gz", ".tgz")):
        yield from sorted(_packed(path, ending))
    elif path.name.endswith(ending):
        yield path.name, path.read_bytes()


def _packed(path: Path, ending: str) -> Iterator[tuple[str, bytes]]:
    # In the order of the archive: going back in a compressed one means to start again.
    with tarfile.open(path) as archive:
        for member in archive:
            body = archive.extractfile(member) if member.isfile() else None
            if body is not None and member.name.endswith(ending):
                yield member.name, body.read()


def xml(name: str, body: bytes) -> ET.Element:
    """The root of an XML file without a DOCTYPE (what could blow up). Raises BadCorpus."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise BadCorpus(f"{name}: has a DOCTYPE; corpora need none, and it is not read")
    try:
        return ET.fromstring(body)  # noqa: S314 - without a DOCTYPE there are no entities
    except ET.ParseError as error:
        raise BadCorpus(f"{name}: no well-formed XML: {error}") from error
