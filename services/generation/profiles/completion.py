"""What a profile is given before it is stored: an id for every fact, and its language."""

from collections.abc import Iterator

from services.document.jsonresume.ids import assign_profile_ids
from services.document.locales import guess_language
from vitae.resume.v1 import profile_pb2


def completed(content: profile_pb2.ProfileContent) -> profile_pb2.ProfileContent:
    """A copy with ids where there were none, and the language guessed from its sentences where none was said."""
    copy = assign_profile_ids(content)
    copy.locale = copy.locale or guess_language(_sentences(copy))
    return copy


def _sentences(content: profile_pb2.ProfileContent) -> Iterator[str]:
    yield content.summary
    entries: list[profile_pb2.Experience | profile_pb2.Project | profile_pb2.Volunteer]
    entries = [*content.experience, *content.projects, *content.volunteer]
    for entry in entries:
        yield entry.description
        yield from (each.text for each in entry.achievements)
    for job in content.experience:
        yield job.title
    for course in content.education:
        yield f"{course.degree} {course.field_of_study}"
