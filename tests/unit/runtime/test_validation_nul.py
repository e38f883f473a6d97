"""A NUL is found in texts, and nowhere else, in messages of any size."""

import pytest

from services.runtime.validation import violations
from vitae.resume.v1.document_pb2 import Document

NUL = "must not hold the character U+0000"


def document(name: str, *, photo: int) -> Document:
    """A document whose own bytes hold NULs, in numbers and in a file."""
    made = Document()
    made.resume.header.full_name = name
    made.resume.header.photo.data = bytes(photo)
    made.resume.sections.add().skills.categories.add().items.add(text="Go", relevance=0.5)
    return made


@pytest.mark.parametrize("photo", [0, 100, 100_000])
@pytest.mark.parametrize("name", ["Maya", "M\\000aya", "M\\\\000aya", "Mäya ☃"])
def test_numbers_files_and_backslashes_are_no_nul(name: str, photo: int) -> None:
    made = document(name, photo=photo)
    assert b"\0" in made.SerializeToString()
    assert [each for each in violations(made) if each.description == NUL] == []


@pytest.mark.parametrize("photo", [0, 100, 100_000])
@pytest.mark.parametrize("name", ["\0", "M\0aya", "M\\\0aya", "M\\000a\0ya"])
def test_a_nul_is_found_beside_them(name: str, photo: int) -> None:
    found = [each.field for each in violations(document(name, photo=photo)) if each.description == NUL]
    assert found == ["resume.header.full_name"]
