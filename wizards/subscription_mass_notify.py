# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty

from ..models.subscription_portal_message import DAYS


class SubscriptionMassNotify(models.TransientModel):
    """Tell customers something where they look, or colleagues what they follow.

    Customers: each portal user by e-mail, and a message on the portal page. Colleagues:
    one message each, by inbox or e-mail as they have chosen, about all that is theirs.
    """

    _name = "subscription.mass.notify"
    _inherit = "subscription.mass.action"
    _description = "Notify"

    _kind = "notice"

    audience = fields.Selection(
        selection=[
            ("customer", "The customers' portal users"),
            ("team", "Colleagues who follow them"),
        ],
        string="Whom",
        required=True,
        default="customer",
        help="Portal users get an e-mail and see it on their portal page. Colleagues "
        "who follow the subscription or the customer, and the account manager, are "
        "told once of all that is theirs.",
    )
    subject = fields.Char(required=True)
    body = fields.Html(required=True)
    until = fields.Date(
        string="Shown Until",
        default=lambda self: (
            self.env.company._subscription_today() + timedelta(days=DAYS)
        ),
        help="The last day on which the portal page shows it; empty: until it is put "
        "away.",
    )

    @property
    def _channel(self):
        return "notice" if self.audience == "customer" else None

    @api.depends("audience")
    def _compute_preview(self):
        return super()._compute_preview()

    def _reach_of(self, chosen):
        """Leave out whoever has nobody to tell."""
        reach = super()._reach_of(chosen)
        if self.audience == "team":
            colleagues = chosen._colleagues()
            return self._unless(
                reach, lambda own: None if own in colleagues else "nobody"
            )
        users = chosen.customer_id._portal_users()
        return self._unless(
            reach, lambda own: None if own.customer_id in users else "no_portal"
        )

    def action_confirm(self):
        if is_html_empty(self.body):
            raise UserError(self.env._("Write what they are to know."))
        return super().action_confirm()

    def _do(self, campaign, subscriptions, reach):
        campaign.sudo()._message_log(
            body=Markup("<p><b>%s</b></p>%s") % (self.subject, self.body)
        )
        if self.audience == "team":
            self._tell_colleagues(campaign, subscriptions)
        else:
            self._tell_customers(campaign, subscriptions)

    def _tell_customers(self, campaign, subscriptions):
        """Write to the portal users of each customer, and on its portal page.

        The mails leave after the quiet hours of the customer.
        """
        customers = subscriptions.customer_id
        users = customers._portal_users()
        quiet = customers._quiet_until(fields.Datetime.now())
        traces = {}
        for when, some in subscriptions.grouped(
            lambda own: quiet.get(own.customer_id.id)
        ).items():
            message = self.env["subscription.portal.message"]._tell(
                some.customer_id, self.subject, self.body, self.until, campaign
            )
            message.mail_ids.scheduled_date = when or False
            traces.update(dict.fromkeys(some.ids, {"message": message.id}))
        self.env["subscription.campaign.member"].sudo()._store_traces(campaign, traces)
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(
            [fields.Datetime.now(), *filter(None, set(quiet.values()))]
        )
        self.env["subscription.contact"].sudo()._record(
            "notice",
            {own.id: users[own.customer_id].partner_id[0].id for own in subscriptions},
            campaign.id,
        )

    def _tell_colleagues(self, campaign, subscriptions):
        by_user = {}
        for subscription, users in subscriptions._colleagues().items():
            for user in users:
                by_user[user] = by_user.get(user, subscriptions.browse()) + subscription
        for user, some in by_user.items():
            names = ", ".join(self._names(some))
            translate = self.with_context(lang=user.lang or self.env.lang).env._
            if len(some) > len(self._names(some)):
                names = translate(
                    "%(names)s and %(more)s more",
                    names=names,
                    more=len(some) - len(self._names(some)),
                )
            about = translate("It is about %s.", names)
            campaign.sudo().message_notify(
                partner_ids=user.partner_id.ids,
                subject=self.subject,
                body=self.body + Markup("<p>%s</p>") % about,
            )
