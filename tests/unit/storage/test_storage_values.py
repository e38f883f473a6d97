"""Keys, names and configuration of the storage service."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.config import ConfigError, load
from services.runtime.errors import Internal, InvalidArgument
from services.storage.config import Encryption, StorageConfig
from services.storage.exports.downloads import _distinct
from services.storage.exports.naming import export_filename
from services.storage.objects.keys import checked_key, export_key, key_owner, object_key, prefixes
from vitae.resume.v1.document_pb2 import DOCUMENT_TYPE_COVER_LETTER, DOCUMENT_TYPE_RESUME

DAY = datetime(2025, 12, 12, 23, 59, tzinfo=UTC)
NEEDED = {
    "VITAE_INTERNAL_JWKS": "{}",
    "VITAE_STORAGE_DATABASE_URL": "postgresql://db",
    "VITAE_STORAGE_OBJECTS_FOLDER": "/data",
    "VITAE_STORAGE_LINK_SECRETS": "x" * 32,
    "VITAE_STORAGE_GENERATION_ADDRESS": "generation:1",
    "VITAE_STORAGE_RENDER_ADDRESS": "render:1",
}


@given(st.text(max_size=60))
def test_a_key_never_names_a_place_outside(key: str) -> None:
    try:
        checked_key(key)
    except InvalidArgument:
        return
    parts = key.split("/")
    assert all(part and not part.startswith(".") for part in parts)
    assert "\\" not in key
    assert "\0" not in key


def test_an_attempt_has_a_key_of_its_own_that_tells_its_owner() -> None:
    tenant, user, export = uuid4(), uuid4(), uuid4()
    key = export_key(tenant, user, export, 2, "pdf")
    assert key == f"exports/{tenant}/{user}/{export}.2.pdf"
    of_object = object_key(tenant, user, export)
    for prefix in (prefixes(tenant, user), prefixes(tenant), prefixes()):
        assert key.startswith(prefix[0])
        assert of_object.startswith(prefix[1])
    assert key_owner(key) == key_owner(of_object) == (tenant, user)
    assert key_owner("exports/other") is None
    assert key_owner(f"exports/{'-' * 36}/{user}/{export}.1.pdf") is None


def test_file_names_tell_kind_template_and_day() -> None:
    assert export_filename(DOCUMENT_TYPE_RESUME, "modern", "pdf", DAY) == "resume_modern_20251212.pdf"
    assert (
        export_filename(DOCUMENT_TYPE_COVER_LETTER, "ats_optimized", "docx", DAY)
        == "cover_letter_ats_optimized_20251212.docx"
    )
    with pytest.raises(Internal):
        export_filename(DOCUMENT_TYPE_RESUME, "modern", "../pdf", DAY)


def test_equal_names_in_an_archive_are_numbered() -> None:
    assert _distinct(["a.pdf", "a.pdf", "a (2).pdf", "a.pdf"]) == [
        "a.pdf",
        "a (2).pdf",
        "a (2) (2).pdf",
        "a (3).pdf",
    ]


def config(**changes: str) -> StorageConfig:
    return load(StorageConfig, {**NEEDED, **changes}, process="storage")


def test_limits_are_those_of_the_product_unless_told() -> None:
    limits = config().limits
    assert (limits.max_file, limits.quota, limits.reservation) == (100_000_000, 100_000_000, 2_000_000)
    assert timedelta(seconds=limits.retention) == timedelta(days=30)
    assert timedelta(seconds=limits.link_lifetime) == timedelta(hours=1)
    assert (limits.waiting, limits.running, limits.attempts) == (50, 3, 5)


def test_the_old_names_are_still_read() -> None:
    old: dict[str, Any] = {
        "EXPORT_MAX_FILE_SIZE_MB": "7",
        "EXPORT_RETENTION_DAYS": "5",
        "PRESIGNED_URL_EXPIRATION_SECONDS": "60",
        "S3_BUCKET_NAME": "jobsync-exports",
        "S3_REGION": "us-west-2",
    }
    read = config(**old)
    assert read.limits.max_file == 7_000_000
    assert timedelta(seconds=read.limits.retention) == timedelta(days=5)
    assert timedelta(seconds=read.limits.link_lifetime) == timedelta(minutes=1)
    assert (read.s3.bucket, read.s3.region) == ("jobsync-exports", "us-west-2")
    assert read.s3.encryption is Encryption.NONE


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"VITAE_STORAGE_OBJECTS_FOLDER": ""}, "VITAE_STORAGE_OBJECTS_FOLDER"),
        ({"VITAE_STORAGE_LINK_SECRETS": ""}, "VITAE_STORAGE_LINK_SECRETS"),
        ({"VITAE_STORAGE_LINK_SECRETS": f"{'x' * 32},short"}, "VITAE_STORAGE_LINK_SECRETS"),
        ({"VITAE_STORAGE_S3_ENCRYPTION": "rot13"}, "VITAE_STORAGE_S3_ENCRYPTION"),
        ({"VITAE_STORAGE_QUOTTA": "1"}, "VITAE_STORAGE_QUOTA"),
    ],
)
def test_a_configuration_that_cannot_work_names_the_variable(changes: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as caught:
        config(**changes)
    assert "xxxx" not in str(caught.value)


def test_a_bucket_needs_neither_folder_nor_secret() -> None:
    changes = {
        "VITAE_STORAGE_S3_BUCKET": "files",
        "VITAE_STORAGE_OBJECTS_FOLDER": "",
        "VITAE_STORAGE_LINK_SECRETS": "",
    }
    assert config(**changes).s3.bucket == "files"
