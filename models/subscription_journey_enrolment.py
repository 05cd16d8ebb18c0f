# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

#: Why the rest of an enrolment is not done.
STOPS = [
    ("closed", "Subscription closed"),
    ("left", "Left the segment"),
    ("replied", "The customer replied"),
    ("renewed", "Renewed"),
    ("returned", "Came back"),
    ("withdrawn", "Notice withdrawn"),
    ("paid", "Paid"),
    ("moved", "The day has moved"),
    ("ending", "Notice was given"),
    ("removed", "Taken out by a person"),
    ("undone", "Enrolment undone"),
]


class SubscriptionJourneyEnrolment(models.Model):
    """A subscription on a journey, since the day that it begins with.

    Those of the control group are enrolled like all others and get no delivery.
    """

    _name = "subscription.journey.enrolment"
    _description = "Subscription on a Journey"
    _order = "anchor_date desc, id desc"
    _rec_name = "subscription_id"
    # Rows come by the hundred thousand, from the engine alone.
    _log_access = False

    journey_id = fields.Many2one(
        comodel_name="subscription.journey",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
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
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    anchor_date = fields.Date(string="Begins With", required=True, readonly=True)
    enrolled_at = fields.Datetime(string="Enrolled", required=True, readonly=True)
    is_control = fields.Boolean(
        string="Control Group", required=True, readonly=True, default=False
    )
    holdout_percent = fields.Integer(
        string="Control Group (%)",
        readonly=True,
        help="How large the control group of the journey was to be then.",
    )
    is_by_hand = fields.Boolean(
        string="By Hand",
        required=True,
        readonly=True,
        default=False,
        help="Enrolled by a person, not by what begins the journey.",
    )
    state = fields.Selection(
        selection=[("running", "Running"), ("done", "Done"), ("stopped", "Stopped")],
        required=True,
        readonly=True,
        default="running",
    )
    stop_reason = fields.Selection(selection=STOPS, readonly=True)
    delivery_ids = fields.One2many(
        comodel_name="subscription.journey.delivery",
        inverse_name="enrolment_id",
        string="Steps",
    )

    _unique_enrolment = models.Constraint(
        "UNIQUE (journey_id, subscription_id, anchor_date)",
        "A subscription is enrolled once for a day that begins the journey.",
    )
