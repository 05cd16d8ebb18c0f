# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain

from .subscription_score import USER


class Content(NamedTuple):
    """What is said and offered to a subscription: records, empty if nothing is."""

    message: models.Model
    offer: models.Model
    #: the row that has the tip
    tip: models.Model


class SaleSubscription(models.Model):
    """The message, the offer and the tip that are meant for a subscription."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    content_message_id = fields.Many2one(
        comodel_name="mail.template",
        string="Recommended Message",
        compute="_compute_content",
        groups=USER,
        help="By its segments and lifecycle stage, see Configuration: Content.",
    )
    content_offer_id = fields.Many2one(
        comodel_name="subscription.offer",
        string="Recommended Offer",
        compute="_compute_content",
        groups=USER,
        help="By its segments and lifecycle stage, see Configuration: Content. Whether "
        "it may be made to this customer is looked at when it is.",
    )
    content_tip = fields.Text(
        string="Recommended Tip",
        compute="_compute_content",
        groups=USER,
        help="By its segments and lifecycle stage, see Configuration: Content.",
    )

    @api.depends("company_id", "lifecycle_stage")
    @api.depends_context("lang")
    def _compute_content(self):
        content = self._origin._content()
        nothing = self._nothing()
        for subscription in self:
            own = content.get(subscription._origin.id, nothing)
            subscription.content_message_id = own.message
            subscription.content_offer_id = own.offer
            subscription.content_tip = own.tip.tip

    def _nothing(self):
        return Content(
            self.env["mail.template"],
            self.env["subscription.offer"],
            self.env["subscription.content"].sudo(),
        )

    def _content(self):
        """Return ``{subscription id: Content}`` of what is meant for each, set-wise."""
        subscriptions = self.sudo()
        rows = self.env["subscription.content"].sudo()
        rows = rows.search([("active", "=", True)])
        segments = subscriptions._content_segments(rows.segment_id)
        # Of many subscriptions few kinds are told apart.
        found, result = {}, {}
        for sub in subscriptions:
            kind = (
                sub.company_id,
                sub.lifecycle_stage,
                segments.get(sub.id, frozenset()),
            )
            if kind not in found:
                found[kind] = self._first_content(rows, *kind)
            result[sub.id] = found[kind]
        return result

    def _content_segments(self, segments):
        """Return ``{subscription id: ids of those of the segments that it is in}``."""
        Membership = self.env["subscription.segment.membership"]
        groups = Membership._read_group(
            Domain("subscription_id", "in", self.ids)
            & Domain("segment_id", "in", segments.ids)
            & Membership._of_members(),
            ["subscription_id"],
            ["segment_id:array_agg"],
        )
        return {sub.id: frozenset(ids) for sub, ids in groups}

    def _first_content(self, rows, company, stage, segment_ids):
        """Return the content of the first rows that fit and have it."""
        message, offer, tip = self._nothing()
        today = company._subscription_today()
        for row in rows:
            if not row._fits(company, stage, segment_ids):
                continue
            message = message or row.mail_template_id.sudo(False)
            if not offer and row.offer_id._is_valid_on(today):
                offer = row.offer_id.sudo(False)
            if not tip and row.tip:
                tip = row
        return Content(message, offer, tip)

    def _shared_content(self):
        """Return the message and the offer that are meant for all of them alike."""
        content = self._content().values()
        message, offer, tip = self._nothing()
        messages, offers = ({own[kind] for own in content} for kind in (0, 1))
        return Content(
            messages.pop() if len(messages) == 1 else message,
            offers.pop() if len(offers) == 1 else offer,
            tip,
        )

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Let every marketer name these in a text."""
        return (
            *super().mail_allowed_qweb_expressions(),
            "object.content_offer_id.description",
            "object.content_offer_id.name",
            "object.content_tip",
            "object.next_feature_id.name",
            "object.next_plan_id.name",
        )
