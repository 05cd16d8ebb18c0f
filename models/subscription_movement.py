# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..analytics import ledger
from ..signals.rates import company_rates

#: Columns derived from the rows of a customer's day; all others are facts.
DERIVED = {"kind", "transfer_amount"}


class SubscriptionMovement(models.Model):
    """A row of the ledger: on a date, amounts were added to what a subscription is.

    Rows are facts and never change. The running sum of the deltas of a subscription is
    its MRR at any date; see ``analytics/ledger.py`` for the rules by which rows are
    booked and by which ``kind`` and ``transfer_amount`` are derived from them.
    """

    _name = "subscription.movement"
    _description = "Subscription Movement"
    _order = "date desc, id desc"
    _rec_name = "reference"

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
        index=True,
        aggregator=None,
        help="Stays when the subscription is deleted.",
    )
    reference = fields.Char(
        required=True,
        readonly=True,
        help="Name of the subscription when the movement was booked.",
    )
    customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    date = fields.Date(
        required=True, readonly=True, help="The day on which it takes effect."
    )
    known_on = fields.Date(
        required=True,
        readonly=True,
        help="The day on which it was recorded; for history that was imported first, "
        "the day on which it took effect.",
    )
    event = fields.Selection(
        selection=[
            (ledger.START, "Start"),
            (ledger.CHANGE, "Change"),
            (ledger.PAUSE, "Pause"),
            (ledger.RESUME, "Resume"),
            (ledger.END, "End"),
            (ledger.CUSTOMER_CHANGE, "Change of Customer"),
            (ledger.ARCHIVE, "Archived"),
            (ledger.DELETE, "Deleted"),
        ],
        required=True,
        readonly=True,
    )
    origin = fields.Selection(
        selection=[
            ("recorded", "Recorded as It Happened"),
            ("reconciled", "Found by the Refresh"),
            ("imported", "Imported"),
            ("invoiced", "Before Installation: Invoiced"),
            ("tracked", "Before Installation: Tracked"),
            ("assumed", "Before Installation: Assumed"),
        ],
        required=True,
        readonly=True,
        default="recorded",
        help="How the movement is known, and so how sure it is.",
    )
    reason = fields.Char(
        readonly=True,
        help="What the refresh found to differ, or what an assumption rests on.",
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency", required=True, readonly=True
    )
    running_delta = fields.Integer(
        string="Running",
        readonly=True,
        help="+1: a subscription starts to run for the customer, -1: it stops.",
    )
    paused_delta = fields.Integer(
        string="Paused",
        readonly=True,
        help="+1: a subscription is paused, -1: it is no longer.",
    )
    mrr_delta = fields.Monetary(
        string="MRR Change",
        readonly=True,
        help="Change of the contracted MRR in the currency of the subscription.",
    )
    mrr_effective_delta = fields.Monetary(
        string="Effective MRR Change",
        readonly=True,
        help="Change of the effective MRR in the currency of the subscription.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    company_rate = fields.Float(
        string="Booking Rate",
        digits=0,
        readonly=True,
        aggregator=None,
        help="Units of the company's currency for one unit of the subscription's "
        "currency on the date of the movement.",
    )
    kind = fields.Selection(
        selection=[
            (ledger.NEW, "New"),
            (ledger.REACTIVATION, "Reactivation"),
            (ledger.EXPANSION, "Expansion"),
            (ledger.CONTRACTION, "Contraction"),
            (ledger.CHURN, "Churn"),
            (ledger.TRANSFER, "Transfer"),
            (ledger.NEUTRAL, "No Change of MRR"),
        ],
        readonly=True,
        help="What the customer did that day. Derived: what cancels out between the "
        "subscriptions of a customer on one day is a transfer.",
    )
    transfer_amount = fields.Float(
        string="Transfer",
        digits=0,
        readonly=True,
        help="The part of the change that cancels out against other movements of the "
        "customer on that day, in the currency of the company. Derived.",
    )
    import_id = fields.Many2one(
        comodel_name="subscription.import",
        string="Import",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )

    _company_date_index = models.Index("(company_id, date)")
    _customer_date_index = models.Index("(customer_id, date)")

    def write(self, vals):
        """Facts are never rewritten."""
        if vals.keys() - DERIVED:
            raise UserError(
                self.env._(
                    "Movements are facts and cannot be changed (%(reference)s): "
                    "book a further movement instead.",
                    reference=", ".join(self.mapped("reference")[:3]),
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_facts(self):
        """Only an import that is undone takes its own rows back."""
        if self.filtered(lambda movement: movement.import_id.state != "undoing"):
            raise UserError(
                self.env._(
                    "Movements are facts and cannot be deleted (%(reference)s): "
                    "book a further movement, or undo the import they came from.",
                    reference=", ".join(self.mapped("reference")[:3]),
                )
            )

    @api.model
    def _book(
        self,
        events,
        as_of,
        known_on=None,
        seen_until=None,
        source=None,
        origin="recorded",
    ):
        """Book what happened to subscriptions of one company and store what follows.

        A row belongs to the company of its customer: that of a subscription which
        changes company ends there.

        :param events: ``{subscription: [ledger.Event]}``, deleted ones too; in their
            states, customers and currencies are ids
        :param as_of: the day on which figures stored on records are looked at
        :param known_on: the day of recording (None: every row is known on its own date)
        :param seen_until: see :func:`ledger.book`
        :param source: the ``subscription.import`` the events come from
        :param origin: how it is known; the ``note`` of an event, ``(origin, reason)``,
            goes before
        :return: the new movements
        """
        subscriptions = self.env["sale.subscription"].union(*events)
        history = self._history(subscriptions)
        rows = [
            (subscription, row)
            for subscription, some in events.items()
            for row in ledger.book(history[subscription.id], some, known_on, seen_until)
        ]
        customers = self.env["subscription.customer"].browse(
            {row.customer for _sub, row in rows}
        )
        companies = {customer.id: customer.company_id for customer in customers}
        rates = {
            company: company_rates(
                self.env,
                company,
                {
                    (row.currency, row.date)
                    for _sub, row in rows
                    if companies[row.customer] == company
                },
            )
            for company in customers.company_id
        }
        existing = subscriptions.exists()
        references = self._references(subscriptions - existing)
        references.update((sub.id, sub.display_name or str(sub.id)) for sub in existing)
        movements = self.create(
            [
                {
                    "subscription_id": subscription in existing and subscription.id,
                    "subscription_res_id": subscription.id,
                    "reference": references[subscription.id],
                    "customer_id": row.customer,
                    "company_id": companies[row.customer].id,
                    "date": row.date,
                    "known_on": row.known_on,
                    "event": row.event,
                    "origin": row.note[0] if row.note else origin,
                    "reason": row.note[1] if row.note else False,
                    "currency_id": row.currency,
                    "running_delta": row.delta.running,
                    "paused_delta": row.delta.paused,
                    "mrr_delta": float(row.delta.contracted),
                    "mrr_effective_delta": float(row.delta.effective),
                    "company_rate": float(
                        rates[companies[row.customer]][row.currency, row.date]
                    ),
                    "import_id": source.id if source else False,
                }
                for subscription, row in rows
            ]
        )
        customers._classify_movements()
        (customers | existing.customer_id)._store_lives(as_of)
        return movements

    @api.model
    def _references(self, gone):
        """Return ``{id: reference}`` of deleted subscriptions, as it was last."""
        rows = self.search([("subscription_res_id", "in", gone.ids)], order="id")
        return {row.subscription_res_id: row.reference for row in rows}

    @api.model
    def _history(self, subscriptions):
        """Return ``{subscription id: [ledger.Movement]}``."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT subscription_res_id, date, known_on, event, customer_id,
                       currency_id, running_delta, paused_delta,
                       mrr_delta::text, mrr_effective_delta::text
                  FROM subscription_movement
                 WHERE subscription_res_id = ANY(%s)
              ORDER BY id
                """,
                subscriptions.ids,
            )
        )
        history = defaultdict(list)
        for sub_id, day, known_on, event, customer, currency, *delta in rows:
            running, paused, contracted, effective = delta
            balance = ledger.Balance(
                running, paused, Decimal(contracted), Decimal(effective)
            )
            history[sub_id].append(
                ledger.Movement(day, known_on, event, customer, currency, balance)
            )
        return history

    @api.model
    def _summary(self, company, as_of):
        """Return where a company's subscriptions stand, from the ledger alone.

        :return: dict of ``customers`` (ever), ``active_customers``, ``running``,
            ``ended``, ``contracted`` and ``effective`` MRR in company currency at the
            rate of ``as_of``, ``movements`` of the 12 months up to it: list of (label
            of the kind, number of rows, amount in company currency)
        """
        self.flush_model()
        balances = self.env.execute_query(
            SQL(
                """
                SELECT subscription_res_id, customer_id, currency_id,
                       SUM(running_delta), SUM(mrr_delta), SUM(mrr_effective_delta)
                  FROM subscription_movement
                 WHERE company_id = %s AND date <= %s
              GROUP BY subscription_res_id, customer_id, currency_id
                """,
                company.id,
                as_of,
            )
        )
        rates = company_rates(self.env, company, {(row[2], as_of) for row in balances})
        running = [row for row in balances if row[3]]

        def total(column):
            return company.currency_id.round(
                sum(row[column] * float(rates[row[2], as_of]) for row in balances)
            )

        Report = self.env["subscription.movement.report"]
        kinds = dict(Report._fields["kind"]._description_selection(self.env))
        grouped = {
            kind: (count, amount)
            for kind, count, amount in Report._read_group(
                [
                    ("company_id", "=", company.id),
                    ("date", "<=", as_of),
                    ("date", ">", fields.Date.subtract(as_of, years=1)),
                ],
                ["kind"],
                ["__count", "amount:sum"],
            )
        }
        return {
            "customers": len({row[1] for row in balances}),
            "active_customers": len({row[1] for row in running}),
            "running": len({row[0] for row in running}),
            "ended": len({row[0] for row in balances} - {row[0] for row in running}),
            "contracted": total(4),
            "effective": total(5),
            "movements": [
                (kinds[kind], *grouped.get(kind, (0, 0.0))) for kind in ledger.KINDS
            ],
        }
