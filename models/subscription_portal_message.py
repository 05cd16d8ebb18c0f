# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

#: Days for which the portal page shows a message unless a person says otherwise.
DAYS = 30


class SubscriptionPortalMessage(models.Model):
    """What a customer is told on its portal page, until a day or until it was read.

    Shown to the customer's own portal users who belong to the company.
    """

    _name = "subscription.portal.message"
    _description = "Message on the Portal Page"
    _order = "id desc"

    name = fields.Char(string="Subject", required=True, readonly=True)
    body = fields.Html(readonly=True)
    customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    campaign_id = fields.Many2one(
        comodel_name="subscription.campaign",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="subscription_segmentation.group_user",
    )
    until = fields.Date(
        readonly=True, help="The last day on which it is shown; empty: no such day."
    )
    ended_at = fields.Datetime(
        readonly=True, help="Since when it is not shown any more, before its last day."
    )
    dismissed_user_ids = fields.Many2many(
        comodel_name="res.users",
        relation="subscription_portal_message_dismissed_rel",
        string="Put Away by",
        readonly=True,
        groups="subscription_segmentation.group_user",
    )

    @api.model
    def _tell(self, customers, subject, body, until, campaign=None, **message):
        """Write to the portal users of a company's customers, and on their portal page.

        One message to all of them, which Odoo mails to each alone; it is about no
        record, so that nothing of ours is named in it. The mails leave by the mail
        queue.

        :param customers: each has a portal user
        :param until: the last day on which the portal page shows it; False: no such day
        :param message: more of the message, see ``message_notify``
        :return: the message
        """
        texts = [(customer, subject, body) for customer in customers]
        self._show(texts, until, campaign)
        users = customers._portal_users()
        users = self.env["res.users"].union(*(users[one] for one in customers))
        return self._mail(users, customers.company_id, subject, body, **message)

    @api.model
    def _show(self, texts, until, campaign=None):
        """Write on the portal pages of customers, set-wise.

        :param texts: ``[(customer, subject, body)]``
        """
        self.sudo().create(
            [
                {
                    "name": subject,
                    "body": body,
                    "customer_id": customer.id,
                    "company_id": customer.company_id.id,
                    "campaign_id": campaign.id if campaign else False,
                    "until": until,
                }
                for customer, subject, body in texts
            ]
        )

    @api.model
    def _mail(self, users, company, subject, body, **message):
        """Write to portal users in the name of a company; return the message."""
        thread = self.env["mail.thread"].sudo().with_company(company)
        return thread.message_notify(
            partner_ids=users.partner_id.ids,
            subject=subject,
            body=body,
            record_company_id=company.id,
            force_send=False,
            **message,
        )

    @api.model
    def _for_user(self):
        """Return what the current user is shown on the portal page, newest first."""
        user = self.env.user
        own = self.browse()
        if not own.has_access("read"):
            return own
        messages = own.search(
            Domain(
                "customer_id",
                "any!",
                [("partner_id", "=", user.partner_id.commercial_partner_id.id)],
            )
            & Domain("company_id", "in", user.company_ids.ids)
            & Domain("ended_at", "=", False)
        )
        put_away = messages.sudo().filtered(
            lambda message: user in message.dismissed_user_ids
        )
        return (messages - put_away).filtered(
            lambda message: not message.until
            or message.until >= message.company_id.sudo()._subscription_today()
        )

    def _dismiss(self):
        """Show it to the current user no more; to others of the customer still."""
        mine = self & self._for_user()
        mine.sudo().dismissed_user_ids |= self.env.user
