"""Invented people: the faces of the templates, and those on whom their parse fidelity is measured.

Each is a vitae.resume.v1.Document in proto JSON, named by its language. None of them lives.
"""

from collections.abc import Mapping
from pathlib import Path

from google.protobuf.json_format import Parse

from vitae.resume.v1.document_pb2 import Document

_FOLDER = Path(__file__).parent


def sample(name: str) -> Document:
    """One person, by the file's name without its ending."""
    return Parse((_FOLDER / f"{name}.json").read_text(encoding="utf-8"), Document())


def samples() -> Mapping[str, Document]:
    """All people by name, in the order of their names."""
    return {each.stem: sample(each.stem) for each in sorted(_FOLDER.glob("*.json"))}
