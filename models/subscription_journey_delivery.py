# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .sale_subscription_reach import REASONS as UNREACHED
from .subscription_journey_enrolment import STOPS
from .subscription_offer_granting import OFFER_REASONS

#: Why a step was not done, or not yet.
REASONS = [
    *UNREACHED,
    ("quiet", "Quiet hours"),
    ("spacing", "Too soon after the step before"),
    ("late", "Too late"),
    ("condition", "Condition not met"),
    ("previous", "The e-mail before was not sent"),
    ("no_data", "Use is not known"),
    ("no_portal", "No portal user"),
    *OFFER_REASONS,
    *(stop for stop in STOPS if stop[0] not in dict(UNREACHED)),
]


class SubscriptionJourneyDelivery(models.Model):
    """One step for one subscription, due at a time, and what became of it.

    There is one for each step, subscription and day that the journey begins with. What
    it does and that it is done are written in one transaction.
    """

    _name = "subscription.journey.delivery"
    _description = "Step of a Subscription's Journey"
    _order = "due_at desc, id desc"
    _rec_name = "step_id"
    # Rows come by the million, from the engine alone.
    _log_access = False

    enrolment_id = fields.Many2one(
        comodel_name="subscription.journey.enrolment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    journey_id = fields.Many2one(
        comodel_name="subscription.journey",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    step_id = fields.Many2one(
        comodel_name="subscription.journey.step",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    variant_id = fields.Many2one(
        comodel_name="subscription.journey.variant",
        string="Text",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        readonly=True,
        index=True,
        ondelete="set null",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    anchor_date = fields.Date(string="Begins With", required=True, readonly=True)
    due_at = fields.Datetime(string="Due", required=True, readonly=True)
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("done", "Done"),
            ("skipped", "Skipped"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="waiting",
    )
    reason = fields.Selection(
        selection=REASONS, readonly=True, help="Why it was not done, or not yet."
    )
    error = fields.Text(readonly=True, help="What went wrong the last time.")
    attempts = fields.Integer(
        string="Failed Attempts", readonly=True, required=True, default=0
    )
    next_try_at = fields.Datetime(
        string="Looked at Next",
        readonly=True,
        required=True,
        help="When it is due, or later if it had to wait.",
    )
    done_at = fields.Datetime(string="Done at", readonly=True)
    message_id = fields.Char(
        string="Message-ID",
        readonly=True,
        help="Of the e-mail; made from the delivery: every copy bears the same. Of a "
        "portal notice: the one that Odoo has given it.",
    )
    trace_id = fields.Many2one(
        comodel_name="mailing.trace",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    _unique_delivery = models.Constraint(
        "UNIQUE (step_id, subscription_id, anchor_date)",
        "A step is done once for a subscription and a day that begins the journey.",
    )
    _unique_message = models.UniqueIndex(
        "(message_id) WHERE message_id IS NOT NULL",
        "An e-mail belongs to one delivery.",
    )
    _due = models.Index("(next_try_at) WHERE state = 'waiting'")
    _of_customer = models.Index("(customer_id, step_id, done_at) WHERE state = 'done'")
    _of_journey = models.Index("(journey_id, state)")
