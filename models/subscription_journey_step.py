# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .journey_domain import check_domain

#: Channels whose steps write to the customer, and what the governor calls them.
MESSAGES = ("email", "sms", "notice")
#: The field that says what a step of a channel does.
CONTENTS = {
    "email": "variant_ids",
    "sms": "variant_ids",
    "notice": "variant_ids",
    "activity": "activity_type_id",
    "offer": "offer_id",
    "tag": "tag_id",
    "action": "action_id",
}


class SubscriptionJourneyStep(models.Model):
    """What a journey does so many days after (or before) its anchor."""

    _name = "subscription.journey.step"
    _description = "Step of a Journey"
    _order = "journey_id, sequence, offset_days, local_hour, id"

    journey_id = fields.Many2one(
        comodel_name="subscription.journey",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="journey_id.company_id", store=True)
    active = fields.Boolean(
        default=True, help="An archived step is done for nobody any more."
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    offset_days = fields.Integer(
        string="Days",
        default=0,
        required=True,
        help="After the day that the journey begins with; below 0: before it.",
    )
    local_hour = fields.Float(
        string="Hour",
        default=9.0,
        required=True,
        help="In the time zone of the customer, else of the company.",
    )
    late_days = fields.Integer(
        string="At Most Late (days)",
        default=5,
        required=True,
        help="What could not be done so long after it was due is skipped.",
    )
    channel = fields.Selection(
        selection=[
            ("email", "E-mail"),
            ("sms", "SMS"),
            ("notice", "Portal Notice"),
            ("activity", "Activity"),
            ("offer", "Offer or Points"),
            ("tag", "Tag"),
            ("action", "Server Action"),
        ],
        required=True,
        default="email",
        help="A portal notice is shown on the portal page of the customer and mailed "
        "to its portal users. Loyalty points are an offer of that kind.",
    )
    is_transactional = fields.Boolean(
        string="Necessary",
        help="What the customer must know, such as a reminder to pay: neither the "
        "limit of messages nor quiet hours nor the wish for no messages keep it "
        "back; the blacklist does.",
    )
    condition_domain = fields.Char(
        string="Only For",
        default="[]",
        required=True,
        help="Looked at when the step is done; others skip the step.",
    )
    previous = fields.Selection(
        selection=[
            ("any", "Whatever Happened"),
            ("opened", "Opened"),
            ("not_opened", "Not Opened"),
            ("clicked", "Clicked"),
            ("not_clicked", "Not Clicked"),
        ],
        string="If the E-mail Before Was",
        required=True,
        default="any",
        help="If the e-mail before was not sent, a step that asks about it is "
        "cancelled, and so are those that ask about that one.",
    )
    feature_id = fields.Many2one(
        comodel_name="subscription.feature", ondelete="restrict"
    )
    feature_use = fields.Selection(
        selection=[("used", "Was Used"), ("not_used", "Was Not Used")],
        string="Use of the Feature",
        help="Since the day that the journey begins with, and in the last 30 days at "
        "least. While no use of it is reported for anybody, nobody counts as one "
        "who does not use it.",
    )
    activity_type_id = fields.Many2one(
        comodel_name="mail.activity.type", ondelete="restrict"
    )
    activity_summary = fields.Char(translate=True)
    activity_note = fields.Html(translate=True)
    activity_user = fields.Selection(
        selection=[("account_manager", "Account Manager"), ("owner", "Owner")],
        string="Assigned To",
        default="account_manager",
        required=True,
        help="Who has no account manager goes to the owner of the journey.",
    )
    offer_id = fields.Many2one(
        comodel_name="subscription.offer",
        ondelete="restrict",
        index="btree_not_null",
        help="Made once to each subscription, by the offer's own rules: who may not "
        "have it skips the step.",
    )
    tag_id = fields.Many2one(comodel_name="sale.subscription.tag", ondelete="restrict")
    action_id = fields.Many2one(
        comodel_name="ir.actions.server",
        string="Server Action",
        ondelete="restrict",
        domain=[("model_id.model", "=", "sale.subscription")],
    )
    variant_ids = fields.One2many(
        comodel_name="subscription.journey.variant",
        inverse_name="step_id",
        string="Texts",
        copy=True,
    )

    _late_check = models.Constraint(
        "CHECK (late_days BETWEEN 1 AND 365)",
        "A step may be 1 to 365 days late.",
    )
    _offset_check = models.Constraint(
        "CHECK (offset_days BETWEEN -365 AND 3650)",
        "A step may be done up to 365 days before and 3650 days after.",
    )
    _hour_check = models.Constraint(
        "CHECK (local_hour >= 0 AND local_hour < 24)", "Enter an hour of the day."
    )
    _feature_check = models.Constraint(
        "CHECK ((feature_id IS NULL) = (feature_use IS NULL))",
        "Name the feature, and whether it was used.",
    )

    @api.constrains("condition_domain")
    def _check_condition_domain(self):
        """Refuse a domain that cannot be searched with."""
        for step in self:
            check_domain(step, "condition_domain")

    @api.constrains("action_id", "journey_id")
    def _check_action(self):
        """Refuse a server action of other records, and to run one as somebody else."""
        for step in self.filtered("action_id"):
            action = step.action_id.sudo()
            if action.model_id.model != "sale.subscription":
                raise ValidationError(
                    self.env._("A journey does server actions on subscriptions only.")
                )
            if self.env.user.has_group("base.group_system"):
                continue
            groups = action.group_ids
            owner = step.journey_id.user_id
            if owner != self.env.user or (
                groups and not groups & self.env.user.all_group_ids
            ):
                raise ValidationError(
                    self.env._(
                        "Server action %(action)s is done as the owner of the journey: "
                        "only its owner, who may run it, can choose it.",
                        action=action.name,
                    )
                )

    @api.constrains("channel", *sorted(set(CONTENTS.values())))
    def _check_of_active(self):
        self.filtered("journey_id.active")._check_complete()

    def _check_complete(self):
        """Refuse steps that do not say what is to be done.

        :raise ValidationError: names the step
        """
        for step in self:
            if not step[CONTENTS[step.channel]] or (
                step.channel == "sms"
                and not all(step.variant_ids.mapped("body_plaintext"))
            ):
                raise ValidationError(
                    self.env._("Step %s does not say what is to be done.", step.name)
                )
            if step.channel == "offer" and not step.offer_id.active:
                raise ValidationError(
                    self.env._(
                        "Step %(step)s makes the offer %(offer)s, which is archived: "
                        "look at it and unarchive it, or remove the step.",
                        step=step.name,
                        offer=step.offer_id.name,
                    )
                )
            if step.previous != "any" and not step._step_before():
                raise ValidationError(
                    self.env._("No e-mail comes before step %s.", step.name)
                )

    def _step_before(self):
        """Return the step of the journey that must come before this one.

        The e-mail that it asks about; else the last that writes to the customer.
        """
        self.ensure_one()
        channels = MESSAGES if self.previous == "any" else ("email",)
        steps = self.journey_id.with_context(active_test=False).step_ids.sorted()
        before = steps.browse(steps.ids[: steps.ids.index(self.id)])
        return before.filtered(lambda step: step.channel in channels)[-1:]
