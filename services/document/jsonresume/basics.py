"""The `basics` object: who the person is, how to reach them, and the summary."""

import base64
import binascii
import re
from typing import Any
from urllib.parse import quote, urlsplit

from services.document.jsonresume.extension import comparable, read_extension
from services.document.jsonresume.parsing import JsonObject, pointer_to
from services.document.jsonresume.reading import ObjectReader, is_blank, kind_of
from services.document.jsonresume.report import Report
from services.document.jsonresume.shapes import Key, Kind
from services.document.jsonresume.writing import plain_location, with_extras
from vitae.resume.v1 import common_pb2, profile_pb2

_KEYS = (
    Key("full_name", "name", ("fullName", "full_name")),
    Key("headline", "label", ("title", "headline")),
    Key("website", "url", ("website", "homepage")),
)
_FIRST_OF_MANY = (
    Key("email", "email", ("mail",)),
    Key("phone", "phone", ("telephone", "mobile")),
)
_SUMMARY = Key("summary", "summary", ("about", "bio"), Kind.TEXT)
_LINK_KEYS = (
    Key("network", "network", ("name", "site")),
    Key("username", "username", ("user", "handle")),
    Key("url", "url", ("link", "website")),
)
_SITES = (
    ("linkedin", "LinkedIn", "linkedin.com", "https://www.linkedin.com/in/"),
    ("github", "GitHub", "github.com", "https://github.com/"),
)
"""Field of PersonalInfo, name of the network, its host, and where its accounts stand."""

_HOMEPAGES = frozenset({"website", "homepage", "home page", "portfolio", "personal website", "blog"})
_DATA_URL = re.compile(r"data:(image/[a-z0-9.+-]+)(?:;[^,;]*)*?;base64,(.*)", re.IGNORECASE | re.DOTALL)
_PICTURES = {"image/png": "image/png", "image/jpeg": "image/jpeg", "image/jpg": "image/jpeg"}
_MAX_PICTURE = 2 * 1024 * 1024
"""Photo.data of the contracts."""


def read_basics(value: Any, content: profile_pb2.ProfileContent, report: Report) -> None:
    """Fills personal info and summary of a profile."""
    pointer = "/basics"
    if not isinstance(value, dict):
        report.refuse(pointer, f"must be an object, not {kind_of(value)}")
        return
    _read_plain(ObjectReader(comparable(value) | _id_of(value), pointer, report), content)
    held = read_extension(value, profile_pb2.ProfileContent, pointer, report)
    if held is None:
        return
    if content.personal.photo.data:
        held.personal.photo.data = content.personal.photo.data
    if comparable(plain_basics(held)) == comparable(value):
        content.ClearField("personal")
        content.MergeFrom(
            profile_pb2.ProfileContent(personal=held.personal if held.HasField("personal") else None)
        )
        content.summary, content.enhanced_summary = held.summary, held.enhanced_summary
    else:
        report.note(
            pointer_to(pointer, "x-vitae"), "dropped", "The file was edited since; its other keys count."
        )


def plain_basics(content: profile_pb2.ProfileContent) -> JsonObject:
    """The object with the plain keys of JSON Resume alone."""
    personal = content.personal
    value: JsonObject = {
        "name": personal.full_name,
        "label": personal.headline,
        "image": _picture(personal.photo),
        "email": personal.email,
        "phone": personal.phone,
        "url": personal.website,
        "summary": content.summary or content.enhanced_summary,
        "location": plain_location(personal.location),
        "profiles": [*map(_link, personal.links), *_underived(personal)],
    }
    return with_extras({name: each for name, each in value.items() if each}, personal.extras)


def _id_of(value: JsonObject) -> JsonObject:
    return {"id": value["id"]} if "id" in value else {}


def _read_plain(reader: ObjectReader, content: profile_pb2.ProfileContent) -> None:
    personal = content.personal
    for key in _KEYS:
        reader.fill(personal, key)
    reader.fill(content, _SUMMARY)
    if not personal.full_name:
        _names(reader, personal)
    for key in _FIRST_OF_MANY:
        _first(reader, personal, key)
    pointer, place = reader.take("location", "address")
    if place is not None:
        reader.location(personal.location, place, pointer, "location")
    _read_picture(reader, personal)
    _links(reader, personal)
    _derive(personal)
    reader.fill_extras(personal.extras)


def _names(reader: ObjectReader, personal: profile_pb2.PersonalInfo) -> None:
    parts = []
    for names in (("firstName", "first_name", "givenName"), ("lastName", "last_name", "familyName")):
        pointer, value = reader.take(*names)
        if value is not None:
            parts.append(reader.text(value, pointer, Kind.LINE))
    field = personal.DESCRIPTOR.fields_by_name["full_name"]
    if parts:
        reader.report.note(reader.pointer, "converted", "First and last name were joined.")
        personal.full_name = reader.limited(field, " ".join(parts), reader.pointer)


def _first(reader: ObjectReader, personal: profile_pb2.PersonalInfo, key: Key) -> None:
    """An address or number; of several, the first, and all are kept."""
    pointer, value = reader.take(key.name, *key.aliases)
    several = list(value.values()) if isinstance(value, dict) else value
    if isinstance(several, list):
        reader.keep(key.name, value, "The first of several was taken; all are kept as they stood.")
        value = next((each for each in several if not is_blank(each)), None)
    if value is not None:
        text = reader.text(value, pointer, Kind.LINE)
        field = personal.DESCRIPTOR.fields_by_name[key.field]
        setattr(personal, key.field, reader.limited(field, text, pointer))


def _read_picture(reader: ObjectReader, personal: profile_pb2.PersonalInfo) -> None:
    pointer, value = reader.take("image", "picture", "photo")
    if value is None:
        return
    if not isinstance(value, str):
        reader.keep("image", value, "A picture is an address or a data: URL; kept as it stood.")
        return
    text = value.strip()
    if not text.lower().startswith("data:"):
        field = common_pb2.Photo.DESCRIPTOR.fields_by_name["url"]
        personal.photo.url = reader.limited(field, text, pointer)
        return
    found = _DATA_URL.fullmatch(text)
    kind = _PICTURES.get(found[1].lower()) if found else None
    data = _decoded(found[2]) if found else b""
    if not kind or not data:
        reader.keep("image", value, "Only PNG and JPEG pictures in base64 can be shown; kept as it stood.")
    elif len(data) > _MAX_PICTURE:
        reader.report.refuse(pointer, f"at most 2 MiB of picture; it has {len(data)} bytes")
    else:
        personal.photo.data, personal.photo.content_type = data, kind


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _picture(photo: common_pb2.Photo) -> str:
    if not photo.data:
        return photo.url
    return f"data:{photo.content_type or 'image/jpeg'};base64,{base64.b64encode(photo.data).decode('ascii')}"


def _links(reader: ObjectReader, personal: profile_pb2.PersonalInfo) -> None:
    pointer, value = reader.take("profiles", "links", "social")
    if value is None:
        return
    if isinstance(value, dict) and not set(value) & {"network", "url"}:
        reader.report.note(pointer, "converted", "The object was read as a list of pages.")
        value = [_page(name, each) for name, each in value.items()]
    elif isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        reader.report.refuse(pointer, f"must be a list of objects, not {kind_of(value)}")
        return
    field = personal.DESCRIPTOR.fields_by_name["links"]
    for index, each in enumerate(reader.limited_list(field, value, pointer)):
        if is_blank(each):
            continue
        place = pointer_to(pointer, index)
        if isinstance(each, str):
            reader.report.note(place, "converted", "The text was read as the address of a page.")
            each = {"url": each}  # noqa: PLW2901
        if not isinstance(each, dict):
            reader.report.refuse(place, f"must be an object, not {kind_of(each)}")
            continue
        inner, link = ObjectReader(each, place, reader.report), personal.links.add()
        for key in _LINK_KEYS:
            inner.fill(link, key)
        inner.fill_id(link)
        inner.fill_extras(link.extras)


def _page(network: str, value: Any) -> Any:
    if isinstance(value, str):
        return {"network": network, "url" if "/" in value else "username": value}
    return {"network": network, **value} if isinstance(value, dict) else value


def _derive(personal: profile_pb2.PersonalInfo) -> None:
    for field, network, host, accounts in _SITES:
        for link in personal.links:
            if _is_on(link, network, host) and not getattr(personal, field):
                setattr(
                    personal, field, link.url or (accounts + quote(link.username) if link.username else "")
                )
    for link in personal.links:
        if link.network.casefold() in _HOMEPAGES and not personal.website:
            personal.website = link.url


def _is_on(link: common_pb2.Link, network: str, host: str) -> bool:
    if link.network:
        return link.network.casefold().replace(" ", "") == network.casefold()
    try:
        found = urlsplit(link.url if "://" in link.url else f"//{link.url}").hostname or ""
    except ValueError:
        return False
    return found == host or found.endswith(f".{host}")


def _link(link: common_pb2.Link) -> JsonObject:
    value = {key.name: getattr(link, key.field) for key in _LINK_KEYS}
    return with_extras({name: each for name, each in value.items() if each}, link.extras)


def _underived(personal: profile_pb2.PersonalInfo) -> list[JsonObject]:
    """LinkedIn and GitHub where no link of the profile names them: JSON Resume knows them as profiles only."""
    derived = profile_pb2.PersonalInfo(links=personal.links)
    _derive(derived)
    return [
        {"network": network, "url": getattr(personal, field)}
        for field, network, _, _ in _SITES
        if getattr(personal, field) and not getattr(derived, field)
    ]
