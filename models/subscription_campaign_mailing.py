# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: What Odoo calls the reasons for which a mailing drops a message, in our words.
FAILURES = {
    "mail_bl": "blacklisted",
    "sms_blacklist": "blacklisted",
    "mail_optout": "refused",
    "sms_optout": "refused",
    "mail_dup": "duplicate",
    "sms_duplicate": "duplicate",
    "mail_email_missing": "no_address",
    "mail_email_invalid": "no_address",
    "sms_number_missing": "no_address",
    "sms_number_format": "no_address",
}


class SubscriptionCampaign(models.Model):
    """Campaigns by e-mail and SMS: what their mailings did to whom."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.campaign"

    mailing_ids = fields.One2many(
        comodel_name="mailing.mailing",
        inverse_name="subscription_campaign_id",
        string="Mailings",
        groups="mass_mailing.group_mass_mailing_user",
    )
    mailing_state = fields.Selection(
        selection="_selection_mailing_state",
        string="Sending",
        compute="_compute_mailing_state",
        compute_sudo=True,
        help="How far the mailings are: the one that is least far.",
    )
    is_mailing_to_come = fields.Boolean(
        string="Mailing to Come",
        compute="_compute_is_mailing_to_come",
        compute_sudo=True,
        help="Something waits to be sent: a mailing, or the best version of a test.",
    )

    @api.model
    def _selection_kind(self):
        return [
            *super()._selection_kind(),
            ("email", self.env._("E-mail")),
            ("sms", self.env._("SMS")),
        ]

    @api.model
    def _selection_mailing_state(self):
        states = self.env["mailing.mailing"]._fields["state"]
        return states._description_selection(self.env)

    @api.depends("mailing_ids.state")
    def _compute_mailing_state(self):
        order = [state for state, _label in self._selection_mailing_state()]
        for campaign in self:
            states = set(campaign.mailing_ids.mapped("state"))
            campaign.mailing_state = min(states, key=order.index, default=False)

    @api.depends(
        "mailing_ids.state",
        "mailing_ids.campaign_id.ab_testing_completed",
        "mailing_ids.campaign_id.ab_testing_winner_selection",
    )
    def _compute_is_mailing_to_come(self):
        for campaign in self:
            campaign.is_mailing_to_come = any(campaign._mailings_to_come())

    def _mailings_to_come(self):
        """Return the mailings that wait, and the tests whose winner is to come."""
        waiting = self.mailing_ids.filtered(lambda own: own.state == "in_queue")
        tests = self.mailing_ids.campaign_id.filtered(
            lambda test: not test.ab_testing_completed
            and test.ab_testing_winner_selection != "manual"
        )
        return waiting, tests

    # --- what a mailing tells ---------------------------------------------------------

    def _note_planned(self, reach):
        """Write down who is going to be reached now, who not, and why.

        :param reach: ``{subscription id: Reach}``, of all that are meant now
        """
        if not self:
            return
        reasons = {id_: one.reason for id_, one in reach.items()}
        planned = self.env["subscription.campaign.member"].search(
            [("campaign_id", "=", self.id), ("reached_at", "=", False)]
        )
        gone = set(planned.subscription_id.ids) - set(reasons)
        self.env["subscription.campaign.member"]._store(
            self, reasons | dict.fromkeys(gone, "left")
        )

    def _note_reached(self, ids):
        """Write down that messages were made, in the transaction that makes them."""
        if self:
            self.env["subscription.campaign.member"]._store(
                self, dict.fromkeys(ids), reached_at=fields.Datetime.now()
            )

    def _note_kept_back(self, reasons):
        """Write down why some are left out that were meant when sending began.

        :param reasons: ``{subscription id: reason}``
        """
        if self:
            self.env["subscription.campaign.member"]._store(self, reasons)

    def _note_sent(self, mailing):
        """Write down why Odoo dropped messages while a mailing was sent.

        Not where we know better: its mailings know fewer reasons.
        """
        if not self:
            return
        self.env["mailing.trace"].flush_model()
        self.env["subscription.campaign.member"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (trace.res_id) trace.res_id, trace.failure_type
                  FROM mailing_trace trace
             LEFT JOIN subscription_campaign_member member
                    ON member.campaign_id = %s
                   AND member.subscription_id = trace.res_id
                 WHERE trace.mass_mailing_id = %s
                   AND trace.trace_status = 'cancel'
                   AND trace.failure_type = ANY(%s)
                   AND member.reason IS NULL
              ORDER BY trace.res_id, trace.id DESC
                """,
                self.id,
                mailing.id,
                list(FAILURES),
            )
        )
        self.env["subscription.campaign.member"]._store(
            self, {id_: FAILURES[failure] for id_, failure in rows}
        )

    # --- taking back ------------------------------------------------------------------

    def _undo_email(self):
        """Cancel what is not sent yet.

        :raise UserError: all of it has been sent
        """
        waiting, tests = self._mailings_to_come()
        if not waiting and not tests:
            raise UserError(
                self.env._("What has been sent cannot be taken back: %s.", self.name)
            )
        waiting.action_cancel()
        # Nor does the best version go to the rest.
        tests.write(
            {
                "ab_testing_winner_selection": "manual",
                "ab_testing_schedule_datetime": False,
            }
        )

    def _undo_sms(self):
        self._undo_email()

    def action_open_mailings(self):
        """Show the mailings in the app that sends them."""
        self.ensure_one()
        mailings = self.mailing_ids
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Mailings"),
            "res_model": "mailing.mailing",
            "view_mode": "list,form",
            "domain": [("id", "in", mailings.ids)],
            "context": {"create": False},
        }
        if len(mailings) == 1:
            action |= {"view_mode": "form", "res_id": mailings.id}
        return action
