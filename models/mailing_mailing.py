# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..analytics.holdout import BUCKETS, bucket
from .errors import error_text

MODEL = "sale.subscription"
#: What Odoo replaces by the link of each recipient.
UNSUBSCRIBE = "/unsubscribe_from_list"
#: What may happen to a customer while a mailing is being sent.
SUDDEN = {"closed", "refused", "too_recent"}


def with_unsubscribe(env, body):
    """Return a body with a link to unsubscribe, added where it has none."""
    body = body or ""
    if UNSUBSCRIBE in body:
        return body
    return body + Markup(
        '<p style="text-align: center; font-size: 12px;">'
        '<a role="button" href="%s">%s</a></p>'
    ) % (UNSUBSCRIBE, env._("Unsubscribe"))


class MailingMailing(models.Model):
    """Mailings to subscriptions keep to what customers want and to the limits.

    Also one that was made by hand in Odoo's own app. Who is written to is decided when
    it is sent (*governed* below): one message per customer and address, not to those
    whom ``_reach`` leaves out, and to those with quiet hours in their morning.

    Whoever sends to records of its own choice (``action_send_mail(ids)``, as journeys
    do) has looked at all of that before; whoever refuses is left out even so.
    """

    _inherit = "mailing.mailing"

    subscription_campaign_id = fields.Many2one(
        comodel_name="subscription.campaign",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="What counts who is reached by it and what came of it.",
    )
    subscription_segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        string="Segment",
        index="btree_not_null",
        ondelete="set null",
        help="Whoever is in the segment when the mailing is sent; the filter of the "
        "recipients is not looked at.",
    )
    subscription_with_closed = fields.Boolean(
        string="Closed Subscriptions Too",
        help="Reaches also those who have left.",
    )
    subscription_is_transactional = fields.Boolean(
        string="Necessary Message",
        help="What a customer must know: neither the limit of messages nor their wish "
        "for none keeps it back.",
    )

    def copy_data(self, default=None):
        """Leave the campaign to the versions of one test: another mailing is none.

        Nor is it to the segment, whose companies and control group were the campaign's.
        """
        copies = super().copy_data(default)
        for mailing, vals in zip(self, copies, strict=True):
            if not mailing.ab_testing_enabled:
                campaign = vals.pop("subscription_campaign_id", None)
                if campaign:
                    vals.pop("subscription_segment_id", None)
        return copies

    # --- who is meant -----------------------------------------------------------------

    def _to_subscriptions(self):
        return self.mailing_model_real == MODEL

    def _subscription_channel(self):
        return "sms" if self.mailing_type == "sms" else "email"

    def _subscription_companies(self):
        """Return the companies whose customers the mailing may reach."""
        campaign = self.subscription_campaign_id
        if campaign:
            return campaign.sudo().company_id
        return (self.user_id or self.create_uid or self.env.user).sudo().company_ids

    def _meant_domain(self):
        """Return the domain of the subscriptions that are meant."""
        segment = self.subscription_segment_id
        return Domain("company_id", "in", self._subscription_companies().ids) & (
            Domain("segment_ids", "in", segment.ids)
            if segment
            else Domain(self._parse_mailing_domain())
        )

    def _subscription_reach(self):
        """Say of each subscription that is meant now how it is reached, or why not.

        :return: ``{subscription id: Reach}``
        """
        subscriptions = self.env[MODEL].search(self._meant_domain())
        reach = subscriptions._reach(
            self._subscription_channel(),
            transactional=self.subscription_is_transactional,
            with_closed=self.subscription_with_closed,
        )
        campaign = self.subscription_campaign_id.sudo()
        held = campaign and subscriptions._held_out(
            campaign.holdout_key, campaign.holdout_percent
        )
        before = self._reached_before()
        result = {}
        for id_, one in reach.items():
            if not one.reason:
                if held and id_ in held:
                    one = one._replace(reason="control")
                elif (one.customer_id, one.address) in before:
                    one = one._replace(reason="duplicate")
            result[id_] = one
        return result

    def _reached_before(self):
        """Return the pairs of customer and address that have got the mailing already.

        Or another version of it.
        """
        versions = self
        if self.ab_testing_enabled:
            versions |= self.sudo()._get_ab_testing_siblings_mailings()
        self.env["mailing.trace"].flush_model()
        return set(
            self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT subscription.customer_id,
                           COALESCE(trace.sms_number, trace.email)
                      FROM mailing_trace trace
                      JOIN sale_subscription subscription
                        ON subscription.id = trace.res_id
                     WHERE trace.mass_mailing_id = ANY(%s)
                       AND trace.model = %s
                       AND trace.trace_status != 'cancel'
                       AND NOT COALESCE(trace.is_test_trace, FALSE)
                    """,
                    versions.ids,
                    MODEL,
                )
            )
        )

    def _get_recipients_domain(self):
        """Those that are reached if it were sent now."""
        if not self._to_subscriptions():
            return super()._get_recipients_domain()
        return Domain("id", "in", list(self._reached_now()))

    def _reached_now(self):
        """Return the reach of those that are reached if it were sent now."""
        reach = self._subscription_reach()
        return {id_: one for id_, one in reach.items() if not one.reason}

    # --- versions ---------------------------------------------------------------------

    def _get_recipients(self):
        """Give each version of a test its customers, the same whenever it is asked.

        Odoo draws lots anew each time, by records: a customer with two subscriptions
        could get two versions, and what broke off would reach too many.
        """
        if not self._to_subscriptions():
            return super()._get_recipients()
        reach = self._reached_now()
        if self.ab_testing_enabled and not self.ab_testing_is_winner_mailing:
            first, last = self._version_range()
            reach = {
                id_: one
                for id_, one in reach.items()
                if first <= self._version_bucket(id_, one) < last
            }
        return list(reach)

    def _version_bucket(self, id_, reach):
        """Return the bucket of a customer in the test of versions."""
        return bucket(
            f"mailing:{self.campaign_id.id}", reach.customer_id or f"subscription:{id_}"
        )

    def _version_range(self):
        """Return the buckets of the customers that get this version."""
        versions = self.sudo()._get_ab_testing_siblings_mailings()
        versions = versions.filtered(lambda own: not own.ab_testing_is_winner_mailing)
        before = sum(
            version.ab_testing_pc for version in versions if version.id < self.id
        )
        return (
            before * BUCKETS / 100,
            min(before + self.ab_testing_pc, 100) * BUCKETS / 100,
        )

    # --- quiet hours ------------------------------------------------------------------

    def _get_remaining_recipients(self):
        """Leave those for later who are in their quiet hours."""
        ids = super()._get_remaining_recipients()
        return self._without_quiet(ids) if self._to_subscriptions() else ids

    def _without_quiet(self, ids):
        """Leave out who is in quiet hours now."""
        quiet = self._quiet_until(ids)
        return [id_ for id_ in ids if id_ not in quiet]

    def _quiet_until(self, ids):
        """Return until when subscriptions' customers are left in peace now."""
        if self.subscription_is_transactional:
            return {}
        subscriptions = self.env[MODEL].sudo().browse(ids)
        until = subscriptions.customer_id._quiet_until(fields.Datetime.now())
        return {
            subscription.id: until[subscription.customer_id.id]
            for subscription in subscriptions
            if subscription.customer_id.id in until
        }

    def _resumes_at(self):
        """Return when the first of those can be reached that are left, or None.

        At once, if somebody's quiet hours have ended while others were sent to.
        """
        left = super()._get_remaining_recipients()
        held = self._quiet_until(left)
        if len(held) < len(left):
            return fields.Datetime.now()
        return min(held.values(), default=None)

    def write(self, vals):
        """Have a mailing go on in the morning where some were left for later.

        In the write that would call it done, so that none is forgotten if the server
        ends right after it.
        """
        if vals.get("state") != "done" or not self.env.context.get(
            "subscription_governed"
        ):
            return super().write(vals)
        for mailing in self.filtered(MailingMailing._to_subscriptions):
            mailing.subscription_campaign_id.sudo()._note_sent(mailing)
            morning = mailing._resumes_at()
            if morning:
                later = {
                    "state": "in_queue",
                    "schedule_type": "scheduled",
                    "schedule_date": morning,
                }
                super(MailingMailing, mailing).write(later)
                self.env.ref("mass_mailing.ir_cron_mass_mailing_queue")._trigger(
                    at=morning
                )
                self -= mailing
        return not self or super().write(vals)

    # --- sending ----------------------------------------------------------------------

    def action_put_in_queue(self):
        """Tell who sends a mailing to a segment that is no longer there.

        :raise UserError: the segment is archived, or cannot be evaluated
        """
        for mailing in self.filtered("subscription_segment_id"):
            mailing._evaluate_segment()
        return super().action_put_in_queue()

    @api.model
    def _process_mass_mailing_queue(self):
        self = self.with_context(subscription_governed=True)
        due = self.search(
            [
                ("state", "in", ("in_queue", "sending")),
                ("mailing_model_id.model", "=", MODEL),
                "|",
                ("schedule_date", "<", fields.Datetime.now()),
                ("schedule_date", "=", False),
            ]
        )
        for mailing in due:
            try:
                with self.env.cr.savepoint():
                    mailing._prepare_sending()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception as error:
                # One that cannot be sent does not keep back the others.
                self.env.invalidate_all()
                mailing._stop(error_text(error))
        return super()._process_mass_mailing_queue()

    def _prepare_sending(self):
        """Look again at who is meant, and write down who is left out and why.

        :raise UserError: the segment is archived, or cannot be evaluated
        """
        self._evaluate_segment()
        self.subscription_campaign_id.sudo()._note_planned(self._subscription_reach())

    def _evaluate_segment(self):
        """Bring the segment to today.

        :raise UserError: it is archived, or cannot be evaluated
        """
        segment = self.subscription_segment_id.sudo()
        if not segment:
            return
        if not segment.active:
            raise UserError(
                self.env._(
                    "Nothing is sent: segment %s is archived. Choose another one.",
                    segment.name,
                )
            )
        companies = self._subscription_companies() & segment._companies()
        for company in companies:
            if not segment._evaluate(company, company._subscription_today()):
                raise UserError(
                    self.env._(
                        "Nothing is sent: segment %s could not be evaluated, see there "
                        "why.",
                        segment.name,
                    )
                )

    def _stop(self, reason):
        """Put a mailing back to draft, and tell its responsible user why."""
        self.action_cancel()
        self.message_post(
            body=reason,
            partner_ids=self.user_id.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )

    def _action_send_mail(self, res_ids=None):
        """Govern what is sent to all that are meant; see the class."""
        ours = self.filtered(MailingMailing._to_subscriptions)
        if ours and not res_ids:
            if not self.env.context.get("subscription_governed"):
                for mailing in ours:
                    mailing._prepare_sending()
            ours = ours.with_context(subscription_governed=True)
        elif ours:
            ours = ours.with_context(subscription_governed=False)
        result = True
        for some in (ours, self - ours):
            if some:
                result = super(MailingMailing, some)._action_send_mail(res_ids=res_ids)
        return result

    def action_send_sms(self, res_ids=None):
        for mailing in self:
            if mailing._to_subscriptions():
                mailing = mailing.with_context(subscription_channel="sms")
            super(MailingMailing, mailing).action_send_sms(res_ids=res_ids)
        return True

    def _get_mass_mailing_context(self):
        result = super()._get_mass_mailing_context()
        if self._to_subscriptions():
            result |= {
                "subscription_channel": "email",
                "subscription_governed": self.env.context.get("subscription_governed"),
            }
        return result

    def _get_seen_list(self):
        """Not by address alone: it may be that of two customers.

        Who has got it already is looked at by customer and address.
        """
        return set() if self._to_subscriptions() else super()._get_seen_list()

    def _kept_back(self, ids):
        """Say which of a batch must not be written to any more, and why.

        :return: ``{subscription id: reason}``
        """
        governed = self.env.context.get("subscription_governed")
        subscriptions = self.env[MODEL].browse(ids)
        reach = subscriptions._reach(
            self._subscription_channel(),
            transactional=self.subscription_is_transactional,
            with_closed=self.subscription_with_closed or not governed,
        )
        sudden = SUDDEN if governed else {"refused"}
        reasons = {
            id_: one.reason for id_, one in reach.items() if one.reason in sudden
        }
        self.subscription_campaign_id.sudo()._note_kept_back(reasons)
        return reasons

    def _record_contacts(self, channel, partners):
        """Count messages of the mailing that have just been made.

        :param partners: ``{subscription id: partner id}``
        """
        if not self or not partners:
            return
        campaign = self.subscription_campaign_id.sudo()
        self.env["subscription.contact"].sudo()._record(
            channel,
            partners,
            campaign_id=campaign.id,
            transactional=self.subscription_is_transactional,
            mailing_id=self.id,
        )
        campaign._note_reached(list(partners))

    def action_retry_failed(self):
        """Do not count as messages what never left; those of journeys leave again."""
        journeys = self.filtered("subscription_variant_id")
        if journeys:
            failed = self.env["mail.mail"].sudo()
            failed = failed.search(
                [("mailing_id", "in", journeys.ids), ("state", "=", "exception")]
            )
            failed.mailing_trace_ids.write(
                {"trace_status": "outgoing", "failure_type": False}
            )
            failed.mark_outgoing()
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
            self -= journeys
        self.env["mailing.trace"].flush_model()
        self.env["subscription.contact"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM subscription_contact AS contact
                 USING mailing_trace trace
                 WHERE trace.mass_mailing_id = ANY(%s)
                   AND trace.mass_mailing_id = contact.mailing_id
                   AND trace.model = %s
                   AND trace.res_id = contact.subscription_id
                   AND trace.trace_status = 'error'
                """,
                self.ids,
                MODEL,
            )
        )
        self.env["subscription.contact"].invalidate_model()
        return super().action_retry_failed()
