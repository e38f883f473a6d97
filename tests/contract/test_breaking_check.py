"""The check for breaking changes must be able to fail: each kind of break it catches is tried on a copy."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

CHECK = runpy.run_path(str(Path(__file__).parents[2] / "protos" / "breaking.py"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("image") / "current.binpb"
    CHECK["build_image"](CHECK["PROTOS"], out)
    return out


def test_unchanged_contracts_break_nothing(image: Path) -> None:
    assert CHECK["breaking"](image, image) == ""


def test_an_added_field_breaks_nothing(image: Path, tmp_path: Path) -> None:
    def add(message: DescriptorProto) -> None:
        message.field.add(name="brand_new", json_name="brandNew", number=19_999, type=9, label=1)

    assert CHECK["breaking"](_changed(image, tmp_path, add), image) == ""


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda message: message.field.pop(0), "was deleted"),
        (lambda message: setattr(message.field[0], "name", "renamed"), "changed name"),
        (lambda message: setattr(message.field[0], "type", 12), "changed type"),
    ],
    ids=["deleted field", "renamed field", "retyped field"],
)
def test_a_broken_field_is_named(
    image: Path, tmp_path: Path, change: Callable[[DescriptorProto], Any], finding: str
) -> None:
    found = CHECK["breaking"](_changed(image, tmp_path, change), image)

    assert finding in found


def _changed(image: Path, folder: Path, change: Callable[[DescriptorProto], Any]) -> Path:
    """A copy of the image in which one message of ours, whose first field is a plain string, was changed."""
    descriptors = FileDescriptorSet.FromString(image.read_bytes())
    change(next(message for file in descriptors.file for message in _own_messages(file)))
    out = folder / "changed.binpb"
    out.write_bytes(descriptors.SerializeToString())
    return out


def _own_messages(file: FileDescriptorProto) -> list[DescriptorProto]:
    if not file.package.startswith("vitae."):
        return []
    return [message for message in file.message_type if message.field and message.field[0].type == 9]
