# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fixtures of tests that write to customers."""

from contextlib import nullcontext

from odoo import api
from odoo.fields import Command
from odoo.tests import HttpCase

from .common import SubscriptionCase


class MailingCase(SubscriptionCase):
    """A marketer, and customers with addresses.

    Odoo makes the e-mails of a mailing and leaves them in the outbox: tests send none.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marketer = cls.make_user("manager")
        # Whatever the hour is that tests run at.
        cls.company.subscription_quiet_to_hour = 0
        cls.company.subscription_quiet_from_hour = 0

    @classmethod
    def make_customer(cls, name, mrr=10, partner=None, **values):
        """Return the running subscription of somebody with an address of the name."""
        address = f"{name.lower().replace(' ', '.')}@example.com"
        company = values.pop("company", cls.company)
        end = values.pop("end", None)
        plan = values.pop("plan", cls.plan)
        partner = partner or cls.make_partner(name, **{"email": address, **values})
        return cls.subscribe(
            partner, mrr, end=end, company=company, template_id=plan.id
        )

    @classmethod
    def make_segment(cls, name="Everybody", domain="[('is_running', '=', True)]"):
        return cls.env["subscription.segment"].create(
            {"name": name, "enter_domain": domain, "company_id": cls.company.id}
        )

    def by_hand(self, domain=(), **values):
        """Return a mailing as somebody makes it in Odoo's own app, in its queue."""
        mailing = self.as_user(self.env["mailing.mailing"], self.marketer).create(
            {
                "subject": "News",
                "body_html": "<p>Dear <t t-out='object.partner_id.name'/></p>",
                "mailing_model_id": self.env["ir.model"]._get_id("sale.subscription"),
                "mailing_domain": repr(list(domain)),
                **values,
            }
        )
        mailing.action_launch()
        return mailing.with_env(self.env)

    def campaign(self, subscriptions=None, texts=("News",), channel="email", **values):
        """Return a campaign made by the wizard, to be sent at once."""
        user = values.pop("user", self.marketer)
        field, other = (
            ("subject", {"body_html": "<p>Hello</p>"})
            if channel == "email"
            else ("body_plaintext", {})
        )
        model = self.env[f"subscription.campaign.{channel}"]
        chosen = (
            subscriptions
            if subscriptions is not None
            else self.env["sale.subscription"]
        )
        wizard = self.as_user(model, user).create(
            {
                "name": "Spring",
                "subscription_ids": [Command.set(chosen.ids)],
                "version_ids": [
                    Command.create({field: text, **other}) for text in texts
                ],
                "send": "now",
                **values,
            }
        )
        wizard.action_confirm()
        campaigns = self.env["subscription.campaign"]
        return campaigns.search([("name", "=", wizard.name)]).with_env(self.env)

    def send(self):
        """Have Odoo work through its queue of mailings, as its scheduler does."""
        self.scheduled("mailing.mailing", "_process_mass_mailing_queue")

    def after_first_mail(self, happens):
        """Have something happen when the first of several batches has been made."""
        self.env["ir.config_parameter"].set_param("mail.batch_size", 1)
        subscriptions = type(self.env["sale.subscription"])
        hook, done = subscriptions._message_mail_after_hook, []

        def after_hook(records, mails):
            result = hook(records, mails)
            if not done:
                done.append(True)
                happens(records.env)
            return result

        self.patch(subscriptions, "_message_mail_after_hook", after_hook)

    def decide(self):
        """Have Odoo look for winners of tests, as its scheduler does."""
        self.scheduled("utm.campaign", "_cron_process_mass_mailing_ab_testing")

    def scheduled(self, model, method):
        """Call a method as a scheduler does, which commits."""
        http = isinstance(self, HttpCase)
        with nullcontext() if http else self.enter_registry_test_mode():
            self.env.flush_all()
            with self.registry.cursor() as cr:
                getattr(api.Environment(cr, api.SUPERUSER_ID, {})[model], method)()
        self.env.invalidate_all()

    def outbox(self, mailings=None):
        """Return the addresses that e-mails were made for, sorted."""
        domain = [("mailing_id", "in", mailings.ids)] if mailings else []
        mails = self.env["mail.mail"].search([*domain, ("mailing_id", "!=", False)])
        return sorted(mail.recipient_ids.email for mail in mails)

    def reasons(self, campaign):
        """Return ``{name of the customer: why it was not reached, None if it was}``."""
        return {
            member.subscription_id.partner_id.name: member.reason or None
            for member in campaign.member_ids
        }
