"""Generates the Python code of the contracts, and the images that `buf` reads.

    python protos/generate.py                    writes protos/gen
    python protos/generate.py --check            regenerates into a temporary folder and compares
    python protos/generate.py --image OUT.binpb  writes a FileDescriptorSet with comments, for buf
    python protos/generate.py --image OUT.binpb --root DIR   the same for another checkout's protos folder

Needs the development requirements only (grpcio-tools, mypy-protobuf, protovalidate): no network and no protoc
on the machine. The proto path is the import path, so nothing is rewritten after protoc. Generated code is
committed; the pinned tools make it the same bytes everywhere.

buf/validate/validate.proto has no .proto file on the package index, but protovalidate carries its descriptor.
protoc reads it as a descriptor set, and its Python module is generated beside ours because Google's protobuf
runtime, unlike protovalidate's own, must be able to import it.
"""

import argparse
import difflib
import json
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

PROTOS = Path(__file__).resolve().parent
VALIDATE = "buf/validate/validate.proto"
PACKAGES = ("vitae", "buf")
"""The top folders of the generated tree; everything else under protos/gen is left alone."""

COMMENTS = Path("vitae/comments.json")
"""Leading comments by full proto name: OpenAPI and the docs show them, and descriptors do not carry them."""


def generate(root: Path, out: Path) -> None:
    """Writes the modules, type stubs, gRPC modules and comments of the protos under `root` to `out`."""
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "image.binpb"
        build_image(root, image)
        sources = [*proto_files(root), VALIDATE]
        # only_async: every server and client here is grpc.aio, so the stubs say so and mypy checks `await`.
        # Concrete servicers: a method not overridden answers UNIMPLEMENTED when called, so none is abstract.
        _protoc(
            f"--descriptor_set_in={image}",
            f"--python_out={out}",
            f"--mypy_out=quiet:{out}",
            f"--grpc_python_out={out}",
            f"--mypy_grpc_out=quiet,only_async,generate_concrete_servicer_stubs:{out}",
            *sources,
        )
        descriptors = FileDescriptorSet.FromString(image.read_bytes())
    with_services = {file.name for file in descriptors.file if file.service}
    for source in sources:
        if source not in with_services:  # protoc writes an empty gRPC module for a file without services
            for suffix in ("_pb2_grpc.py", "_pb2_grpc.pyi"):
                (out / source.replace(".proto", suffix)).unlink(missing_ok=True)
    comments = {name: text for file in descriptors.file for name, text in _comments(file)}
    (out / COMMENTS).write_text(json.dumps(comments, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def build_image(root: Path, out: Path) -> None:
    """Writes a FileDescriptorSet of every proto under `root`, imports and comments included, to `out`."""
    with tempfile.TemporaryDirectory() as scratch:
        # Foreign protos go in as one descriptor set: Google's from their wheels, buf's from protovalidate.
        foreign = Path(scratch) / "foreign.binpb"
        imports = _foreign_imports()
        foreign.write_bytes(imports.SerializeToString(deterministic=True))
        own = Path(scratch) / "own.binpb"
        _protoc(
            f"--descriptor_set_in={foreign}",
            f"-I{root}",
            "--include_source_info",
            f"--descriptor_set_out={own}",
            *proto_files(root),
        )
        image = FileDescriptorSet(file=[*imports.file, *FileDescriptorSet.FromString(own.read_bytes()).file])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(image.SerializeToString(deterministic=True))


def proto_files(root: Path) -> list[str]:
    """Our own proto files, as import paths relative to `root`."""
    return sorted(path.relative_to(root).as_posix() for path in (root / "vitae").rglob("*.proto"))


def differences(expected: Path, actual: Path) -> list[str]:
    """The files in which two generated trees differ, each with the first lines of its diff."""
    found: list[str] = []
    for name in sorted(_files(expected) | _files(actual)):
        left, right = (root / name for root in (expected, actual))
        before = left.read_text().splitlines() if left.exists() else []
        after = right.read_text().splitlines() if right.exists() else []
        if before != after or left.exists() != right.exists():
            names = f"generated/{name}", f"committed/{name}"
            diff = list(difflib.unified_diff(before, after, *names, n=0, lineterm=""))
            found.append("\n".join(line[:160] for line in diff[:8]) or f"{name} is empty or missing")
    return found


def bring_up_to_date(target: Path, fresh: Path) -> None:
    """Makes `target` equal to `fresh`, touching only the files that change."""
    for name in _files(target) - _files(fresh):
        (target / name).unlink()
    for name in _files(fresh):
        content = (fresh / name).read_bytes()
        path = target / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _files(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _foreign_imports() -> FileDescriptorSet:
    site = Path(str(resources.files("google.api") / "http.proto")).parents[2]
    bundled = Path(str(resources.files("grpc_tools") / "_proto"))
    wanted = [
        path.relative_to(root).as_posix()
        for root, folder in (
            *((site, "google/api"), (site, "google/rpc"), (site, "google/type")),
            (bundled, "google/protobuf"),
        )
        for path in sorted((root / folder).glob("*.proto"))
    ]
    with tempfile.TemporaryDirectory() as scratch:
        google = Path(scratch) / "google.binpb"
        _protoc(f"-I{site}", f"-I{bundled}", "--include_imports", f"--descriptor_set_out={google}", *wanted)
        found = FileDescriptorSet.FromString(google.read_bytes())
    found.file.append(FileDescriptorProto.FromString(validate_pb._DESC.proto.to_binary()))  # noqa: SLF001
    return found


def _comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """The leading comment of each element of our own files; paths are numbered as in descriptor.proto."""
    if not file.name.startswith("vitae/"):
        return
    for location in file.source_code_info.location:
        text = location.leading_comments.strip()
        if text and (name := _full_name(file, list(location.path))):
            yield name, "\n".join(line.removeprefix(" ").rstrip() for line in text.splitlines())


def _full_name(file: FileDescriptorProto, path: list[int]) -> str | None:
    element: Any = file
    names = [file.package]
    if len(path) < 2 or len(path) % 2:
        return None
    for number, index in zip(path[::2], path[1::2], strict=True):
        field = element.DESCRIPTOR.fields_by_number[number]
        if field.message_type is None or not field.is_repeated:
            return None
        element = getattr(element, field.name)[index]
        if not hasattr(element, "name"):
            return None
        names.append(element.name)
    return ".".join(names)


def _protoc(*arguments: str) -> None:
    # Named by path, so that the virtual environment need not be activated.
    plugins = [
        f"--plugin=protoc-gen-{name}={Path(sys.executable).with_name(f'protoc-gen-{name}')}"
        for name in ("mypy", "mypy_grpc")
    ]
    if protoc.main(["protoc", *plugins, *arguments]):
        raise SystemExit("protoc failed: the lines above name the file and the place")


def main() -> None:
    parser = argparse.ArgumentParser(description="Generate the code of the contracts.")
    parser.add_argument("--check", action="store_true", help="compare protos/gen with a fresh generation")
    parser.add_argument("--image", type=Path, metavar="OUT", help="write a descriptor image for buf instead")
    parser.add_argument("--root", type=Path, default=PROTOS, help="protos folder to read (default: this)")
    options = parser.parse_args()

    if options.image:
        build_image(options.root, options.image)
        return
    target = PROTOS / "gen"
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(options.root, fresh)
        if options.check:
            if found := differences(fresh, target):
                found.append("protos/gen is not what the protos say: run `make generate`")
                raise SystemExit("\n".join(found))
            return
        bring_up_to_date(target, fresh)


if __name__ == "__main__":
    main()
