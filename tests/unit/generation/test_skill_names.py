"""The table of skills is sound, and names are found as a reader finds them: whole, longest, in their context."""

import pytest

from services.generation.skills.extraction import find_skills
from services.generation.skills.table import SkillTable


def found(text: str, skills: SkillTable) -> list[str]:
    return [each.skill.name for each in find_skills(skills.tokens(text), skills)]


def test_the_table_knows_many_skills_of_many_fields(skills: SkillTable) -> None:
    fields = {skill.field for skill in skills.skills.values()}

    assert len(skills.skills) >= 450
    assert len(fields) >= 14


def test_neighbours_are_mutual_and_never_the_skill_itself(skills: SkillTable) -> None:
    for skill in skills.skills.values():
        assert skill.name not in skill.neighbours
        for name in skill.neighbours:
            assert skill.name in skills.skills[name].neighbours


def test_every_name_alone_means_its_skill(skills: SkillTable) -> None:
    wrong = {name: found(name, skills) for name in skills.skills if found(name, skills) != [name]}

    assert wrong == {}


def test_cues_are_single_words(skills: SkillTable) -> None:
    assert [cue for skill in skills.skills.values() for cue in skill.cues if " " in cue] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We maintain aircraft and paint walls", []),
        ("JavaScript only", ["JavaScript"]),
        ("C++, C#, .NET Core, Node.js and CI/CD", ["C++", "C#", ".NET", "Node.js", "CI/CD"]),
        ("C/C++17", ["C", "C++"]),
        ("Python 3.11, Python3 and HTML5", ["Python", "Python", "HTML"]),
        ("k8s clusters", ["Kubernetes"]),
        ("react-native and machine-\nlearning", ["React Native", "Machine learning"]),
        ("React, Native apps", ["React"]),
        ("Kubernetes,Docker.Terraform", ["Kubernetes", "Docker", "Terraform"]),
        ("see github.com/someone or mail python@example.org", []),
        ("Erfahrung mit maschinellem Lernen", ["Machine learning"]),
        ("Résolution de problèmes", ["Problem solving"]),
        ("使用Python开发机器学习", ["Python", "Machine learning"]),
        ("Python을 사용", ["Python"]),
    ],
)
def test_names_are_whole_words_in_any_spelling(text: str, expected: list[str], skills: SkillTable) -> None:
    assert found(text, skills) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Go to market and go the extra mile. Go beyond.", []),
        ("Go, Rust and C", ["Go", "Rust", "C"]),
        ("Go developer", ["Go"]),
        ("Go", ["Go"]),
        ("j'ai un chien", []),
        ("AI research", ["Artificial intelligence"]),
        ("Meeting at 5 PM", []),
        ("We react quickly in spring", []),
        ("Built with Spring and Hibernate", ["Spring", "Hibernate"]),
        ("You excel at writing", []),
        ("Advanced Excel skills", ["Microsoft Excel"]),
        ("the rest of the world", []),
        ("REST and GraphQL", ["REST APIs", "GraphQL"]),
        ("Vitamin C and hepatitis C", []),
        ("We go the extra mile", []),
        ("Let's Go hiking together", []),
        ("experience with Go", ["Go"]),
        ("grade C or above, Class C licence", []),
        ("programming in C and C++", ["C", "C++"]),
        ("R&D department", []),
        ("R, SPSS and Stata", ["R", "SPSS", "Stata"]),
        ("meeting at 3 PM", []),
        ("Ai Weiwei and the AI engineer", ["Artificial intelligence"]),
        ("We start in spring 2027", []),
        ("Spring, Hibernate and Java", ["Spring", "Hibernate", "Java"]),
        ("remove rust and paint", []),
        ("Rust services on Tokio", ["Rust", "Tokio"]),
        ("Swift response to customers", []),
        ("closing date: 3 May, a budget airline, open doors", []),
        ("free coffee, a company car, paid holidays", []),
        ("a German company with a French office", []),
        ("good English; German is not required", ["English", "German"]),
        (
            "Python 3.11, python3, Java 17, Angular 15, Vue3",
            ["Python", "Python", "Java", "Angular", "Vue.js"],
        ),
        ("CI / CD, ci-cd, machine-learning", ["CI/CD", "CI/CD", "Machine learning"]),
        ("pressure ulcers and wound dressings", ["Pressure ulcer prevention", "Wound care"]),
        ("Betreuung von Infusionstherapien", ["IV therapy"]),
        ("statistics in R", ["Statistics", "R"]),
        ("a German company with French customers", []),
        ("fluent German, written English", ["German", "English"]),
        ("Deutsch mindestens C1", ["German"]),
        ("dbt, Snowflake, Turkish or Arabic", ["dbt", "Snowflake", "Turkish", "Arabic"]),
        ("French, German and Swiss customers", []),
        ("vier Scrum-Teams", ["Scrum"]),
        ("huit personas con hambre", []),
        ("free dental insurance", []),
        ("Please send your documents", []),
    ],
)
def test_ambiguous_names_need_their_context(text: str, expected: list[str], skills: SkillTable) -> None:
    assert found(text, skills) == expected


def test_spans_count_code_points_of_the_given_text(skills: SkillTable) -> None:
    text = "😀 Straße: Größe mit Kubernetes, ﬁne PostgreSQL"

    spans = {
        each.skill.name: text[each.start : each.end] for each in find_skills(skills.tokens(text), skills)
    }

    assert spans == {"Kubernetes": "Kubernetes", "PostgreSQL": "PostgreSQL"}


def test_characters_that_are_written_with_punctuation_are_read(skills: SkillTable) -> None:
    assert skills.tokens("⒈ Python").keys == ("1", "python")
    assert found("⒈Python", skills) == ["Python"]
