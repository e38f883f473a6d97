"""Rules of ours that no schema knows. Each takes the documents of an overlay and yields complaints."""

from collections.abc import Callable, Iterator

from deploy.tests.manifests import (
    Document,
    Workload,
    dangling,
    environment,
    image_environment,
    image_name,
    of_kind,
    workloads,
)
from deploy.tests.network import Network
from deploy.tests.processes import complaints, reader
from services.render.capacity import CHILD_MEMORY, PARENT_MEMORY
from services.render.config import ChildrenConfig
from services.runtime.config import load
from services.runtime.process import DRAIN_TIMEOUT
from services.runtime.settings import ProcessConfig

Policy = Callable[[list[Document]], Iterator[str]]

_UNITS = {"Mi": 2**20, "Gi": 2**30}


def violations(documents: list[Document]) -> list[str]:
    """Every complaint of every rule."""
    return [f"{rule.__name__}: {each}" for rule in RULES for each in rule(documents)]


def pods_are_restricted(documents: list[Document]) -> Iterator[str]:
    """Non-root, seccomp, no token of the API, no service links."""
    accounts = of_kind(documents, "ServiceAccount")
    for each in workloads(documents):
        context = each.pod.get("securityContext", {})
        wanted = {
            "runAsNonRoot": context.get("runAsNonRoot") is True,
            "runAsUser": context.get("runAsUser", 0) > 0,
            "seccompProfile": context.get("seccompProfile") == {"type": "RuntimeDefault"},
            "automountServiceAccountToken": each.pod.get("automountServiceAccountToken") is False,
            "enableServiceLinks": each.pod.get("enableServiceLinks") is False,
            "serviceAccountName": each.pod.get("serviceAccountName") in accounts,
        }
        yield from (f"{each.name}: {what}" for what, holds in wanted.items() if not holds)


def containers_are_restricted(documents: list[Document]) -> Iterator[str]:
    """Read-only root, no capability, no way to more privileges; a version, requests and a memory limit."""
    for each in workloads(documents):
        for container in each.containers:
            context, resources = container.get("securityContext", {}), container.get("resources", {})
            tag = container["image"].rsplit("/", 1)[-1].partition(":")[2]
            wanted = {
                "readOnlyRootFilesystem": context.get("readOnlyRootFilesystem") is True,
                "allowPrivilegeEscalation": context.get("allowPrivilegeEscalation") is False,
                "capabilities": context.get("capabilities") == {"drop": ["ALL"]},
                "requests": {"cpu", "memory"} <= resources.get("requests", {}).keys(),
                "limits.memory": "memory" in resources.get("limits", {}),
                "image version": bool(tag) and tag != "latest",
            }
            yield from (
                f"{each.name}/{container['name']}: {what}" for what, holds in wanted.items() if not holds
            )


def servers_are_probed_spread_and_protected(documents: list[Document]) -> Iterator[str]:
    """Three probes, topology spread, and a disruption budget that selects exactly these pods."""
    budgets = [
        each["spec"]["selector"]["matchLabels"] for each in of_kind(documents, "PodDisruptionBudget").values()
    ]
    for each in _deployments(documents):
        (container,) = each.pod["containers"]
        for probe, path in (
            ("startupProbe", "/livez"),
            ("livenessProbe", "/livez"),
            ("readinessProbe", "/readyz"),
        ):
            if container.get(probe, {}).get("httpGet") != {"path": path, "port": "ops"}:
                yield f"{each.name}: {probe} has to ask {path} on the ops port"
        if not any(port["name"] == "ops" for port in container["ports"]):
            yield f"{each.name}: no ops port"
        selector = each.spec["selector"]["matchLabels"]
        spread = each.pod.get("topologySpreadConstraints", [])
        if {item["topologyKey"] for item in spread} < {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        } or any(item["labelSelector"]["matchLabels"] != selector for item in spread):
            yield f"{each.name}: not spread over hosts and zones"
        if selector not in budgets:
            yield f"{each.name}: no disruption budget"


def processes_would_start(documents: list[Document]) -> Iterator[str]:
    """The process's own configuration class takes the container's environment; every reference leads somewhere."""
    for each in workloads(documents):
        for container in each.containers:
            yield from (f"{each.name}: nothing makes {what}" for what in dangling(container, documents))
            told = environment(container, documents)
            image = image_name(container["image"])
            process = reader(image, [*container.get("command", []), *container.get("args", [])])
            if process is not None:
                yield from (
                    f"{each.name}: {why}" for why in complaints(process, told, image_environment(image))
                )


def shutdown_is_not_cut_short(documents: list[Document]) -> Iterator[str]:
    """The platform kills only after name lookups, calls under way, leases and resources had their time."""
    for each in _deployments(documents):
        told = environment(each.pod["containers"][0], documents)
        limits = load(ProcessConfig, {k: v for k, v in told.items() if "SHUTDOWN" in k}, process="gateway")
        needed = limits.drain_wait + limits.grace + 2 * DRAIN_TIMEOUT
        if limits.drain_wait < 1:
            yield f"{each.name}: VITAE_SHUTDOWN_WAIT leaves name lookups no time"
        if each.pod.get("terminationGracePeriodSeconds", 30) <= needed:
            yield f"{each.name}: terminationGracePeriodSeconds has to be above {needed:g}"


def services_lead_to_pods(documents: list[Document]) -> Iterator[str]:
    """A Service selects pods that have its port; gRPC ones are headless, so that clients can balance."""
    for name, service in of_kind(documents, "Service").items():
        spec = service["spec"]
        behind = [each for each in workloads(documents) if spec["selector"].items() <= each.labels.items()]
        if len(behind) != 1:
            yield f"Service {name}: selects {[each.name for each in behind]}"
        for port in spec["ports"]:
            names = {each["name"] for work in behind for each in work.pod["containers"][0]["ports"]}
            if port["targetPort"] not in names:
                yield f"Service {name}: no port {port['targetPort']} behind it"
            if port["name"] == "grpc" and spec.get("clusterIP") != "None":
                yield f"Service {name}: has to be headless"


def scaling_is_decided_once(documents: list[Document]) -> Iterator[str]:
    """An autoscaler's Deployment exists and states no number of replicas, which every apply would put back."""
    deployments = of_kind(documents, "Deployment")
    for name, scaler in of_kind(documents, "HorizontalPodAutoscaler").items():
        target = deployments.get(scaler["spec"]["scaleTargetRef"]["name"])
        if target is None:
            yield f"{name}: scales nothing"
        elif "replicas" in target["spec"]:
            yield f"{name}: its Deployment states replicas too"


def traffic_is_exactly_what_is_needed(documents: list[Document]) -> Iterator[str]:
    """A pod may call the services it is told the address of, and no other; its callers alone may call it."""
    network = Network.of(documents)
    if not network.denies_by_default:
        yield "no policy denies what no other allows"
    pods = [each for each in workloads(documents) if each.kind != "StatefulSet"]
    for pod in pods:
        told = environment(pod.pod["containers"][0], documents)
        wanted = {value for variable, value in told.items() if variable.endswith("_ADDRESS")}
        for target, behind in _grpc_servers(documents):
            needed = f"dns:///{target}:50051" in wanted
            out, into = (
                network.lets_out(pod.labels, behind, 50051),
                network.lets_in(pod.labels, behind, 50051),
            )
            if out != needed:
                yield f"{pod.name} -> {target}: {'needed and not let out' if needed else 'let out without need'}"
            if into != needed:
                yield f"{pod.name} -> {target}: {'needed and not let in' if needed else 'let in without need'}"
        client = any("DATABASE" in variable and variable.endswith("_URL") for variable in told)
        if client != network.leaves(pod.labels, 5432):
            yield f"{pod.name}: PostgreSQL is {'not ' if client else ''}reachable"
        if told.get("VITAE_STORAGE_S3_BUCKET") and not network.leaves(pod.labels, 443):
            yield f"{pod.name}: the bucket is not reachable"


def drawings_die_before_the_pod(documents: list[Document]) -> Iterator[str]:
    """Render's memory limit holds the parent, every child at its own limit, and the spares (SPEC O12)."""
    for each in _deployments(documents):
        container = each.pod["containers"][0]
        if image_name(container["image"]) != "render":
            continue
        limits = container["resources"]["limits"]
        if "cpu" not in limits:
            yield f"{each.name}: no CPU limit, by which the number of children is chosen"
            continue
        told = environment(container, documents)
        chosen = {name: told[name] for name in _CHILD_VARIABLES if name in told}
        children = load(ChildrenConfig, chosen, process="render")
        count = children.count or int(limits["cpu"])
        needed = PARENT_MEMORY + count * children.memory_limit + children.spares * CHILD_MEMORY
        if _bytes(limits["memory"]) < needed:
            yield f"{each.name}: {limits['memory']} is below {needed // 2**20}Mi"


def files_go_to_a_bucket(documents: list[Document]) -> Iterator[str]:
    """Production only: no folder, which all storage replicas would have to share (SPEC S3)."""
    storage = next(each for each in _deployments(documents) if each.name == "storage")
    told = environment(storage.pod["containers"][0], documents)
    if not told.get("VITAE_STORAGE_S3_BUCKET"):
        yield "storage: VITAE_STORAGE_S3_BUCKET is not set"
    if "VITAE_STORAGE_OBJECTS_FOLDER" in told:
        yield "storage: VITAE_STORAGE_OBJECTS_FOLDER is set"
    if any("persistentVolumeClaim" in volume for volume in storage.pod["volumes"]):
        yield "storage: has a volume"


RULES: tuple[Policy, ...] = (
    pods_are_restricted,
    containers_are_restricted,
    servers_are_probed_spread_and_protected,
    processes_would_start,
    shutdown_is_not_cut_short,
    services_lead_to_pods,
    scaling_is_decided_once,
    traffic_is_exactly_what_is_needed,
    drawings_die_before_the_pod,
)

_CHILD_VARIABLES = ("VITAE_RENDER_CHILDREN", "VITAE_RENDER_SPARES", "VITAE_RENDER_CHILD_MEMORY_LIMIT")


def _deployments(documents: list[Document]) -> list[Workload]:
    return [each for each in workloads(documents) if each.kind == "Deployment"]


def _grpc_servers(documents: list[Document]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each gRPC Service with the labels of the pods behind it."""
    for name, service in of_kind(documents, "Service").items():
        if any(port["name"] == "grpc" for port in service["spec"]["ports"]):
            selector = service["spec"]["selector"]
            yield from (
                (name, each.labels)
                for each in workloads(documents)
                if selector.items() <= each.labels.items()
            )


def _bytes(quantity: str) -> int:
    return int(quantity[:-2]) * _UNITS[quantity[-2:]]
