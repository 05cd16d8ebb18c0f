# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from .errors import error_text
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

    def _upcoming(self, days=7, limit=None):
        """Say who would get what in the next days, if all stayed as it is now.

        Those who are on the journey already and those whose day lies ahead; what
        nobody can know yet (starts, notices) is missing. A journey that is switched off
        is looked at as if it were switched on now, though it may not be ready for it.

        :param limit: so many deliveries at most, the first
        :return: a list of dicts, one for each delivery in the order of time:
            ``step_id``, ``subscription_id``, ``due_at``, and ``reason`` if as of now it
            would not be done; and ``{step: number}`` of all deliveries
        """
        self.ensure_one()
        with self._as_if():
            sudo = self.sudo()
            if not self.active:
                sudo._switch_on()
            for company in sudo._companies() & self.env.companies:
                sudo._enrol(company, days)
            now = fields.Datetime.now()
            domain = [
                ("journey_id", "=", self.id),
                ("state", "=", "waiting"),
                ("company_id", "in", self.env.companies.ids),
                ("next_try_at", "<", now + timedelta(days)),
            ]
            Delivery = sudo.env["subscription.journey.delivery"]
            numbers = Delivery._read_group(domain, ["step_id"], ["__count"])
            deliveries = Delivery.search(domain, order="next_try_at, id", limit=limit)
            rows = []
            for some in deliveries.grouped(
                lambda one: (one.step_id, one.company_id)
            ).values():
                verdicts = some._verdicts(now, assumed=True)
                rows += [
                    {
                        "step_id": one.step_id.id,
                        "subscription_id": one.subscription_id.id,
                        "due_at": max(one.next_try_at, now),
                        "reason": verdicts[one.id].reason
                        or ("late" if now > one._latest() else None),
                    }
                    for one in some
                ]
        rows.sort(key=lambda row: (row["due_at"], row["subscription_id"]))
        return rows, {step.sudo(False): number for step, number in numbers}

    def _try(self, subscription, anchor_date=None):
        """Say what each step would do for one subscription; nothing is written or sent.

        :param anchor_date: the day it begins with, today if none is given
        :return: a list of dicts, one for each step: ``step``, ``due_at``, ``action``
            (``go``, ``skip``, ``stop``) and ``reason`` as of now, of messages
            ``partners``, ``subject`` and ``body``, and ``error`` if it cannot be made
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
                    "is_by_hand": True,
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
            "partners": self.env["res.partner"].browse(verdict.partner_id).sudo(False),
            "subject": None,
            "body": None,
            "error": None,
        }
        if step.channel in MESSAGES:
            if step.channel == "notice":
                users = self.customer_id._portal_users()
                users = users.get(self.customer_id, self.env["res.users"])
                outcome["partners"] = users.partner_id.sudo(False)
            partner = outcome["partners"][:1].sudo() or self.customer_id.partner_id
            lang = partner.lang or self.env.lang
            try:
                with self.env.cr.savepoint():
                    text = self._text()._rendered(self, lang)
                outcome["subject"], outcome["body"] = text[self.subscription_id.id]
            except Exception as error:
                outcome["error"] = error_text(error)
        return outcome
