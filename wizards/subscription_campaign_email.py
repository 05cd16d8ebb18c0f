# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..models.mailing_mailing import with_unsubscribe


class SubscriptionCampaignEmail(models.TransientModel):
    """An e-mail to many subscriptions, in one or several versions."""

    _name = "subscription.campaign.email"
    _inherit = ["subscription.campaign.send"]
    _description = "E-mail Campaign"

    _kind = "email"
    _channel = "email"
    _mailing_type = "mail"

    version_ids = fields.One2many(
        comodel_name="subscription.campaign.email.version",
        inverse_name="wizard_id",
        string="Versions",
        default=lambda self: self._default_version_ids(),
    )

    @api.model
    def _selection_ab_winner(self):
        field = self.env["utm.campaign"]._fields["ab_testing_winner_selection"]
        return field._description_selection(self.env)

    @api.model
    def _default_version_ids(self):
        segments = self.env["subscription.segment"]
        segment = segments.browse(self.env.context.get("default_segment_id"))
        if segment:
            return self._suggested(segment._content_message())
        chosen = self._default_subscription_ids()
        return self._suggested(chosen and chosen._shared_content().message)

    @api.onchange("segment_id")
    def _onchange_segment_id(self):
        """Begin with the e-mail that is meant for the segment."""
        suggested = self._suggested(self.segment_id._content_message())
        if suggested:
            self.version_ids = [Command.clear(), *suggested]

    @api.model
    def _suggested(self, template):
        """Return the command that adds the e-mail of a template, if there is one."""
        if not template:
            return []
        template = template.sudo()
        text = {"subject": template.subject, "body_html": template.body_html}
        return [Command.create(text)]

    def action_confirm(self):
        """Make the mailings.

        :raise UserError: there is no address to write from; see the general one
        """
        # What Odoo would say of it is the name of a rule of its database.
        if not self.env["mailing.mailing"].new({"mailing_type": "mail"}).email_from:
            raise UserError(
                self.env._(
                    "There is no address to write from: give yourself one in your "
                    "preferences."
                )
            )
        return super().action_confirm()

    def _version_values(self, version):
        body = with_unsubscribe(self.env, version.body_html)
        return {
            "subject": version.subject,
            "preview": version.preview,
            # What is edited, and what is sent.
            "body_arch": body,
            "body_html": body,
        }


class SubscriptionCampaignEmailVersion(models.TransientModel):
    """One of the versions of an e-mail campaign."""

    _name = "subscription.campaign.email.version"
    _description = "Version of an E-mail Campaign"
    _order = "id"

    wizard_id = fields.Many2one(
        comodel_name="subscription.campaign.email", required=True, ondelete="cascade"
    )
    # What placeholders are of.
    model = fields.Char(default="sale.subscription", readonly=True)
    subject = fields.Char(required=True)
    preview = fields.Char(
        string="Preview Text", help="What the inbox shows beside the subject."
    )
    # As in Odoo's mailings, whose sanitizing follows when it becomes one.
    body_html = fields.Html(string="Body", sanitize="email_outgoing")
