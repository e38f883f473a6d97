"""Configuration from the environment: every type, every mistake, one report."""

from dataclasses import FrozenInstanceError, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.config import (
    Bytes,
    ConfigError,
    Seconds,
    SettingRow,
    Url,
    group,
    load,
    rows,
    setting,
)
from services.runtime.settings import SHARED, ProcessConfig, ServerConfig


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Shared:
    region: str = setting("VITAE_REGION", default="here", meaning="Where.")
    token: str = setting("VITAE_TOKEN", default="", meaning="A secret.", secret=True, minimum=8)


@dataclass(frozen=True)
class Everything:
    shared: Shared = group()
    text: str = setting("VITAE_STORAGE_TEXT", default="x", meaning="Text.", maximum=5)
    whole: int = setting("VITAE_STORAGE_WHOLE", default=3, meaning="Whole.", minimum=1, maximum=10)
    real: float = setting("VITAE_STORAGE_REAL", default=0.5, meaning="Real.")
    flag: bool = setting("VITAE_STORAGE_FLAG", default=False, meaning="Flag.")
    path: Path | None = setting("VITAE_STORAGE_PATH", default=None, meaning="Path.")
    url: Url = setting("VITAE_STORAGE_URL", default="https://host/x", meaning="Url.")
    time: Seconds = setting("VITAE_STORAGE_TIME", default="5m", meaning="Time.", minimum=1)
    size: Bytes = setting(
        "VITAE_STORAGE_SIZE",
        default="1MiB",
        meaning="Size.",
        legacy=("SIZE_MB",),
        legacy_parse=lambda old: f"{old}MB",
    )
    colour: Colour = setting("VITAE_STORAGE_COLOUR", default=Colour.RED, meaning="Colour.")
    names: tuple[str, ...] = setting("VITAE_STORAGE_NAMES", default=(), meaning="Names.")
    ports: tuple[int, ...] = setting("VITAE_STORAGE_PORTS", default=(1, 2), meaning="Ports.")
    named: int = setting("VITAE_{PROCESS}_NAMED", default=0, meaning="Own space by placeholder.")


def _load(**environ: str) -> Everything:
    return load(Everything, environ, process="storage", shared=(Shared,))


def _problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        _load(**environ)
    return refused.value.problems


def test_without_variables_the_defaults_hold() -> None:
    config = _load()
    assert (config.text, config.whole, config.real, config.flag, config.path) == ("x", 3, 0.5, False, None)
    assert (config.time, config.size, config.colour) == (300.0, 2**20, Colour.RED)
    assert (config.names, config.ports, config.shared.region) == ((), (1, 2), "here")


def test_each_type_is_read() -> None:
    config = _load(
        VITAE_STORAGE_TEXT="abc",
        VITAE_STORAGE_WHOLE="7",
        VITAE_STORAGE_REAL="1e-3",
        VITAE_STORAGE_FLAG="Yes",
        VITAE_STORAGE_PATH="/data",
        VITAE_STORAGE_URL="http://other",
        VITAE_STORAGE_TIME="250s",
        VITAE_STORAGE_SIZE="100MB",
        VITAE_STORAGE_COLOUR="BLUE",
        VITAE_STORAGE_NAMES="a, b,,c",
        VITAE_STORAGE_PORTS="80,443",
        VITAE_STORAGE_NAMED="4",
        VITAE_REGION="there",
    )
    assert (config.text, config.whole, config.real, config.flag) == ("abc", 7, 0.001, True)
    assert (config.path, config.url, config.time, config.size) == (
        Path("/data"),
        "http://other",
        250.0,
        100_000_000,
    )
    assert (config.colour, config.names, config.ports) == (Colour.BLUE, ("a", "b", "c"), (80, 443))
    assert (config.named, config.shared.region) == (4, "there")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("250ms", 0.25), ("1.5h", 5400), ("5 m", 300), ("2D", 172_800), ("1min", 60)],
)
def test_durations(text: str, seconds: float) -> None:
    # The bound of one second does not hold for 250ms.
    if seconds < 1:
        assert "below the minimum of 1" in _problems(VITAE_STORAGE_TIME=text)[0]
    else:
        assert _load(VITAE_STORAGE_TIME=text).time == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("64KiB", 65_536), ("64kb", 64_000), ("1.5 GiB", 1_610_612_736), ("10b", 10)]
)
def test_sizes(text: str, size: int) -> None:
    assert _load(VITAE_STORAGE_SIZE=text).size == size


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("VITAE_STORAGE_WHOLE", "many", "'many' is not a whole number"),
        ("VITAE_STORAGE_WHOLE", "0", "'0' is below the minimum of 1"),
        ("VITAE_STORAGE_WHOLE", "11", "'11' is above the maximum of 10"),
        ("VITAE_STORAGE_TEXT", "abcdef", "'abcdef' is above the maximum of 5 characters"),
        ("VITAE_STORAGE_REAL", "nan", "'nan' is not a number"),
        ("VITAE_STORAGE_REAL", "inf", "'inf' is not a number"),
        ("VITAE_STORAGE_FLAG", "maybe", "'maybe' is neither true nor false"),
        (
            "VITAE_STORAGE_URL",
            "not a url",
            "'not a url' is not a URL such as https://host/path or file:///path",
        ),
        ("VITAE_STORAGE_TIME", "5 years", "'5 years' is not a duration such as 90s, 5m, 1h or 250ms"),
        ("VITAE_STORAGE_TIME", "-5s", "'-5s' is not a duration such as 90s, 5m, 1h or 250ms"),
        ("VITAE_STORAGE_SIZE", "big", "'big' is not a size such as 65536, 64KiB or 100MB"),
        ("VITAE_STORAGE_COLOUR", "green", "'green' is not one of red, blue"),
        ("VITAE_STORAGE_PORTS", "80,x", "'80,x' is not a whole number"),
        (
            "VITAE_STORAGE_PATH",
            "~nobody-of-that-name/data",
            "'~nobody-of-that-name/data' begins with ~ but no such home folder is known; write the whole path",
        ),
    ],
)
def test_a_bad_value_names_its_variable_and_what_would_do(name: str, text: str, complaint: str) -> None:
    assert _problems(**{name: text}) == (f"{name}: {complaint}",)


def test_every_problem_is_reported_at_once() -> None:
    problems = _problems(
        VITAE_STORAGE_WHOLE="x", VITAE_STORAGE_FLAG="x", VITAE_STORAGE_COLUOR="red", VITAE_REGOIN="there"
    )
    assert len(problems) == 4
    assert "VITAE_STORAGE_COLUOR: is not known; did you mean VITAE_STORAGE_COLOUR?" in problems
    assert "VITAE_REGOIN: is not known; did you mean VITAE_REGION?" in problems


def test_variables_of_other_processes_and_of_others_are_not_ours_to_judge() -> None:
    config = _load(VITAE_RENDER_ANYTHING="x", VITAE_GATEWAY_WHAT="x", VITAELITY="x", PATH="/bin")
    assert config.whole == 3


def test_an_unknown_variable_without_a_near_one_is_to_be_removed() -> None:
    assert _problems(VITAE_QQQ="1") == ("VITAE_QQQ: is not known; remove it",)


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert _load(VITAE_STORAGE_WHOLE="").whole == 3


def test_a_required_variable_is_asked_for_with_its_meaning() -> None:
    @dataclass(frozen=True)
    class Needs:
        key: str = setting("VITAE_STORAGE_KEY", meaning="Signs links.", secret=True)

    with pytest.raises(ConfigError) as refused:
        load(Needs, {}, process="storage", shared=())
    assert refused.value.problems == ("VITAE_STORAGE_KEY: set it (or VITAE_STORAGE_KEY_FILE). Signs links.",)


def test_legacy_names_are_read_when_the_new_one_is_not_set() -> None:
    assert _load(SIZE_MB="7").size == 7_000_000
    assert _load(SIZE_MB="7", VITAE_STORAGE_SIZE="1").size == 1
    assert _problems(SIZE_MB="big") == ("SIZE_MB: 'bigMB' is not a size such as 65536, 64KiB or 100MB",)


def test_a_secret_may_come_from_a_file_but_not_from_both(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("12345678\n")
    assert _load(VITAE_TOKEN_FILE=str(file)).shared.token == "12345678"
    assert "not both" in _problems(VITAE_TOKEN_FILE=str(file), VITAE_TOKEN="12345678")[0]
    assert "VITAE_TOKEN_FILE: cannot read" in _problems(VITAE_TOKEN_FILE=str(tmp_path / "gone"))[0]


def test_what_is_no_secret_has_no_file_variant() -> None:
    assert _problems(VITAE_REGION_FILE="/x")[0].startswith("VITAE_REGION_FILE: is not known")


def test_a_secret_is_never_shown() -> None:
    config = _load(VITAE_TOKEN="hush-hush-hush")
    assert "hush" not in repr(config)
    assert config.shared.token == "hush-hush-hush"
    assert "hush" not in str(_problems(VITAE_TOKEN="hush"))


def test_a_configuration_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        _load().whole = 4  # type: ignore[misc]


def test_rules_over_several_fields_are_reported_with_the_rest() -> None:
    @dataclass(frozen=True)
    class Pair:
        low: int = setting("VITAE_STORAGE_LOW", default=1, meaning="Low.")
        high: int = setting("VITAE_STORAGE_HIGH", default=2, meaning="High.")

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ConfigError(["VITAE_STORAGE_LOW: has to be at most VITAE_STORAGE_HIGH"])

    with pytest.raises(ConfigError) as refused:
        load(Pair, {"VITAE_STORAGE_LOW": "3", "VITAE_ODD": "x"}, process="storage", shared=())
    assert refused.value.problems[0] == "VITAE_STORAGE_LOW: has to be at most VITAE_STORAGE_HIGH"
    assert refused.value.problems[1].startswith("VITAE_ODD: is not known")


def test_a_shared_variable_that_settings_does_not_declare_is_a_programming_error() -> None:
    @dataclass(frozen=True)
    class Stray:
        stray: int = setting("VITAE_STRAY", default=1, meaning="Every other process would refuse it.")

    with pytest.raises(TypeError, match="VITAE_STRAY"):
        load(Stray, {}, process="storage", shared=())


def test_the_table_shows_defaults_as_one_would_write_them_and_no_secret() -> None:
    table = {row.name: row for row in rows(Everything, process="storage")}
    assert table["VITAE_STORAGE_TIME"].default == "5m"
    assert table["VITAE_STORAGE_PORTS"].default == "1,2"
    assert table["VITAE_STORAGE_FLAG"].default == "false"
    assert table["VITAE_STORAGE_COLOUR"].default == "red"
    assert table["VITAE_TOKEN"] == SettingRow(
        "VITAE_TOKEN", "", "A secret.", secret=True, reader="storage", mountable=True
    )
    assert "VITAE_STORAGE_NAMED" in table


def test_the_shared_settings_load_with_their_defaults_in_every_process() -> None:
    @dataclass(frozen=True)
    class Whole:
        process: ProcessConfig = group()
        server: ServerConfig = group()

    for name in ("generation", "render", "storage", "gateway"):
        config = load(Whole, {f"VITAE_{name.upper()}_PORT": "5000", "VITAE_LOG_LEVEL": "debug"}, process=name)
        assert config.server.port == 5000
        assert config.process.log.level == "debug"


def test_every_shared_setting_says_what_it_means() -> None:
    table = [row for each in SHARED for row in rows(each, process="storage")]
    assert len(table) > 20
    assert all(row.meaning.endswith(".") for row in table)


@given(
    st.dictionaries(
        st.sampled_from([f"VITAE_STORAGE_{each.name.upper()}" for each in fields(Everything)]), st.text()
    )
)
def test_no_text_does_anything_but_load_or_be_reported(environ: dict[str, Any]) -> None:
    problems: tuple[str, ...] = ()
    config: Everything | None = None
    try:
        config = _load(**environ)
    except ConfigError as error:
        problems = error.problems
    assert all(problem.startswith("VITAE_STORAGE_") for problem in problems)
    assert problems or (config is not None and 1 <= config.whole <= 10)
