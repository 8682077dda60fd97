"""The tables that the driver and the audit know are those of Neutron's own models."""

import neutron.db.migration.models.head  # noqa: F401  # it brings all models
import pytest
from neutron_lib.db import model_base
from sqlalchemy import String, Table

from freehold.neutron.tables import metadata


@pytest.mark.parametrize("known", metadata.sorted_tables, ids=lambda table: str(table))
def test_each_column_is_there_as_it_is_known(known: Table) -> None:
    real = model_base.BASEV2.metadata.tables[known.name]
    assert [one.name for one in known.primary_key] == [one.name for one in real.primary_key]
    for column in known.columns:
        other = real.columns[column.name]
        assert column.nullable == other.nullable, column
        assert isinstance(other.type, type(column.type)), column
        if isinstance(column.type, String):
            assert isinstance(other.type, String)
            assert column.type.length == other.type.length, column
    foreign = {(fk.parent.name, fk.target_fullname) for fk in known.foreign_keys}
    assert foreign <= {(fk.parent.name, fk.target_fullname) for fk in real.foreign_keys}
