# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .journey_domain import check_domain

#: What begins a journey.
ANCHORS = [
    ("started", "Subscription started"),
    ("restarted", "Subscription started again"),
    ("renewal", "Renewal ahead"),
    ("overdue", "Invoice overdue"),
    ("notice", "Notice given"),
    ("ended", "Subscription ended"),
    ("entered", "Segment entered"),
    ("left", "Segment left"),
    ("anniversary", "Anniversary of the relationship"),
]
#: Those that speak of a segment.
OF_SEGMENT = ("entered", "left")


class SubscriptionJourney(models.Model):
    """A sequence of steps that a subscription goes through by itself.

    It begins with an anchor, such as the start of the subscription, on a day; the steps
    count from that day. An enrolment is one subscription with one such day; a delivery
    is one step of it.
    """

    _name = "subscription.journey"
    _description = "Subscription Journey"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    description = fields.Text(
        translate=True, help="What the journey is for, and what it should bring."
    )
    active = fields.Boolean(
        string="Switched On",
        default=False,
        copy=False,
        help="While it is off nobody is enrolled and nothing is done. Steps that were "
        "due meanwhile and are not too late are done when it is switched on again.",
    )
    active_since = fields.Datetime(
        string="On Since",
        readonly=True,
        copy=False,
        help="What happened before does not begin the journey.",
    )
    enrolled_on = fields.Date(
        string="Looked at Last",
        readonly=True,
        copy=False,
        help="The last day on which it was looked for subscriptions to enrol.",
    )
    error = fields.Text(
        readonly=True,
        copy=False,
        help="Why nobody could be enrolled the last time; other journeys go on.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        index=True,
        help="Empty: for the subscriptions of all companies.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Owner",
        domain=[("share", "=", False)],
        default=lambda self: self.env.user,
        help="Mails are sent by, and server actions are done as, this person.",
    )
    sequence = fields.Integer(
        default=10,
        help="Of steps that are due at once, the first journey's come first.",
    )
    anchor = fields.Selection(
        selection=ANCHORS,
        string="Begins When",
        required=True,
        default="started",
        help="The steps count from the day of it: of the renewal itself, though it "
        "lies ahead, and of the date on which the invoice was due.",
    )
    segment_id = fields.Many2one(
        comodel_name="subscription.segment", ondelete="restrict", index=True
    )
    anniversary_months = fields.Integer(
        string="Every (months)",
        default=12,
        help="The anniversaries of the relationship: 12 means one, two, three years.",
    )
    enrol_domain = fields.Char(
        string="For",
        required=True,
        default="[]",
        help="Which subscriptions are enrolled; looked at when it begins.",
    )
    holdout_percent = fields.Integer(
        string="Control Group (%)",
        default=0,
        help="So many of a hundred customers are enrolled but get nothing, to see what "
        "the journey is worth; always the same ones. 0 to 20.",
    )
    date_from = fields.Date(
        string="Valid from", help="What happens before does not begin the journey."
    )
    date_to = fields.Date(
        string="Valid until", help="What happens after this day does not begin it."
    )
    reentry = fields.Selection(
        selection=[
            ("once", "Never"),
            ("after", "After Some Days"),
            ("always", "Always"),
        ],
        string="Enrolled Again",
        required=True,
        default="once",
        help="Whether a subscription is enrolled again when it happens again.",
    )
    reentry_days = fields.Integer(
        default=90, help="From one day that begins the journey to the next."
    )
    stop_on_closed = fields.Boolean(
        string="When It Closes",
        default=True,
        help="Not looked at by a journey that begins with the end.",
    )
    stop_on_left = fields.Boolean(string="When It Leaves the Segment")
    stop_on_reply = fields.Boolean(string="When the Customer Replies")
    stop_on_renewed = fields.Boolean(
        string="When It Renews",
        help="A period that begins on the day of the anchor or later was invoiced, "
        "and the invoice is paid or not yet due.",
    )
    step_ids = fields.One2many(
        comodel_name="subscription.journey.step",
        inverse_name="journey_id",
        string="Steps",
        copy=True,
    )
    enrolment_ids = fields.One2many(
        comodel_name="subscription.journey.enrolment",
        inverse_name="journey_id",
        string="Enrolments",
    )
    enrolment_count = fields.Integer(
        compute="_compute_counts", string="Subscriptions Enrolled"
    )
    failed_count = fields.Integer(compute="_compute_counts", string="Failed")

    _holdout_check = models.Constraint(
        "CHECK (holdout_percent BETWEEN 0 AND 20)",
        "The control group must be 0 to 20 of a hundred customers.",
    )
    _anniversary_check = models.Constraint(
        "CHECK (anniversary_months BETWEEN 1 AND 120)",
        "Anniversaries must be 1 to 120 months apart.",
    )
    _reentry_check = models.Constraint(
        "CHECK (reentry_days BETWEEN 1 AND 3650)",
        "A subscription may be enrolled again after 1 to 3650 days.",
    )
    _segment_check = models.Constraint(
        "CHECK (segment_id IS NOT NULL"
        " OR anchor NOT IN ('entered', 'left') AND NOT COALESCE(stop_on_left, FALSE))",
        "Say which segment the journey is about.",
    )
    _stop_left_check = models.Constraint(
        "CHECK (anchor <> 'left' OR NOT COALESCE(stop_on_left, FALSE))",
        "A journey that begins when a segment is left cannot stop because of it.",
    )
    _validity_check = models.Constraint(
        "CHECK (date_from <= date_to)", "The journey must be valid until a later day."
    )

    @api.depends("enrolment_ids")
    def _compute_counts(self):
        enrolled = dict(
            self.env["subscription.journey.enrolment"]._read_group(
                [("journey_id", "in", self.ids)], ["journey_id"], ["__count"]
            )
        )
        failed = dict(
            self.env["subscription.journey.delivery"]._read_group(
                [("journey_id", "in", self.ids), ("state", "=", "failed")],
                ["journey_id"],
                ["__count"],
            )
        )
        for journey in self:
            journey.enrolment_count = enrolled.get(journey, 0)
            journey.failed_count = failed.get(journey, 0)

    @api.constrains("enrol_domain")
    def _check_enrol_domain(self):
        """Refuse a domain that cannot be searched with."""
        for journey in self:
            check_domain(journey, "enrol_domain")

    @api.constrains("user_id")
    def _check_owner(self):
        """Refuse to have server actions done as somebody else."""
        # Archived steps too: they may be unarchived again.
        self.with_context(active_test=False).step_ids._check_action()

    @api.constrains("active", "step_ids")
    def _check_steps(self):
        """Refuse to switch on a journey with a step that has nothing to do."""
        for journey in self.filtered("active"):
            if not journey.step_ids:
                raise ValidationError(
                    self.env._("Journey %s has no step yet.", journey.name)
                )
            journey.step_ids._check_complete()

    @api.model_create_multi
    def create(self, vals_list):
        journeys = super().create(vals_list)
        if on := journeys.filtered("active"):
            on._switch_on()
        return journeys

    def write(self, vals):
        off = self.filtered(lambda journey: not journey.active)
        result = super().write(vals)
        if on := off.filtered("active"):
            on._switch_on()
        return result

    def _switch_on(self):
        """Have the journeys begin with what happens from now on."""
        self.write({"active_since": fields.Datetime.now(), "enrolled_on": False})

    def copy_data(self, default=None):
        """Name the copies as such."""
        copies = super().copy_data(default)
        if "name" not in (default or {}):
            for journey, vals in zip(self, copies, strict=True):
                vals["name"] = self.env._("%s (copy)", journey.name)
        return copies

    def action_see_deliveries(self, step_id=None, state=None):
        """Show who gets what, and what became of it: of all steps or of one."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_journey_delivery_action"
        )
        action["domain"] = [("journey_id", "=", self.id)]
        if step_id:
            step = self.env["subscription.journey.step"].browse(step_id)
            action["name"] = step.display_name
            action["domain"].append(("step_id", "=", step_id))
        if state:
            action["domain"].append(("state", "=", state))
        return action

    def action_see_failed(self):
        """Show what failed, with its error."""
        return self.action_see_deliveries(state="failed")

    def action_see_upcoming(self):
        """Show who would get what in the next 7 days."""
        self.ensure_one()
        return self.env["subscription.journey.upcoming"]._show(self)

    def action_try(self):
        """Ask for a subscription, and show what the journey would do for it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_journey_trial_action"
        )
        action["context"] = {"default_journey_id": self.id}
        return action
