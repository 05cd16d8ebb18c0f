# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from ..analytics import ledger


class SubscriptionMovementReport(models.Model):
    """Movements for analysis, in the currency of the company at their booking rates.

    A movement that is partly a transfer stands here as two rows, so that the amounts
    of each kind are what the customers did.
    """

    _name = "subscription.movement.report"
    _description = "Subscription Movement Analysis"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "movement_id"

    movement_id = fields.Many2one("subscription.movement", readonly=True)
    subscription_id = fields.Many2one("sale.subscription", readonly=True)
    customer_id = fields.Many2one("subscription.customer", readonly=True)
    template_id = fields.Many2one(
        "sale.subscription.template", string="Plan", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    currency_id = fields.Many2one(
        "res.currency", string="Subscription Currency", readonly=True
    )
    date = fields.Date(readonly=True)
    known_on = fields.Date(readonly=True)
    event = fields.Selection(
        selection=lambda self: self.env["subscription.movement"]
        ._fields["event"]
        ._description_selection(self.env),
        readonly=True,
    )
    kind = fields.Selection(
        selection=lambda self: self.env["subscription.movement"]
        ._fields["kind"]
        ._description_selection(self.env),
        readonly=True,
    )
    amount = fields.Monetary(
        string="MRR Change",
        currency_field="company_currency_id",
        readonly=True,
        help="Change of the contracted MRR in company currency at the booking rate.",
    )

    @property
    def _table_query(self):
        """Return one row per part of a movement; ids are stable: 2 × movement (+ 1)."""
        return SQL(
            """
            SELECT 2 * movement.id + part.number AS id,
                   movement.id AS movement_id,
                   movement.subscription_id,
                   movement.customer_id,
                   subscription.template_id,
                   movement.company_id,
                   company.currency_id AS company_currency_id,
                   movement.currency_id,
                   movement.date,
                   movement.known_on,
                   movement.event,
                   part.kind,
                   part.amount
              FROM subscription_movement movement
              JOIN res_company company ON company.id = movement.company_id
         LEFT JOIN sale_subscription subscription
                ON subscription.id = movement.subscription_id
        CROSS JOIN LATERAL (
                VALUES (
                    0, movement.kind,
                    movement.mrr_delta * movement.company_rate
                    - CASE WHEN movement.kind = %(transfer)s THEN 0
                           ELSE movement.transfer_amount END
                ), (
                    1, %(transfer)s,
                    CASE WHEN movement.kind = %(transfer)s THEN 0
                         ELSE movement.transfer_amount END
                )
            ) AS part (number, kind, amount)
             WHERE part.number = 0 OR part.amount <> 0
            """,
            transfer=ledger.TRANSFER,
        )
