# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import operator as operators

from odoo import api, fields, models
from odoo.fields import Domain

USER = "subscription_segmentation.group_user"
INEQUALITIES = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


class _Figure(fields.Field):
    """A figure of the customer: 0 where there is none, whatever it is compared with.

    Odoo 19 finds records without a customer when a related number is compared with 0 in
    any way ("more than 0" too), and misses them in all other inequalities.
    """

    def _search_related(self, records, operator, value):
        if operator not in INEQUALITIES:
            return super()._search_related(records, operator, value)
        link, name = self.related.split(".")
        domain = Domain(link, "any!", Domain(name, operator, value))
        if INEQUALITIES[operator](0, value or 0):
            domain |= Domain(link, "=", False)
        return domain


class _IntegerFigure(_Figure, fields.Integer):
    pass


class _MonetaryFigure(_Figure, fields.Monetary):
    pass


class _MissingFigure(fields.Integer):
    """A figure of the customer that is missing where there is none, whatever 0 means.

    Odoo 19 would find records without a customer where it is compared with 0.
    """

    def _search_related(self, records, operator, value):
        if operator not in INEQUALITIES and operator != "in":
            return NotImplemented
        link, name = self.related.split(".")
        domain = Domain(link, "any!", Domain(name, operator, value))
        if operator == "in" and any(figure is False for figure in value):
            domain |= Domain(link, "=", False)
        return domain


class _ScoreFigure(fields.Float):
    """A churn score of the customer: what was not scored has none, not 0."""

    def _search_related(self, records, operator, value):
        if operator not in INEQUALITIES and operator != "in":
            return NotImplemented
        link, name = self.related.split(".")
        scored = Domain("churn_risk", "!=", False)
        domain = Domain(link, "any!", Domain(name, operator, value) & scored)
        if operator == "in" and any(figure is False for figure in value):
            domain |= Domain(link, "=", False)
            domain |= Domain(link, "any!", ~scored)
        return domain


class SubscriptionCustomerLink(models.AbstractModel):
    """What a record shows of the subscription customer that it points at.

    The figures are read through the link, so they filter and group as fields of the
    record and are never stored on it. Several records share a customer, so that groups
    show averages: a sum would count the same revenue again and again.

    Related fields bypass record rules: all are for the group that may read customers,
    and nobody but the addon itself sets the link.
    """

    _name = "subscription.customer.link"
    _inherit = "subscription.group.order"
    _description = "Link to a Subscription Customer"

    subscription_customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        string="Subscription Customer",
        groups=USER,
        copy=False,
        help="The subscriptions and their figures of this partner in this company.",
    )
    customer_currency_id = fields.Many2one(
        related="subscription_customer_id.currency_id",
        string="Customer Currency",
        groups=USER,
    )
    customer_mrr = _MonetaryFigure(
        related="subscription_customer_id.mrr",
        aggregator="avg",
        string="MRR",
        currency_field="customer_currency_id",
        groups=USER,
    )
    customer_mrr_effective = _MonetaryFigure(
        related="subscription_customer_id.mrr_effective",
        aggregator="avg",
        string="Effective MRR",
        currency_field="customer_currency_id",
        groups=USER,
    )
    customer_running_count = _IntegerFigure(
        related="subscription_customer_id.running_count",
        aggregator="avg",
        string="Running Subscriptions",
        groups=USER,
    )
    customer_first_start_date = fields.Date(
        related="subscription_customer_id.first_start_date",
        string="Customer Since",
        groups=USER,
    )
    customer_end_date = fields.Date(
        related="subscription_customer_id.end_date",
        string="Customer Left On",
        groups=USER,
    )
    customer_churn_risk = fields.Selection(
        related="subscription_customer_id.churn_risk",
        string="Customer Churn Risk",
        groups=USER,
    )
    customer_churn_score = _ScoreFigure(
        related="subscription_customer_id.churn_score",
        aggregator="avg",
        string="Customer Churn Score",
        groups=USER,
    )
    customer_mrr_at_risk = _MonetaryFigure(
        related="subscription_customer_id.mrr_at_risk",
        aggregator="avg",
        string="Customer MRR at Risk",
        currency_field="customer_currency_id",
        groups=USER,
    )
    customer_clv = _MonetaryFigure(
        related="subscription_customer_id.clv",
        aggregator="avg",
        string="Customer CLV",
        currency_field="customer_currency_id",
        groups=USER,
    )
    customer_lifecycle_stage = fields.Selection(
        related="subscription_customer_id.lifecycle_stage",
        string="Customer Lifecycle",
        groups=USER,
    )
    customer_rfm_segment = fields.Selection(
        related="subscription_customer_id.rfm_segment",
        string="Customer RFM Segment",
        groups=USER,
    )
    customer_tenure_band = fields.Selection(
        related="subscription_customer_id.tenure_band",
        string="Customer Tenure",
        groups=USER,
    )
    customer_nps_category = fields.Selection(
        related="subscription_customer_id.nps_category",
        string="Customer NPS Group",
        groups=USER,
    )
    customer_next_renewal_date = fields.Date(
        related="subscription_customer_id.next_renewal_date",
        string="Customer's Next Renewal",
        groups=USER,
    )
    customer_days_to_renewal = _MissingFigure(
        related="subscription_customer_id.days_to_renewal",
        aggregator=None,
        string="Days to the Customer's Next Renewal",
        groups=USER,
    )

    customer_segment_id = fields.Many2one(
        related="subscription_customer_id.primary_segment_id",
        string="Customer Segment",
        groups=USER,
    )
    customer_segment_ids = fields.Many2many(
        related="subscription_customer_id.segment_ids",
        string="Customer Segments",
        groups=USER,
    )
    customer_is_high_value = fields.Boolean(
        related="subscription_customer_id.is_high_value",
        string="High-Value Customer",
        groups=USER,
    )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._without_link(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._without_link(vals))

    @api.model
    def default_get(self, fields):
        return self._without_link(super().default_get(fields))

    def _without_link(self, vals):
        """Leave out a link that a person writes: it follows partner and company.

        Whoever could choose it would read the figures of any customer through it.
        """
        if self.env.su:
            return vals
        return {
            name: value
            for name, value in vals.items()
            if name != "subscription_customer_id"
        }

    def _traverse_related_sql(self, alias, field, query):
        """Check the groups of a related field, which Odoo 19 does for reading only.

        Without it any internal user could sort, group and sum partners by the figures.
        """
        self._check_field_access(field, "read")
        return super()._traverse_related_sql(alias, field, query)

    @api.depends("partner_id.commercial_partner_id", "company_id")
    def _compute_subscription_customer_id(self):
        """Link documents to the customer of their partner in their company.

        One without a company, like some leads, belongs to the only one there is; where
        there are several, to nobody in particular. A ticket's own commercial partner
        would not do: it is stale after a merge.
        """
        sole = self.env["res.company"]
        if not all(document.company_id for document in self):
            sole = self.env["res.company"]._sole()
        customers = self.env["subscription.customer"]._by_partner(
            self.partner_id.commercial_partner_id
        )
        for document in self:
            partner = document.partner_id.commercial_partner_id
            key = (partner.id, (document.company_id or sole).id)
            document.subscription_customer_id = customers.get(key)

    def action_open_subscription_customer(self):
        """Open the customer that the record points at."""
        self.ensure_one()
        return self.subscription_customer_id.get_formview_action()
