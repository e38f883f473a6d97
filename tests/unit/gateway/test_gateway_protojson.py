"""REST bodies: every message of the contracts survives the way to JSON and back; bad values name their place."""

import json
import time
from functools import cache
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.protojson import MOST_PROBLEMS, BodyInvalid, enum_choices, from_json, short_name, to_json
from tests.support.messages import message_types, messages
from vitae.generation.v1 import documents_pb2, postings_pb2, resumes_pb2
from vitae.render.v1 import options_pb2, render_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2
from vitae.storage.v1 import exports_pb2, objects_pb2, usage_pb2

KEPT = "vitae/generation/v1/match_readings.proto"
"""What generation keeps beside profiles: in no request and in no answer, so never JSON."""
KINDS = [each for each in message_types() if each.DESCRIPTOR.file.name != KEPT]

GROUPS = [KINDS[start : start + 6] for start in range(0, len(KINDS), 6)]
"""A few messages a test: hypothesis costs more to start than to run."""

FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


def failing(value: object, kind: type[Message]) -> dict[str, str]:
    with pytest.raises(BodyInvalid) as raised:
        from_json(value, kind)
    return {each.field: each.description for each in raised.value.fields}


def test_the_contracts_are_all_here() -> None:
    assert len(KINDS) > 200


@pytest.mark.parametrize("kinds", GROUPS, ids=lambda kinds: kinds[0].DESCRIPTOR.full_name)
@settings(FEW)
@given(data=st.data())
def test_every_message_comes_back_as_it_was(kinds: list[type[Message]], data: st.DataObject) -> None:
    for kind in kinds:
        message = data.draw(messages(kind))

        text = json.dumps(to_json(message), allow_nan=False)

        assert from_json(json.loads(text), kind) == message


HOSTILE = ["9" * 400, "\ud800", "\0", "é=", "AA", "2025-13-45T99:99:99Z", 10**400, float("inf"), float("nan")]


@cache
def hostile_values(fields: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Anything a JSON parser may hand on, most of it under names the message has."""
    names = [*fields, "unheard_of", "\udfff", "\0"]
    anything = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.sampled_from(HOSTILE),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(names), inner, max_size=3)
        ),
        max_leaves=5,
    )
    return st.dictionaries(st.sampled_from(names), anything, max_size=4)


@pytest.mark.parametrize("kinds", GROUPS, ids=lambda kinds: kinds[0].DESCRIPTOR.full_name)
@settings(FEW)
@given(data=st.data())
def test_no_value_breaks_the_reading(kinds: list[type[Message]], data: st.DataObject) -> None:
    for kind in kinds:
        value = data.draw(hostile_values(tuple(kind.DESCRIPTOR.fields_by_name)))
        try:
            message = from_json(value, kind)
        except BodyInvalid:
            told = failing(value, kind)
            assert told
            json.dumps(told, ensure_ascii=False).encode()  # fit for an answer
        else:
            kind.FromString(message.SerializeToString())  # fit for the wire


def test_enums_are_short_lower_case_names_and_full_names_are_read_too() -> None:
    assert to_json(exports_pb2.Export(format=options_pb2.FORMAT_PDF))["format"] == "pdf"
    for text in ("docx", "DOCX", "FORMAT_DOCX", "format_docx"):
        assert from_json({"format": text}, exports_pb2.Export).format == options_pb2.FORMAT_DOCX
    told = failing({"format": "wordperfect"}, exports_pb2.Export)
    assert told == {"format": f"must be one of {', '.join(enum_choices(options_pb2.Format.DESCRIPTOR))}"}
    assert "unspecified" not in told["format"]
    assert "format" in failing({"format": 1}, exports_pb2.Export)


def test_an_enum_value_of_a_newer_version_is_its_number() -> None:
    assert short_name(options_pb2.Format.DESCRIPTOR, 4711) == "4711"


def test_an_unknown_field_is_told_with_the_nearest_known_one() -> None:
    told = failing({"docment_id": "x", "zzzzzz": 1}, exports_pb2.CreateExportRequest)
    assert told["docment_id"] == "is not a field of CreateExportRequest; did you mean document_id?"
    assert told["zzzzzz"] == "is not a field of CreateExportRequest"


def test_null_means_unset_everywhere_but_in_lists() -> None:
    export = from_json({"id": None, "state": None, "options": None, "format": None}, exports_pb2.Export)
    assert export == exports_pb2.Export()
    told = failing({"requests": [None]}, exports_pb2.BatchCreateExportsRequest)
    assert told == {"requests[0]": "must be a JSON object"}


def test_fields_with_presence_are_left_out_while_unset_and_all_others_are_there() -> None:
    value = to_json(exports_pb2.Export())
    assert value["id"] == ""
    assert value["omitted_lines"] == []
    assert value["from_cache"] is False
    assert value["download_count"] == 0
    assert "state" not in value
    assert "download_link" not in value


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("page_size", "20", "a whole number"),
        ("page_size", 1.5, "a whole number"),
        ("page_size", True, "a whole number"),
        ("page_size", float("inf"), "a whole number"),
        ("page_size", float("nan"), "a whole number"),
        ("page_size", [1], "a whole number"),
        ("page_token", 5, "text"),
        ("page_token", {"a": 1}, "text"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_what_it_has_to_be(
    field: str, value: object, wanted: str
) -> None:
    assert failing({field: value}, exports_pb2.ListExportsRequest) == {field: f"must be {wanted}"}


def test_numbers_out_of_range_are_told() -> None:
    for value in (2**31, -(2**31) - 1, 10**400, 1e300):
        assert "out of range" in failing({"page_size": value}, exports_pb2.ListExportsRequest)["page_size"]
    assert "out of range" in failing({"used_bytes": 2**63}, usage_pb2.Usage)["used_bytes"]


def test_a_whole_number_may_be_written_as_a_float() -> None:
    assert from_json({"page_size": 20.0}, exports_pb2.ListExportsRequest).page_size == 20


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 10**400, "1", True])
def test_only_finite_numbers_are_numbers(value: Any) -> None:
    told = failing({"mean_render_seconds": value}, usage_pb2.Usage)
    assert told == {"mean_render_seconds": "must be a number"}


def test_truth_values_are_not_guessed() -> None:
    for value in (1, 0, "true", "false"):
        assert failing({"from_cache": value}, exports_pb2.Export) == {"from_cache": "must be true or false"}


@pytest.mark.parametrize("value", ["not base64!", "AAA", "ä", 5, [1]])
def test_bytes_are_base64(value: object) -> None:
    assert failing({"chunk": value}, objects_pb2.PutObjectRequest) == {"chunk": "must be base64 text"}
    assert from_json({"chunk": "AAE="}, objects_pb2.PutObjectRequest).chunk == b"\x00\x01"


def test_times_are_rfc_3339_in_utc() -> None:
    value = to_json(exports_pb2.Export(create_time=Timestamp(seconds=1765500000, nanos=250_000_000)))
    assert value["create_time"] == "2025-12-12T00:40:00.250Z"
    read = from_json({"create_time": "2025-12-12T01:40:00.25+01:00"}, exports_pb2.Export)
    assert to_json(read)["create_time"] == value["create_time"]
    bad: object
    for bad in ("yesterday", "2025-12-12", 5, "2025-13-12T00:00:00Z", {}, "9999-12-31T23:59:60Z"):
        assert failing({"create_time": bad}, exports_pb2.Export) == {
            "create_time": "must be an RFC 3339 time"
        }


def test_durations_are_seconds() -> None:
    wait = exports_pb2.WaitExportRequest(timeout=Duration(seconds=1, nanos=500_000_000))
    assert to_json(wait)["timeout"] == "1.500s"
    assert failing({"timeout": "soon"}, exports_pb2.WaitExportRequest) == {
        "timeout": 'must be seconds such as "300s"'
    }


def test_maps_are_objects_of_texts() -> None:
    content = from_json({"extras": {"x_meta": '{"a":1}'}}, profile_pb2.ProfileContent)
    assert dict(content.extras) == {"x_meta": '{"a":1}'}
    assert failing({"extras": []}, profile_pb2.ProfileContent) == {"extras": "must be an object of texts"}
    assert failing({"extras": {"a": 1, "b": None}}, profile_pb2.ProfileContent) == {
        'extras["a"]': "must be text",
        'extras["b"]': "must be text",
    }


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfffy"])
def test_texts_that_cannot_be_kept_are_told_wherever_they_stand(text: str) -> None:
    told = failing({"title": text}, postings_pb2.JobPosting)
    assert "must not hold" in told["title"]
    told = failing({"content": {"summary": text, "extras": {"k": text}}}, profile_pb2.Profile)
    assert set(told) == {"content.summary", 'content.extras["k"]'}
    assert len(failing({"content": {"extras": {text: "v"}}}, profile_pb2.Profile)) == 1
    assert failing({text: 1}, profile_pb2.Profile)


def test_characters_beyond_the_basic_plane_are_kept() -> None:
    assert from_json({"title": "🎉 𝔘𝔫𝔦"}, postings_pb2.JobPosting).title == "🎉 𝔘𝔫𝔦"


def test_a_place_is_a_dotted_path_with_indexes() -> None:
    value = {"requests": [{}, {"options": {"base_font_size_pt": "big"}}]}
    assert failing(value, exports_pb2.BatchCreateExportsRequest) == {
        "requests[1].options.base_font_size_pt": "must be a number"
    }


def test_two_members_of_a_choice_are_refused() -> None:
    told = failing({"header": {"key": "a"}, "chunk": "AAE="}, objects_pb2.PutObjectRequest)
    assert told == {"chunk": "cannot stand beside header; send one of them"}
    assert from_json({"header": None, "chunk": "AAE="}, objects_pb2.PutObjectRequest).chunk


@pytest.mark.parametrize("value", [None, [], "text", 5, True])
def test_a_body_that_is_no_object_is_told(value: object) -> None:
    assert failing(value, exports_pb2.CreateExportRequest) == {"body": "must be a JSON object"}


def test_a_hostile_number_of_wrong_fields_ends_early() -> None:
    hostile = {f"field_{number}": number for number in range(100_000)}
    began = time.perf_counter()
    assert len(failing(hostile, profile_pb2.ProfileContent)) == MOST_PROBLEMS
    assert time.perf_counter() - began < 1


def test_nesting_beyond_the_schema_is_refused_where_it_begins() -> None:
    deep: dict[str, Any] = {}
    for _ in range(900):
        deep = {"content": deep}
    assert set(failing(deep, profile_pb2.Profile)) == {"content.content"}


def test_no_integer_of_the_contracts_is_a_64_bit_hash() -> None:
    """Front-ends hold numbers up to 2**53: fixed-width and unsigned 64-bit fields would be beyond."""
    wide = {FieldDescriptor.TYPE_FIXED64, FieldDescriptor.TYPE_SFIXED64, FieldDescriptor.TYPE_UINT64}
    assert not [field.full_name for kind in KINDS for field in kind.DESCRIPTOR.fields if field.type in wide]


def test_every_map_of_the_contracts_is_one_of_texts() -> None:
    """gateway/protojson.py reads and writes no other kind."""
    for kind in KINDS:
        for field in kind.DESCRIPTOR.fields:
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                entry = field.message_type.fields_by_name
                assert entry["key"].type == entry["value"].type == FieldDescriptor.TYPE_STRING


def test_messages_of_every_area_are_among_them() -> None:
    for kind in (
        resumes_pb2.Resume,
        documents_pb2.DocumentDiff,
        render_pb2.PreviewPagesRequest,
        resume_pb2.StructuredResume,
        common_pb2.WorkState,
    ):
        assert kind in KINDS
