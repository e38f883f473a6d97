"""What is looked up at once is what looking one by one finds."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from services.document.lines import iter_lines
from services.generation.composing.compose import compose
from services.generation.composing.truth.dates import take_dates
from services.generation.composing.truth.evidence import by_id
from services.generation.composing.truth.industries import industries_told, industry_words
from services.generation.matching.facts import profile_facts
from services.generation.matching.ranking import rank
from services.generation.matching.reading import Reading
from services.generation.matching.scoring import profile_candidate
from services.generation.skills.stems import stem
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import PAUSE, STOP, Tokenizer
from vitae.generation.v1 import resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

People = Callable[[str], profile_pb2.ProfileContent]

PEOPLE = ("platform_engineer_en", "nurse_en", "electrician_de", "teacher_fr")
PHRASES = st.text(alphabet="abKZ 3.+é\t-", max_size=12)


def lines_below(message: Message) -> Iterator[common_pb2.Line]:
    """Every line inside a message, by all of its fields."""
    if isinstance(message, common_pb2.Line):
        yield message
        return
    for field, held in sorted(message.ListFields(), key=lambda each: each[0].index):
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for each in held if field.is_repeated else [held]:
                yield from lines_below(each)


@given(PHRASES)
def test_a_phrase_has_the_key_of_its_tokens(phrase: str) -> None:
    tokenizer = Tokenizer(frozenset(["a+", "b3"]), frozenset(["ab"]))
    words = tokenizer.split(phrase).words()

    assert tokenizer.key(phrase) == (f" {' '.join(words)} " if words else "")


@pytest.mark.parametrize("name", PEOPLE)
def test_every_line_of_a_resume_is_walked(
    name: str, profile: People, skills: SkillTable, today: date
) -> None:
    person = profile(name)
    ranking = rank(person, None, today, skills)
    made = compose(person, None, ranking, resumes_pb2.TailoringOptions(), today, skills).structure

    walked = [each.line for each in iter_lines(made)]

    assert len(walked) > 5
    assert walked == list(lines_below(made))


@pytest.mark.parametrize("name", PEOPLE)
def test_the_places_of_a_stem_are_all_there_are(name: str, profile: People, skills: SkillTable) -> None:
    person = profile(name)
    reading = Reading(profile_facts(person), skills)
    candidate = profile_candidate(person, reading)

    for language in ("en", "de"):
        found = {
            (root, number, place)
            for root, places in reading.stems(language).items()
            for number, place in places
        }
        assert found == {
            (stem(key, language), number, place)
            for number, (_, tokens) in enumerate(reading.facts)
            for place, key in enumerate(tokens.keys)
            if key not in (PAUSE, STOP)
        }
        for root, places in reading.stems(language).items():
            assert candidate.first(root, language) == reading.place(*min(places))


@pytest.mark.parametrize("name", PEOPLE)
def test_a_profile_with_more_in_it_is_read_anew(name: str, profile: People, skills: SkillTable) -> None:
    person = profile(name)
    before = Reading(profile_facts(person), skills)
    assert stem("zeppelin", "en") not in before.stems("en")

    person.experience[0].achievements.add(id="new", text="Flew 3 zeppelins")
    after = Reading(profile_facts(person), skills)

    assert stem("zeppelins", "en") in after.stems("en")
    assert "new" in after.figures - before.figures


def test_industries_are_told_by_as_many_words_as_stand_there() -> None:
    everything = [word for words in industry_words().values() for word in words]
    texts = [
        "",
        "\n",
        *everything,
        *(f"{one}\n{other}" for one, other in pairwise(everything)),
    ]
    for text in texts:
        told = industries_told(text)
        for name, words in industry_words().items():
            assert told[name] == sum(word in text for word in words)


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Moved in March 2021", [(2021, 3, 0)]),
        ("Moved 40 services", []),
        ("1999-07-02 and 12/2020", [(1999, 7, 2), (2020, 12, 0)]),
        ("1899-07", []),
    ],
)
def test_dates_are_found_where_a_year_is(text: str, dates: list[tuple[int, int, int]]) -> None:
    assert [(each.year, each.month, each.day) for each in take_dates(text)[1]] == dates


@pytest.mark.parametrize("name", PEOPLE)
def test_every_id_of_a_profile_is_found(name: str, profile: People) -> None:
    person = profile(name)

    def ids(message: Message) -> Iterator[str]:
        for field, held in message.ListFields():
            if field.message_type is None or field.message_type.GetOptions().map_entry:
                continue
            for each in held if field.is_repeated else [held]:
                if getattr(each, "id", ""):
                    yield each.id
                yield from ids(each)

    assert set(by_id(person)) == set(ids(person))
