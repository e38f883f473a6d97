"""Words of documents in many languages."""

import pytest

from services.document.locales import guess_language, present_words, section_title, supported_languages, words
from vitae.resume.v1 import resume_pb2

REQUIRED = {"en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "ja", "zh", "ko", "ar", "he", "hi"}


def test_the_languages_promised_are_there() -> None:
    assert set(supported_languages()) >= REQUIRED


@pytest.mark.parametrize("language", supported_languages())
def test_a_language_has_every_word_english_has(language: str) -> None:
    own, english = words(language), words("en")
    assert own.titles.keys() == english.titles.keys()
    assert own.labels.keys() == english.labels.keys()
    assert all([*own.titles.values(), *own.labels.values(), own.list_mark, own.label_mark])
    assert own.labels["present"].casefold() in present_words()


@pytest.mark.parametrize("type_", resume_pb2.SectionType.values())
def test_every_section_type_has_a_title(type_: resume_pb2.SectionType.ValueType) -> None:
    assert bool(section_title(type_, "fr")) == (type_ != resume_pb2.SECTION_TYPE_UNSPECIFIED)


@pytest.mark.parametrize("language", supported_languages())
def test_titles_of_a_language_differ_from_each_other(language: str) -> None:
    titles = list(words(language).titles.values())
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("tag", "locale", "direction", "title"),
    [
        ("pt-BR", "pt-BR", "ltr", "Experiência"),
        ("zh-TW", "zh-Hant-TW", "ltr", "工作經歷"),
        ("zh-CN", "zh-Hans-CN", "ltr", "工作经历"),
        ("ar-EG", "ar-EG", "rtl", "الخبرة المهنية"),
        ("ur", "ur", "rtl", "Experience"),
        ("de_AT", "de-AT", "ltr", "Berufserfahrung"),
        ("en-US-x-private", "en-US", "ltr", "Experience"),
        ("", "en", "ltr", "Experience"),
        ("tlh", "en", "ltr", "Experience"),
        ("../../etc", "en", "ltr", "Experience"),
        ("x" * 10_000, "en", "ltr", "Experience"),
    ],
)
def test_a_tag_falls_back_to_its_language_then_english(
    tag: str, locale: str, direction: str, title: str
) -> None:
    found = words(tag)
    assert (found.locale, found.direction, found.titles["experience"]) == (locale, direction, title)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Built the billing platform and led the team of five for two years", "en"),
        ("Verantwortet die Planung der Linien und führt das Team mit elf Leuten", "de"),
        ("Pilote les projets de la région et anime une équipe dans le cadre du plan", "fr"),
        ("Разработка сервисов на Python и Go для банка", "ru"),
        ("Розробка сервісів та навчання команди для банку, це досвід із Go", "uk"),
        ("決済APIの応答時間を40%短縮した", "ja"),
        ("负责 Kubernetes 平台的设计与运维", "zh"),
        ("결제 서비스 API 개발과 운영", "ko"),
        ("محللة بيانات في Power BI", "ar"),
        ("ניהול צוות של חמישה אנשים", "he"),
        ("Python में विश्लेषण का अनुभव", "hi"),
        ("42", ""),
        ("", ""),
    ],
)
def test_the_language_of_a_text_is_guessed(text: str, language: str) -> None:
    assert guess_language([text]) == language
