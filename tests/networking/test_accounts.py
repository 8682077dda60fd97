"""What work is counted, and that nothing is counted of what was undone."""

from contextvars import copy_context
from ipaddress import ip_network
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from freehold import accounts
from freehold.accounts import Account, open_account
from freehold.api.backends import open_backend
from freehold.config import Settings
from freehold.db import retry
from freehold.db.database import Database
from freehold.errors import FreeholdError
from freehold.networking.backend import Backend
from freehold.networking.dry_run import rehearse
from freehold.networking.values import Network, NetworkDraft, PortDraft, SubnetDraft

FEW = 5
"""Addresses of a /29 beside the gateway."""


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return open_backend(Settings(database_url=f"sqlite:///{tmp_path / 'f.sqlite'}"))


@pytest.fixture
def network(backend: Backend) -> Network:
    (network,) = backend.networks.create([NetworkDraft(project_id="p")])
    backend.subnets.create(
        [
            SubnetDraft(
                project_id="p",
                network_id=network.id,
                ip_version=4,
                cidr=ip_network("192.0.2.0/29"),
            )
        ]
    )
    return network


def ports(network: Network, number: int) -> list[PortDraft]:
    return [PortDraft(project_id="p", network_id=network.id)] * number


def test_addresses_are_counted_as_they_come_and_go(backend: Backend, network: Network) -> None:
    account = open_account()
    (port,) = backend.ports.create(ports(network, 1))
    backend.ports.create(ports(network, 2))
    assert (account.allocated, account.released) == (3, 0)
    backend.ports.delete(port.id)
    assert (account.allocated, account.released) == (3, 1)


def test_what_is_refused_or_only_rehearsed_has_no_effect(
    backend: Backend, network: Network
) -> None:
    account = open_account()
    rehearse(lambda: backend.ports.create(ports(network, 2)))
    with pytest.raises(FreeholdError):
        backend.ports.create(ports(network, FEW + 1))
    assert (account.allocated, account.released) == (0, 0)
    assert account.statements > 0


def test_a_claim_of_what_another_process_has_taken_is_a_lost_race(
    backend: Backend, network: Network, tmp_path: Path
) -> None:
    account = open_account()
    for _ in range(2):
        backend.ports.create(ports(network, 1))
    other = open_backend(Settings(database_url=f"sqlite:///{tmp_path / 'f.sqlite'}"))
    for _ in range(FEW - 2):
        other.ports.create(ports(network, 1))
    before = account.lost_races
    with pytest.raises(FreeholdError):
        backend.ports.create(ports(network, 1))
    assert account.lost_races > before


def test_statements_are_counted_with_the_one_that_begins(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'f.sqlite'}")
    database.read(lambda connection: connection.execute(text("SELECT 1")))
    account = open_account()
    database.read(lambda connection: connection.execute(text("SELECT 1")))
    database.read(lambda connection: connection.execute(text("SELECT 1")))
    assert account == Account(statements=4)


def test_a_unit_that_runs_again_is_counted_and_its_undone_run_is_not() -> None:
    account = open_account()
    runs = 0

    def attempt() -> None:
        nonlocal runs
        runs += 1
        accounts.allocated()
        if runs < 3:
            raise retry.RunAgain

    retry.run(attempt, Random(1))
    assert account == Account(runs_again=2, allocated=1)


def test_nothing_is_counted_where_nobody_wants_to_know() -> None:
    def work() -> Account:
        account = open_account()
        accounts.statement()
        return account

    account = open_account()
    assert copy_context().run(work) == Account(statements=1)
    assert account == Account()
