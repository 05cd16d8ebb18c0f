# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.exceptions import UserError


class SubscriptionJourneyDelivery(models.Model):
    """What the channels do that do not write to the customer.

    A channel is a method ``_do_<channel>(partners)`` of deliveries of one step and
    company, ``partners`` being ``{delivery id: partner written to}``. It marks them
    done itself, in the transaction of what it does.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.delivery"

    def _do_activity(self, partners):
        """Plan an activity on each subscription."""
        step = self.step_id
        today = self.company_id._subscription_today()
        model_id = self.env["ir.model"]._get_id("sale.subscription")
        owner = step.journey_id.user_id
        values = []
        for delivery in self:
            user = owner
            if step.activity_user == "account_manager":
                user = delivery.customer_id.account_manager_id or owner
            if not user.active:
                user = self.env["res.users"]
            values.append(
                {
                    "res_model_id": model_id,
                    "res_id": delivery.subscription_id.id,
                    "activity_type_id": step.activity_type_id.id,
                    "summary": step.activity_summary or step.name,
                    "note": step.activity_note,
                    "date_deadline": today,
                    "user_id": user.id,
                }
            )
        quiet = self.env["mail.activity"].with_context(mail_activity_quick_update=True)
        quiet.create(values)
        self._mark_done()

    def _do_tag(self, partners):
        """Give the tag to the subscriptions."""
        self.subscription_id.write({"tag_ids": [(4, self.step_id.tag_id.id)]})
        self._mark_done()

    def _do_action(self, partners):
        """Run the server action, as the owner of the journey, for one at a time.

        What it does on a subscription is undone if it fails there.

        :raise UserError: there is nobody to run it as
        """
        user = self.journey_id.user_id
        if not user.active:
            raise UserError(self.env._("The journey has no owner to do it as."))
        self._mark_done()
        for subscription in self.subscription_id:
            self.step_id.action_id.sudo(False).with_user(user).with_company(
                self.company_id
            ).with_context(
                active_model=subscription._name,
                active_id=subscription.id,
                active_ids=subscription.ids,
            ).run()
