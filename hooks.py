# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What happens when the addon is installed, and uninstalled."""

from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

from .models.subscription_refresh_staging import staging_tables


def pre_init_hook(env):
    """Create the links of leads, tickets and subscriptions empty.

    There are no customers yet and nobody has referred anybody, so computing them for
    every lead and ticket of a large database would only write nothing, slowly.
    """
    for table, column in (
        ("crm_lead", "subscription_customer_id"),
        ("helpdesk_ticket", "subscription_customer_id"),
        ("crm_lead", "referred_by_id"),
        ("sale_subscription", "referred_by_id"),
    ):
        if not column_exists(env.cr, table, column):
            create_column(env.cr, table, column, "int4")


def post_init_hook(env):
    """Have the history of subscriptions from before read, in the background."""
    env["sale.subscription.close.reason"]._set_shipped_types()
    Subscription = env["sale.subscription"].with_context(active_test=False)
    companies = Subscription._read_group([], ["company_id"])
    env["subscription.backfill"]._start(company for (company,) in companies)


def uninstall_hook(env):
    """Remove the staging tables of a refresh under way, and activities of ours.

    Mailings to subscriptions that wait are drafts again.

    The tags that segments have set, and those made for them that nobody else uses.

    And names that other addons have given to what a model of ours inherits of theirs:
    Odoo removes what they stand for, but leaves the names of others alone.
    """
    env["subscription.notice"].search([]).activity_id.unlink()
    # Without us nobody would be left out of these.
    env["mailing.mailing"].search(
        [
            ("mailing_model_id.model", "=", "sale.subscription"),
            ("state", "in", ("in_queue", "sending")),
        ]
    ).write({"state": "draft"})
    env["subscription.segment"]._remove_tags()
    ours = ("subscription.churn.model", "subscription.customer")
    activities = env["mail.activity"].with_context(active_test=False)
    activities.search([("res_model", "in", ours)]).unlink()
    for table in staging_tables(env):
        env.cr.execute(SQL("DROP TABLE %s", SQL.identifier(table)))
    env.cr.execute(
        SQL(
            """
            DELETE FROM ir_model_data
             WHERE module <> 'subscription_segmentation'
               AND model IN ('ir.model.inherit', 'ir.model.fields.selection')
               AND name ~ (
                   '^(model_inherit|selection)__subscription_(campaign|churn_model|customer'
                   '|journey_variant)__'
               )
            """
        )
    )
