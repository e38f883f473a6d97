"""What a set of NetworkPolicies lets through between pods of one namespace.

Knows matchLabels and the operator In, which is all we use.
"""

from dataclasses import dataclass
from typing import Any

Labels = dict[str, str]


@dataclass(frozen=True)
class Network:
    """The policies of a namespace."""

    policies: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, documents: list[dict[str, Any]]) -> "Network":
        return cls(tuple(each["spec"] for each in documents if each["kind"] == "NetworkPolicy"))

    @property
    def denies_by_default(self) -> bool:
        """Whether every pod is closed both ways unless a policy opens it."""
        return {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in self.policies

    def lets_out(self, source: Labels, target: Labels, port: int) -> bool:
        """Whether `source` may leave towards `target`."""
        return self._open("egress", "to", source, target, port)

    def lets_in(self, source: Labels, target: Labels, port: int) -> bool:
        """Whether `target` takes what comes from `source`."""
        return self._open("ingress", "from", target, source, port)

    def leaves(self, source: Labels, port: int) -> bool:
        """Whether `source` may leave towards some address at this port."""
        return any(
            port in _ports(rule)
            for rule in self._rules("egress", source)
            if any("ipBlock" in peer for peer in rule["to"])
        )

    def _open(self, direction: str, key: str, pod: Labels, peer: Labels, port: int) -> bool:
        return any(
            port in _ports(rule)
            and any(_selects(each.get("podSelector"), peer) for each in rule.get(key, [{}]))
            for rule in self._rules(direction, pod)
        )

    def _rules(self, direction: str, pod: Labels) -> list[dict[str, Any]]:
        chosen = [each for each in self.policies if _selects(each["podSelector"], pod)]
        return [rule for each in chosen for rule in each.get(direction, [])]


def _selects(selector: dict[str, Any] | None, labels: Labels) -> bool:
    if selector is None:
        return False
    return bool(selector.get("matchLabels", {}).items() <= labels.items()) and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )


def _ports(rule: dict[str, Any]) -> list[Any]:
    return [each["port"] for each in rule.get("ports", [])]
