"""Signed links to files of the local store: the right to read one file until a time (SPEC S3, C1).

    signer = LinkSigner((new_secret, old_secret), base_url="https://vitae.example.org")
    url = signer.url(holder, filename="resume_modern_20251212.pdf", expires_at=...)
    holder = signer.verify(token, expires=1765500000, filename="...", now=...)       # PermissionDenied, vaguely

A token is base64url over 48 bytes (tenant, user, export or object) and the HMAC-SHA256 of those with the end and the
file name. The first secret signs; every one verifies, so secrets are rotated by putting the new one in front.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode
from uuid import UUID

from services.runtime.errors import PermissionDenied
from services.storage.objects.base import LinkHolder

PATH = "/api/v1/exports/download/"
"""Where the gateway serves links; the file name follows."""

_IDS = 48
_MAC = hashlib.sha256().digest_size
_PURPOSE = b"vitae download link v1\n"
"""Keeps these signatures apart from any other use of the same secret."""


@dataclass(frozen=True)
class LinkSigner:
    """Makes and checks links. `base_url` is the gateway's public address; without one links are paths."""

    secrets: tuple[str, ...] = field(repr=False)
    base_url: str = ""

    def __post_init__(self) -> None:
        if not self.secrets:
            raise ValueError("a link signer needs at least one secret")

    def url(self, holder: LinkHolder, *, filename: str, expires_at: datetime) -> str:
        """The link, good until the second of `expires_at`."""
        expires = int(expires_at.timestamp())
        query = urlencode(
            {"token": self.token(holder, filename=filename, expires=expires), "expires": expires}
        )
        return f"{self.base_url.rstrip('/')}{PATH}{quote(filename, safe='')}?{query}"

    def token(self, holder: LinkHolder, *, filename: str, expires: int) -> str:
        """The token of a link."""
        ids = holder.tenant_id.bytes + holder.user_id.bytes + holder.id.bytes
        mac = _mac(self.secrets[0], ids, filename, expires)
        return _encoded(ids + mac)

    def verify(self, token: str, *, filename: str, expires: int, now: datetime) -> LinkHolder:
        """Whose file the link gives. Raises PermissionDenied, always the same, for a bad or an expired one."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _refused() from error
        ids, mac = raw[:_IDS], raw[_IDS:]
        if len(mac) != _MAC or _encoded(raw) != token:  # base64 has several spellings of the same bytes
            raise _refused()
        good = False
        for secret in self.secrets:  # all of them, so that the time taken tells nothing
            good |= hmac.compare_digest(mac, _mac(secret, ids, filename, expires))
        if not good or now.timestamp() >= expires:
            raise _refused()
        return LinkHolder(UUID(bytes=ids[:16]), UUID(bytes=ids[16:32]), UUID(bytes=ids[32:]))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _mac(secret: str, ids: bytes, filename: str, expires: int) -> bytes:
    message = b"".join((_PURPOSE, ids, str(expires).encode(), b"\n", filename.encode()))
    return hmac.digest(secret.encode(), message, hashlib.sha256)


def _refused() -> PermissionDenied:
    return PermissionDenied("The link is not valid or has expired.", reason="INVALID_LINK")
