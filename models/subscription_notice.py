# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, clean_context, format_date

#: What a person says of a notice that she records; all else follows from it.
RECORDED = {
    "subscription_id",
    "date",
    "end_date",
    "given_by",
    "close_reason_id",
    "note",
}
#: What may still be said better afterwards; the others are facts.
CORRECTED = {"given_by", "close_reason_id", "note"}
OPEN = Domain("withdrawn_on", "=", False) & Domain("closed_on", "=", False)


class SubscriptionNotice(models.Model):
    """Scheduled churn: notice was given, and the subscription still runs.

    A notice is a fact: what was known of it on any past day stays as it was. It is
    withdrawn or, when the subscription ends, closed, and never deleted; another end is
    another notice. It does nothing to the billing of the subscription. A fixed term
    that may renew is no notice.
    """

    _name = "subscription.notice"
    _description = "Notice of a Subscription"
    _order = "date desc, id desc"
    _rec_name = "subscription_id"

    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id",
        store=True,
        index=True,
    )
    partner_id = fields.Many2one(
        related="subscription_id.partner_id", string="Customer"
    )
    date = fields.Date(
        string="Given On",
        required=True,
        default=lambda self: self.env.company._subscription_today(),
        help="The day on which notice was given.",
    )
    known_on = fields.Date(
        string="Recorded On",
        required=True,
        readonly=True,
        copy=False,
        help="The day since which it is known here: scores as of earlier days do not "
        "look at it.",
    )
    end_date = fields.Date(
        string="Ends On",
        required=True,
        help="The first day on which the subscription is not to run any more.",
    )
    given_by = fields.Selection(
        selection=[
            ("customer", "Customer"),
            ("us", "Us"),
            ("payment_provider", "Payment Provider"),
        ],
        required=True,
        default="customer",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Recorded By",
        readonly=True,
        copy=False,
        default=lambda self: self.env.user,
    )
    close_reason_id = fields.Many2one(
        comodel_name="sale.subscription.close.reason",
        ondelete="restrict",
    )
    churn_type = fields.Selection(related="close_reason_id.churn_type")
    note = fields.Text()
    withdrawn_on = fields.Date(
        readonly=True,
        copy=False,
        help="The day on which it was taken back: the subscription goes on.",
    )
    closed_on = fields.Date(
        readonly=True,
        copy=False,
        help="The day on which the subscription was found to have ended.",
    )
    state = fields.Selection(
        selection=[
            ("open", "Open"),
            ("withdrawn", "Withdrawn"),
            ("closed", "Subscription Ended"),
        ],
        compute="_compute_state",
        store=True,
    )
    activity_id = fields.Many2one(
        comodel_name="mail.activity",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )

    _open_unique = models.UniqueIndex(
        "(subscription_id) WHERE withdrawn_on IS NULL AND closed_on IS NULL",
        "Notice of this subscription is given already: withdraw it first.",
    )
    _given_known = models.Constraint(
        "CHECK (date <= known_on)",
        "A notice cannot be given in the future: enter the day on which it was given, "
        "and as its end the day on which the subscription ends.",
    )
    _given_end = models.Constraint(
        "CHECK (end_date >= date)",
        "A subscription cannot end before notice of it is given.",
    )

    @api.depends("withdrawn_on", "closed_on")
    def _compute_state(self):
        for notice in self:
            if notice.withdrawn_on:
                notice.state = "withdrawn"
            else:
                notice.state = "closed" if notice.closed_on else "open"

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # Defaults of the context are said by a person, too.
            given = self.default_get(sorted(RECORDED))
            vals_list = [{**given, **vals} for vals in vals_list]
            cleaned = clean_context(self.env.context)
            self = self.with_context(cleaned)  # pylint: disable=context-overridden
        Subscription = self.env["sale.subscription"]
        subscriptions = Subscription.browse(
            vals["subscription_id"] for vals in vals_list if vals.get("subscription_id")
        )
        subscriptions._check_may_decide()
        rows = []
        for vals in vals_list:
            if not self.env.su:
                vals = {name: vals[name] for name in vals if name in RECORDED}
            company = Subscription.browse(vals.get("subscription_id")).company_id
            rows.append(
                {
                    "known_on": (company or self.env.company)._subscription_today(),
                    **vals,
                }
            )
        notices = super().create(rows)
        notices._given()
        return notices

    def write(self, vals):
        """Facts stay as they are.

        :raise UserError: a person changes one
        """
        if not self.env.su:
            self.subscription_id._check_may_decide()
            if vals.keys() - CORRECTED:
                raise UserError(
                    self.env._(
                        "A notice stays as it was given: withdraw it and record "
                        "another one."
                    )
                )
        return super().write(vals)

    def _given(self):
        """Tell the subscriptions, and who is responsible for them, of new notices.

        :raise UserError: one of them does not run
        """
        notices = self.filtered_domain(OPEN)
        subscriptions = notices.subscription_id
        idle = subscriptions.filtered(lambda sub: not sub.is_running)
        if idle:
            raise UserError(
                self.env._(
                    "Notice is given of running subscriptions only; not running: %s",
                    ", ".join(idle.mapped("display_name")[:3]),
                )
            )
        givers = dict(self._fields["given_by"]._description_selection(self.env))
        for notice in notices.sudo():
            subscription = notice.subscription_id
            values = {
                "giver": givers[notice.given_by],
                "date": format_date(self.env, notice.date),
                "end": format_date(self.env, notice.end_date),
                "reason": notice.close_reason_id.name,
            }
            text = self.env._(
                "Notice given on %(date)s (%(giver)s), ends on %(end)s", **values
            )
            if notice.close_reason_id:
                text = self.env._("%(text)s: %(reason)s", text=text, **values)
            subscription.message_post(body=text, subtype_xmlid="mail.mt_note")
            responsible = subscription.user_id
            notice.activity_id = subscription.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=notice.end_date,
                summary=self.env._("Notice: ends on %(end)s", **values),
                note=self.env._(
                    "Notice of this subscription was given. Close it, if it has not "
                    "been withdrawn: that is not done by itself."
                ),
                user_id=(responsible if responsible.active else self.env.user).id,
            )
        self._store_open(subscriptions)

    def action_withdraw(self):
        """Take notices back; the subscriptions go on.

        :raise UserError: one is not open
        """
        subscriptions = self.subscription_id
        subscriptions._check_may_decide()
        if self - self.filtered_domain(OPEN):
            raise UserError(self.env._("Only an open notice can be withdrawn."))
        for company, notices in self.sudo().grouped("company_id").items():
            notices.withdrawn_on = company._subscription_today()
        self.sudo().activity_id.unlink()
        for subscription in subscriptions.sudo():
            subscription.message_post(
                body=self.env._("Notice withdrawn."), subtype_xmlid="mail.mt_note"
            )
        self._store_open(subscriptions)

    @api.model
    def _close_ended(self, domain):
        """Close the open notices of subscriptions that do not run any more.

        :param domain: on the notices, which ones are looked at
        """
        ended = (
            self.sudo()
            .with_context(active_test=False)
            .search(
                OPEN & Domain("subscription_id.is_running", "=", False) & Domain(domain)
            )
        )
        for company, notices in ended.grouped("company_id").items():
            notices.closed_on = company._subscription_today()
        ended.activity_id.unlink()
        self._store_open(ended.subscription_id)

    @api.model
    def _store_open(self, subscriptions):
        """Store on subscriptions what their open notices say, set-wise."""
        if not subscriptions:
            return
        self.flush_model()
        subscriptions.flush_model(["notice_date", "notice_end_date"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE sale_subscription AS sub
                   SET notice_date = own.date, notice_end_date = own.end_date
                  FROM (
                    SELECT s.id, notice.date, notice.end_date
                      FROM sale_subscription s
                 LEFT JOIN subscription_notice notice
                        ON notice.subscription_id = s.id
                       AND notice.withdrawn_on IS NULL
                       AND notice.closed_on IS NULL
                     WHERE s.id = ANY(%s)
                ) AS own
                 WHERE own.id = sub.id
                   AND (sub.notice_date, sub.notice_end_date)
                       IS DISTINCT FROM (own.date, own.end_date)
                """,
                subscriptions.ids,
            )
        )
        subscriptions.invalidate_model(["notice_date", "notice_end_date"])
