# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who the customers of a company are."""

from odoo.tools import SQL

from .frame import read


def customer_ids(env, company):
    """Return the ids of all customers of a company, those without history too."""
    env["subscription.customer"].flush_model()
    query = SQL(
        "SELECT id FROM subscription_customer WHERE company_id = %s ORDER BY id",
        company.id,
    )
    return read(env, query, {"id": "int64"})["id"]
