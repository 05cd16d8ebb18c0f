# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# pylint: disable=prefer-env-translation
"""Turn the bytes of a CSV file into records, whatever program wrote it.

Encoding, delimiter and line ends are found out; quoted cells may contain line breaks.
A file or a record that cannot be read gives a :class:`Refused` that says why.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections.abc import Collection, Iterator

from .history_cells import Refused

#: Largest file that is read, in bytes.
MAX_BYTES = 20 * 1024 * 1024
#: Longest record in characters, below the limit of the csv module (131,072).
MAX_RECORD = 100_000
DELIMITERS = (",", ";", "\t", "|")

#: Line where a record starts, and its cells or why it has none.
Record = tuple[int, "list[str] | Refused"]

_CHUNK = 1024 * 1024
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NUL = "binary data or UTF-16 without a byte order mark"
_MAGIC = (
    (b"PK\x03\x04", "a ZIP archive or workbook (.zip, .xlsx, .ods)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive (.gz)"),
)

# Collected by Odoo for translation, see history_file.
_lt = str

#: What is wrong and the way out, by the code of the problem.
MESSAGES = {
    "empty_file": _lt("The file is empty: export the history again."),
    "file_too_large": _lt(
        "The file has %(size)s MB, more than the %(limit)s MB that can be read: split "
        "it into several files, each with the same first line."
    ),
    "binary_file": _lt(
        "The file is %(kind)s and not CSV text: open it in the program it comes from "
        "and export it as CSV in UTF-8."
    ),
    "undecodable": _lt(
        "Byte %(byte)s in line %(at_line)s is no character in %(encoding)s: export the "
        "file again as CSV in UTF-8."
    ),
    "missing_columns": _lt(
        "The first line does not name the columns %(columns)s: add them, spelled like "
        "this, also when their cells stay empty."
    ),
    "duplicate_column": _lt(
        "The first line names the column %(column)s more than once: keep only one."
    ),
    "unclosed_quote": _lt(
        "A quotation mark that opens in this row is not closed where its cell ends: "
        "close it there, or remove it."
    ),
    "stray_quote": _lt(
        "Text follows a closing quotation mark in this row: write a quotation mark "
        "inside a quoted cell twice."
    ),
    "record_too_long": _lt(
        "This row is longer than %(limit)s characters: look for a quotation mark that "
        "is never closed, or shorten the row."
    ),
}


def encoding_of(content: bytes) -> str:
    """Return the name of the encoding, after decoding the whole file on trial.

    :raise Refused: the file is empty, too large, binary or not decodable
    """
    if len(content) > MAX_BYTES:
        size = math.ceil(len(content) / 2**20)
        raise Refused("file_too_large", size=size, limit=MAX_BYTES // 2**20)
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            raise Refused("binary_file", kind=kind)
    if content.startswith(_UTF16):
        return _decodable(content, "utf-16")
    if b"\0" in content:
        raise Refused("binary_file", kind=_NUL)
    if content.startswith(codecs.BOM_UTF8):
        return _decodable(content, "utf-8-sig")
    try:
        return _decodable(content, "utf-8")
    except Refused as refused:
        # Windows-1252 fails at its first letter beyond ASCII. A file that is good
        # UTF-8 up to here is damaged, and would become "MÃ¼ller" if read otherwise.
        if not content[: refused.values["offset"]].isascii():
            raise
    return _decodable(content, "windows-1252")


def _decodable(content: bytes, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(content), _CHUNK):
        end = min(start + _CHUNK, len(content))
        try:
            text = decoder.decode(content[start:end], end == len(content))
        except UnicodeDecodeError as error:
            # The decoder may have kept bytes of the chunk before.
            offset = end - len(error.object) + error.start
            raise Refused(
                "undecodable",
                byte=f"0x{content[offset]:02X}",
                offset=offset,
                at_line=content.count(b"\n", 0, offset) + 1,
                encoding=encoding,
            ) from error
        if "\0" in text:
            raise Refused("binary_file", kind=_NUL)
    return encoding


class _TooLong(Exception):
    pass


class _Lines:
    """Hand over the physical lines of a file, counting them."""

    def __init__(self, content: bytes, encoding: str):
        self._stream = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
        self.number = 0
        self.record_length = 0
        self.ended = False

    def __iter__(self):
        return self

    def __next__(self):
        line = self._stream.readline()
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.record_length += len(line)
        if self.record_length > MAX_RECORD:
            raise _TooLong
        return line


def records(content: bytes, encoding: str, delimiter: str) -> Iterator[Record]:
    """Yield the line where each record starts and its cells, or why it has none.

    Blank records are skipped. After a bad record reading goes on with the next line.
    """
    lines = _Lines(content, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        start = lines.number + 1
        lines.record_length = 0
        try:
            record = next(reader)
        except StopIteration:
            return
        except _TooLong:
            record = Refused("record_too_long", limit=MAX_RECORD)
        except csv.Error:
            # What comes after the end of its line was not meant to be in the quotes.
            unclosed = lines.ended or lines.number > start
            record = Refused("unclosed_quote" if unclosed else "stray_quote")
        else:
            if not any(cell.strip() for cell in record):
                continue
        yield start, record


def delimiter_of(content: bytes, encoding: str, columns: Collection[str]) -> str:
    """Return the delimiter that makes most of the known columns in the header.

    Only the header tells: products contain ``;``, so the rows would mislead.
    """

    def known_columns(delimiter: str) -> int:
        _line, header = next(records(content, encoding, delimiter), (0, []))
        if isinstance(header, Refused):
            return -1
        return len({_column_name(cell) for cell in header}.intersection(columns))

    return max(DELIMITERS, key=known_columns)


def columns_of(
    header: list[str], columns: Collection[str], optional: Collection[str]
) -> tuple[dict[str, int], list[str]]:
    """Return the position of each known column and the names of the other ones.

    :raise Refused: a column is missing or there twice
    """
    names = [_column_name(cell) for cell in header]
    for column in columns:
        if names.count(column) > 1:
            raise Refused("duplicate_column", column=column)
    missing = [c for c in columns if c not in names and c not in optional]
    if missing:
        raise Refused("missing_columns", columns=", ".join(missing))
    found = {column: names.index(column) for column in columns if column in names}
    stripped = [cell.strip() for cell in header]
    return found, [
        cell for cell in stripped if cell and _column_name(cell) not in found
    ]


def _column_name(cell: str) -> str:
    """Return a name as it is compared: ``Start Date`` is ``start_date``."""
    return cell.strip().lower().replace(" ", "_")
