"""Names of exported files, as clients save them (SPEC S5)."""

from datetime import datetime

from services.runtime.errors import Internal
from vitae.resume.v1.document_pb2 import DOCUMENT_TYPE_COVER_LETTER


def export_filename(document_type: int, template: str, extension: str, created: datetime) -> str:
    """A name such as "resume_modern_20251212.pdf". Names repeat; ids do not."""
    kind = "cover_letter" if document_type == DOCUMENT_TYPE_COVER_LETTER else "resume"
    return f"{kind}_{template}_{created:%Y%m%d}.{checked_extension(extension)}"


def checked_extension(extension: str) -> str:
    """The extension a plan gives; Internal when it could not stand in a key."""
    if not (extension.isascii() and extension.isalnum() and extension == extension.lower()):
        raise Internal(reason="BAD_FILE_EXTENSION")
    return extension
