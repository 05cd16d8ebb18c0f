# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .subscription_score import USER

_logger = logging.getLogger(__name__)

#: Customers that a mail shows; the rest is behind its link.
SHOWN = 20
#: The hour of Monday, where the company is, from which on they are sent: after its
#: refresh of the night.
HOUR = 5


class SubscriptionWorklistMail(models.Model):
    """That an account manager was written the worklist of a company and week.

    The row and the e-mail are made in one transaction, and the row once: however often
    the scheduler runs, and wherever it is killed, there is one e-mail.
    """

    _name = "subscription.worklist.mail"
    _description = "Weekly Worklist"
    _order = "week desc, id desc"
    _rec_name = "user_id"

    user_id = fields.Many2one(
        comodel_name="res.users", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, ondelete="cascade"
    )
    week = fields.Date(required=True, readonly=True, help="Its Monday.")
    customer_ids = fields.Many2many(
        comodel_name="subscription.customer", compute="_compute_customers"
    )
    customer_count = fields.Integer(compute="_compute_customers")
    mrr = fields.Monetary(compute="_compute_customers", currency_field="currency_id")
    currency_id = fields.Many2one(related="company_id.currency_id")

    _once = models.Constraint(
        "UNIQUE (user_id, company_id, week)",
        "An account manager is written to once a week.",
    )

    @api.depends("user_id", "company_id")
    def _compute_customers(self):
        for mail in self:
            customers = self.env["subscription.customer"].search(
                [
                    ("account_manager_id", "=", mail.user_id.id),
                    ("company_id", "=", mail.company_id.id),
                    ("worklist_amount", ">", 0),
                ],
                order="worklist_amount desc, id",
            )
            mail.customer_ids = customers[:SHOWN]
            mail.customer_count = len(customers)
            mail.mrr = sum(customers.mapped("mrr"))

    @api.model
    def _cron_send(self):
        """Write to the account managers who have somebody to call, once a week.

        One after the other, each committed; where one fails the others get theirs, and
        it is tried again an hour later.
        """
        commit = self.env["ir.cron"]._commit_progress
        todo = self._to_send()
        commit(remaining=len(todo))
        for company, user in todo:
            try:
                with self.env.cr.savepoint():
                    self._send(company, user)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception:
                self.env.invalidate_all()
                _logger.exception("The worklist of %s could not be sent.", user.login)
            if not commit(1):
                return  # out of time: Odoo calls again

    @api.model
    def _to_send(self):
        """Return ``[(company, user)]`` that have not been written to this week.

        None of a company before Monday morning there.
        """
        groups = self.env["subscription.customer"]._read_group(
            [("account_manager_id", "!=", False), ("worklist_amount", ">", 0)],
            ["company_id", "account_manager_id"],
        )
        todo = []
        for company, user in groups:
            if not self._has_begun(company):
                continue
            done = self.search_count(
                [
                    ("user_id", "=", user.id),
                    ("company_id", "=", company.id),
                    ("week", "=", self._week(company)),
                ],
                limit=1,
            )
            # A customer's figures are for those who may read them.
            if (
                not done
                and user.active
                and user.subscription_worklist_mail
                and user.has_group(USER)
                and company in user.company_ids
            ):
                todo.append((company, user))
        return todo

    @api.model
    def _has_begun(self, company):
        """Return whether it is Monday morning or later where the company is."""
        now = fields.Datetime.now().replace(tzinfo=timezone.utc)
        now = now.astimezone(ZoneInfo(company._subscription_zone()))
        return now.weekday() > 0 or now.hour >= HOUR

    @api.model
    def _week(self, company):
        today = company._subscription_today()
        return today - timedelta(days=today.weekday())

    @api.model
    def _send(self, company, user):
        mail = self.create(
            {
                "company_id": company.id,
                "user_id": user.id,
                "week": self._week(company),
            }
        )
        self.env.ref(
            "subscription_segmentation.mail_template_subscription_worklist"
        ).with_company(company).send_mail(
            mail.id, email_layout_xmlid="mail.mail_notification_light"
        )
