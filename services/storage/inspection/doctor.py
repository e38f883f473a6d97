"""Trying the configured store as a client would, and saying in plain words what to change (SPEC S2, S4).

What breaks most often where people run this themselves is a link whose host only this process can reach, so links are
fetched like anybody would fetch them: over the network, under the public address, without credentials.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from uuid import uuid4

from services.runtime.db import Database, transaction_time
from services.runtime.errors import PermissionDenied, VitaeError
from services.storage.inspection.fetching import Answer, Unreachable, fetch
from services.storage.links import PATH, LinkSigner
from services.storage.objects.base import LinkHolder, ObjectStore, StagedFile, advice_of
from services.storage.objects.keys import PROBES

MOST_SKEW = timedelta(minutes=5)
"""S3 refuses signatures more than 15 minutes off (AWS's RequestTimeTooSkewed); links of seconds suffer earlier."""

_NAME, _TYPE = "a probe.txt", "text/plain"
_ORIGIN = "https://vitae.example"
_SHORT = 1.0
_LEFT_BEHIND = timedelta(hours=1)


@dataclass(frozen=True)
class Check:
    """One thing tried."""

    name: str
    passed: bool
    advice: str = ""
    """What to change, when it did not pass."""
    optional: bool = False
    """The service works without it."""


@dataclass(frozen=True)
class Doctor:
    """Tries the store. `links` is there while files are local; `public_url` is the gateway's address in links;
    `encryption` is what the store is asked for with every file.
    """

    database: Database
    objects: ObjectStore
    links: LinkSigner | None
    public_url: str = ""
    encryption: str = ""
    fetch: Callable[..., Answer] = fetch

    async def run(self) -> list[Check]:
        """The checks in order; what follows from one that failed is left out. Nothing stays behind."""
        await self._clear()
        checks = [await self._clock()]
        key, data = f"{PROBES}{uuid4()}", uuid4().hex.encode() * 100
        written = await self._tried("write", lambda: self._write(key, data), "Files cannot be stored", _STORE)
        checks.append(written)
        if not written.passed:
            return checks
        if self.encryption:
            checks.append(
                await self._tried("encryption", lambda: self._encrypted(key), "Files are not encrypted")
            )
        checks.append(await self._tried("read", lambda: self._read(key, data), "Files cannot be read"))
        checks += [
            each async for each in (self._local_links() if self.links else self._fetched_links(key, data))
        ]
        checks.append(
            await self._tried(
                "delete",
                lambda: self._delete(key),
                "Files cannot be deleted",
                "Allow s3:DeleteObject, or retention and erasure do nothing",
            )
        )
        return checks

    async def _clear(self) -> None:
        """Removes what an interrupted run left."""
        old = datetime.now(UTC) - _LEFT_BEHIND
        try:
            left = [each.key async for each in self.objects.list(PROBES) if each.stored_at < old]
            for key in left:
                await self.objects.delete(key)
        except VitaeError:  # the checks that follow say what is wrong
            return

    async def _clock(self) -> Check:
        try:
            async with self.database.queue_transaction() as connection:
                skew = abs(transaction_time(connection) - datetime.now(UTC))
        except VitaeError as error:
            return Check("database", False, f"The database does not answer ({error.reason}).")
        if skew > MOST_SKEW:
            return Check("clock", False, _skewed("the database's", skew))
        return Check("clock", True)

    async def _tried(
        self, name: str, work: Callable[[], Awaitable[str]], trouble: str, otherwise: str = ""
    ) -> Check:
        """What the store itself knows of its trouble is told, and what may be `otherwise` where it knows nothing."""
        try:
            problem = await work()
        except VitaeError as error:
            problem = advice_of(error)
            if not problem:
                problem = ". ".join(filter(None, (f"{error.reason}: {error.message}", otherwise)))
        return Check(name, not problem, f"{trouble}: {problem}." if problem else "")

    async def _write(self, key: str, data: bytes) -> str:
        file = StagedFile(io.BytesIO(data), len(data), hashlib.sha256(data).hexdigest())
        await self.objects.put(key, file, content_type=_TYPE, exclusive=True)
        return ""

    async def _encrypted(self, key: str) -> str:
        stat = await self.objects.stat(key)
        if stat is None or stat.encryption == self.encryption:
            return ""
        return (
            f"the store was asked for {self.encryption} (VITAE_STORAGE_S3_ENCRYPTION) and says it"
            f" {f'used {stat.encryption}' if stat.encryption else 'did nothing'}. Switch encryption on in the store,"
            " or take one it knows"
        )

    async def _read(self, key: str, data: bytes) -> str:
        read = b"".join([chunk async for chunk in self.objects.get(key)])
        return "" if read == data else "other bytes came back than were written"

    async def _delete(self, key: str) -> str:
        await self.objects.delete(key)
        return "the object is still there" if await self.objects.stat(key) else ""

    async def _link(self, key: str, lifetime: float) -> str:
        nobody = LinkHolder(uuid4(), uuid4(), uuid4())
        return await self.objects.link(
            key,
            expires_at=datetime.now(UTC) + timedelta(seconds=lifetime),
            filename=_NAME,
            content_type=_TYPE,
            holder=nobody,
        )

    async def _fetched_links(self, key: str, data: bytes) -> AsyncIterator[Check]:
        url = await self._link(key, 60)
        try:
            answer = await self._get(url, origin=_ORIGIN)
        except Unreachable as error:
            yield Check("signed_link", False, f"{_unreachable(url, error)} {_PUBLIC}")
            return
        if answer.status != 200 or answer.body != data:
            advice = _SIGNATURE if answer.status == 403 else _PUBLIC
            yield Check("signed_link", False, f"A link answers {answer.status} instead of the file. {advice}")
            return
        yield Check("signed_link", True)
        named = _NAME.replace(" ", "%20") in answer.header("content-disposition")
        yield Check(
            "file_name",
            named and answer.header("content-type").startswith(_TYPE),
            ""
            if named
            else "Links do not give files their name; the store ignores response-content-disposition.",
        )
        yield _dated(answer)
        tampered = await self._status(url.replace(key, key[:-1] + ("0" if key[-1] != "0" else "1")))
        yield Check(
            "tampering",
            tampered in {401, 403},
            ""
            if tampered in {401, 403}
            else f"A changed link answers {tampered}. Close the bucket to anonymous readers at once.",
        )
        short = await self._link(key, _SHORT)
        await asyncio.sleep(_SHORT + 1.5)
        expired = await self._status(short)
        yield Check(
            "expiry",
            expired in {400, 401, 403},
            ""
            if expired in {400, 401, 403}
            else f"A link past its end still answers {expired}. The store does not check expiry, or its clock is"
            " behind.",
        )
        yield Check(
            "cors",
            bool(answer.header("access-control-allow-origin")),
            ""
            if answer.header("access-control-allow-origin")
            else "Pages cannot fetch files by script; following a link works. Allow GET from your page's origin in the"
            " bucket's CORS rules if they have to.",
            optional=True,
        )

    async def _local_links(self) -> AsyncIterator[Check]:
        if self.links is None:
            return
        holder, now = LinkHolder(uuid4(), uuid4(), uuid4()), datetime.now(UTC)
        expires = int(now.timestamp()) + 60
        token = self.links.token(holder, filename=_NAME, expires=expires)
        sound = self.links.verify(token, filename=_NAME, expires=expires, now=now) == holder
        for name, end in (("other", expires), (_NAME, expires + 1)):
            sound &= _refused(self.links, token, now=now, filename=name, expires=end)
        late = now + timedelta(seconds=61)
        sound &= _refused(self.links, token, now=late, filename=_NAME, expires=expires)
        yield Check(
            "signed_link", sound, "" if sound else "Links are not checked. Report it: this is a defect."
        )
        if not self.public_url:
            yield Check(
                "public_url",
                False,
                "Links are paths without a host. Set VITAE_STORAGE_PUBLIC_URL where clients cannot complete them.",
                optional=True,
            )
            return
        url = f"{self.public_url.rstrip('/')}{PATH}probe.txt?token=probe&expires=1"
        try:
            answer = await self._get(url)
        except Unreachable as error:
            yield Check("public_url", False, f"{_unreachable(url, error)} {_GATEWAY}")
            return
        served = answer.status == 403 and "INVALID_LINK" in answer.body.decode(errors="replace")
        advice = f"The address of links answers {answer.status}, not as the gateway does. {_GATEWAY}"
        yield Check("public_url", served, "" if served else advice)

    async def _status(self, url: str) -> int:
        """The status of an answer; 0 when there is none."""
        try:
            return (await self._get(url)).status
        except Unreachable:
            return 0

    async def _get(self, url: str, *, origin: str = "") -> Answer:
        return await asyncio.to_thread(self.fetch, url, origin=origin)


_STORE = (
    "Check VITAE_STORAGE_S3_ENDPOINT, VITAE_STORAGE_S3_REGION, the AWS_ credentials and the bucket's policy, or the"
    " folder of VITAE_STORAGE_OBJECTS_FOLDER; the log of this process says what the store answered"
)
_PUBLIC = (
    "Set VITAE_STORAGE_S3_PUBLIC_ENDPOINT to the address clients reach the store under; if this process alone cannot"
    " reach that address, try the link from a client's network"
)
_SIGNATURE = (
    "The store refuses the signature: VITAE_STORAGE_S3_PUBLIC_ENDPOINT has to be the very host the store believes it is"
    " asked under (a proxy must not change the Host header), and VITAE_STORAGE_S3_REGION its region"
)
_GATEWAY = "VITAE_STORAGE_PUBLIC_URL has to be the gateway's address as clients see it"


def _unreachable(url: str, error: Unreachable) -> str:
    return f"The host of links, {urlsplit(url).netloc}, cannot be reached ({error})."


def _refused(links: LinkSigner, token: str, *, filename: str, expires: int, now: datetime) -> bool:
    try:
        links.verify(token, filename=filename, expires=expires, now=now)
    except PermissionDenied:
        return True
    return False


def _dated(answer: Answer) -> Check:
    told = answer.header("date")
    if not told:
        return Check("store_clock", True)
    skew = abs(parsedate_to_datetime(told) - datetime.now(UTC))
    return Check("store_clock", skew <= MOST_SKEW, _skewed("the store's", skew) if skew > MOST_SKEW else "")


def _skewed(whose: str, skew: timedelta) -> str:
    seconds = round(skew.total_seconds())
    return f"This machine's clock and {whose} differ by {seconds} s; links and leases end at wrong times. Set up NTP."
