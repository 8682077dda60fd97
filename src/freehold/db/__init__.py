"""The database: engine, units of work, tables of the networking layer, migrations."""
