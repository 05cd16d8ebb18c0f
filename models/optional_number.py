# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Numbers that may be missing, which is not 0: False, on screen nothing.

A number of Odoo reads NULL as 0, writes 0 for nothing and finds what is missing where
it looks for numbers up to some limit.
"""

from odoo import fields


class _Optional(fields.Field):
    falsy_value = None

    def convert_to_column(self, value, record, values=None, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_column(value, record, values, validate)

    def convert_to_column_insert(self, value, record, values=None, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_column_insert(value, record, values, validate)

    def convert_to_cache(self, value, record, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_cache(value, record, validate)

    def convert_to_record(self, value, record):
        return False if value is None else value

    def convert_to_export(self, value, record):
        return "" if value is False else value

    def filter_function(self, records, field_expr, operator, value):
        if operator != "in":
            return super().filter_function(records, field_expr, operator, value)
        # In Python, False is 0.
        wanted = {(number is False, number) for number in value}
        getter = self.expression_getter(field_expr)
        return lambda record: (getter(record) is False, getter(record)) in wanted


class OptionalInteger(_Optional, fields.Integer):
    """A whole number that may be missing."""


class OptionalFloat(_Optional, fields.Float):
    """A number that may be missing."""


class OptionalMonetary(_Optional, fields.Monetary):
    """An amount that may be missing."""
