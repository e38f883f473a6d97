"""Reading what kustomize builds, and the environment a container of it would see."""

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import keys

ROOT = Path(__file__).parents[2]
OVERLAYS = ("dev", "prod")
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")

Document = dict[str, Any]


def built(folder: Path) -> list[Document]:
    """The documents `kubectl kustomize` makes of a folder; skips the test where there is no kubectl."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed: the manifests cannot be built here")
    made = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return [each for each in yaml.safe_load_all(made.stdout) if each]


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet, Job or CronJob."""

    document: Document

    @property
    def kind(self) -> str:
        return str(self.document["kind"])

    @property
    def name(self) -> str:
        return str(self.document["metadata"]["name"])

    @property
    def spec(self) -> Document:
        return dict(self.document["spec"])

    @property
    def pod(self) -> Document:
        return dict(self._template["spec"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self._template["metadata"]["labels"])

    @property
    def _template(self) -> Document:
        spec = self.document["spec"]
        return dict((spec["jobTemplate"]["spec"] if self.kind == "CronJob" else spec)["template"])

    @property
    def containers(self) -> list[Document]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]


def workloads(documents: list[Document]) -> list[Workload]:
    return [Workload(each) for each in documents if each["kind"] in WORKLOADS]


def of_kind(documents: list[Document], kind: str) -> dict[str, Document]:
    """Name -> document."""
    return {each["metadata"]["name"]: each for each in documents if each["kind"] == kind}


def image_name(image: str) -> str:
    """The deployable: images.example.com/vitae/render:0.1.0, vitae-render:0.1.0 and vitae-render are all render."""
    return re.split(r"[:@]", image.rsplit("/", 1)[-1])[0].removeprefix("vitae-")


def dockerfile(name: str) -> Path:
    folder = ROOT / name if name == "gateway" else ROOT / "services" / name
    return folder / "Dockerfile"


def image_environment(name: str) -> dict[str, str]:
    """The VITAE_ variables an image sets by itself."""
    lines = re.findall(r"^ENV (.*)$", dockerfile(name).read_text(), re.MULTILINE)
    pairs = [pair.split("=", 1) for line in lines for pair in line.split()]
    return {variable: value for variable, value in pairs if variable.startswith("VITAE_")}


@functools.cache
def secrets() -> dict[tuple[str, str], str]:
    """(Secret, key) -> value, as `python -m deploy.keys kubernetes` makes them."""
    return {(each.name, each.key): each.value for each in keys.make("10.1.2.3")}


def environment(container: Document, documents: list[Document]) -> dict[str, str]:
    """What the container sees besides its image's own variables; references to nothing are left out."""
    seen: dict[str, str] = {}
    config = of_kind(documents, "ConfigMap")
    for source in container.get("envFrom", []):
        seen.update(config.get(source["configMapRef"]["name"], {}).get("data", {}))
    for each in container.get("env", []):
        value = each["value"] if "value" in each else secrets().get(_place(each))
        if value is not None:
            seen[each["name"]] = value
    return seen


def dangling(container: Document, documents: list[Document]) -> list[str]:
    """References to a ConfigMap, or to a key of a Secret, that nothing makes."""
    config = of_kind(documents, "ConfigMap")
    sources = [source["configMapRef"]["name"] for source in container.get("envFrom", [])]
    referring = [each for each in container.get("env", []) if "valueFrom" in each]
    return [name for name in sources if name not in config] + [
        "/".join(_place(each))
        for each in referring
        if _place(each) not in secrets() and not each["valueFrom"]["secretKeyRef"].get("optional", False)
    ]


def _place(each: Document) -> tuple[str, str]:
    reference = each["valueFrom"]["secretKeyRef"]
    return reference["name"], reference["key"]
