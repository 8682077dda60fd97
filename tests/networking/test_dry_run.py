"""What would be created is told, and nothing of it is there afterwards."""

from functools import partial
from random import Random

from freehold.db import schema
from freehold.db.database import Database
from freehold.errors import Conflict, IpAddressGenerationFailure
from freehold.ipam.driver import Surroundings
from freehold.networking.backend import Backend
from freehold.networking.dry_run import rehearse
from freehold.networking.quota_values import Counted
from freehold.networking.values import NetworkDraft
from tests.backends import IN_MEMORY, Premises, pooled_draft, port_draft, subnet_draft
from tests.drivers.failing import FailingDriver


def test_ports_are_told_and_not_created(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/29")
    premises.subnet(network, "2001:db8::/64", "slaac")
    premises.backend.quotas.change("p", {Counted.PORT: 3})
    before = premises.dump()
    drafts = [port_draft(network, tags=("t",))] * 3
    ports = rehearse(lambda: premises.backend.ports.create(drafts))
    assert premises.dump() == before
    assert len({port.fixed_ips[0].ip_address for port in ports}) == 3
    assert all(len(port.fixed_ips) == 2 for port in ports)
    assert premises.backend.ports.create(drafts)


def test_subnets_are_told_and_not_created(premises: Premises) -> None:
    network = premises.network()
    premises.port(network)
    pool = premises.pool("10.0.0.0/8", default_quota=1 << 20)
    drafts = [
        pooled_draft(pool, network, 26),
        subnet_draft(network, "2001:db8::/64", "slaac"),
    ]
    before = premises.dump()
    v4, _ = rehearse(lambda: premises.backend.subnets.create(drafts))
    assert premises.dump() == before
    created, _ = premises.backend.subnets.create(drafts)
    assert (created.cidr, created.gateway_ip) == (v4.cidr, v4.gateway_ip)


def test_a_refusal_is_the_same_as_in_earnest(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/30")
    premises.port(network, mac_address="02:00:00:00:00:01")
    for draft in (
        port_draft(network, mac_address="02:00:00:00:00:01", fixed_ips=()),
        port_draft(network),
    ):
        create = partial(premises.backend.ports.create, [draft])
        with premises.refused(Conflict) as told:
            rehearse(create)
        with premises.refused(Conflict) as done:
            create()
        assert type(told.value) is type(done.value)
        assert (told.value.message, told.value.refusals) == (
            done.value.message,
            done.value.refusals,
        )


def test_a_driver_outside_of_the_transaction_holds_nothing_afterwards() -> None:
    surroundings = Surroundings(random=Random(7))
    database = Database(IN_MEMORY)
    schema.upgrade(database)
    driver = FailingDriver(surroundings)
    backend = Backend(database, driver, surroundings=surroundings)
    [network] = backend.networks.create([NetworkDraft(project_id="p")])
    backend.subnets.create([subnet_draft(network, "10.0.0.0/24")])
    before = driver.books()
    assert before
    rehearse(lambda: backend.ports.create([port_draft(network)] * 3))
    rehearse(lambda: backend.subnets.create([subnet_draft(network, "10.0.1.0/24")]))
    assert driver.books() == before
    database.dispose()


def test_what_writes_nothing_has_nothing_to_tell() -> None:
    assert rehearse(lambda: "nothing") == "nothing"


def test_what_is_written_afterwards_is_written(premises: Premises) -> None:
    network = premises.network()
    premises.subnet(network, "10.0.0.0/32", gateway_ip=None, enable_dhcp=False)
    with premises.refused(IpAddressGenerationFailure):
        rehearse(lambda: premises.backend.ports.create([port_draft(network)] * 2))
    assert premises.port(network) in premises.backend.ports.find([])
