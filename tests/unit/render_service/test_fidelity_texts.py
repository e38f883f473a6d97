"""Finding what a file should say in what a parser gives."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.render.fidelity.texts import Phrase, Text, longest_chain, normalised, split_letters, words


def starts(text: Text, phrase: str) -> list[int]:
    return [each.start for each in text.find(Phrase(phrase))]


def test_words_are_compared_without_case_white_space_or_typography() -> None:
    text = Text(["SENIOR  Engineer — “Cloud”", "efﬁcient"])
    assert starts(text, 'senior engineer - "cloud"') == [0]
    assert starts(text, "Efficient") == [6]


def test_a_phrase_is_found_across_lines_but_not_inside_words() -> None:
    text = Text(["led the migra-", "tion of payments", "payments team"])
    assert starts(text, "of payments") == [5]
    assert starts(text, "pay") == []
    assert starts(text, "migration") == []


def test_a_long_phrase_may_be_cut_by_the_end_of_a_page() -> None:
    phrase = "cut the monthly cloud bill by a third without a day of downtime"
    text = Text(
        ["cut the monthly cloud bill by", "Amara Lindqvist Page 1 of 2", "a third without a day of downtime"]
    )
    assert starts(text, phrase) == [0]
    broken = Text(
        ["cut the monthly cloud bill by MISSING", "a third of something else", "without a day of downtime"]
    )
    assert starts(broken, phrase) == []


def test_scripts_without_blanks_are_found_across_line_ends() -> None:
    text = Text(["在庫管理画面を再設", "計し、短縮した。"])
    assert starts(text, "再設計し") == [7]


def test_right_to_left_words_are_found_in_either_order() -> None:
    logical, visual = "مهندس برمجيات أول", "لوأ تايجمرب سدنهم"
    assert starts(Text([logical]), "مهندس برمجيات أول") == [0]
    assert starts(Text([visual]), "مهندس برمجيات أول") == [0]
    assert starts(Text(["مهندس طيران"]), "مهندس برمجيات أول") == []


def test_a_vowel_sign_standing_alone_is_a_word() -> None:
    assert Text(["مهندس \u0651 أول"]).counts["مهندس"] in {0, 1}
    assert words(normalised("\u0651")) == ["\u0651"]


def test_phone_numbers_are_compared_by_digits() -> None:
    text = Text(["Lisbon | +351 (912) 345-678 | 2019"])
    assert [each.start for each in text.find_digits(Phrase("+351912345678"))]
    assert text.find_digits(Phrase("+351 912 345 679")) == []
    assert Text(["+44 20 7946 0991 ext. 12"]).find_digits(Phrase("+44 20 7946 0991 ext. 12"))


def test_addresses_are_compared_sign_by_sign() -> None:
    text = Text(["maya@example.com github.com/maya"])
    assert text.find_exactly(Phrase("Maya@Example.com"))
    assert Text(["maya @example.com"]).find_exactly(Phrase("maya@example.com")) == []


def test_headings_are_lines_of_their_own() -> None:
    text = Text(["Experience:", "Work Experience in banks", "Education"])
    assert [each.start for each in text.own_lines(Phrase("Experience"))] == [0]
    assert [each.start for each in text.own_lines(Phrase("EDUCATION"))] == [6]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("s u m m a r y", True), ("s u m m a ry", True), ("c and r", False), ("a b", False)],
)
def test_letter_spacing_is_noticed(line: str, expected: bool) -> None:
    assert split_letters(line) is expected


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once
    assert words(once) == words(normalised(text))


@given(
    st.lists(st.text(alphabet="ab 1.-", max_size=8), max_size=6),
    st.text(alphabet="ab1", min_size=1, max_size=4),
)
def test_every_place_found_holds_the_phrase(lines: list[str], phrase: str) -> None:
    text = Text(lines)
    for place in text.find(Phrase(phrase)):
        assert text.words[place.start : place.end] == words(normalised(phrase))


@given(st.lists(st.lists(st.integers(0, 12), max_size=3), max_size=5))
def test_the_chain_is_the_longest_there_is(candidates: list[list[int]]) -> None:
    chosen = longest_chain(candidates)
    kept = [each for each in chosen if each is not None]
    assert kept == sorted(set(kept))
    assert all(place is None or place in places for place, places in zip(chosen, candidates, strict=True))
    best = 0
    for choice in product(*[[None, *places] for places in candidates]):
        taken = [each for each in choice if each is not None]
        if taken == sorted(set(taken)):
            best = max(best, len(taken))
    assert len(kept) == best
