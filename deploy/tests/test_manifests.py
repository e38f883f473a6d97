"""Every overlay is what Kubernetes accepts and what our own rules demand; every rule can say no."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from deploy.tests.manifests import OVERLAYS, ROOT, Document, built, of_kind, workloads
from deploy.tests.policies import files_go_to_a_bucket, violations

KUBERNETES = ("1.32", "1.37")
"""The oldest and the newest version we promise to run on (deploy/README.md)."""


@pytest.fixture(scope="module")
def overlays() -> dict[str, list[Document]]:
    return {name: built(ROOT / "deploy" / "overlays" / name) for name in OVERLAYS}


@pytest.mark.parametrize("name", OVERLAYS)
@pytest.mark.parametrize("version", KUBERNETES)
def test_every_document_follows_the_schema(
    overlays: dict[str, list[Document]], name: str, version: str
) -> None:
    for document in overlays[name]:
        kubernetes_validate.validate(document, version, strict=True)


def test_the_schema_check_finds_a_misspelt_field(overlays: dict[str, list[Document]]) -> None:
    document = copy.deepcopy(of_kind(overlays["prod"], "Deployment")["gateway"])
    document["spec"]["template"]["spec"]["terminationGraceSeconds"] = 5

    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGraceSeconds"):
        kubernetes_validate.validate(document, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_overlay_follows_our_rules(overlays: dict[str, list[Document]], name: str) -> None:
    assert violations(overlays[name]) == []


def test_production_keeps_files_in_a_bucket(overlays: dict[str, list[Document]]) -> None:
    assert list(files_go_to_a_bucket(overlays["prod"])) == []


def test_a_local_folder_in_production_is_found(overlays: dict[str, list[Document]]) -> None:
    found = list(files_go_to_a_bucket(overlays["dev"]))

    assert any("VITAE_STORAGE_OBJECTS_FOLDER" in each for each in found)
    assert any("VITAE_STORAGE_S3_BUCKET" in each for each in found)


@pytest.mark.parametrize("name", OVERLAYS)
def test_images_and_migrations_carry_the_version(overlays: dict[str, list[Document]], name: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = [container["image"] for each in workloads(overlays[name]) for container in each.containers]

    assert {image.rpartition(":")[2] for image in images if "postgres" not in image} == {version}
    assert set(of_kind(overlays[name], "Job")) == {
        f"generation-migrations-{version}",
        f"storage-migrations-{version}",
    }


def test_the_readme_states_how_many_connections_postgresql_needs(overlays: dict[str, list[Document]]) -> None:
    """O12: replicas at most, one more while rolling, times pool, overflow and the listener; two jobs; cleanup's two."""
    needed = 2 + 2
    config = {
        name.rsplit("-", 1)[0]: each["data"] for name, each in of_kind(overlays["prod"], "ConfigMap").items()
    }
    for service in ("generation", "storage"):
        most = of_kind(overlays["prod"], "HorizontalPodAutoscaler")[service]["spec"]["maxReplicas"]
        pool = [
            int(config[f"vitae-{service}"][f"VITAE_{service.upper()}_DATABASE_POOL_{k}"])
            for k in ("SIZE", "OVERFLOW")
        ]
        needed += (most + 1) * (sum(pool) + 1)

    assert f"**{needed}** connections" in (ROOT / "deploy" / "README.md").read_text()


def _container(documents: list[Document], name: str) -> Any:
    return _pod(documents, name)["containers"][0]


def _pod(documents: list[Document], name: str) -> Any:
    return of_kind(documents, "Deployment")[name]["spec"]["template"]["spec"]


def _cleanup(documents: list[Document]) -> Any:
    cron = of_kind(documents, "CronJob")["storage-cleanup"]
    return cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]


def _config(documents: list[Document], name: str) -> Any:
    return next(v["data"] for k, v in of_kind(documents, "ConfigMap").items() if k.rsplit("-", 1)[0] == name)


Change = Callable[[list[Document]], object]

MISTAKES: dict[str, tuple[Change, str]] = {
    "runs as root": (
        lambda d: _pod(d, "gateway").update(securityContext={"runAsUser": 0}),
        "gateway: runAsNonRoot",
    ),
    "an API token": (
        lambda d: _pod(d, "storage").pop("automountServiceAccountToken"),
        "automountServiceAccountToken",
    ),
    "service links": (lambda d: _pod(d, "render").pop("enableServiceLinks"), "render: enableServiceLinks"),
    "a writable root": (lambda d: _container(d, "render").pop("securityContext"), "readOnlyRootFilesystem"),
    "no limits": (lambda d: _container(d, "storage").update(resources={}), "limits.memory"),
    "the latest image": (
        lambda d: _container(d, "storage").update(image="vitae-storage:latest"),
        "image version",
    ),
    "no image version": (
        lambda d: _container(d, "storage").update(image="host:5000/vitae/storage"),
        "image version",
    ),
    "no readiness": (lambda d: _container(d, "gateway").pop("readinessProbe"), "readinessProbe"),
    "no spread": (lambda d: _pod(d, "gateway").pop("topologySpreadConstraints"), "not spread"),
    "no budget": (
        lambda d: d.remove(of_kind(d, "PodDisruptionBudget")["render-worker"]),
        "render-worker: no disruption budget",
    ),
    "a misspelt variable": (
        lambda d: _config(d, "vitae-storage").update(VITAE_STORAGE_QOUTA="1GB"),
        "VITAE_STORAGE_QOUTA",
    ),
    "another's variable": (
        lambda d: _config(d, "vitae-storage").update(VITAE_RENDER_SPARES="1"),
        "storage does not read it",
    ),
    "a malformed value": (
        lambda d: _config(d, "vitae-generation").update(VITAE_GENERATION_DATABASE_POOL_SIZE="many"),
        "not a whole number",
    ),
    "a missing variable": (
        lambda d: _config(d, "vitae-gateway").pop("VITAE_GATEWAY_RENDER_ADDRESS"),
        "VITAE_GATEWAY_RENDER_ADDRESS: set it",
    ),
    "a secret nobody makes": (
        lambda d: _container(d, "gateway")["env"][0]["valueFrom"]["secretKeyRef"].update(key="key"),
        "nothing makes vitae-gateway/key",
    ),
    "killed too soon": (
        lambda d: _pod(d, "storage").update(terminationGracePeriodSeconds=30),
        "terminationGracePeriodSeconds",
    ),
    "a balanced address": (
        lambda d: of_kind(d, "Service")["storage"]["spec"].pop("clusterIP"),
        "storage: has to be headless",
    ),
    "a Service to nothing": (
        lambda d: of_kind(d, "Service")["render"]["spec"].update(selector={"app": "render"}),
        "Service render: selects []",
    ),
    "replicas stated twice": (
        lambda d: of_kind(d, "Deployment")["gateway"]["spec"].update(replicas=3),
        "states replicas too",
    ),
    "an open namespace": (
        lambda d: d.remove(of_kind(d, "NetworkPolicy")["default-deny"]),
        "no policy denies",
    ),
    "a wall in the way": (
        lambda d: d.remove(of_kind(d, "NetworkPolicy")["render-worker"]),
        "render-worker -> storage: needed and not let out",
    ),
    "a door too many": (
        lambda d: of_kind(d, "NetworkPolicy")["generation"]["spec"]["ingress"][0].update(
            {"from": [{"podSelector": {}}]}
        ),
        "render-worker -> generation: let in without need",
    ),
    "no way to PostgreSQL": (
        lambda d: d.remove(of_kind(d, "NetworkPolicy")["database"]),
        "PostgreSQL is not reachable",
    ),
    "a cleanup that may call others": (
        lambda d: _cleanup(d)["env"].remove({"name": "VITAE_STORAGE_RENDER_ADDRESS", "value": "none"}),
        "storage-cleanup -> render: needed and not let out",
    ),
    "a cleanup with a writable root": (
        lambda d: _cleanup(d).pop("securityContext"),
        "storage-cleanup/cleanup: readOnlyRootFilesystem",
    ),
    "a cleanup without its bucket": (
        lambda d: d.remove(of_kind(d, "NetworkPolicy")["bucket"]),
        "storage-cleanup: the bucket is not reachable",
    ),
    "a pod that dies with its child": (
        lambda d: _container(d, "render")["resources"]["limits"].update(memory="1Gi"),
        "1Gi is below",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_our_rules_find_the_mistake(overlays: dict[str, list[Document]], mistake: str) -> None:
    change, complaint = MISTAKES[mistake]
    documents = copy.deepcopy(overlays["prod"])
    change(documents)

    assert any(complaint in each for each in violations(documents))


def test_the_base_builds_alone() -> None:
    assert built(Path(ROOT / "deploy" / "base"))
