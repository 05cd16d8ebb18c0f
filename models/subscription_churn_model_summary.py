# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools.misc import formatLang

from . import signal_words

#: Signals that a form names, the ones that weigh most, or have moved most.
MOST_SIGNALS = 15


class SubscriptionChurnModel(models.Model):
    """What a training's report says, in words and for charts."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.churn.model"

    algorithm_label = fields.Char(string="Kind of Model", compute="_compute_summary")
    summary = fields.Json(
        compute="_compute_summary",
        help="The report with names of signals that a person understands.",
    )
    has_report = fields.Boolean(compute="_compute_summary")

    @api.depends("algorithm", "report", "drift", "drift_psi")
    @api.depends_context("lang")
    def _compute_summary(self):
        for model in self:
            model.algorithm_label = model._algorithm_label(model.algorithm)
            model.has_report = bool(model.report)
            model.summary = model.report and {
                "candidates": model._candidates(),
                "choice": model._choice_words(),
                "segments": model._segments(),
                "measured": model._measured(),
                "signals": model._importances(),
                "method": model._method_words(),
                "leaks": model._leaks(),
                "ignored": model._ignored(),
                "drift": model._drift(),
                "facts": model._facts(),
            }

    def _algorithm_label(self, name):
        return {
            "logistic_strong": self.env._("Logistic, strongly regularised"),
            "logistic": self.env._("Logistic"),
            "logistic_spline": self.env._("Logistic with curves"),
            "forest": self.env._("Forest of trees"),
            "boosting_small": self.env._("Boosted trees, small"),
            "boosting": self.env._("Boosted trees"),
        }.get(name, name)

    def _candidates(self):
        """Return what was tried, in the order from simple to complex."""
        choice = self.report["choice"]
        return [
            {
                "label": self._algorithm_label(tried["name"]),
                "log_loss": self._figure(tried["log_loss"], 4),
                "log_loss_sd": self._figure(tried["log_loss_sd"], 4),
                "auc": self._figure(tried["auc"], 3),
                "calibrated": tried["calibrated"],
                "chosen": tried["name"] == choice["chosen"],
                "best": tried["name"] == choice["best"],
            }
            for tried in choice["candidates"]
        ]

    def _segments(self):
        """Return how good it is for plans and lifecycle stages, the largest first."""
        labels = dict(
            self.env["sale.subscription"]
            ._fields["lifecycle_stage"]
            ._description_selection(self.env)
        )
        return [
            {
                "label": labels[row["value"]]
                if row["column"] == "lifecycle_stage"
                else signal_words.level(self.env, row["column"], row["value"]),
                "number": row["n"],
                "churns": row["churns"],
                "predicted": self._figure(100 * row["predicted"], 1),
                "observed": self._figure(100 * row["observed"], 1),
                "auc": "" if row["auc"] is None else self._figure(row["auc"], 3),
            }
            for row in self.report.get("segments", ())
        ]

    def _choice_words(self):
        choice = self.report["choice"]
        chosen = self._algorithm_label(choice["chosen"])
        if choice["why"] == "simpler":
            return self.env._(
                "%(chosen)s is used: %(best)s was better by no more than chance, and "
                "is less simple.",
                chosen=chosen,
                best=self._algorithm_label(choice["best"]),
            )
        return self.env._("%s is used: it has the least log-loss.", chosen)

    def _measured(self):
        """Return the curves of what was measured: across customers, and forward."""
        series = [("cross_validated", self.env._("On customers it had not seen"))]
        if self.report.get("forward"):
            series.append(("forward", self.env._("On the last period")))
        return [
            {
                "label": label,
                "churns": self.report[name]["churns"],
                "calibration": self.report[name]["calibration"],
                "gain": self.report[name]["gain"],
            }
            for name, label in series
        ]

    def _importances(self):
        """Return the signals that weigh most; the share is that of the strongest."""
        # The database does not keep the order of keys.
        importances = sorted(
            self.report["importances"].items(), key=lambda item: (-item[1], item[0])
        )[:MOST_SIGNALS]
        most = max((size for _name, size in importances), default=0) or 1
        return [
            {
                "name": name,
                "label": signal_words.label(self.env, name),
                "help": signal_words.meaning(self.env, name),
                "share": round(size / most, 3),
            }
            for name, size in importances
            if size
        ]

    def _method_words(self):
        if self.report["explanation"] == "exact":
            return self.env._(
                "Mean contribution of each signal to the log-odds; reasons are exact."
            )
        return self.env._(
            "Mean change of the log-odds when a signal is replaced by its typical "
            "value; reasons are found in the same way."
        )

    def _leaks(self):
        """Return the signals that seem to know who left, as questions to a person."""
        return [
            self.env._(
                "%(signal)s alone tells who left (AUC %(auc)s): is it written only "
                "when somebody leaves?",
                signal=signal_words.label(self.env, leak["column"]),
                auc=self._figure(leak["auc"], 3),
            )
            if leak["why"] == "auc"
            else self.env._(
                "Whether %(signal)s is known differs: it is missing of %(churned)s %% "
                "of those who left and of %(stayed)s %% of the others.",
                signal=signal_words.label(self.env, leak["column"]),
                churned=round(100 * leak["missing_churned"]),
                stayed=round(100 * leak["missing_stayed"]),
            )
            for leak in self.report["leaks"]
        ]

    def _ignored(self):
        """Return the labels of the signals it does not look at, by reason."""
        words = {
            "empty": self.env._("never known"),
            "constant": self.env._("the same for all"),
            "identifier": self.env._("names the subscription"),
        }
        found = {}
        for name, why in self.report["ignored"].items():
            label = signal_words.label(self.env, name)
            found.setdefault(words.get(why, why), []).append(label)
        return [f"{why}: {', '.join(labels)}" for why, labels in found.items()]

    def _drift(self):
        """Return the signals whose values have moved most since the training."""
        states = {
            "stable": self.env._("stable"),
            "watch": self.env._("to be watched"),
            "act": self.env._("train again"),
        }
        return [
            {
                "label": signal_words.label(self.env, moved["column"]),
                "psi": self._figure(moved["psi"], 3),
                "state": moved["state"],
                "words": states[moved["state"]],
            }
            for moved in (self.drift or [])[:MOST_SIGNALS]
        ]

    def _facts(self):
        """Return label and value of what tells the training from others."""
        report = self.report
        calibration = report["calibration"]
        facts = [
            (
                self.env._("Calibration"),
                self.env._(
                    "slope %(slope)s, shift %(shift)s",
                    slope=self._figure(calibration["slope"], 3),
                    shift=self._figure(calibration["shift"], 3),
                )
                if calibration["used"]
                else self.env._("not needed"),
            ),
            (self.env._("Customers"), report["groups"]),
            (self.env._("Rows fitted"), report["rows_fitted"]),
            (self.env._("Seed"), report["seed"]),
            (
                self.env._("Versions"),
                ", ".join(f"{name} {v}" for name, v in report["versions"].items()),
            ),
            (self.env._("Checksum of the data"), report["data"][:16]),
        ]
        if report.get("forward"):
            facts.insert(
                0,
                (
                    self.env._("Measured forward"),
                    self.env._(
                        "learned until %(until)s, looked at from %(begin)s",
                        until=report["forward"]["trained_until"][:10],
                        begin=report["forward"]["from"][:10],
                    ),
                ),
            )
        return [[label, str(value)] for label, value in facts if value is not None]

    def _figure(self, value, digits):
        return "–" if value is None else formatLang(self.env, value, digits=digits)
