# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SubscriptionCampaignSms(models.TransientModel):
    """A text message to many subscriptions, in one or several versions."""

    _name = "subscription.campaign.sms"
    _inherit = ["subscription.campaign.send"]
    _description = "SMS Campaign"

    _kind = "sms"
    _channel = "sms"
    _mailing_type = "sms"

    version_ids = fields.One2many(
        comodel_name="subscription.campaign.sms.version",
        inverse_name="wizard_id",
        string="Versions",
    )

    @api.model
    def _selection_ab_winner(self):
        field = self.env["utm.campaign"]._fields["ab_testing_sms_winner_selection"]
        return field._description_selection(self.env)

    def _winner_values(self):
        return {"ab_testing_sms_winner_selection": self.ab_winner}

    def _version_values(self, version):
        return {
            "subject": version.wizard_id.name,
            "body_plaintext": version.body_plaintext,
            "sms_allow_unsubscribe": True,
            # A line on each subscription, as e-mails leave one.
            "keep_archives": True,
        }


class SubscriptionCampaignSmsVersion(models.TransientModel):
    """One of the versions of an SMS campaign."""

    _name = "subscription.campaign.sms.version"
    _description = "Version of an SMS Campaign"
    _order = "id"

    wizard_id = fields.Many2one(
        comodel_name="subscription.campaign.sms", required=True, ondelete="cascade"
    )
    body_plaintext = fields.Text(string="Text", required=True)
