# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What happens when the addon is installed, and uninstalled."""

from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

from .models.subscription_refresh_staging import staging_tables


def pre_init_hook(env):
    """Create the links of leads and tickets empty.

    There are no customers yet, so computing them for every lead and ticket of a large
    database would only write nothing, slowly.
    """
    for table in ("crm_lead", "helpdesk_ticket"):
        if not column_exists(env.cr, table, "subscription_customer_id"):
            create_column(env.cr, table, "subscription_customer_id", "int4")


def post_init_hook(env):
    """Have the history of subscriptions from before read, in the background."""
    env["sale.subscription.close.reason"]._set_shipped_types()
    Subscription = env["sale.subscription"].with_context(active_test=False)
    companies = Subscription._read_group([], ["company_id"])
    env["subscription.backfill"]._start(company for (company,) in companies)


def uninstall_hook(env):
    """Remove the staging tables of a refresh under way, and to-dos of open notices.

    And names that other addons have given to what a model of ours inherits of theirs:
    Odoo removes what they stand for, but leaves the names of others alone.
    """
    env["subscription.notice"].search([]).activity_id.unlink()
    Model = env["subscription.churn.model"].with_context(active_test=False)
    Model.search([]).activity_ids.unlink()
    for table in staging_tables(env):
        env.cr.execute(SQL("DROP TABLE %s", SQL.identifier(table)))
    env.cr.execute(
        SQL(
            """
            DELETE FROM ir_model_data
             WHERE module <> 'subscription_segmentation'
               AND model IN ('ir.model.inherit', 'ir.model.fields.selection')
               AND name ~ '^(model_inherit|selection)__subscription_churn_model__'
            """
        )
    )
