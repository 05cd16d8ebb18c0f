# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from .subscription_journey_step import MESSAGES


class SubscriptionJourney(models.Model):
    """What a journey would do, without doing it: written, looked at and taken back."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey"

    @contextmanager
    def _as_if(self):
        """Take back all that is written within."""
        self.env.flush_all()
        savepoint = self.env.cr.savepoint()
        try:
            yield
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def _upcoming(self, days=7):
        """Return how many get what in the next days: ``{step: number}``.

        Those who are on the journey already and those whose anchor lies ahead; what
        nobody can know yet (starts, notices) is missing. Conditions, and who may be
        reached, are looked at when it is due and may make it fewer.
        """
        self.ensure_one()
        until = fields.Datetime.now() + timedelta(days)
        with self._as_if():
            sudo = self.sudo()
            if self.active:
                for company in sudo._companies():
                    sudo._enrol(company, days)
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT delivery.step_id, COUNT(*)
                      FROM subscription_journey_delivery delivery
                      JOIN subscription_journey_step step
                        ON step.id = delivery.step_id
                     WHERE delivery.journey_id = %s
                       AND delivery.state = 'waiting'
                       AND delivery.company_id = ANY(%s)
                       AND delivery.next_try_at < %s
                       AND delivery.due_at + step.late_days * interval '1 day' >= %s
                  GROUP BY delivery.step_id
                    """,
                    self.id,
                    self.env.companies.ids,
                    until,
                    fields.Datetime.now(),
                )
            )
        counts = dict(rows)
        return {step: counts.get(step.id, 0) for step in self.step_ids}

    def _try(self, subscription, anchor_date=None):
        """Say what each step would do for one subscription; nothing is written or sent.

        :param anchor_date: the day it begins with, today if none is given
        :return: a list of dicts, one for each step: ``step``, ``due_at``, ``action``
            (``go``, ``skip``, ``stop``) and ``reason`` as of now, for e-mails
            ``partner``, ``subject`` and ``body``, and ``error`` if it cannot be made
        """
        self.ensure_one()
        subscription.check_access("read")
        company = subscription.company_id
        anchor_date = anchor_date or company._subscription_today()
        result = []
        with self._as_if():
            sudo = self.sudo()
            own = [
                ("journey_id", "=", self.id),
                ("subscription_id", "=", subscription.id),
                ("anchor_date", "=", anchor_date),
            ]
            sudo.env["subscription.journey.enrolment"].search(own).unlink()
            enrolment = sudo.env["subscription.journey.enrolment"].create(
                {
                    "journey_id": self.id,
                    "subscription_id": subscription.id,
                    "customer_id": subscription.customer_id.id,
                    "company_id": company.id,
                    "anchor_date": anchor_date,
                    "enrolled_at": fields.Datetime.now(),
                }
            )
            self.env.flush_all()
            source = SQL(
                "(SELECT * FROM subscription_journey_enrolment WHERE id = %s)",
                enrolment.id,
            )
            self.env.cr.execute(sudo._deliveries(company, source))
            self.env.invalidate_all()
            deliveries = enrolment.delivery_ids.grouped("step_id")
            for step in sudo.step_ids:
                result.append(deliveries[step]._outcome())
        return result


class SubscriptionJourneyDelivery(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.delivery"

    def _outcome(self):
        """Return what would become of a delivery now, see ``_try`` of journeys."""
        self.ensure_one()
        step = self.step_id
        verdict = self._verdicts(fields.Datetime.now(), assumed=True)[self.id]
        outcome = {
            "step": step.sudo(False),
            "due_at": self.due_at,
            "action": verdict.action,
            "reason": verdict.reason,
            "error": None,
        }
        if step.channel in MESSAGES:
            partner = self.env["res.partner"].browse(verdict.partner_id)
            lang = (partner or self.customer_id.partner_id).lang or self.env.lang
            outcome["partner"] = partner.sudo(False)
            outcome |= self._rendered(lang)
        return outcome

    def _rendered(self, lang):
        """Return subject and body as the customer would read them, or the error."""
        text, id_ = self._text(), self.subscription_id.id
        try:
            with self.env.cr.savepoint():
                return {
                    name: text._render_field(column, [id_], set_lang=lang)[id_]
                    for name, column in (("subject", "subject"), ("body", "body_html"))
                }
        except Exception as error:
            return {"subject": None, "body": None, "error": str(error)}
