"""Downloads: the name a file is saved under, for any name."""

from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.files import disposition


@pytest.mark.parametrize(
    "name", ["resume_modern_20251212.pdf", "Lebenslauf Müller.pdf", "履歴書.docx", 'a"b\\c.pdf']
)
def test_the_name_survives(name: str) -> None:
    assert _filename(disposition(name)) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_name_breaks_the_header(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


def _filename(header: str) -> str | None:
    message = Message()
    message["Content-Disposition"] = (
        header.split("; filename=", maxsplit=1)[0] + "; filename*=" + header.split("filename*=")[1]
    )
    return message.get_filename()
