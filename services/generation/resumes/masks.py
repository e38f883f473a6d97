"""What of a document a person may write."""

from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.errors import FieldError, InvalidArgument
from vitae.generation.v1 import resumes_pb2

_WRITABLE = ("title", "structure")
_EXAMPLES = {
    "Resume": '"structure.header.email" or "structure.sections"',
    "CoverLetter": '"structure.recipient" or "structure.paragraphs"',
}
_DERIVED = "structure.metadata"
"""Figures about the person, which follow from the profile."""


def writable(mask: FieldMask, kind: Descriptor = resumes_pb2.Resume.DESCRIPTOR) -> FieldMask:
    """The mask, checked; "*" stands for all that may be written.

    Raises:
        InvalidArgument: FIELD_MASK_INVALID, for no field at all and for one that is not the caller's to write.
    """
    if list(mask.paths) == ["*"]:
        return FieldMask(paths=_WRITABLE)
    if not mask.paths:
        raise _invalid('must name at least one field: "title", "structure" or a part of it')
    for path in mask.paths:
        if path.split(".")[0] not in _WRITABLE or not FieldMask(paths=[path]).IsValidForDescriptor(kind):
            raise _invalid(
                f'"{path[:100]}" cannot be changed; name "title", "structure" or a part of it such as '
                + _EXAMPLES[kind.name]
            )
        if path == _DERIVED or path.startswith(f"{_DERIVED}."):
            raise _invalid(f'"{_DERIVED}" follows from the profile; leave it out')
    return mask


def merged(request: resumes_pb2.Resume, mask: FieldMask, head: resumes_pb2.Resume) -> resumes_pb2.Resume:
    """Title and structure of the head with the fields of the mask replaced."""
    resume = resumes_pb2.Resume(title=head.title, structure=head.structure)
    mask.MergeMessage(request, resume, replace_message_field=True, replace_repeated_field=True)
    resume.structure.metadata.CopyFrom(head.structure.metadata)
    return resume


def changes_structure(mask: FieldMask) -> bool:
    """Whether the mask names the content."""
    return any(path.split(".")[0] == "structure" for path in mask.paths)


def _invalid(description: str) -> InvalidArgument:
    return InvalidArgument(
        f"The update mask is not valid: it {description}."
        if description.startswith("must")
        else f"The update mask is not valid: {description}.",
        reason="FIELD_MASK_INVALID",
        fields=[FieldError("update_mask", description)],
    )
