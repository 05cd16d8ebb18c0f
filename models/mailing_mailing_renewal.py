# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from .subscription_campaign_result import SUCCESSOR, renewed_sql


class MailingMailing(models.Model):
    """How many of those that a version reached have renewed: what a test is for."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "mailing.mailing"

    # Named as the choice of the winner: Odoo sorts the versions by it.
    subscription_renewed_ratio = fields.Float(
        string="Renewed Ratio",
        compute="_compute_subscription_renewed_ratio",
        compute_sudo=True,
        help="How many of a hundred subscriptions that it reached have renewed since, "
        "or are continued by a successor.",
    )

    def _compute_subscription_renewed_ratio(self):
        self.env["subscription.contact"].flush_model()
        self.env["sale.subscription"].flush_model()
        ratios = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT contact.mailing_id,
                           100.0 * COUNT(*) FILTER (WHERE %(renewed)s) / COUNT(*)
                      FROM subscription_contact contact
                      JOIN sale_subscription subscription
                        ON subscription.id = contact.subscription_id
                 LEFT JOIN LATERAL (%(successor)s) AS successor ON TRUE
                     WHERE contact.mailing_id = ANY(%(ids)s)
                  GROUP BY contact.mailing_id
                    """,
                    renewed=renewed_sql("contact"),
                    successor=SUCCESSOR,
                    ids=self.ids,
                )
            )
        )
        for mailing in self:
            mailing.subscription_renewed_ratio = ratios.get(mailing.id, 0)
