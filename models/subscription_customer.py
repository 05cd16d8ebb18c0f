# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from decimal import Decimal

import pandas as pd

from odoo import api, fields, models
from odoo.tools import SQL

from ..analytics import ledger
from ..analytics.succession import Span, predecessors
from .bulk import store

#: Models whose records point at the customer of their partner and company.
LINKED_MODELS = {"crm.lead": "partner_id", "helpdesk.ticket": "partner_id"}


class SubscriptionCustomer(models.Model):
    """A commercial partner as a customer of one company: the single customer view.

    All figures come from the ledger and are in the currency of the company.
    """

    _name = "subscription.customer"
    _description = "Subscription Customer"
    _rec_name = "partner_id"
    _order = "mrr desc, id"
    _check_company_auto = True

    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        index=True,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    subscription_ids = fields.One2many(
        comodel_name="sale.subscription",
        inverse_name="customer_id",
        string="Subscriptions",
        context={"active_test": False},
    )
    movement_ids = fields.One2many(
        comodel_name="subscription.movement",
        inverse_name="customer_id",
        string="Movements",
    )
    mrr = fields.Monetary(
        string="MRR",
        readonly=True,
        help="Contracted monthly recurring revenue of the running subscriptions: "
        "time-limited offers are ignored, paused subscriptions count.",
    )
    mrr_effective = fields.Monetary(
        string="Effective MRR",
        readonly=True,
        help="Monthly recurring revenue after time-limited offers; "
        "paused subscriptions count as 0.",
    )
    subscription_count = fields.Integer(
        string="Subscriptions Ever",
        readonly=True,
        help="Subscriptions that have ever run, ended ones included.",
    )
    running_count = fields.Integer(
        string="Running Subscriptions",
        readonly=True,
        help="Subscriptions that have started and not ended, paused ones included.",
    )
    first_start_date = fields.Date(
        string="Customer Since",
        readonly=True,
        help="The first day on which any subscription of the customer ran.",
    )
    end_date = fields.Date(
        string="Left On",
        readonly=True,
        help="The first day on which no subscription ran any more; "
        "empty while one runs.",
    )

    _partner_company_unique = models.Constraint(
        "UNIQUE (partner_id, company_id)",
        "A partner is one customer per company only: use the one that exists.",
    )

    @api.model
    def _ensure(self, partners, company):
        """Return the customers of partners in a company, made where they are missing.

        :param partners: any contacts; their commercial partners become customers
        """
        commercial = partners.commercial_partner_id
        customers = self.search(
            [("partner_id", "in", commercial.ids), ("company_id", "=", company.id)]
        )
        missing = commercial - customers.partner_id
        if missing:
            made = self.create(
                [
                    {"partner_id": partner.id, "company_id": company.id}
                    for partner in missing
                ]
            )
            made._link_records()
            customers |= made
        return customers

    @api.model
    def _by_partner(self, partners):
        """Return ``{(commercial partner id, company id): customer}``."""
        customers = self.search([("partner_id", "in", partners.ids)])
        return {
            (customer.partner_id.id, customer.company_id.id): customer
            for customer in customers
        }

    def _link_records(self):
        """Point leads, tickets and contacts at their customers, set-wise.

        Done when customers appear or move, so that the figures, which change daily, are
        read through the link and the linked rows are left alone.
        """
        self.flush_recordset()
        self.env["res.partner"].flush_model()
        for model in LINKED_MODELS:
            self.env[model].flush_model()
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE %(table)s AS record
                       SET subscription_customer_id = customer.id
                      FROM subscription_customer customer
                      JOIN res_partner partner
                        ON partner.commercial_partner_id = customer.partner_id
                     WHERE customer.id = ANY(%(ids)s)
                       AND record.partner_id = partner.id
                       AND record.company_id = customer.company_id
                       AND record.subscription_customer_id
                           IS DISTINCT FROM customer.id
                    """,
                    table=SQL.identifier(self.env[model]._table),
                    ids=self.ids,
                )
            )
            self.env[model].invalidate_model(["subscription_customer_id"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner AS partner
                   SET subscription_customer_id
                       = COALESCE(partner.subscription_customer_id, '{}'::jsonb)
                         || jsonb_build_object(
                             customer.company_id::text, customer.id
                         )
                  FROM subscription_customer customer
                 WHERE customer.id = ANY(%s)
                   AND partner.commercial_partner_id = customer.partner_id
                   AND (partner.subscription_customer_id
                        ->> customer.company_id::text)::int
                       IS DISTINCT FROM customer.id
                """,
                self.ids,
            )
        )
        self.env["res.partner"].invalidate_model(["subscription_customer_id"])

    def _store_totals(self):
        """Sum the customers' figures up from their subscriptions, set-wise."""
        self.env["sale.subscription"].flush_model()
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_customer AS customer
                   SET mrr = total.mrr,
                       mrr_effective = total.mrr_effective,
                       subscription_count = total.subscription_count,
                       running_count = total.running_count,
                       first_start_date = total.first_start_date,
                       end_date = total.end_date
                  FROM (
                    SELECT c.id,
                           COALESCE(SUM(s.mrr_company), 0) AS mrr,
                           COALESCE(SUM(s.mrr_effective_company), 0) AS mrr_effective,
                           COUNT(s.first_start_date) AS subscription_count,
                           COUNT(*) FILTER (WHERE s.is_running) AS running_count,
                           MIN(s.first_start_date) AS first_start_date,
                           CASE WHEN BOOL_OR(s.is_running) THEN NULL
                                ELSE MAX(s.end_date) END AS end_date
                      FROM subscription_customer c
                 LEFT JOIN sale_subscription s ON s.customer_id = c.id
                     WHERE c.id = ANY(%s)
                  GROUP BY c.id
                ) AS total
                 WHERE total.id = customer.id
                   AND (
                       customer.mrr, customer.mrr_effective,
                       customer.subscription_count, customer.running_count,
                       customer.first_start_date, customer.end_date
                   ) IS DISTINCT FROM (
                       total.mrr, total.mrr_effective,
                       total.subscription_count, total.running_count,
                       total.first_start_date, total.end_date
                   )
                """,
                self.ids,
            )
        )
        self.invalidate_recordset()

    def _store_predecessors(self):
        """Chain the subscriptions of customers of one company, set-wise."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, customer_id, first_start_date, end_date
                  FROM sale_subscription
                 WHERE customer_id = ANY(%s) AND first_start_date IS NOT NULL
                """,
                self.ids,
            )
        )
        chain = predecessors(
            (Span(*row) for row in rows), self.company_id.subscription_grace_days
        )
        ids = [row[0] for row in rows]
        store(
            self.env["sale.subscription"],
            pd.DataFrame({"predecessor_id": [chain.get(id_) for id_ in ids]}, ids),
        )

    def _classify_movements(self):
        """Derive kind and transfer of all movements of customers, set-wise.

        A row that joins a day changes the kinds of that day and, if it lies before
        others, may change theirs ("new" becomes "expansion"): a customer's whole
        history is looked at, rows that differ are written.
        """
        self.env["subscription.movement"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT customer_id, id, date, subscription_res_id, event, currency_id,
                       mrr_delta::text, company_rate::text
                  FROM subscription_movement
                 WHERE customer_id = ANY(%s)
                """,
                self.ids,
            )
        )
        postings = defaultdict(list)
        for customer, key, day, subscription, event, currency, delta, rate in rows:
            postings[customer].append(
                ledger.Posting(
                    key, day, subscription, event, currency, Decimal(delta), Decimal(rate)
                )
            )
        result = {}
        for some in postings.values():
            result.update(ledger.classify(some))
        store(
            self.env["subscription.movement"],
            pd.DataFrame.from_dict(
                {key: (kind, float(given)) for key, (kind, given) in result.items()},
                orient="index",
                columns=["kind", "transfer_amount"],
            ),
        )

    @api.model
    def _merge_partners(self, sources, target):
        """Move the customers of partners that are about to be merged into another.

        Where the target is a customer of the company already, history, subscriptions
        and links move over and the emptied customer goes; else it changes its partner.
        """
        partner = target.commercial_partner_id
        for customer in self.search([("partner_id", "in", sources.ids)]):
            keep = self.search(
                [
                    ("partner_id", "=", partner.id),
                    ("company_id", "=", customer.company_id.id),
                ]
            )
            if not keep:
                customer.partner_id = partner
            elif keep != customer:
                customer._merge_into(keep)
        self.flush_model()

    def _merge_into(self, keep):
        """Move all that refers to a customer to another one of its company."""
        self.env.flush_all()
        merge = self.env["base.partner.merge.automatic.wizard"]
        merge._update_foreign_keys_generic(self._name, self, keep)
        merge._update_reference_fields_generic(self._name, self, keep)
        self.env.invalidate_all()
        self.unlink()
        keep._classify_movements()
        keep._store_totals()
        keep._store_predecessors()

    @api.model
    def _after_merge(self, partner):
        """Link what a merge brought to a partner, and book who has a new customer."""
        self.env.flush_all()
        self.env.invalidate_all()
        family = self.search([("partner_id", "=", partner.commercial_partner_id.id)])
        family._link_records()

    def action_open_movements(self):
        """Open the movements of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_movement_action"
        )
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {}
        return action
