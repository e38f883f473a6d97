"""What operators can do about a refusal or a silence of an S3 store, in plain words."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
)

_CLOCK = "this machine's clock and the store's differ by {seconds} s, and the store refuses such signatures: set up NTP"
_CREDENTIALS = "check the AWS_ credentials and the bucket's policy (VITAE_STORAGE_S3_BUCKET)"
_REGION = "VITAE_STORAGE_S3_REGION is not the bucket's region, or not one the store knows"
_FULL = "the store is full or its quota used up: raise the quota of the bucket and its user, or make room"
_SILENT = "the store was asked and did not answer in time: look at it, or raise VITAE_STORAGE_S3_READ_TIMEOUT"
_GONE = "the bucket is gone: bring it back, or create it if it is lost, and run the audit with --repair"
_BUSY = "the store asks for fewer requests at once: look at it, or lower VITAE_STORAGE_S3_CONNECTIONS"

_ENCRYPTION = "the store cannot encrypt as VITAE_STORAGE_S3_ENCRYPTION and VITAE_STORAGE_S3_KMS_KEY ask"

_BY_CODE = {
    "AccessDenied": _CREDENTIALS,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "InsufficientCapacity": _FULL,
    "InvalidAccessKeyId": "the store does not know AWS_ACCESS_KEY_ID",
    "InvalidLocationConstraint": _REGION,
    "NoSuchBucket": _GONE,
    "PermanentRedirect": _REGION,
    "QuotaExceeded": _FULL,
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY is not the one of AWS_ACCESS_KEY_ID",
    "SlowDown": _BUSY,
    "XMinioStorageFull": _FULL,
}
_BY_STATUS = {301: _REGION, 401: _CREDENTIALS, 403: _CREDENTIALS, 503: _BUSY, 507: _FULL}

_MOST_SKEW = timedelta(minutes=5)
"""S3 refuses from 15 minutes on (RequestTimeTooSkewed); what is refused at less has another cause more likely."""


def refused(error: ClientError, now: datetime) -> str:
    """What to do about an answer that is an error; empty when it tells nothing."""
    answer = error.response.get("ResponseMetadata", {})
    told = error.response.get("Error", {})
    code, status = str(told.get("Code", "")), answer.get("HTTPStatusCode", 0)
    skew = _skew(answer.get("HTTPHeaders", {}).get("date", ""), now)
    if status == 403 and skew > _MOST_SKEW:  # the code tells as well, but a refused HEAD has none
        return _CLOCK.format(seconds=round(skew.total_seconds()))
    said = f"{code} {told.get('Message', '')}".lower()
    if "kms" in said or "encryption" in said:  # each store has codes of its own for this
        return _ENCRYPTION
    return _BY_CODE.get(code) or _BY_STATUS.get(status, "")


def unreachable(error: BotoCoreError, endpoint: str) -> str:
    """What to do when there was no answer at all."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod a role"
    if isinstance(error, ReadTimeoutError):
        return _SILENT
    if isinstance(error, SSLError):
        return f"the certificate of {endpoint} is not trusted: correct it, or name its authority in AWS_CA_BUNDLE"
    if isinstance(error, EndpointConnectionError):
        return f"nobody answers at {endpoint}: check VITAE_STORAGE_S3_ENDPOINT, its name in DNS, and network policies"
    return f"the connection to {endpoint} breaks ({type(error).__name__}): look at the store and the network between"


def _skew(date: str, now: datetime) -> timedelta:
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return timedelta(0)
    return abs(now - told.replace(tzinfo=told.tzinfo or UTC))
