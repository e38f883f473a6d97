"""Equal content gives equal bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from hypothesis import HealthCheck, given, settings

from services.document.canonical import canonical_json, canonical_value, content_hash, hash_of
from tests.unit.document.documents import full_resume
from tests.unit.document.profiles import profiles
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

ROOT = Path(__file__).parents[3]


def test_keys_are_sorted_and_defaults_left_out() -> None:
    line = common_pb2.Line(text="a", relevance=0.123456, id="z")
    line.provenance.transformation = common_pb2.TRANSFORMATION_VERBATIM
    assert canonical_json(line) == (
        b'{"id":"z","provenance":{"transformation":"TRANSFORMATION_VERBATIM"},"relevance":0.1235,"text":"a"}'
    )


def test_noise_of_arithmetic_and_of_unicode_does_not_count() -> None:
    assert content_hash(common_pb2.Line(relevance=0.1 + 0.2)) == content_hash(common_pb2.Line(relevance=0.3))
    assert content_hash(common_pb2.Line(text="e\u0301")) == content_hash(common_pb2.Line(text="é"))
    assert content_hash(common_pb2.Line(text="a")) != content_hash(common_pb2.Line(text="b"))


def test_set_and_unset_options_differ() -> None:
    assert content_hash(options_pb2.RenderOptions(photo=False)) != content_hash(options_pb2.RenderOptions())


def test_bytes_unknown_enums_and_odd_numbers_have_a_form() -> None:
    assert canonical_value(common_pb2.Photo(data=b"\x00\xff")) == {"data": "AP8="}
    assert canonical_value(common_pb2.Line(relevance=float("nan"))) == {"relevance": "nan"}
    assert canonical_value(common_pb2.WorkState(status=99)) == {"status": 99}  # type: ignore[arg-type]
    assert canonical_value(Duration(seconds=3)) == "3s"


def test_unknown_fields_and_their_order_do_not_count() -> None:
    first, second = b"\xc2\x3e\x01a", b"\xca\x3e\x01b"  # fields 1000 and 1001
    known = common_pb2.Line(text="a")
    one = common_pb2.Line.FromString(known.SerializeToString() + first + second)
    other = common_pb2.Line.FromString(second + first + known.SerializeToString())
    assert one.ByteSize() > known.ByteSize()
    assert canonical_json(one) == canonical_json(other) == canonical_json(known)


def test_the_order_of_maps_does_not_count() -> None:
    one, other = profile_pb2.ProfileContent(), profile_pb2.ProfileContent()
    for number in range(50):
        one.extras[f"k{number}"] = "v"
        other.extras[f"k{49 - number}"] = "v"
    assert canonical_json(one) == canonical_json(other)


def test_another_process_with_another_hash_seed_agrees() -> None:
    program = (
        "from services.document.canonical import content_hash\n"
        "from tests.unit.document.documents import full_resume\n"
        "print(content_hash(full_resume()))"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'protos/gen'}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert hashes == {content_hash(full_resume())}


def test_named_parts_are_hashed_with_their_kind() -> None:
    plain = hash_of(content=resume_pb2.StructuredResume(locale="en"), version="1", pages=None, order=[1, 2])
    assert plain == hash_of(
        order=[1, 2], pages=None, version="1", content=resume_pb2.StructuredResume(locale="en")
    )
    assert plain != hash_of(
        content=profile_pb2.ProfileContent(locale="en"), version="1", pages=None, order=[1, 2]
    )
    assert plain != hash_of(
        content=resume_pb2.StructuredResume(locale="en"), version="1", pages=None, order=[2, 1]
    )


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(profiles())
def test_bytes_survive_the_wire_and_json(profile: profile_pb2.ProfileContent) -> None:
    data = canonical_json(profile)
    assert canonical_json(profile_pb2.ProfileContent.FromString(profile.SerializeToString())) == data
    assert (
        json.dumps(json.loads(data), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        == data
    )
