# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

#: Messages that show that somebody has worked on an opportunity.
TALK = ("comment", "email", "email_outgoing", "sms")


class SubscriptionCampaign(models.Model):
    """Actions without a mailing, and taking them back.

    Only what nobody has touched since is taken back.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.campaign"

    @api.model
    def _selection_kind(self):
        return super()._selection_kind() + [
            ("notice", self.env._("Notice")),
            ("call", self.env._("Call list")),
            ("manager", self.env._("Account manager")),
            ("opportunity", self.env._("Upsell opportunities")),
            ("tag", self.env._("Tags")),
            ("pin", self.env._("Pin of a segment")),
        ]

    def _traces(self):
        """Return ``{subscription: trace}`` of what was done."""
        members = self.sudo().member_ids.filtered("trace")
        return {member.subscription_id.sudo(False): member.trace for member in members}

    def _tell_undone(self, number):
        """Say in the chatter how much was taken back."""
        self.sudo()._message_log(body=self.env._("Taken back: %s.", number))

    def _undo_notice(self):
        """Show the message on portal pages no more, and mail it to nobody else."""
        messages = self.env["subscription.portal.message"].sudo()
        messages = messages.search(
            [("campaign_id", "=", self.id), ("ended_at", "=", False)]
        )
        if not messages:
            raise UserError(self.env._("Messages that were sent cannot be taken back."))
        messages.ended_at = fields.Datetime.now()
        sent = {trace["message"] for trace in self._traces().values()}
        mails = self.env["mail.mail"].sudo()
        mails.search(
            [("mail_message_id", "in", list(sent)), ("state", "=", "outgoing")]
        ).cancel()
        self._tell_undone(len(messages))

    def _undo_call(self):
        """Remove the activities that are still open: those calls do not count."""
        ids = [trace["activity"] for trace in self._traces().values()]
        activities = self.env["mail.activity"].sudo().search([("id", "in", ids)])
        self.env["subscription.contact"].sudo().search(
            [
                ("campaign_id", "=", self.id),
                ("subscription_id", "in", activities.mapped("res_id")),
            ]
        ).unlink()
        self._tell_undone(len(activities))
        activities.unlink()

    def _undo_manager(self):
        """Hand customers back to whom they had, where nobody has changed it since.

        What the other one had to do for them before stays with her.
        """
        back, had = {}, set()
        for subscription, trace in self._traces().items():
            customer = subscription.customer_id
            changed = trace["from"] != trace["to"]
            if changed and customer.account_manager_id.id == trace["to"]:
                old = self.env["res.users"].browse(trace["from"]).exists()
                back[customer] = old
                had.update(trace["had"])
        number = 0
        for old in set(back.values()):
            customers = self.env["subscription.customer"].union(
                *(customer for customer, user in back.items() if user == old)
            )
            if not old:
                customers.sudo().account_manager_id = False
            elif old._see_customers_of(self.company_id):
                customers.sudo(False)._hand_over(old, staying=had)
            else:
                continue
            number += len(customers)
        self._tell_undone(number)

    def _undo_opportunity(self):
        """Archive the opportunities on which nobody has worked since."""
        traces = {trace["lead"]: trace for trace in self._traces().values()}
        leads = self.env["crm.lead"].search([("id", "in", list(traces))])
        worked_on = self.env["mail.message"].sudo()
        worked_on = worked_on.search(
            [
                ("model", "=", leads._name),
                ("res_id", "in", leads.ids),
                ("message_type", "in", TALK),
            ]
        )
        talked = set(worked_on.mapped("res_id"))
        leads = leads._filtered_access("write").filtered(
            lambda lead: lead.id not in talked
            and lead.won_status == "pending"
            and lead.stage_id.id == traces[lead.id]["stage"]
            and lead.user_id.id == traces[lead.id]["user"]
            and not lead.activity_ids
            and not lead.calendar_event_ids
        )
        leads.action_archive()
        self._tell_undone(len(leads))

    def _undo_tag(self):
        """Take back tags that we added, give back those that we took."""
        links = self.env["subscription.segment.link"].sudo()
        traces = list(self._traces().values())
        for kind in ("subscription", "partner"):
            for action, undo in (
                ("add", links._undo_tag),
                ("remove", links._undo_untag),
            ):
                done = {
                    trace[kind]["id"]: trace[kind]["tags"]
                    for trace in traces
                    if kind in trace and trace["action"] == action
                }
                if done:
                    undo(kind, done)
        self._tell_undone(len(traces))

    def _undo_pin(self):
        """Take the pins away that are still as they were set."""
        traces = self._traces()
        if not traces:
            raise UserError(self.env._("Pins that were taken away stay away."))
        subscriptions = self.env["sale.subscription"].union(*traces)
        pinned = self.segment_id._pinned(subscriptions)
        same = subscriptions.filtered(
            lambda own: pinned.get(own.id) == traces[own]["pin"]
        )
        self.segment_id._unpin(same)
        self._tell_undone(len(same))
