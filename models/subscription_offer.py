# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

KINDS = [
    ("discount", "Discount"),
    ("free_product", "Free Product"),
    ("pause", "Pause"),
    ("plan_switch", "Plan Switch"),
    ("points", "Loyalty Points"),
]
#: What customers were promised: it stays as it is once somebody has it.
PROMISED = {
    "company_id",
    "discount",
    "kind",
    "pause_months",
    "period_count",
    "points",
    "product_id",
    "program_id",
    "quantity",
    "template_id",
}


class SubscriptionOffer(models.Model):
    """What may be given to keep or grow a customer, and to whom."""

    _name = "subscription.offer"
    _description = "Subscription Offer"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    description = fields.Text(
        translate=True, help="What the customer is told of it, in a sentence or two."
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        comodel_name="res.company",
        index=True,
        help="Empty: it may be made to customers of all companies.",
    )
    kind = fields.Selection(
        selection=KINDS,
        required=True,
        default="discount",
        help="Discount: so many percent less for some billing periods; the prices of "
        "the subscription stay as they are. Free product: one more line of the "
        "invoice that costs nothing. Pause: nothing runs and nothing is billed for "
        "some months, from today on. Plan switch: another plan and product from the "
        "next period on, for good. Loyalty points: on the card of the customer.",
    )
    discount = fields.Float(
        string="Discount (%)",
        digits=(5, 2),
        help="Percent off every line, on top of the discounts that lines have.",
    )
    period_count = fields.Integer(
        string="Billing Periods",
        default=3,
        help="For so many billing periods, from the next one on that is billed.",
    )
    product_id = fields.Many2one(
        comodel_name="product.product",
        check_company=True,
        domain="[('sale_ok', '=', True)]",
        ondelete="restrict",
        help="What is given for free; of a plan switch, what is billed from then on, "
        "at the price in the customer's price list.",
    )
    quantity = fields.Float(default=1.0, digits="Product Unit")
    pause_months = fields.Integer(
        string="Months",
        default=1,
        help="The next invoice comes so many months later than it would have.",
    )
    template_id = fields.Many2one(
        comodel_name="sale.subscription.template",
        string="New Plan",
        ondelete="restrict",
    )
    program_id = fields.Many2one(
        comodel_name="loyalty.program",
        string="Loyalty Program",
        check_company=True,
        domain="[('program_type', '=', 'loyalty')]",
        ondelete="restrict",
    )
    points = fields.Float()
    yearly_cap = fields.Integer(
        string="Times a Year",
        default=1,
        help="A customer gets it so many times in 365 days at most; 0: no limit.",
    )
    rest_days = fields.Integer(
        string="Days Between Offers",
        default=90,
        help="Not to those who had this or any other offer in so many days before; "
        "0: no matter.",
    )
    min_tenure_months = fields.Integer(
        string="Months With Us",
        help="Only to those who have been with us for so many months.",
    )
    date_from = fields.Date(string="Valid From")
    date_to = fields.Date(string="Valid To", help="The last day on which it is made.")
    grant_ids = fields.One2many(
        comodel_name="subscription.offer.grant",
        inverse_name="offer_id",
        string="Grants",
    )
    grant_count = fields.Integer(compute="_compute_counts", string="Given")
    open_count = fields.Integer(compute="_compute_counts", string="Open")
    running_count = fields.Integer(
        compute="_compute_counts",
        string="Still With Us",
        help="Of the subscriptions that got it, so many run today.",
    )

    _discount_range = models.Constraint(
        "CHECK (kind <> 'discount' OR (discount > 0 AND discount <= 100))",
        "A discount is more than 0 and at most 100 percent.",
    )
    _period_count_positive = models.Constraint(
        "CHECK (kind NOT IN ('discount', 'free_product') OR period_count > 0)",
        "Give it for one billing period at least.",
    )
    _free_product = models.Constraint(
        "CHECK (kind <> 'free_product' OR (product_id IS NOT NULL AND quantity > 0))",
        "Choose the product that is given, and how many of it.",
    )
    _pause_months_positive = models.Constraint(
        "CHECK (kind <> 'pause' OR pause_months > 0)",
        "A pause takes one month at least.",
    )
    _plan_switch = models.Constraint(
        "CHECK (kind <> 'plan_switch'"
        " OR (template_id IS NOT NULL AND product_id IS NOT NULL))",
        "Choose the new plan, and the product that is billed then.",
    )
    _points = models.Constraint(
        "CHECK (kind <> 'points' OR (program_id IS NOT NULL AND points > 0))",
        "Choose the loyalty program, and how many points are given.",
    )
    _limits_not_negative = models.Constraint(
        "CHECK (yearly_cap >= 0 AND rest_days >= 0 AND min_tenure_months >= 0)",
        "Limits cannot be negative.",
    )
    _dates_in_order = models.Constraint(
        "CHECK (date_to >= date_from)", "It cannot end before it begins."
    )

    @api.constrains("kind", "product_id")
    def _check_product_subscribable(self):
        """Refuse what would become a subscription of its own when it is ordered."""
        for offer in self:
            if offer.kind == "free_product" and offer.product_id.subscribable:
                raise ValidationError(
                    self.env._(
                        "%s is a subscription product: a sale order with it starts "
                        "another subscription. Choose another product.",
                        offer.product_id.display_name,
                    )
                )

    @api.depends("grant_ids.state")
    def _compute_counts(self):
        Grant = self.env["subscription.offer.grant"]
        own = [("offer_id", "in", self.ids)]
        states = Grant._read_group(own, ["offer_id", "state"], ["__count"])
        running = dict(
            Grant._read_group(
                [*own, ("subscription_id.is_running", "=", True)],
                ["offer_id"],
                ["subscription_id:count_distinct"],
            )
        )
        for offer in self:
            numbers = {state: n for some, state, n in states if some == offer}
            offer.grant_count = sum(numbers.values())
            offer.open_count = numbers.get("granted", 0) + numbers.get("active", 0)
            offer.running_count = running.get(offer, 0)

    def write(self, vals):
        """What customers were promised stays as it is.

        :raise UserError: somebody has it already
        """
        changed = PROMISED & vals.keys()
        if changed and self.sudo().filtered("grant_ids"):
            raise UserError(
                self.env._(
                    "Customers have this offer already: archive it, and make another "
                    "one."
                )
            )
        return super().write(vals)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for offer, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = self.env._("%s (copy)", offer.name)
        return vals_list

    def action_open_grants(self):
        """Show to whom it was given."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Grants"),
            "res_model": "subscription.offer.grant",
            "view_mode": "list,form",
            "domain": [("offer_id", "=", self.id)],
        }
