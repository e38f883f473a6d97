"""Files too large for one request, sent in parts that become an object together. Blocking: for a thread."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, BinaryIO

PART = 16 * 1024 * 1024
"""Bytes of a part, and up to which a file goes up in one request. S3 takes parts from 5 MiB on, 10,000 of a file."""


def upload(
    client: Any,
    bucket: str,
    key: str,
    file: BinaryIO,
    *,
    condition: Mapping[str, str],
    about: Mapping[str, Any],
) -> None:
    """Sends the file from its beginning. When anything fails the parts go, and the error of the failure is raised.

    `condition` is asked when the parts are put together; `about` describes the object. A process that dies in between
    leaves its parts to `drop`.
    """
    place = {"Bucket": bucket, "Key": key}
    id = client.create_multipart_upload(**place, **about)["UploadId"]
    try:
        file.seek(0)
        parts: list[dict[str, Any]] = []
        while part := file.read(PART):
            number = len(parts) + 1
            sent = client.upload_part(**place, UploadId=id, PartNumber=number, Body=part)
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        client.complete_multipart_upload(**place, UploadId=id, MultipartUpload={"Parts": parts}, **condition)
    except BaseException as error:
        _abort(client, place, id, error)
        raise


def drop(client: Any, bucket: str, before: datetime) -> int:
    """Removes the parts of uploads begun before then; how many uploads."""
    dropped = 0
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for each in page.get("Uploads", ()):
            if each["Initiated"] < before:
                client.abort_multipart_upload(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])
                dropped += 1
    return dropped


def _abort(client: Any, place: dict[str, str], id: str, cause: BaseException) -> None:
    try:
        client.abort_multipart_upload(**place, UploadId=id)
    except Exception as error:  # noqa: BLE001 - the store refuses this too: `drop` tries again, the cause is what is told
        cause.add_note(f"the parts of {place['Key']} were left behind ({type(error).__name__})")
