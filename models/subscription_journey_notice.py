# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import models

from .subscription_portal_message import DAYS


class SubscriptionJourneyDelivery(models.Model):
    """Notices: on the portal page of the customer, and by e-mail to its portal users.

    As the wizard *Notify* writes them, with the texts of the step.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.delivery"

    def _do_notice(self, partners):
        """Write them, each in the language of the customer."""
        company = self.company_id
        owner = self.journey_id.user_id
        until = company._subscription_today() + timedelta(DAYS)
        users = self.customer_id._portal_users()
        first = {one.id: users[one.customer_id].partner_id[0] for one in self}
        Message = self.env["subscription.portal.message"]
        told, pages = {}, []
        for (variant, lang), some in self.grouped(
            lambda one: (one._text(), first[one.id].lang or self.env.lang)
        ).items():
            texts = variant._rendered(some, lang)
            for delivery in some:
                text = texts[delivery.subscription_id.id]
                pages.append((delivery.customer_id, *text))
                message = Message._mail(
                    users[delivery.customer_id],
                    company,
                    *text,
                    author_id=owner.partner_id.id,
                    email_from=company.email_formatted or owner.email_formatted,
                )
                told[delivery.id] = (message.message_id, None)
        Message._show(pages, until)
        self._mark_done(told)
        self.env["subscription.contact"]._record(
            "notice",
            {one.subscription_id.id: first[one.id].id for one in self},
            transactional=self.step_id.is_transactional,
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
