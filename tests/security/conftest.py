"""A person who owns one of everything, and the people who want it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.runtime.auth import Role
from tests.support.intruder import MARK, Ids, belongings
from tests.support.system import TENANT, LiveSystem

VICTIM = "victim"


@dataclass(frozen=True)
class Person:
    """Someone with things of their own."""

    user: str
    tenant: str
    ids: Ids
    roles: tuple[str, ...] = ()

    @property
    def who(self) -> Mapping[str, Any]:
        """Arguments of LiveSystem.rest and .token."""
        return {"user": self.user, "tenant": self.tenant, "roles": self.roles}

    def internal(self, system: LiveSystem) -> str:
        """An internal token that speaks for them."""
        return system.internal(self.user, tenant=self.tenant, roles=tuple(Role(each) for each in self.roles))


@dataclass(frozen=True)
class People:
    """Who there is."""

    victim: Person
    intruders: Mapping[str, Person] = field(default_factory=dict)


@pytest.fixture(scope="session")
def people(system: LiveSystem) -> People:
    """The victim; another of the same tenant; one of the same name elsewhere; a recruiter and an admin elsewhere."""

    def person(user: str, tenant: str, *roles: str, mark: str = "") -> Person:
        return Person(user, tenant, belongings(system, user, mark=mark, tenant=tenant, roles=roles), roles)

    return People(
        person(VICTIM, TENANT, mark=MARK),
        {
            "colleague": person("colleague", TENANT),
            "namesake of another tenant": person(VICTIM, "strangers"),
            "recruiter of another tenant": person("hunter", "rivals", "recruiter"),
            "tenant admin of another tenant": person("boss", "rivals", "tenant_admin"),
        },
    )
