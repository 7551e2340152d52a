"""A laboratory that replays a measured table; see `TableLaboratory`."""

from bigloop.simulators.table.catalogue import locate, packaged
from bigloop.simulators.table.journal import Journal
from bigloop.simulators.table.laboratory import TableLaboratory
from bigloop.simulators.table.reader import Row, Table, read_table
from bigloop.simulators.table.spec import TableSpec, read_spec

__all__ = [
    "Journal",
    "Row",
    "Table",
    "TableLaboratory",
    "TableSpec",
    "locate",
    "packaged",
    "read_spec",
    "read_table",
]
