"""Texts that PostgreSQL cannot hold never reach it: every RPC that takes text names the field and writes nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.errors import InvalidArgument
from tests.support.editing import generated, history, posted, read
from tests.support.generation_service import GenerationHarness
from vitae.generation.v1 import documents_pb2, person_data_pb2, postings_pb2, profiles_pb2, resumes_pb2
from vitae.resume.v1 import profile_pb2, resume_pb2


def texts(descriptor: Descriptor, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The way to every text field of a message, three messages deep."""
    for field in descriptor.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            yield (*path, field.name)
        elif (
            field.message_type is not None and len(path) < 3 and not field.message_type.GetOptions().map_entry
        ):
            yield from texts(field.message_type, (*path, field.name))


def put(message: Any, path: tuple[str, ...]) -> None:
    """Puts a NUL into the text at the end of a path."""
    for name in path[:-1]:
        held = getattr(message, name)
        message = held.add() if hasattr(held, "add") else held
    field = message.DESCRIPTOR.fields_by_name[path[-1]]
    if field.is_repeated:
        getattr(message, path[-1]).append("a\0b")
    else:
        setattr(message, path[-1], "a\0b")


async def test_a_nul_in_any_text_of_a_profile_is_named(generation: GenerationHarness) -> None:
    maya = generation.user()
    ways = [each for each in texts(profile_pb2.ProfileContent.DESCRIPTOR) if "translations" not in each]
    assert len(ways) > 80
    for path in ways:
        request = profiles_pb2.CreateProfileRequest()
        put(request.profile.content, path)

        with pytest.raises(InvalidArgument) as refused:
            await maya.profiles.CreateProfile(request)

        named = [each.field for each in refused.value.fields if "U+0000" in each.description]
        assert [each.replace("[0]", "") for each in named] == [".".join(("profile", "content", *path))]
    assert (await maya.profiles.ListProfiles(profiles_pb2.ListProfilesRequest())).total_size == 0


async def test_a_nul_in_an_edit_is_named_and_nothing_is_written(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edits: list[tuple[str, resumes_pb2.UpdateResumeRequest]] = []
    for path in texts(resume_pb2.StructuredResume.DESCRIPTOR):
        edit = resumes_pb2.UpdateResumeRequest(update_mask=FieldMask(paths=["structure"]))
        edit.resume.id = resume.id
        put(edit.resume.structure, path)
        edits.append((".".join(("resume", "structure", *path)), edit))
    titled = resumes_pb2.UpdateResumeRequest(update_mask=FieldMask(paths=["title"]))
    titled.resume.id, titled.resume.title = resume.id, "\0"
    noted = resumes_pb2.UpdateResumeRequest(update_mask=FieldMask(paths=["title"]), note="a\0b")
    noted.resume.id, noted.resume.title = resume.id, "New"
    for named, edit in (*edits, ("resume.title", titled), ("note", noted)):
        with pytest.raises(InvalidArgument) as refused:
            await maya.resumes.UpdateResume(edit)
        found = [
            each.field.replace("[0]", "") for each in refused.value.fields if "U+0000" in each.description
        ]
        assert found == [named]

    assert await read(maya, resume.id) == resume
    assert len(await history(maya, resume.id)) == 1


async def test_a_nul_in_any_other_request_is_named(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume, posting = await generated(maya), await posted(maya)
    nul = "a\0b"
    calls: list[tuple[Any, str]] = [
        (maya.postings.CreateJobPosting(_posting(nul)), "job_posting.source_text"),
        (maya.postings.CreateJobPosting(_posting("Cook.", nul)), "job_posting.title"),
        (
            maya.resumes.GenerateResume(
                resumes_pb2.GenerateResumeRequest(profile_id=resume.profile_id, title=nul)
            ),
            "title",
        ),
        (maya.resumes.ListResumes(resumes_pb2.ListResumesRequest(page_token=nul)), "page_token"),
        (
            maya.documents.RestoreDocumentVersion(
                documents_pb2.RestoreDocumentVersionRequest(document_id=resume.id, version=1, etag=nul)
            ),
            "etag",
        ),
        (maya.persons.ErasePersonData(person_data_pb2.ErasePersonDataRequest(user_id=nul)), "user_id"),
        (
            maya.postings.DeleteJobPosting(postings_pb2.DeleteJobPostingRequest(id=posting.id, etag=nul)),
            "etag",
        ),
    ]
    for call, field in calls:
        with pytest.raises(InvalidArgument) as refused:
            await call
        assert field in [each.field for each in refused.value.fields]


def _posting(source_text: str, title: str = "") -> postings_pb2.CreateJobPostingRequest:
    posting = postings_pb2.JobPosting(source_text=source_text, title=title)
    return postings_pb2.CreateJobPostingRequest(job_posting=posting)
