"""Links of the local store: good as made, until their end, and in no other way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.errors import PermissionDenied
from services.storage.links import LinkSigner
from services.storage.objects.base import LinkHolder

NOW = datetime(2025, 12, 12, 10, 0, tzinfo=UTC)
OLD, NEW = "the old secret, thirty-two characters", "the new secret, thirty-two characters"
HOLDER = LinkHolder(uuid4(), uuid4(), uuid4())
NAME = "resume_modern_20251212.pdf"
ENDS = int(NOW.timestamp()) + 60


def test_a_link_names_its_export_until_its_end() -> None:
    signer = LinkSigner((NEW,), "https://vitae.example.org/")
    url = urlsplit(signer.url(HOLDER, filename=NAME, expires_at=NOW + timedelta(seconds=60)))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.netloc, url.path) == ("vitae.example.org", f"/api/v1/exports/download/{NAME}")
    expires = int(query["expires"])
    assert signer.verify(query["token"], filename=NAME, expires=expires, now=NOW) == HOLDER
    late = NOW + timedelta(seconds=60)
    with pytest.raises(PermissionDenied):
        signer.verify(query["token"], filename=NAME, expires=expires, now=late)


def test_without_a_public_address_a_link_is_a_path() -> None:
    url = LinkSigner((NEW,)).url(HOLDER, filename="a b&c.pdf", expires_at=NOW)
    assert url.startswith("/api/v1/exports/download/a%20b%26c.pdf?token=")


def test_rotation_keeps_old_links_good_until_their_secret_goes() -> None:
    token = LinkSigner((OLD,)).token(HOLDER, filename=NAME, expires=ENDS)
    assert LinkSigner((NEW, OLD)).verify(token, filename=NAME, expires=ENDS, now=NOW) == HOLDER
    with pytest.raises(PermissionDenied):
        LinkSigner((NEW,)).verify(token, filename=NAME, expires=ENDS, now=NOW)
    fresh = LinkSigner((NEW, OLD)).token(HOLDER, filename=NAME, expires=ENDS)
    assert LinkSigner((NEW,)).verify(fresh, filename=NAME, expires=ENDS, now=NOW) == HOLDER


@given(place=st.integers(0, 106), letter=st.sampled_from("ABCXYZabcxyz0189-_=+/ \n"))
def test_no_other_token_is_believed(place: int, letter: str) -> None:
    signer = LinkSigner((NEW,))
    token = signer.token(HOLDER, filename=NAME, expires=ENDS)
    assert len(token) == 107
    forged = token[:place] + letter + token[place + 1 :]
    if forged != token:
        with pytest.raises(PermissionDenied):
            signer.verify(forged, filename=NAME, expires=ENDS, now=NOW)


@pytest.mark.parametrize("token", ["", "x", "=", "é", "A" * 107, "A" * 2000])
def test_nonsense_is_refused_as_everything_else(token: str) -> None:
    with pytest.raises(PermissionDenied) as caught:
        LinkSigner((NEW,)).verify(token, filename=NAME, expires=ENDS, now=NOW)
    assert (caught.value.reason, caught.value.fields) == ("INVALID_LINK", ())


def test_end_name_and_export_are_all_signed() -> None:
    signer = LinkSigner((NEW,))
    token = signer.token(HOLDER, filename=NAME, expires=ENDS)
    for filename, expires in ((NAME, ENDS + 1), ("other.pdf", ENDS), (f"{NAME}\n", ENDS)):
        with pytest.raises(PermissionDenied):
            signer.verify(token, filename=filename, expires=expires, now=NOW)
    other = signer.token(replace(HOLDER, id=UUID(int=9)), filename=NAME, expires=ENDS)
    with pytest.raises(PermissionDenied):
        signer.verify(other[:64] + token[64:], filename=NAME, expires=ENDS, now=NOW)


def test_a_signer_without_secret_cannot_be() -> None:
    with pytest.raises(ValueError, match="secret"):
        LinkSigner(())
