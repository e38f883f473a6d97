"""All texts of a message."""

from google.protobuf.struct_pb2 import Struct

from services.runtime.texts import texts_of
from vitae.resume.v1.document_pb2 import Document


def test_texts_are_found_at_every_depth_and_kind_of_field() -> None:
    document = Document()
    document.resume.header.full_name = "Maya"
    document.resume.header.links.add(url="https://example.org", network="site")
    section = document.resume.sections.add(id="s1")
    section.skills.categories.add(name="Languages").items.add(text="Go")

    assert sorted(texts_of(document)) == ["Go", "Languages", "Maya", "https://example.org", "s1", "site"]


def test_keys_and_values_of_maps_are_texts_too() -> None:
    message = Struct()
    message.update({"a": "b", "c": {"d": ["e", 1.0, True]}})

    assert sorted(texts_of(message)) == ["a", "b", "c", "d", "e"]
