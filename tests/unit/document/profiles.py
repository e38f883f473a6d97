"""Random valid profiles and random JSON Resume files, for property tests."""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from services.document.jsonresume.ids import assign_profile_ids
from services.document.jsonresume.shapes import SCHEMA, SHAPES, Key, Kind
from vitae.resume.v1 import common_pb2, profile_pb2

# What a file can carry: no control characters, no halves of characters, no non-characters.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "Go",
            "2019",
            "null",
            "-",
            "a, b; c",
            "présent",
            "x\ny",
            "<b>*_`",
            "[]",
            "https://a.example/x",
        ]
    ),
    st.text(CHARACTERS, max_size=12),
)


@st.composite
def partial_dates(draw: st.DrawFn) -> common_pb2.PartialDate:
    year = draw(st.sampled_from([0, 1, 1999, 2021, 9999]))
    month = draw(st.integers(0, 12)) if year else 0
    day = draw(st.integers(0, 31)) if month else 0
    return common_pb2.PartialDate(year=year, month=month, day=day, text=draw(TEXTS))


@st.composite
def _photos(draw: st.DrawFn) -> common_pb2.Photo:
    return common_pb2.Photo(
        data=draw(st.binary(max_size=8)),
        content_type=draw(st.sampled_from(["", "image/jpeg", "image/png"])),
        url=draw(TEXTS),
    )


@st.composite
def _translations(draw: st.DrawFn) -> profile_pb2.Translation:
    return profile_pb2.Translation(source_id="exp-1", field="title", locale="de", text=draw(TEXTS))


_SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    common_pb2.PartialDate.DESCRIPTOR.full_name: partial_dates(),
    common_pb2.Photo.DESCRIPTOR.full_name: _photos(),
    profile_pb2.Translation.DESCRIPTOR.full_name: _translations(),
}


@st.composite
def messages(draw: st.DrawFn, kind: type[Message]) -> Any:
    """Any message of a kind; lists have at most two entries."""
    message: Any = kind()
    for field in kind.DESCRIPTOR.fields:
        if not draw(st.booleans()):
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for key in draw(st.lists(TEXTS, max_size=2)):
                getattr(message, field.name)[key] = draw(
                    st.sampled_from(['"x"', "1", "{ }", "no json", "[1.50]"])
                )
        elif field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(_values(field), max_size=2)))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(draw(_values(field)))
        else:
            setattr(message, field.name, draw(_values(field)))
    return message


def _values(field: Any) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        special = _SPECIAL.get(field.message_type.full_name)
        return special if special is not None else messages(GetMessageClass(field.message_type))
    if field.enum_type is not None:
        return st.sampled_from([each.number for each in field.enum_type.values])
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return st.floats(0, 1)
    if field.type == FieldDescriptor.TYPE_INT32:
        return st.integers(0, 10)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    return TEXTS.map(lambda text: text[:10])


def profiles() -> st.SearchStrategy[profile_pb2.ProfileContent]:
    """Any valid profile whose facts have ids of their own."""
    kind: st.SearchStrategy[profile_pb2.ProfileContent] = messages(profile_pb2.ProfileContent)
    return kind.map(assign_profile_ids)


_KEYS = sorted(
    {name for shape in SHAPES for key in shape.keys for name in (key.name, *key.aliases)} | {"id", "x-vitae"}
)
_SECTIONS = sorted(
    {name for shape in SHAPES for name in (shape.name, *shape.aliases)} | {"basics", "meta", "x-vitae"}
)
_BASICS = [
    "name",
    "email",
    "image",
    "location",
    "profiles",
    "phone",
    "summary",
    "url",
    "website",
    "x-vitae",
    "id",
]

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "2014-06-29",
            "06/2014",
            "Present",
            "2014-00-00",
            "data:image/png;base64,AAAA",
            "März 2016",
            "\ud800",
        ]
    ),
)
JUNK = st.recursive(
    _SCALARS,
    lambda held: st.one_of(
        st.lists(held, max_size=3), st.dictionaries(st.text(max_size=8), held, max_size=3)
    ),
)


def _objects(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    usual = st.one_of(
        st.text(CHARACTERS, max_size=20), st.lists(st.text(CHARACTERS, max_size=10), max_size=3), JUNK
    )
    return st.dictionaries(st.sampled_from(names), usual, max_size=8)


def files() -> st.SearchStrategy[dict[str, Any]]:
    """Files that look like JSON Resume and are not always."""
    entries = st.lists(st.one_of(_objects(_KEYS), JUNK), max_size=3)
    sections = st.dictionaries(st.sampled_from(_SECTIONS), st.one_of(entries, JUNK), max_size=6)
    return st.builds(
        lambda held, basics: {**held, **({"basics": basics} if basics else {})},
        sections,
        st.one_of(st.none(), _objects(_BASICS)),
    )


_WORDS = st.text(CHARACTERS, min_size=1, max_size=15).map(lambda text: " ".join(text.split())).filter(bool)
_DATES = st.sampled_from(["2014", "2014-06", "2014-06-29", "1999-12-31"])
_WRITTEN = {
    Kind.LINE: _WORDS,
    Kind.TEXT: _WORDS,
    Kind.LINES: st.lists(_WORDS, min_size=1, max_size=3),
    Kind.TAGS: st.lists(_WORDS, min_size=1, max_size=3),
    Kind.ACHIEVEMENTS: st.lists(_WORDS, min_size=1, max_size=3),
    Kind.SKILLS: st.lists(_WORDS, min_size=1, max_size=3),
    Kind.DATE: _DATES,
    Kind.END_DATE: _DATES,
    Kind.LOCATION: _WORDS,
}


@st.composite
def _tidy_entries(draw: st.DrawFn, keys: tuple[Key, ...]) -> dict[str, Any]:
    written = [key for key in keys if key.kind in _WRITTEN]
    chosen = draw(st.lists(st.sampled_from(written), min_size=1, unique_by=lambda key: key.name))
    return {**{key.name: draw(_WRITTEN[key.kind]) for key in chosen}, **draw(_EXTRAS)}


_EXTRAS = st.dictionaries(
    st.sampled_from(["salary", "x.y", "notes"]),
    st.one_of(_WORDS, st.integers(0, 9), st.just({"deep": [1, 2.5]})),
    max_size=2,
)


@st.composite
def tidy_files(draw: st.DrawFn) -> dict[str, Any]:
    """Files exactly as JSON Resume 1.0 writes them, with unknown keys."""
    file: dict[str, Any] = {"$schema": SCHEMA, **draw(_EXTRAS)}
    basics: dict[str, Any] = {
        name: draw(_WORDS)
        for name in draw(st.sets(st.sampled_from(["name", "label", "email", "phone", "url", "summary"])))
    }
    if draw(st.booleans()):
        basics["location"] = {"city": draw(_WORDS), "postalCode": draw(_WORDS), "x": draw(_WORDS)}
        basics["profiles"] = [{"network": draw(_WORDS), "username": draw(_WORDS), "url": draw(_WORDS)}]
    if basics:
        file["basics"] = basics
    for shape in draw(st.lists(st.sampled_from(SHAPES), unique_by=lambda shape: shape.name, max_size=4)):
        file[shape.name] = draw(st.lists(_tidy_entries(shape.keys), min_size=1, max_size=2))
    return file
