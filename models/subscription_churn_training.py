# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io
import logging
import time
from datetime import timedelta

import pandas as pd
import psycopg2

from odoo import api, fields, models

from ..analytics.churn import Evaluation, NotEnoughChurn, drift, refusals, train
from ..signals.price import products_of
from .churn_panel import observed, panel
from .subscription_churn_model import MEASURES, OPEN

_logger = logging.getLogger(__name__)

#: A model of a company is trained anew after so many days, by a scheduler.
EVERY = timedelta(days=30)
#: The drift of the one in use is measured after so many days.
DRIFT_EVERY = timedelta(days=7)
#: How often a training is begun.
TRIES = 3
#: A training whose process has ended without a word is begun again after so long.
SILENCE = timedelta(hours=2)


class SubscriptionChurnModel(models.Model):
    """How a churn model is trained, judged and watched, in a process of its own."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.churn.model"

    @api.model
    def _cron_train(self):
        """Train what waits, and each company's model of the month; watch the drift."""
        commit = self.env["ir.cron"]._commit_progress
        companies = self.env["subscription.refresh"]._companies()
        left = len(companies)
        commit(remaining=left)
        for company in companies:
            if model := self._due(company):
                model._train(lambda left=left: commit(remaining=left))
            try:
                with self.env.cr.savepoint():
                    self._in_use(company)._measure_drift()
            except Exception:
                self.env.invalidate_all()
                _logger.exception("The drift of %s was not measured", company.name)
            left -= 1
            if not commit(1, remaining=left):
                return  # out of time: Odoo calls again

    @api.model
    def _due(self, company):
        """Return the training that a company needs next, none if it had one lately."""
        known = self.with_context(active_test=False)
        domain = [("company_id", "=", company.id)]
        now = fields.Datetime.now()
        for model in known.search(domain + [("state", "in", OPEN)]):
            if not model.heartbeat or model.heartbeat < now - SILENCE:
                return model
        lately = domain + [("create_date", ">", now - EVERY)]
        return self.browse() if known.search_count(lately) else self._request(company)

    def _train(self, commit):
        """Train the model, judge it and say why it is refused if it is.

        :param commit: called after each date of observation
        """
        self.ensure_one()
        begin = time.monotonic()
        if self.try_count >= TRIES:
            self._fail(
                self.env._(
                    "Training was broken off %s times. Odoo ends jobs that take too "
                    "long: raise limit_time_real_cron in its configuration, or train "
                    "from a shell.",
                    self.try_count,
                )
            )
            commit()
            return
        self.write(
            {
                "state": "training",
                "heartbeat": fields.Datetime.now(),
                "try_count": self.try_count + 1,
            }
        )
        commit()

        def step(number, total):
            self.write(
                {
                    "progress": 80 * number / total,
                    "heartbeat": fields.Datetime.now(),
                }
            )
            commit()

        try:
            rows = panel(
                self.env, self.company_id, self.known_by, self._horizon(), step=step
            )
            with self.env.cr.savepoint():
                self._learn(rows)
        except Exception as error:
            if isinstance(error, psycopg2.Error):
                self.env.cr.rollback()  # to the last date that was committed
            self.env.invalidate_all()
            _logger.exception("Training the churn model of %s failed", self.name)
            self._fail(str(error) or repr(error))
        self.write({"seconds": time.monotonic() - begin, "progress": 100})
        commit()

    def _fail(self, reason):
        """End a training that came to nothing, and tell the managers."""
        self.write({"state": "failed", "error": reason})
        self._notify_managers(
            self.env._("The churn model could not be trained"), reason
        )

    def _learn(self, rows):
        """Learn from a panel and keep what came of it."""
        if rows is None or rows.churned.empty:
            self._keep_refused(
                self.env._(
                    "There is no past to learn from yet: no subscription has run for "
                    "as long as the horizon, or none has ended. The scorecard scores."
                )
            )
            return
        self.write(
            {
                "first_date": rows.when.min().date(),
                "last_date": rows.when.max().date(),
                "observation_count": len(rows.churned),
                "churn_count": int(rows.churned.sum()),
            }
        )
        try:
            model = train(
                rows.signals,
                rows.churned,
                when=rows.when,
                groups=rows.customers,
                horizon=self._horizon().offset,
                segments=rows.segments(self.company_id),
            )
        except NotEnoughChurn as error:
            self._keep_refused(
                self.env._(
                    "%(churns)s of %(number)s observations left within the horizon; "
                    "to learn from them takes %(needed)s. The scorecard scores until "
                    "then.",
                    churns=error.churns,
                    number=len(rows.churned),
                    needed=error.needed,
                )
            )
            return
        content = io.BytesIO()
        digest = model.save(content)
        forward = model.report.get("forward") or {}
        refusals = self._refusals(model, rows)
        self.write(
            {
                "algorithm": model.report["choice"]["chosen"],
                "report": model.report,
                "artefact": base64.b64encode(content.getvalue()),
                "artefact_digest": digest,
                "forward_auc": forward.get("auc"),
                "forward_log_loss": forward.get("log_loss"),
                "forward_recall": forward.get("recall_10"),
                "state": "refused" if refusals else "trained",
                "refusal": "\n".join(refusals),
                **{
                    name: model.report["cross_validated"][key]
                    for name, key in MEASURES.items()
                },
            }
        )

    def _keep_refused(self, reason):
        """Keep the training as one that gave no model, and why."""
        self.write({"state": "refused", "refusal": reason})

    def _refusals(self, model, rows):
        """Return why a trained model is not to be put to use, in words; empty if it is.

        :param rows: the panel it was trained on
        """
        found = Evaluation(**model.report["cross_validated"])
        forward = model.report["forward"]
        now = forward and Evaluation(
            **{name: forward[name] for name in Evaluation.__annotations__}
        )
        words = {
            "auc": self.env._(
                "It cannot tell who leaves from who stays: the lower bound of its AUC "
                "is %(bound)s, and chance is 0.5. There is no usable signal in what is "
                "known so far.",
                bound=f"{found.auc_lower or 0:.3f}",
            ),
            "brier_skill": self.env._(
                "Its probabilities are no nearer to what happened than the share that "
                "left is for all alike."
            ),
        }
        codes = {*refusals(found), *(refusals(now) if now else ())}
        in_use = self._in_use(self.company_id)
        old = in_use._load_or_refuse()
        # Rows the old one has learned from would flatter it.
        if old and forward and str(in_use.last_date) < forward["from"][:10]:
            last = rows.when >= pd.Timestamp(forward["from"])
            before = old.evaluate(
                rows.signals[last].reindex(columns=old.columns.names),
                rows.churned[last],
            )
            codes.update(refusals(now, before))
            words["worse"] = self.env._(
                "It is worse than %(model)s, which is in use: log-loss %(new)s against "
                "%(old)s on the last period whose outcome is known.",
                model=in_use.name,
                new=f"{now.log_loss:.4f}",
                old=f"{before.log_loss:.4f}",
            )
        return [words[code] for code in words if code in codes]

    def _measure_drift(self):
        """Compare the signals of today with those the model in use was trained on."""
        today = self.company_id._subscription_today() if self else None
        if not self or (self.drift_date and self.drift_date > today - DRIFT_EVERY):
            return
        model = self._load_or_refuse()
        if not model:
            return
        products = products_of(model.columns.names)
        signals = observed(self.env, self.company_id, today, products)
        if signals.empty:
            return
        moved = drift(model, signals)
        self.write(
            {
                "drift": moved.to_dict("records"),
                "drift_psi": moved["psi"].iloc[0],
                "drift_date": today,
            }
        )
