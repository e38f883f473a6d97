"""What a one-machine system consists of."""

from pathlib import Path

from deploy.local.credentials import Credentials
from deploy.local.topology import Settings, programs


def test_the_worker_starts_after_all_that_answers_calls(tmp_path: Path) -> None:
    settings = Settings(
        tmp_path,
        8080,
        {name: f"postgresql://u:p@127.0.0.1/{name}" for name in ("generation", "storage")},
    )
    names = [each.name for each in programs(settings, Credentials.kept_in(tmp_path), {})]
    assert names[-1] == "render-worker"
    assert sorted(names) == ["gateway", "generation", "render", "render-worker", "storage"]
