"""compose.yaml: each process would start with what it is told, locked down as in Kubernetes."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from deploy import keys
from deploy.tests.manifests import ROOT, image_environment, image_name
from deploy.tests.processes import complaints, reader

OURS = (
    "generation-migrations",
    "storage-migrations",
    "generation",
    "render",
    "render-worker",
    "storage",
    "gateway",
)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """compose.yaml with an env file of deploy.keys put in, as docker compose does it."""
    made = {each.variable: each.value for each in keys.make("postgres")}
    text = (ROOT / "deploy" / "compose.yaml").read_text()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"VITAE_VERSION:-{version}" in text

    def value(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if name in made:
            return " ".join(made[name].split())
        assert default is not None, f"{name} has no value and no default"
        return default

    def put_in(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: put_in(child) for key, child in node.items()}
        if isinstance(node, list):
            return [put_in(child) for child in node]
        return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", value, node) if isinstance(node, str) else node

    return dict(put_in(yaml.safe_load(text))["services"])


def test_it_holds_every_process(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {"postgres", *OURS}


@pytest.mark.parametrize("name", OURS)
def test_the_process_would_start(services: dict[str, dict[str, Any]], name: str) -> None:
    service = services[name]
    image = image_name(service["image"])
    process = reader(image, [*service.get("entrypoint", []), *service.get("command", [])])

    assert process is not None
    assert complaints(process, service["environment"], image_environment(image)) == []


@pytest.mark.parametrize("name", OURS)
def test_the_container_is_restricted(services: dict[str, dict[str, Any]], name: str) -> None:
    service = services[name]

    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_only_the_gateway_is_reachable_and_only_from_this_machine(
    services: dict[str, dict[str, Any]],
) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert ports == {"gateway": ["127.0.0.1:8080:8080"]}


def test_every_image_of_others_names_its_version(services: dict[str, dict[str, Any]]) -> None:
    assert all(re.search(r":\d", service["image"]) for service in services.values())
