# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..analytics.period import MONTHS
from ..signals.subscriptions import TERMS, told_terms, whose_terms

UNITS = {"days": "Days", "weeks": "Weeks", "months": "Months", "years": "Years"}


class SubscriptionTerms(models.Model):
    """What a subscription was sold as from a day on, until the next row of it.

    ``subscription_oca`` knows only what it is now. Rows are facts and never change;
    what differs is told by a further row. They hold no person's data.
    """

    _name = "subscription.terms"
    _description = "Subscription Terms"
    _order = "date desc, known_on desc, id desc"
    _rec_name = "date"
    # Who wrote when is told by known_on: rows are made by the ledger alone.
    _log_access = False

    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        readonly=True,
        index=True,
        ondelete="set null",
    )
    subscription_res_id = fields.Integer(
        string="Subscription ID",
        required=True,
        readonly=True,
        aggregator=None,
        help="Stays when the subscription is deleted.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    date = fields.Date(
        required=True, readonly=True, help="The day from which on it is sold as this."
    )
    known_on = fields.Date(
        required=True,
        readonly=True,
        help="The day on which it was recorded; for history that was imported first, "
        "or from before the installation, the day from which on it holds.",
    )
    origin = fields.Selection(
        selection=[
            ("recorded", "Recorded as It Happened"),
            ("reconciled", "Found by the Refresh"),
            ("imported", "Imported"),
            ("assumed", "Before Installation: Assumed"),
        ],
        required=True,
        readonly=True,
        help="How it is known, and so how sure it is.",
    )
    template_id = fields.Many2one(
        comodel_name="sale.subscription.template",
        string="Plan",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    unit = fields.Selection(
        selection=[(unit, UNITS[unit]) for unit in MONTHS],
        required=True,
        readonly=True,
        help="Of the billing period.",
    )
    interval = fields.Integer(
        required=True,
        readonly=True,
        aggregator=None,
        help="Units in one billing period.",
    )
    discount = fields.Float(
        digits=(5, 4),
        readonly=True,
        aggregator="avg",
        help="Share of the amounts before discount that the lines take off, 0 to 1.",
    )
    payment_method = fields.Char(readonly=True)
    product_ids = fields.Many2many(
        comodel_name="product.product", string="Products", readonly=True
    )
    product_key = fields.Char(
        readonly=True,
        help="The ids of the products in their order, which stay when one is deleted.",
    )
    import_id = fields.Many2one(
        comodel_name="subscription.import",
        string="Import",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )

    _newest_index = models.Index(
        "(subscription_res_id, date DESC, known_on DESC, id DESC)"
    )

    def write(self, vals):
        """Facts are never rewritten."""
        # pylint: disable=method-required-super
        raise UserError(
            self.env._(
                "What subscriptions were sold as is a fact and cannot be changed."
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_facts(self):
        """Only an import that is undone takes its own rows back."""
        if self.filtered(lambda terms: terms.import_id.state != "undoing"):
            raise UserError(
                self.env._(
                    "What subscriptions were sold as is a fact and cannot be deleted: "
                    "undo the import it came from."
                )
            )

    @api.model
    def _tell(self, days, origin="recorded", source=None):
        """Add what subscriptions are sold as now, where it differs from the last row.

        What is told first holds from the first day that the ledger knows of.

        :param days: ``{subscription id: (date, known_on)}``
        :param source: the ``subscription.import`` that it comes from
        :return: the new rows
        """
        if not days:
            return self.browse()
        self.flush_model()
        self.env["subscription.movement"].flush_model()
        dates, known_on = zip(*days.values(), strict=True)
        names = [SQL.identifier(name) for name in TERMS]
        rows = self.env.execute_query(
            SQL(
                """
                WITH told AS (%(told)s),
                made AS (
                    INSERT INTO subscription_terms (
                        subscription_id, subscription_res_id, company_id, date,
                        known_on, origin, import_id, %(names)s
                    )
                    SELECT now.id, now.id, now.company_id,
                           CASE WHEN told.id IS NULL THEN COALESCE(
                               (SELECT MIN(movement.date)
                                  FROM subscription_movement movement
                                 WHERE movement.subscription_res_id = now.id
                                   AND movement.company_id = now.company_id),
                               day.date
                           ) ELSE day.date END,
                           day.known_on, %(origin)s, %(source)s, %(now)s
                      FROM (%(whose)s) AS now
                      JOIN unnest(%(ids)s::int[], %(dates)s::date[],
                                  %(known_on)s::date[])
                           AS day (id, date, known_on) USING (id)
                 LEFT JOIN told
                        ON told.id = now.id AND told.company_id = now.company_id
                     WHERE (%(now)s) IS DISTINCT FROM (%(before)s)
                  ORDER BY now.id
                 RETURNING id, product_key
                ),
                products AS (
                    INSERT INTO %(relation)s (%(terms)s, %(product)s)
                    SELECT made.id, key::int
                      FROM made, unnest(string_to_array(made.product_key, ',')) AS key
                )
                SELECT id FROM made
                """,
                told=told_terms(SQL("subscription_res_id = ANY(%s)", list(days))),
                names=SQL(", ").join(names),
                now=SQL(", ").join(SQL("now.%s", name) for name in names),
                before=SQL(", ").join(SQL("told.%s", name) for name in names),
                origin=origin,
                source=source.id if source else None,
                whose=whose_terms(self.env, days),
                ids=list(days),
                dates=list(dates),
                known_on=list(known_on),
                relation=SQL.identifier(self._fields["product_ids"].relation),
                terms=SQL.identifier(self._fields["product_ids"].column1),
                product=SQL.identifier(self._fields["product_ids"].column2),
            )
        )
        return self.browse(row[0] for row in rows)
