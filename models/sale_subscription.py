# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .churn_scoring import SIGNALS
from .recommending import RECOMMENDED

USER = "subscription_segmentation.group_user"
#: What the ledger, imports and refreshes say; nobody else writes it.
LEDGER_FIELDS = {
    "churn_reasons",
    "churn_risk",
    "churn_risk_scored",
    "churn_score",
    "churn_score_change",
    "churn_scored_by",
    "churn_state",
    "clv",
    "clv_lower",
    "clv_upper",
    "customer_id",
    "end_date",
    "first_start_date",
    "is_high_value",
    "is_running",
    "lifecycle_stage",
    "mrr",
    "mrr_at_risk",
    "mrr_company",
    "mrr_effective",
    "mrr_effective_company",
    "next_renewal_date",
    "predecessor_id",
    "realised_revenue",
    "relationship_start_date",
    "renewed_months",
    "rfm_assumed",
    "rfm_f",
    "rfm_frequency",
    "rfm_m",
    "rfm_monetary",
    "rfm_r",
    "rfm_recency",
    "rfm_score",
    "rfm_segment",
    "scored_on",
    "subscription_ref",
    "tenure_band",
    "tenure_months",
    *SIGNALS,
    *RECOMMENDED,
}


class SaleSubscription(models.Model):
    _name = "sale.subscription"
    _inherit = ["sale.subscription", "subscription.score"]

    subscription_ref = fields.Char(
        string="Imported Reference",
        readonly=True,
        copy=False,
        help="The key of this subscription in the billing system its history was "
        "imported from.",
    )
    payment_method = fields.Char(
        readonly=True,
        copy=False,
        help="How it was paid in the billing system its history was imported from.",
    )
    customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        string="Subscription Customer",
        readonly=True,
        copy=False,
        index=True,
        ondelete="restrict",
        help="The commercial partner as a customer of this company.",
    )
    is_running = fields.Boolean(
        readonly=True,
        copy=False,
        help="Started and not ended by the ledger; paused subscriptions run.",
    )
    mrr = fields.Monetary(
        groups=USER,
        string="MRR",
        readonly=True,
        copy=False,
        help="Contracted monthly recurring revenue: what the lines come to (untaxed, "
        "after discount), divided by the months in one period. Time-limited offers "
        "are ignored; 0 when it does not run.",
    )
    mrr_effective = fields.Monetary(
        groups=USER,
        string="Effective MRR",
        readonly=True,
        copy=False,
        help="Monthly recurring revenue after time-limited offers; 0 while paused.",
    )
    mrr_company = fields.Monetary(
        groups=USER,
        string="MRR (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        help="Contracted MRR in the currency of the company.",
    )
    mrr_effective_company = fields.Monetary(
        groups=USER,
        string="Effective MRR (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        help="Effective MRR in the currency of the company.",
    )
    first_start_date = fields.Date(
        string="First Started On",
        readonly=True,
        copy=False,
        help="The first day it ran. Unlike the start date, a restart leaves it alone.",
    )
    end_date = fields.Date(
        string="Ended On",
        readonly=True,
        copy=False,
        index=True,
        help="The first day it did not run any more; empty while it runs.",
    )
    predecessor_id = fields.Many2one(
        comodel_name="sale.subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The subscription of the same customer that this one continues: it "
        "started on the other's end or within the grace period after it.",
    )
    lifecycle_stage = fields.Selection(
        help="Onboarding, stability or loyal by the months since the start of its "
        "chain of predecessors (limits in the settings); churned when it ended without "
        "a successor. Empty before it starts and when a successor continues it.",
    )
    relationship_start_date = fields.Date(
        help="The first day of its chain of predecessors without a break longer than "
        "the grace period: lifecycle and tenure count from it.",
    )
    tenure_months = fields.Integer(
        help="Whole months since the start of its chain of predecessors, up to its end "
        "if it has ended.",
    )
    movement_ids = fields.One2many(
        comodel_name="subscription.movement",
        inverse_name="subscription_id",
        string="Movements",
        groups=USER,
    )

    # Lists group all active ones by these: read off the index alone.
    _lifecycle_stage_index = models.Index("(lifecycle_stage) WHERE active IS TRUE")
    _rfm_segment_index = models.Index("(rfm_segment) WHERE active IS TRUE")
    _tenure_band_index = models.Index("(tenure_band) WHERE active IS TRUE")
    _subscription_ref_unique = models.UniqueIndex(
        "(company_id, subscription_ref) WHERE subscription_ref IS NOT NULL",
        "An imported subscription exists once per company.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._without_ledger(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._without_ledger(vals))

    def _without_ledger(self, vals):
        """Leave out what a person writes on fields that follow the ledger."""
        if self.env.su:
            return vals
        return {name: vals[name] for name in vals if name not in LEDGER_FIELDS}
