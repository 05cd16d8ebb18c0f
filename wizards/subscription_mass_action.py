# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError

#: From so many on an action asks twice.
MANY = 1_000


class SubscriptionMassAction(models.AbstractModel):
    """What is done with many subscriptions at once, once it was seen to whom.

    A wizard of one action names its ``_kind`` and ``_channel`` and does it in ``_do``.
    Chosen are subscriptions, or all of the customers or leads that were chosen in the
    list, or the members of a segment as they are when it is done.
    """

    _name = "subscription.mass.action"
    _description = "Action on Many Subscriptions"

    #: What the campaign that it leaves is called in ``_selection_kind``.
    _kind = None
    #: How it reaches people; None: it does not.
    _channel = None

    subscription_ids = fields.Many2many(
        comodel_name="sale.subscription",
        string="Subscriptions",
        readonly=True,
        # What was archived was chosen as well, and is counted.
        context={"active_test": False},
        default=lambda self: self._default_subscription_ids(),
    )
    segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        ondelete="cascade",
        help="Instead of what was chosen: whoever is in the segment when it is done.",
    )
    name = fields.Char(
        required=True,
        default=lambda self: self.env["ir.model"]._get(self._name).display_name,
        help="What the campaign that this leaves is called.",
    )
    with_closed = fields.Boolean(
        string="Closed Subscriptions Too",
        help="Reach also those who have left, to win them back.",
    )
    holdout_percent = fields.Integer(
        string="Control Group (%)",
        help="So many of a hundred customers are left out, to see what the action is "
        "worth: 1 to 20; 0: none. The same name leaves out the same customers.",
    )
    chosen_count = fields.Integer(compute="_compute_preview", string="Chosen")
    reached_count = fields.Integer(compute="_compute_preview", string="Reached")
    reached_names = fields.Char(
        compute="_compute_preview",
        string="Who Is Reached",
        help="The names of the first.",
    )
    excluded = fields.Json(
        compute="_compute_preview",
        help="Who is not reached: a list of reason, number and the first names.",
    )
    shares = fields.Json(
        compute="_compute_preview",
        help="Who gets how many to work on, where the action gives somebody work.",
    )
    is_many = fields.Boolean(compute="_compute_preview")

    @api.model
    def _default_subscription_ids(self):
        """Return what was chosen, or the subscriptions of what was."""
        model = self.env.context.get("active_model")
        records = self.env[model] if model in self.env else None
        if model not in ("sale.subscription", "subscription.customer", "crm.lead"):
            return False
        records = records.browse(self.env.context.get("active_ids", []))
        if model == "crm.lead":
            records = records.subscription_customer_id
        if records._name == "subscription.customer":
            records = records.subscription_ids
        return records

    def _chosen(self):
        """Return the subscriptions that are meant."""
        self.ensure_one()
        if not self.segment_id:
            # What a form holds before it is saved has no id to compare with.
            return self.subscription_ids._origin
        return self.env["sale.subscription"].search(
            [("segment_ids", "in", self.segment_id.ids)]
        )

    def _reach(self):
        """Say of each subscription that is meant how it is reached, or why not."""
        chosen = self._chosen()
        reach = self._reach_of(chosen)
        held = chosen._held_out(self.name, max(self.holdout_percent, 0))
        return {
            id_: one._replace(reason="control")
            if id_ in held and not one.reason
            else one
            for id_, one in reach.items()
        }

    def _reach_of(self, chosen):
        """Say so before a control group is left out.

        Hook for reasons of the action's own: see ``reason`` of a campaign's member.
        """
        return chosen._reach(self._channel, with_closed=self.with_closed)

    @api.model
    def _unless(self, reach, why):
        """Leave out more of those that are reached, themselves or by another one.

        :param why: function of a subscription: the reason, or None
        """
        subscriptions = self.env["sale.subscription"].browse(reach)
        return {
            own.id: one._replace(reason=why(own) or one.reason)
            if one.reason in (None, "duplicate")
            else one
            for own, one in zip(subscriptions, reach.values(), strict=True)
        }

    @api.model
    def _once_a_customer(self, reach):
        """Leave out all but the first of each customer."""
        subscriptions = self.env["sale.subscription"].browse(reach)
        result, seen = {}, set()
        for own, one in zip(subscriptions, reach.values(), strict=True):
            if not one.reason:
                if own.customer_id in seen:
                    one = one._replace(reason="duplicate")
                seen.add(own.customer_id)
            result[own.id] = one
        return result

    def _share_out(self, reach):
        """Hook: return who gets which of those that are reached to work on.

        :return: ``{user: subscriptions}``
        """
        return {}

    @api.depends(
        "subscription_ids", "segment_id", "name", "with_closed", "holdout_percent"
    )
    def _compute_preview(self):
        for wizard in self:
            # Asked once: of many it takes a while.
            wizard._preview(wizard._reach())

    def _preview(self, reach):
        """Show what would be done.

        :param reach: ``{subscription id: Reach}``
        """
        field = self.env["subscription.campaign.member"]._fields["reason"]
        labels = dict(field._description_selection(self.env))
        reasons = Counter(one.reason for one in reach.values())
        self.chosen_count = len(reach)
        self.reached_count = reasons.pop(None, 0)
        self.is_many = self.reached_count >= MANY
        self.reached_names = self._told_names(reach)
        self.excluded = [
            {
                "reason": labels[reason],
                "number": number,
                "names": self._first_names(reach, reason),
            }
            for reason, number in reasons.items()
        ]
        self.shares = [
            {
                "reason": user.name,
                "number": len(subscriptions),
                "names": self._names(subscriptions),
            }
            for user, subscriptions in self._share_out(reach).items()
        ]

    def _told_names(self, reach):
        """Return the names of the first who are reached, and how many more are."""
        names = self._first_names(reach, None)
        more = self.reached_count - len(names)
        told = ", ".join(names)
        if more > 0:
            return self.env._("%(names)s and %(more)s more", names=told, more=more)
        return told

    def _first_names(self, reach, reason):
        """Return the names of the first who are not reached for a reason.

        :param reason: None: of those who are reached
        """
        ids = [id_ for id_, one in reach.items() if one.reason == reason]
        return self._names(self.env["sale.subscription"].browse(ids))

    @api.model
    def _names(self, subscriptions):
        """Return the names of the first of them, as people know them: by customer."""
        return [own.partner_id.display_name for own in subscriptions[:5]]

    def action_confirm(self):
        """Do it, and show the campaign that it leaves.

        :raise UserError: nobody would be reached
        """
        self.ensure_one()
        reach = self._reach()
        subscriptions = self.env["sale.subscription"]
        reached = subscriptions.browse(
            [id_ for id_, one in reach.items() if not one.reason]
        )
        if not reached:
            raise UserError(self.env._("Nobody would be reached."))
        reached._check_may_decide()
        excluded = {
            subscriptions.browse(id_): one.reason
            for id_, one in reach.items()
            if one.reason
        }
        campaigns = self.env["subscription.campaign"]._begin(
            self._kind,
            self.name,
            reached,
            excluded,
            **self._campaign_values(),
        )
        for campaign in campaigns:
            self._do(
                campaign,
                reached.filtered_domain([("company_id", "=", campaign.company_id.id)]),
                reach,
            )
        return self._show(campaigns)

    def _campaign_values(self):
        """Hook for more of the campaign; see ``_begin``."""
        return {
            "segment_id": self.segment_id.id,
            "holdout_percent": self.holdout_percent,
            "holdout_key": self.name,
        }

    def _do(self, campaign, subscriptions, reach):
        """Hook for what is done with the subscriptions of one company.

        :param reach: ``{subscription id: Reach}``
        """
        raise NotImplementedError

    def _show(self, campaigns):
        """Return the action that shows what was made."""
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Campaigns"),
            "res_model": "subscription.campaign",
            "view_mode": "list,form",
            "domain": [("id", "in", campaigns.ids)],
        }
        if len(campaigns) == 1:
            action |= {"view_mode": "form", "res_id": campaigns.id}
        return action
