"""Readers of result files, found by entry point in `bigloop.readers`."""

from bigloop.loop.readers.as_csv import CsvReader
from bigloop.loop.readers.as_json import JsonReader

__all__ = ["CsvReader", "JsonReader"]
