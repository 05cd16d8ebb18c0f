# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from decimal import Decimal

import pandas as pd

from odoo import api, fields, models
from odoo.tools import SQL

from ..analytics import ledger
from ..analytics.history import handed_over
from .bulk import store
from .scoring import (
    CUSTOMER_SCORES,
    LIFE,
    POSITION,
    SUBSCRIPTION_SCORES,
    customer_lives,
    subscription_lives,
)

#: Models whose records point at the customer of their partner and company.
LINKED_MODELS = {"crm.lead": "partner_id", "helpdesk.ticket": "partner_id"}


class SubscriptionCustomer(models.Model):
    """A commercial partner as a customer of one company: the single customer view.

    All figures come from the ledger and are in the currency of the company.
    """

    _name = "subscription.customer"
    _inherit = "subscription.score"
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
    rfm_recency = fields.Integer(
        help="The fewest days since the last renewal of any running subscription.",
    )
    rfm_frequency = fields.Integer(
        help="The most renewals in a row of any running subscription.",
    )
    renewed_months = fields.Float(
        help="The most renewed months of any running subscription.",
    )
    rfm_monetary = fields.Monetary(
        help="The sum of the contracted MRR of the running subscriptions in the "
        "currency of the company, which M was scored on.",
    )
    rfm_r = fields.Integer(
        help="The best R of any running subscription.",
    )
    rfm_f = fields.Integer(
        help="From 1 to 5 (best): the fifth in which the renewed months rank among all "
        "customers of the company with a running subscription.",
    )
    rfm_m = fields.Integer(
        help="From 1 to 5 (best): the fifth in which the MRR ranks among all customers "
        "of the company with a running subscription.",
    )
    rfm_assumed = fields.Boolean(
        help="Renewals of a running subscription are assumed, as no posted invoices "
        "tell of them.",
    )
    lifecycle_stage = fields.Selection(
        help="Onboarding, stability or loyal by the months since the customer last had "
        "no running subscription for longer than the grace period (limits in the "
        "settings); churned when none runs.",
    )
    relationship_start_date = fields.Date(
        help="The day since which a subscription has always been running, breaks in "
        "the grace period aside: lifecycle and tenure count from it.",
    )
    tenure_months = fields.Integer(
        help="Whole months since then, up to the day the customer left.",
    )
    next_renewal_date = fields.Date(
        help="The first day on which a running subscription renews.",
    )
    scored_on = fields.Date(
        help="The day as of which it was scored; empty while no subscription runs.",
    )
    end_date = fields.Date(
        string="Left On",
        readonly=True,
        help="The first day on which no subscription ran any more; "
        "empty while one runs.",
    )

    # Leads and tickets filter and group through the link: the id comes off the index.
    _lifecycle_stage_index = models.Index("(lifecycle_stage, id)")
    _rfm_segment_index = models.Index("(rfm_segment, id)")
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
        domain = [
            ("partner_id", "in", commercial.ids),
            ("company_id", "=", company.id),
        ]
        customers = self.search(domain)
        missing = commercial - customers.partner_id
        if missing:
            self._insert(missing, company)._link_records()
            customers = self.search(domain)
        return customers

    @api.model
    def _insert(self, partners, company):
        """Make partners customers, unless somebody else just did.

        Where that one commits first, the database asks to repeat the transaction, as
        Odoo does by itself, instead of reporting a duplicate, which it does not.
        """
        partners.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO subscription_customer (
                    partner_id, company_id,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT partner_id, %(company)s, %(uid)s, now.utc, %(uid)s, now.utc
                  FROM unnest(%(partners)s) AS partner (partner_id),
                       (SELECT now() AT TIME ZONE 'UTC') AS now (utc)
                    ON CONFLICT (partner_id, company_id) DO NOTHING
             RETURNING id
                """,
                company=company.id,
                uid=self.env.uid,
                partners=partners.ids,
            )
        )
        return self.browse(row[0] for row in rows)

    @api.model
    def _by_partner(self, partners):
        """Return ``{(commercial partner id, company id): customer}``."""
        customers = self.search_fetch(
            [("partner_id", "in", partners.ids)],
            ["company_id", "partner_id"],
            order="id",
        )
        return {
            (customer.partner_id.id, customer.company_id.id): customer
            for customer in customers
        }

    def _link_records(self):
        """Point leads, tickets and contacts of customers at them, set-wise.

        Done when customers appear or move, so that the figures, which change daily, are
        read through the link and the linked rows are left alone.
        """
        self._link_contacts(self.partner_id)
        self._link_documents(self.partner_id)

    @api.model
    def _link_contacts(self, commercial_partners):
        """Give partners and their contacts one link per company, or take it away."""
        self.flush_model()
        contacts = self.env["res.partner"]
        contacts.flush_model(["commercial_partner_id", "subscription_customer_id"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner AS contact
                   SET subscription_customer_id = link.by_company
                  FROM (
                    SELECT member.id,
                           jsonb_object_agg(customer.company_id::text, customer.id)
                               FILTER (WHERE customer.id IS NOT NULL) AS by_company
                      FROM res_partner member
                 LEFT JOIN subscription_customer customer
                        ON customer.partner_id = member.commercial_partner_id
                     WHERE member.commercial_partner_id = ANY(%s)
                  GROUP BY member.id
                ) AS link
                 WHERE link.id = contact.id
                   AND contact.subscription_customer_id
                       IS DISTINCT FROM link.by_company
                """,
                commercial_partners.ids,
            )
        )
        contacts.invalidate_model(["subscription_customer_id"])

    @api.model
    def _link_documents(self, commercial_partners):
        """Point the leads and tickets of partners and their contacts at customers."""
        self.flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        sole = self.env["res.company"]._sole()
        for name in LINKED_MODELS:
            documents = self.env[name]
            documents.flush_model()
            rows = self.env.execute_query(
                SQL(
                    """
                    UPDATE %(table)s AS document
                       SET subscription_customer_id = link.customer_id
                      FROM (
                        SELECT own.id, customer.id AS customer_id
                          FROM %(table)s own
                          JOIN res_partner contact ON contact.id = own.partner_id
                     LEFT JOIN subscription_customer customer
                            ON customer.partner_id = contact.commercial_partner_id
                           AND customer.company_id
                               = COALESCE(own.company_id, %(sole)s)
                         WHERE contact.commercial_partner_id = ANY(%(partners)s)
                    ) AS link
                     WHERE link.id = document.id
                       AND document.subscription_customer_id
                           IS DISTINCT FROM link.customer_id
                 RETURNING document.id
                    """,
                    table=SQL.identifier(documents._table),
                    partners=commercial_partners.ids,
                    sole=sole.id or None,
                )
            )
            documents.invalidate_model(["subscription_customer_id"])
            documents.sudo().browse(row[0] for row in rows)._follow_segments()

    def _store_lives(self, as_of=None):
        """Store where customers and their subscriptions stand, set-wise.

        RFM, which the refresh alone compares, goes at once where nothing runs; rows
        that differ are written.

        :param as_of: look at what was effective and known on this day (None: today)
        """
        Subscription = self.env["sale.subscription"].with_context(active_test=False)
        for company, customers in self.grouped("company_id").items():
            day = as_of or company._subscription_today()
            subscriptions = Subscription.search([("customer_id", "in", customers.ids)])
            lives = subscription_lives(self.env, company, day, subscriptions.ids)
            store(Subscription, lives[POSITION + LIFE])
            store(
                Subscription,
                _unscored(lives[~lives["is_running"]], SUBSCRIPTION_SCORES),
            )
            totals = customer_lives(self.env, company, day, lives, customers.ids)
            store(self.browse(), totals)
            gone = totals[totals["running_count"] == 0]
            store(self.browse(), _unscored(gone, CUSTOMER_SCORES))
        Notice = self.env["subscription.notice"]
        Notice._close_ended([("subscription_id.customer_id", "in", self.ids)])
        Grant = self.env["subscription.offer.grant"]
        Grant._keep_up([("subscription_id.customer_id", "in", self.ids)])

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
                    key,
                    day,
                    subscription,
                    event,
                    currency,
                    Decimal(delta),
                    Decimal(rate),
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
        """Give the customers of partners to one that they are about to be merged into.

        Where it is a customer of the company already, history, subscriptions and links
        move over and the emptied customer goes; else the customer changes its partner.
        """
        for customer in self.search([("partner_id", "in", sources.ids)]):
            keep = self.search(
                [
                    ("partner_id", "=", target.id),
                    ("company_id", "=", customer.company_id.id),
                ]
            )
            if keep:
                customer._merge_into(keep)
            else:
                customer.partner_id = target
        self.flush_model()

    def _merge_into(self, keep):
        """Move all that refers to a customer to another one of its company.

        The links of contacts, which no foreign key tells of, are made anew by
        :meth:`_after_merge`, so that the rows of all other partners are left alone.
        """
        self.env.flush_all()
        self.env["base.partner.merge.automatic.wizard"]._update_foreign_keys_generic(
            self._name, self, keep
        )
        self.env.invalidate_all()
        self.unlink()
        keep._classify_movements()
        keep._store_lives()

    @api.model
    def _after_merge(self, partner):
        """Link what a merge brought to a partner, and book who has a new customer.

        Only now it is known to which commercial partner the merged one belongs: it may
        have taken over the parent, or the being a company, of those merged into it.
        """
        self.env.flush_all()
        self.env.invalidate_all()
        family = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search([("id", "child_of", partner.ids)])
        )
        commercial = partner.commercial_partner_id
        if commercial != partner:
            self._merge_partners(partner, commercial)
        self._book_customer_changes(family)
        self._link_contacts(family.commercial_partner_id)
        self._link_documents(family.commercial_partner_id)
        commercial = family.commercial_partner_id
        self.search([("partner_id", "in", commercial.ids)])._follow_segments()
        (partner - commercial).sudo()._follow_segments()

    @api.model
    def _book_customer_changes(self, partners):
        """Book the subscriptions of partners over to the customers they now belong to.

        From today on; what has ended stays with the customer it ended for.
        """
        subscriptions = (
            self.env["sale.subscription"]
            .with_context(active_test=False)
            .search([("partner_id", "in", partners.ids), ("customer_id", "!=", False)])
        )
        moved = subscriptions.filtered(
            lambda sub: sub.customer_id.partner_id
            != sub.partner_id.commercial_partner_id
        )
        Movement = self.env["subscription.movement"]
        history = Movement._history(moved)
        for company, some in moved.grouped("company_id").items():
            today = company._subscription_today()
            running = some.filtered(
                lambda sub, day=today: handed_over(history[sub.id], 0, day)
            )
            if not running:
                continue
            customers = {
                customer.partner_id: customer
                for customer in self._ensure(running.partner_id, company)
            }
            events = {}
            for sub in running:
                customer = customers[sub.partner_id.commercial_partner_id]
                sub.customer_id = customer
                events[sub] = handed_over(history[sub.id], customer.id, today)
            Movement._book(events, today, known_on=today)

    def action_open_movements(self):
        """Open the movements of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_movement_action"
        )
        action["domain"] = [("customer_id", "=", self.id)]
        action["context"] = {}
        return action


def _unscored(frame, columns):
    """Return columns of scores for the rows of a DataFrame, all missing."""
    return pd.DataFrame(None, frame.index, columns)
