# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every good history is read as it was written; bad ones are refused by line."""

import codecs
import csv
import io
import time
import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics import history_cells, history_file, history_records
from analytics.history_file import COLUMNS, MESSAGES, Row, read

# The first draw of any Unicode character builds a table, which takes a second or two.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DATA = Path(__file__).parents[3] / "shared" / "data"
LATE = date(2200, 12, 31)
GOOD = {
    "subscription_ref": "S-1",
    "customer_ref": "C-1",
    "customer_name": "Müller & Söhne",
    "email": "info@example.com",
    "plan": "Pro",
    "period": "1 month",
    "start_date": "2024-01-31",
    "end_date": "",
    "mrr": "29.85",
    "currency": "EUR",
    "products": "Phone;Internet, fast",
    "payment_method": "Card",
}


def write(
    rows,
    columns=COLUMNS,
    delimiter=",",
    encoding="utf-8",
    quoting=csv.QUOTE_MINIMAL,
    end="\n",
):
    """Return a file of rows (dicts, or lists of cells) with a header."""
    stream = io.StringIO()
    writer = csv.writer(
        stream, delimiter=delimiter, quoting=quoting, lineterminator=end
    )
    writer.writerow(columns)
    for row in rows:
        cells = [row[name] for name in columns] if isinstance(row, dict) else row
        writer.writerow(cells)
    return stream.getvalue().encode(encoding)


def good(n=1, **cells):
    """Return the cells of a row that is right but for what is given."""
    return {**GOOD, "subscription_ref": f"S-{n}", "customer_ref": f"C-{n}", **cells}


def faults(content, as_of=LATE, **options):
    """Return line, code and column of each problem, after looking at its message."""
    result = read(content, as_of, **options)
    for problem in result.problems:
        assert problem.message.endswith(".") and "%(" not in problem.message
        assert ": " in problem.message, "a message says what is wrong: and the way out"
    assert result.problem_count == len(result.problems)
    return [(p.line, p.code, p.column) for p in result.problems]


def only_row(**cells):
    """Return the row that the cells give, which has no problem."""
    result = read(write([good(**cells)]), LATE)
    assert not result.problems, result.problems[0].message
    (row,) = result.rows
    return row


# --- What is read -----------------------------------------------------------------


def test_a_row():
    result = read(write([good(end_date="2024-06-30")]), LATE)
    assert result.rows == [
        Row(
            line=2,
            subscription_ref="S-1",
            customer_ref="C-1",
            customer_name="Müller & Söhne",
            email="info@example.com",
            plan="Pro",
            interval=1,
            unit="months",
            start_date=date(2024, 1, 31),
            end_date=date(2024, 6, 30),
            mrr=Decimal("29.85"),
            currency="EUR",
            products=("Phone", "Internet, fast"),
            payment_method="Card",
        )
    ]
    assert result.rows[0].line == 2
    assert (result.delimiter, result.encoding) == (",", "utf-8")


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("1 month", (1, "months")),
        ("12 months", (12, "months")),
        ("1 year", (1, "years")),
        ("1 Week", (1, "weeks")),
        ("14  days", (14, "days")),
        ("3months", (3, "months")),
        ("daily", (1, "days")),
        ("weekly", (1, "weeks")),
        ("Monthly", (1, "months")),
        ("quarterly", (3, "months")),
        ("yearly", (1, "years")),
        ("annual", (1, "years")),
    ],
)
def test_periods(text, period):
    row = only_row(period=text)
    assert (row.interval, row.unit) == period


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-04",
        "2024/03/04",
        "2024/3/4",
        "20240304",
        "04.03.2024",
        "4.3.2024",
        "2024-03-04T23:59:59Z",
        "2024-03-04 23:59:59.123+02:00",
        "2024-03-04T00:00",
        "04.03.2024 12:00",
    ],
)
def test_dates(text):
    assert only_row(start_date=text).start_date == date(2024, 3, 4)


@pytest.mark.parametrize(
    ("proof", "text", "expected"),
    [
        ("31/01/2024", "03/04/2024", date(2024, 4, 3)),
        ("01/31/2024", "03/04/2024", date(2024, 3, 4)),
        ("31-01-2024", "03/04/2024", date(2024, 4, 3)),
        ("\xa0 31/01/2024 ", "03/04/2024", date(2024, 4, 3)),
        ("01/31/2024 12:00 AM", "03/04/2024 1:00 PM", date(2024, 3, 4)),
    ],
)
@pytest.mark.parametrize("proof_column", ["start_date", "end_date"])
def test_one_date_proves_the_order_of_the_file(proof, text, expected, proof_column):
    rows = [
        good(1, start_date=text),
        good(2, **{"start_date": "2024-01-01", proof_column: proof}),
    ]
    for ordered in (rows, rows[::-1]):
        result = read(write(ordered), LATE)
        assert not result.problems
        found = {row.subscription_ref: row for row in result.rows}
        assert found["S-1"].start_date == expected
        assert getattr(found["S-2"], proof_column) == date(2024, 1, 31)


def test_equal_day_and_month_need_no_proof():
    assert only_row(start_date="05/05/2024").start_date == date(2024, 5, 5)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("+5", "5"),
        ("1234", "1234"),
        ("1234.5", "1234.5"),
        ("1234,5", "1234.5"),
        ("29.8500", "29.85"),
        ("0.500", "0.5"),
        ("1234.500", "1234.5"),
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1.234.567", "1234567"),
        ("1000000000000", "1e12"),
        (" 7\xa0", "7"),
    ],
)
def test_amounts(text, amount):
    mrr = only_row(mrr=text).mrr
    assert mrr == Decimal(amount)
    assert not mrr.is_signed()


@pytest.mark.parametrize(
    ("proof", "text", "amount"),
    [("29.85", "1,234", "1234"), ("29,85", "1.234", "1234"), ("9,5", "1,200", "1.2")],
)
def test_one_amount_proves_the_decimal_sign_of_the_file(proof, text, amount):
    for rows in ([text, proof], [proof, text]):
        cells = [good(n, mrr=mrr) for n, mrr in enumerate(rows)]
        result = read(write(cells), LATE)
        assert not result.problems
        assert {row.mrr for row in result.rows} == {
            Decimal(amount),
            Decimal(proof.replace(",", ".")),
        }


def test_currencies_are_normalised_and_have_their_own_decimals():
    rows = [
        good(1, currency="jpy", mrr="1200"),
        good(2, currency="KWD", mrr="1234.567"),
        good(3, currency="Eur", mrr="1.20"),
    ]
    result = read(write(rows), LATE, currencies={"JPY": 0, "KWD": 3, "EUR": 2})
    assert not result.problems
    assert [row.currency for row in result.rows] == ["JPY", "KWD", "EUR"]


def test_text_is_stripped_and_normalised_and_keys_keep_their_case():
    decomposed = unicodedata.normalize("NFD", "Müller")
    rows = [
        good(1, subscription_ref="\xa0 s-1 \u2003", customer_name=f" {decomposed} "),
        good(2, subscription_ref="S-1"),
    ]
    result = read(write(rows), LATE)
    assert not result.problems
    assert [row.subscription_ref for row in result.rows] == ["s-1", "S-1"]
    assert result.rows[0].customer_name == "Müller"


def test_products_without_a_name_are_left_out():
    assert only_row(products=" Phone ;; Internet;").products == ("Phone", "Internet")
    assert only_row(products="").products == ()


def test_a_telephone_number_is_a_key_and_no_formula():
    assert only_row(customer_ref="+49 151 2345").customer_ref == "+49 151 2345"


def test_cells_that_may_be_empty():
    row = only_row(email="", end_date="", products="", payment_method="")
    assert (row.email, row.end_date, row.products, row.payment_method) == (
        "",
        None,
        (),
        "",
    )


@pytest.mark.parametrize("column", ["email", "payment_method"])
def test_columns_that_may_be_missing(column):
    columns = [name for name in COLUMNS if name != column]
    result = read(write([good()], columns), LATE)
    assert not result.problems
    assert getattr(result.rows[0], column) == ""


def test_other_columns_are_ignored_and_reported():
    columns = ["Sales Person", *COLUMNS, ""]
    result = read(write([["=x", *GOOD.values(), "-1"]], columns), LATE)
    assert not result.problems
    assert result.ignored_columns == ("Sales Person",)
    assert result.rows == read(write([GOOD]), LATE).rows


def test_names_of_columns_are_compared_leniently():
    columns = [name.replace("_", " ").title() for name in COLUMNS]
    result = read(write([list(GOOD.values())], columns), LATE)
    assert not result.problems and len(result.rows) == 1
    assert result.ignored_columns == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_physical_lines(end):
    columns = ["note", *COLUMNS]
    rows = [
        [f"two{end}lines{end}more", *good(1).values()],
        [],
        [""] * len(columns),
        ["", *good(2).values()],
        ["", *good(3, plan="").values()],
    ]
    content = write(rows, columns, end=end, quoting=csv.QUOTE_ALL)
    result = read(content + (end * 3).encode(), LATE)
    assert [row.line for row in result.rows] == [2, 7]
    assert [(p.line, p.code) for p in result.problems] == [(8, "empty_cell")]


def test_the_delimiter_is_found_although_products_contain_others():
    products = ";".join("abcdefghij") + ";x|y"
    for delimiter in ",;\t|":
        result = read(write([good(products=products)], delimiter=delimiter), LATE)
        assert not result.problems
        assert result.delimiter == delimiter
        assert len(result.rows[0].products) == 11


def test_space_before_a_quoted_cell():
    content = write([good(1), good(2)]).replace(b',"Phone', b', "Phone')
    assert not faults(content)


def test_windows_1252():
    result = read(write([good(plan="5 €")], encoding="windows-1252"), LATE)
    assert not result.problems
    assert result.encoding == "windows-1252"
    assert result.rows[0].plan == "5 €"


# --- What was known on a day ------------------------------------------------------


def test_as_of_cuts_starts_and_ends():
    rows = [
        good(1, start_date="2024-06-30", end_date="2024-06-30"),
        good(2, start_date="2024-06-01", end_date="2024-07-01"),
        good(3, start_date="2024-07-01"),
        good(4, start_date="2024-07-02", end_date="2024-08-01"),
    ]
    result = read(write(rows), date(2024, 6, 30))
    assert not result.problems
    assert [(r.subscription_ref, r.end_date) for r in result.rows] == [
        ("S-1", date(2024, 6, 30)),
        ("S-2", None),
    ]
    assert (result.ignored, result.end_ignored) == (2, 1)


def test_rows_of_the_future_are_judged_too():
    rows = [good(1), good(2, start_date="2100-01-02", end_date="2100-01-01")]
    assert faults(write(rows), date(2024, 6, 30)) == [
        (3, "end_before_start", "end_date")
    ]


# --- What is refused: each problem with its line ----------------------------------

WIDE = [*good(2).values(), "one more"]
#: Rows below the header, and line, code and column of the problem.
CELL_PROBLEMS = {
    "key empty": ([good(1), good(2, subscription_ref=" ")], 3, "empty_cell"),
    "customer empty": ([good(customer_ref="")], 2, "empty_cell", "customer_ref"),
    "name empty": ([good(customer_name="\xa0")], 2, "empty_cell", "customer_name"),
    "plan empty": ([good(plan="")], 2, "empty_cell", "plan"),
    "amount empty": ([good(mrr="")], 2, "empty_cell", "mrr"),
    "start empty": ([good(start_date="")], 2, "empty_cell", "start_date"),
    "key long": ([good(subscription_ref="x" * 129)], 2, "cell_too_long"),
    "name long": ([good(customer_name="x" * 5000)], 2, "cell_too_long"),
    "line break": ([good(customer_name="a\nb")], 2, "control_character"),
    "bell": ([good(1), good(2, plan="a\x07b")], 3, "control_character", "plan"),
    "zero width": ([good(customer_ref="C\u200b1")], 2, "control_character"),
    "bidi": ([good(customer_name="a\u202eb")], 2, "control_character"),
    "formula =": ([good(customer_name="=1+1")], 2, "formula", "customer_name"),
    "formula +": ([good(plan="+1")], 2, "formula", "plan"),
    "formula -": ([good(payment_method="-")], 2, "formula", "payment_method"),
    "formula @": ([good(customer_name="@SUM(A1)")], 2, "formula"),
    "formula full width": ([good(customer_name="＝1")], 2, "formula"),
    "formula after tab": ([good(customer_name="\tx")], 2, "formula"),
    "formula in a key": ([good(customer_ref="+1-2")], 2, "formula", "customer_ref"),
    "formula in an address": ([good(email="+a@b.example")], 2, "formula", "email"),
    "formula in a product": ([good(products="A; =1")], 2, "formula", "products"),
    "address": ([good(email="nobody")], 2, "bad_email", "email"),
    "top domain": ([good(email="a@b.c")], 2, "bad_email", "email"),
    "two addresses": ([good(email="a@b.example;c@d.example")], 2, "bad_email"),
    "address long": ([good(email="a" * 250 + "@b.example")], 2, "bad_email"),
    "period": ([good(period="sometimes")], 2, "bad_period", "period"),
    "period 0": ([good(period="0 months")], 2, "bad_period", "period"),
    "period long": ([good(period="11 years")], 2, "bad_period", "period"),
    "currency": ([good(currency="€")], 2, "unknown_currency", "currency"),
    "date": ([good(start_date="soon")], 2, "bad_date", "start_date"),
    "no such day": ([good(end_date="2024-02-30")], 2, "bad_date", "end_date"),
    "serial number": ([good(start_date="45292")], 2, "bad_date", "start_date"),
    "month 13": ([good(start_date="13/13/2024")], 2, "bad_date", "start_date"),
    "dots are day first": ([good(start_date="01.31.2024")], 2, "bad_date"),
    "six digits": ([good(start_date="202411")], 2, "bad_date", "start_date"),
    "year of two digits": ([good(start_date="31.12.24")], 2, "two_digit_year"),
    "year 1969": ([good(start_date="1969-12-31")], 2, "implausible_year"),
    "year 2201": ([good(end_date="2201-01-01")], 2, "implausible_year", "end_date"),
    "order unknown": ([good(start_date="03/04/2024")], 2, "ambiguous_date"),
    "end first": (
        [good(start_date="2024-02-02", end_date="2024-02-01")],
        2,
        "end_before_start",
        "end_date",
    ),
    "not a number": ([good(mrr="NaN")], 2, "bad_amount", "mrr"),
    "infinite": ([good(mrr="Infinity")], 2, "bad_amount", "mrr"),
    "exponent": ([good(mrr="1e999999999")], 2, "bad_amount", "mrr"),
    "currency sign": ([good(mrr="$5")], 2, "bad_amount", "mrr"),
    "formula as amount": ([good(mrr="=1+1")], 2, "bad_amount", "mrr"),
    "digits of another script": ([good(mrr="٣")], 2, "bad_amount", "mrr"),
    "odd groups": ([good(mrr="1,23,456.00")], 2, "bad_amount", "mrr"),
    "negative": ([good(mrr="-5")], 2, "negative_amount", "mrr"),
    "too large": ([good(mrr="1000000000000.01")], 2, "amount_too_large", "mrr"),
    "decimals or thousands": ([good(mrr="1.234")], 2, "ambiguous_amount", "mrr"),
    "thousands or decimals": ([good(mrr="1,234")], 2, "ambiguous_amount", "mrr"),
    "decimals": ([good(mrr="9.999999")], 2, "too_many_decimals", "mrr"),
    "three decimals": ([good(mrr="1234.567")], 2, "too_many_decimals", "mrr"),
    "decimals beyond 28 digits": (
        [good(mrr="1000." + "0" * 40 + "1")],
        2,
        "too_many_decimals",
    ),
    "dates mixed": (
        [good(n, start_date=f"{n + 12}/01/2024") for n in (1, 2)]
        + [good(3, start_date="01/13/2024")],
        4,
        "mixed_dates",
        "start_date",
    ),
    "decimal signs mixed": (
        [good(1, mrr="1,5"), good(2, mrr="1.5"), good(3, mrr="2,5")],
        3,
        "mixed_amounts",
        "mrr",
    ),
    "repeated otherwise": (
        [good(1), good(1, plan="Basic")],
        3,
        "duplicate_subscription",
        "subscription_ref",
    ),
    "another name": (
        [good(1), good(2, customer_ref="C-1", customer_name="Other")],
        3,
        "customer_conflict",
        "customer_name",
    ),
    "another address": (
        [good(1), good(2, customer_ref="C-1", email="other@example.com")],
        3,
        "customer_conflict",
        "email",
    ),
    "cells missing": ([good(1), ["S-2", "C-2"]], 3, "cell_count", ""),
    "cells too many": ([good(1), WIDE], 3, "cell_count", ""),
    "row too long": ([good(1), ["x" * 100_001]], 3, "record_too_long", ""),
}
HEADER = write([])
LINE = write([good(2)]).split(b"\n")[1] + b"\n"
#: Files, and line and code of the problem.
FILE_PROBLEMS = {
    "empty": (b"", 0, "empty_file"),
    "byte order mark only": (codecs.BOM_UTF8, 0, "empty_file"),
    "blank": (b" \r\n\r\n,,,\n", 0, "empty_file"),
    "too large": (b"x" * (history_file.MAX_BYTES + 1), 0, "file_too_large"),
    "xlsx": (b"PK\x03\x04....", 0, "binary_file"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "binary_file"),
    "pdf": (b"%PDF-1.7", 0, "binary_file"),
    "gzip": (b"\x1f\x8b\x08", 0, "binary_file"),
    "NUL": (HEADER + LINE + b"\0", 0, "binary_file"),
    "NUL in UTF-16": ("\ufeffa\0".encode("utf-16-le"), 0, "binary_file"),
    "UTF-16 without mark": (HEADER.decode().encode("utf-16-le"), 0, "binary_file"),
    "UTF-32": (HEADER.decode().encode("utf-32"), 0, "binary_file"),
    "no Windows-1252": (HEADER + b"\x81", 0, "undecodable"),
    "damaged UTF-8": (HEADER + LINE + b"\xfc", 0, "undecodable"),
    "damaged UTF-8 with mark": (codecs.BOM_UTF8 + HEADER + b"\xfc", 0, "undecodable"),
    "odd UTF-16": (HEADER.decode().encode("utf-16") + b"x", 0, "undecodable"),
    "no header": (LINE, 0, "missing_columns"),
    "column missing": (b"subscription_ref,customer_ref\n", 0, "missing_columns"),
    "column twice": (HEADER.replace(b"plan,", b"plan,Plan,"), 0, "duplicate_column"),
    "no rows": (HEADER + b"\n\n", 0, "no_rows"),
    "quote open": (HEADER + LINE + b'"S-3,C-3\n' + LINE, 3, "unclosed_quote"),
    "quote open at the end": (HEADER + LINE + b'"S-3', 3, "unclosed_quote"),
    "quote open in the header": (b'\n"' + HEADER, 2, "unclosed_quote"),
    "quote and text": (HEADER + b'"S-3"x,C\n' + LINE, 2, "stray_quote"),
    "quote open for long": (
        HEADER + b'"' + write([good(products="")] * 2_000).replace(HEADER, b""),
        2,
        "record_too_long",
    ),
}


@pytest.mark.parametrize("name", CELL_PROBLEMS)
def test_bad_row(name):
    rows, line, code, *column = CELL_PROBLEMS[name]
    found = faults(write(rows))
    assert [fault[:2] for fault in found] == [(line, code)]
    assert not column or found[0][2] == column[0]


@pytest.mark.parametrize("name", FILE_PROBLEMS)
def test_bad_file(name):
    content, line, code = FILE_PROBLEMS[name]
    assert (line, code) in [fault[:2] for fault in faults(content)][:1]
    assert line or not read(content, LATE).rows


def test_every_problem_has_a_test():
    tested = {problem[2] for problem in CELL_PROBLEMS.values()}
    tested |= {problem[2] for problem in FILE_PROBLEMS.values()}
    assert tested == set(MESSAGES)


def test_messages_name_what_is_needed():
    def messages(content):
        return [problem.message for problem in read(content, LATE).problems]

    (message,) = messages(write([good(1), good(1, plan="Basic")]))
    assert "“S-1”" in message and "line 2" in message
    (message,) = messages(
        write([good(1), good(2, customer_ref="C-1", customer_name="Other")])
    )
    assert "“Other” here" in message and "“Müller & Söhne” in line 2" in message
    (message,) = messages(b"plan," + HEADER.replace(b"plan,", b"").replace(b"mrr", b""))
    assert "columns mrr:" in message
    (message,) = messages(HEADER + LINE + b"\n\xfc")
    assert "Byte 0xFC in line 4" in message
    (message,) = messages(b"x" * (history_file.MAX_BYTES + 1))
    assert "21 MB" in message and "20 MB" in message
    (message,) = messages(b"PK\x03\x04")
    assert ".xlsx" in message
    (message,) = messages(write([good(plan="100%(x)s\x07" + "y" * 99)]))
    assert "100%(x)s\\u0007yyy" in message and len(message) < 200


def test_an_unknown_currency_or_too_many_of_its_decimals():
    rows = [good(1, currency="USD"), good(2, currency="JPY", mrr="1.5")]
    assert faults(write(rows), currencies={"EUR": 2, "JPY": 0}) == [
        (2, "unknown_currency", "currency"),
        (3, "too_many_decimals", "mrr"),
    ]


def test_all_problems_are_found_and_the_good_rows_kept():
    rows = [
        good(1, plan="", mrr="x", email="x"),
        good(2),
        ["short"],
        good(3, end_date="x"),
    ]
    content = write(rows)
    assert faults(content) == [
        (2, "bad_email", "email"),
        (2, "empty_cell", "plan"),
        (2, "bad_amount", "mrr"),
        (4, "cell_count", ""),
        (5, "bad_date", "end_date"),
    ]
    assert [row.subscription_ref for row in read(content, LATE).rows] == ["S-2"]


def test_reading_goes_on_after_a_stray_quote():
    content = HEADER + b'"S-3"x,C\n' + LINE + LINE.replace(b"29.85", b"x")
    assert faults(content)[:2] == [(2, "stray_quote", ""), (4, "bad_amount", "mrr")]


def test_many_problems_are_counted():
    content = write([good(n, plan="") for n in range(1_500)])
    result = read(content, LATE)
    assert result.problem_count == 1_500
    assert [p.line for p in result.problems] == list(range(2, 1_002))
    assert not result.rows


def test_repeated_rows_count_once():
    same = good(1, mrr="29.8500", start_date="2024-01-31T10:00", currency="eur")
    result = read(write([good(1), good(2), same, good(1)]), LATE)
    assert not result.problems
    assert [row.line for row in result.rows] == [2, 3]
    assert result.repeated == 2


def test_a_bad_row_may_be_repeated_too():
    bad = good(1, plan="")
    assert faults(write([bad, bad])) == [
        (2, "empty_cell", "plan"),
        (3, "empty_cell", "plan"),
    ]
    assert [code for _line, code, _column in faults(write([bad, good(1)]))] == [
        "empty_cell",
        "duplicate_subscription",
    ]


def test_bad_keys_do_not_repeat_one_another():
    rows = [good(n, subscription_ref="") for n in (1, 2)]
    assert [fault[:2] for fault in faults(write(rows))] == [
        (2, "empty_cell"),
        (3, "empty_cell"),
    ]


def test_an_address_may_be_missing_in_one_row_of_a_customer():
    addresses = ["", "a@example.com", "", "A@Example.com"]
    rows = [good(n, customer_ref="C", email=a) for n, a in enumerate(addresses)]
    assert not faults(write(rows))
    rows.append(good(9, customer_ref="C", email="b@example.com"))
    assert faults(write(rows)) == [(6, "customer_conflict", "email")]
    assert read(write(rows), LATE).problems[0].values["other_line"] == 3


def test_in_divided_evidence_the_majority_is_right_and_the_unclear_is_refused():
    dates = ["13/01/2024", "03/04/2024", "14/01/2024", "01/15/2024", "05/05/2024"]
    rows = [good(n, start_date=day) for n, day in enumerate(dates)]
    assert faults(write(rows)) == [
        (3, "ambiguous_date", "start_date"),
        (5, "mixed_dates", "start_date"),
    ]
    assert [row.start_date.day for row in read(write(rows), LATE).rows] == [13, 14, 5]
    assert "line 2" in read(write(rows), LATE).problems[1].message


# --- Whatever is written ----------------------------------------------------------


def is_plain(text):
    return not (
        history_cells._CONTROL.search(text) or history_cells._FORMULA.match(text)
    )


def texts(alphabet):
    return (
        st.text(alphabet, min_size=1, max_size=12)
        .map(lambda text: unicodedata.normalize("NFC", text).strip())
        .filter(lambda text: text and is_plain(text))
    )


UNICODE = st.characters(exclude_categories=["Cs", "Cc"])
# Letters beyond ASCII that windows-1252 has, without those that look like UTF-8.
LATIN = st.sampled_from("abcXYZ 019.,;|\"'&-_/äöüßÉÀñçø")
DATE_FORMATS = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S"]


@st.composite
def histories(draw, alphabet):
    """Return rows that are right, in the order of the file."""
    text = texts(alphabet)
    customers = draw(
        st.lists(
            st.tuples(text, text, st.sampled_from(["", "a@b.example", "ü@x.museum"])),
            min_size=1,
            max_size=4,
            unique_by=lambda customer: customer[0],
        )
    )
    refs = draw(st.lists(text, min_size=1, max_size=8, unique=True))
    day = st.dates(date(1970, 1, 1), LATE)
    product = text.filter(lambda name: ";" not in name)
    rows = []
    for line, ref in enumerate(refs, 2):
        customer, name, email = draw(st.sampled_from(customers))
        start, end = sorted([draw(day), draw(day)])
        unit = draw(st.sampled_from(sorted(history_cells.MAX_INTERVAL)))
        rows.append(
            Row(
                line=line,
                subscription_ref=ref,
                customer_ref=customer,
                customer_name=name,
                email=email,
                plan=draw(text),
                interval=draw(st.integers(1, history_cells.MAX_INTERVAL[unit])),
                unit=unit,
                start_date=start,
                end_date=draw(st.sampled_from([end, None])),
                mrr=Decimal(draw(st.integers(0, 10**14))) / 100,
                currency=draw(st.sampled_from(["EUR", "USD"])),
                products=tuple(draw(st.lists(product, max_size=3))),
                payment_method=draw(st.just("") | text),
            )
        )
    return rows


def cells_of(row, day_format, decimal_mark):
    """Return the cells of a row as another program might write them."""
    cells = {name: getattr(row, name) for name in COLUMNS if name != "period"}
    cells["period"] = f"{row.interval} {row.unit}"
    for column in ("start_date", "end_date"):
        day = cells[column]
        cells[column] = day.strftime(day_format) if day else ""
    cells["mrr"] = f"{row.mrr:.2f}".replace(".", decimal_mark)
    cells["products"] = ";".join(row.products)
    return cells


layouts = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(history_records.DELIMITERS),
        "quoting": st.sampled_from(
            [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]
        ),
        "end": st.sampled_from(["\n", "\r\n", "\r"]),
    }
)


@unhurried
@given(
    data=st.data(),
    columns=st.permutations([*COLUMNS, "other"]),
    layout=layouts,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "windows-1252"]),
    day_format=st.sampled_from(DATE_FORMATS),
    decimal_mark=st.sampled_from(".,"),
)
def test_what_is_written_is_read(
    data, columns, layout, encoding, day_format, decimal_mark
):
    rows = data.draw(histories(LATIN if encoding == "windows-1252" else UNICODE))
    cells = [{**cells_of(row, day_format, decimal_mark), "other": "a"} for row in rows]
    content = write(cells, columns, encoding=encoding, **layout)
    result = read(content, LATE)
    assert not result.problems, result.problems[0].message
    assert result.rows == rows
    assert [row.line for row in result.rows] == [row.line for row in rows]
    assert result.delimiter == layout["delimiter"]
    assert result.encoding == ("utf-8" if content.isascii() else encoding)
    assert result.ignored_columns == ("other",)


@unhurried
@given(rows=histories(UNICODE), month_first=st.booleans())
def test_slashed_dates_are_never_read_the_wrong_way(rows, month_first):
    day_format = "%m/%d/%Y" if month_first else "%d/%m/%Y"
    content = write([cells_of(row, day_format, ".") for row in rows])
    result = read(content, LATE)
    assert {problem.code for problem in result.problems} <= {"ambiguous_date"}
    written = {row.subscription_ref: row for row in rows}
    assert all(row == written[row.subscription_ref] for row in result.rows)


@unhurried
@given(rows=histories(UNICODE), as_of=st.dates(date(1970, 1, 1), LATE))
def test_nothing_later_than_as_of_is_known(rows, as_of):
    result = read(write([cells_of(row, "%Y-%m-%d", ".") for row in rows]), as_of)
    assert not result.problems
    assert len(result.rows) + result.ignored == len(rows)
    kept = [row for row in rows if row.start_date <= as_of]
    assert [r.subscription_ref for r in result.rows] == [
        row.subscription_ref for row in kept
    ]
    for row, whole in zip(result.rows, kept, strict=True):
        known = whole.end_date is not None and whole.end_date <= as_of
        assert row.end_date == (whole.end_date if known else None)
    later = sum(1 for row in kept if row.end_date and row.end_date > as_of)
    assert result.end_ignored == later


def check(content, as_of=LATE):
    """Whatever the bytes: no exception, and what is said about them holds together."""
    result = read(content, as_of)
    lines = [problem.line for problem in result.problems]
    assert lines == sorted(lines)
    assert not (lines and lines[0] == 0 and result.rows)
    assert all(problem.message for problem in result.problems)
    assert not {row.line for row in result.rows} & set(lines)
    assert result.problems or result.rows or result.ignored
    return result


@unhurried
@given(st.binary(max_size=300))
@example(b"\xff\xfe\x00\xd8")
@example(b'"')
def test_any_bytes(content):
    check(content)


@unhurried
@given(st.binary(max_size=300), st.sampled_from([HEADER, HEADER + LINE]))
def test_any_bytes_below_a_header(content, start):
    check(start + content)


NASTY = st.sampled_from(
    ["", " ", '"', "=1", "1/2/2024", "13/1/2024", "1/13/2024", "1.234", "1,5"]
    + ["1.5", "-1", "9" * 400, "a@b.example", "S-1", "C-1", "\u037e", "1 month", "EUR"]
    + ["2024-01-01", "0000-00-00", "99999999", "\x1c", "A;-B", "%s%(x)s", "\n", "\r"]
) | st.text("ae\u0301;,\"'=+ \t\x85\u200b\xa0", max_size=6)


@unhurried
@given(
    st.lists(
        st.dictionaries(st.sampled_from(COLUMNS), NASTY, max_size=4),
        max_size=5,
    )
)
def test_any_cells(rows):
    check(write([{**GOOD, **row} for row in rows], quoting=csv.QUOTE_ALL))


# --- Size, and real files ---------------------------------------------------------


def test_time_grows_with_the_size_only():
    content = write([good(n, mrr=f"{n}.50") for n in range(20_000)])
    start = time.perf_counter()
    result = read(content, LATE)
    # Takes about 0.5 s; the limit leaves room for a slow machine.
    assert time.perf_counter() - start < 10
    assert len(result.rows) == 20_000


@pytest.mark.parametrize("name", ["telco", "ravenstack"])
@pytest.mark.parametrize("as_of", [LATE, date(2018, 6, 30), date(2024, 6, 30)])
def test_real_file(name, as_of):
    path = DATA / name / "history.csv"
    if not path.exists():
        pytest.skip(f"{path} is missing: reading a real history was NOT tested")
    result = check(path.read_bytes(), as_of)
    assert not result.problems
    with path.open(newline="", encoding="utf-8") as stream:
        lines = [r for r in csv.DictReader(stream) if r["start_date"] <= str(as_of)]
    assert [row.subscription_ref for row in result.rows] == [
        line["subscription_ref"] for line in lines
    ]
    assert sum(row.mrr for row in result.rows) == sum(Decimal(r["mrr"]) for r in lines)
    assert [str(row.end_date or "") for row in result.rows] == [
        line["end_date"] if line["end_date"] <= str(as_of) else "" for line in lines
    ]
