# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import hashlib
import io
import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..analytics.churn import ArtefactRefused, load
from ..analytics.churn.panel import Horizon
from ..signals.price import products_of
from ..signals.table import SIGNALS

_logger = logging.getLogger(__name__)

#: Loaded models of this process, by the checksum of what was loaded.
_LOADED = {}
#: How many of them are kept: one per company that is refreshed is enough.
MOST_LOADED = 8
OPEN = ("waiting", "training")
#: Measures shown on the form: field, key in an evaluation.
MEASURES = {
    "auc": "auc",
    "auc_lower": "auc_lower",
    "auc_upper": "auc_upper",
    "pr_auc": "pr_auc",
    "brier_skill": "brier_skill",
    "log_loss": "log_loss",
    "lift": "lift_10",
    "recall": "recall_10",
}


class SubscriptionChurnModel(models.Model):
    """One training of a company's churn model: what it learned from and how good it is.

    Trained on the company's own past by :mod:`analytics.churn`, measured on rows it has
    not seen, and put to use by a person. The trained model itself is kept as a file
    that holds no code; one that was tampered with, or that another version made, is
    refused and the scorecard scores instead.
    """

    _name = "subscription.churn.model"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Churn Model"
    _order = "id desc"

    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    active = fields.Boolean(default=True)
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("training", "Training"),
            ("trained", "Trained"),
            ("in_use", "In Use"),
            ("refused", "Refused"),
            ("failed", "Failed"),
        ],
        default="waiting",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        help="Trained: good enough to be put to use. Refused: it says why, below.",
    )
    known_by = fields.Date(
        required=True,
        readonly=True,
        help="It learns from what was known on this day.",
    )
    horizon = fields.Char(
        required=True,
        readonly=True,
        help="How far ahead it looks: 90d are 90 days, 1m is a calendar month.",
    )
    heartbeat = fields.Datetime(string="Last Sign of Life", readonly=True)
    try_count = fields.Integer(
        string="Tries",
        readonly=True,
        aggregator=None,
        help="A process that ended while it trained is a try that failed.",
    )
    progress = fields.Float(readonly=True, help="In percent.")
    seconds = fields.Float(string="Duration (s)", readonly=True, digits=(8, 1))
    first_date = fields.Date(string="Observed From", readonly=True)
    last_date = fields.Date(string="Observed Until", readonly=True)
    observation_count = fields.Integer(
        string="Observations",
        readonly=True,
        help="Subscriptions on dates of the past, one each.",
    )
    churn_count = fields.Integer(
        string="Churns",
        readonly=True,
        help="Observations after which the subscription left within the horizon.",
    )
    algorithm = fields.Char(readonly=True)
    auc = fields.Float(
        string="AUC",
        digits=(4, 3),
        readonly=True,
        help="The probability that one who left had the higher score than one who "
        "stayed: 0.5 is chance, 1 is perfect. On customers it has not learned from.",
    )
    auc_lower = fields.Float(
        string="AUC, Lower Bound", digits=(4, 3), readonly=True, help="95 %."
    )
    auc_upper = fields.Float(
        string="AUC, Upper Bound", digits=(4, 3), readonly=True, help="95 %."
    )
    pr_auc = fields.Float(
        string="PR-AUC",
        digits=(4, 3),
        readonly=True,
        help="Mean precision over all recalls; chance is the share that left.",
    )
    brier_skill = fields.Float(
        digits=(4, 3),
        readonly=True,
        help="By how much its probabilities are nearer to what happened than the "
        "share that left is for all alike; 0 is no better, 1 is perfect.",
    )
    log_loss = fields.Float(string="Log-Loss", digits=(5, 4), readonly=True)
    lift = fields.Float(
        string="Lift at 10 %",
        digits=(5, 2),
        readonly=True,
        help="How many times more left among the 10 % with the highest score.",
    )
    recall = fields.Float(
        string="Found at 10 %",
        digits=(4, 3),
        readonly=True,
        help="Share of those who left that were among the 10 % with the highest score.",
    )
    forward_auc = fields.Float(
        string="AUC Forward",
        digits=(4, 3),
        readonly=True,
        help="Learned from all but the last matured period, measured on that one.",
    )
    forward_log_loss = fields.Float(
        string="Log-Loss Forward", digits=(5, 4), readonly=True
    )
    forward_recall = fields.Float(
        string="Found at 10 % Forward", digits=(4, 3), readonly=True
    )
    report = fields.Json(readonly=True, copy=False)
    refusal = fields.Text(readonly=True, copy=False)
    error = fields.Text(readonly=True, copy=False)
    verdict = fields.Text(compute="_compute_verdict")
    artefact = fields.Binary(attachment=True, readonly=True, copy=False)
    artefact_digest = fields.Char(readonly=True, copy=False)
    drift = fields.Json(readonly=True, copy=False)
    drift_psi = fields.Float(
        string="Drift (PSI)",
        digits=(5, 3),
        readonly=True,
        copy=False,
        help="Population stability index of the signal that has changed most since the "
        "training: below 0.1 stable, to 0.25 to be watched, above it train again.",
    )
    drift_date = fields.Date(string="Drift Measured On", readonly=True, copy=False)

    _one_in_use = models.UniqueIndex(
        "(company_id) WHERE state = 'in_use'",
        "A company uses one churn model at a time.",
    )

    @api.depends("company_id", "known_by")
    def _compute_name(self):
        for model in self:
            model.name = f"{model.company_id.name}, {model.known_by}"

    @api.depends("state", "report", "refusal", "error")
    @api.depends_context("lang")
    def _compute_verdict(self):
        for model in self:
            model.verdict = model._verdict()

    def _verdict(self):
        """Return in plain words how good the model is."""
        if self.state == "failed":
            return self.error
        if not self.report or "cross_validated" not in self.report:
            return self.refusal
        forward = bool(self.report.get("forward"))
        recall = self.forward_recall if forward else self.recall
        text = (
            self.env._(
                "Of those who left in the last period whose outcome is known, "
                "%(found)s %% had been among the 10 %% with the highest score; by "
                "chance it would have been 10 %%.",
                found=round(100 * recall),
            )
            if forward
            else self.env._(
                "Of those who left, %(found)s %% were among the 10 %% with the highest "
                "score when it had not learned from them; by chance it would be 10 %%.",
                found=round(100 * recall),
            )
        )
        return f"{text}\n{self.refusal}" if self.refusal else text

    def write(self, vals):
        """Leave facts alone: a person archives, and acts by the buttons.

        :raise AccessError: a person changes what was measured or what is in use
        """
        mixins = (
            self.pool[name]._fields for name in ("mail.thread", "mail.activity.mixin")
        )
        facts = vals.keys() - {"active"}.union(*mixins)
        if facts and not self.env.su:
            raise AccessError(
                self.env._(
                    "What a training has found stays as it is (%s): train again.",
                    ", ".join(sorted(facts)),
                )
            )
        return super().write(vals)

    # --- buttons ----------------------------------------------------------------------

    def action_train(self):
        """Have models of the user's companies trained as soon as a worker is free."""
        self.browse().check_access("write")
        models_ = self.sudo().browse()
        for company in self.env.companies:
            models_ |= models_._request(company)
        self.env.ref(
            "subscription_segmentation.ir_cron_subscription_churn_model"
        ).sudo()._trigger()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_churn_model_action"
        )
        if len(models_) == 1:
            action.update(res_id=models_.id, views=[(False, "form")])
        return action

    @api.model
    def _request(self, company):
        """Return the company's training that is to be worked on, made if none is."""
        waiting = self.search(
            [("company_id", "=", company.id), ("state", "in", OPEN)], limit=1
        )
        return waiting or self.create(
            {
                "company_id": company.id,
                "known_by": company._subscription_today(),
                "horizon": f"{company.subscription_churn_horizon_days}d",
            }
        )

    def action_activate(self):
        """Put the model to use: the next refresh scores with it."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "trained":
            raise UserError(
                self.env._(
                    "%(model)s cannot be put to use: %(reason)s",
                    model=self.name,
                    reason=self.refusal
                    or self.env._("it is not a model that was trained and accepted."),
                )
            )
        try:
            self._load()
        except ArtefactRefused as error:
            raise UserError(
                self.env._(
                    "%(model)s cannot be put to use: %(reason)s",
                    model=self.name,
                    reason=error,
                )
            ) from error
        in_use = self.sudo()._in_use(self.company_id)
        in_use.state = "trained"
        in_use.flush_recordset()
        self.sudo().state = "in_use"
        self.env["subscription.refresh"].sudo()._request_again(self.company_id)

    def action_deactivate(self):
        """Take the model out of use: the scorecard scores from the next refresh on."""
        self.check_access("write")
        in_use = self.sudo().filtered(lambda model: model.state == "in_use")
        in_use.state = "trained"
        for company in self.company_id:
            self.env["subscription.refresh"].sudo()._request_again(company)

    def action_compare(self):
        """Open the trainings of the company side by side."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_churn_model_action"
        )
        action["domain"] = [
            ("company_id", "=", self.company_id.id),
            ("report", "!=", False),
        ]
        return action

    def action_archive(self):
        in_use = self.filtered(lambda model: model.state == "in_use")
        if in_use:
            raise UserError(
                self.env._(
                    "%s is in use: put another one to use, or take it out of use, "
                    "before you archive it.",
                    in_use[0].name,
                )
            )
        return super().action_archive()

    # --- the trained model ------------------------------------------------------------

    @api.model
    def _in_use(self, company):
        """Return the model a company scores with, empty without."""
        return self.search(
            [("company_id", "=", company.id), ("state", "=", "in_use")], limit=1
        )

    def _load(self):
        """Return the trained model.

        :raise ArtefactRefused: it was tampered with, or another version made it
        """
        self.ensure_one()
        content = base64.b64decode(self.artefact or b"")
        key = (self.artefact_digest, hashlib.sha256(content).digest())
        if key not in _LOADED:
            while len(_LOADED) >= MOST_LOADED:
                _LOADED.pop(next(iter(_LOADED)))
            _LOADED[key] = load(io.BytesIO(content), self.artefact_digest or "")
        return _LOADED[key]

    def _load_or_refuse(self):
        """Return the trained model; None if it is refused, which managers are told."""
        if not self:
            return None
        try:
            model = self._load()
            unknown = [
                name
                for name in model.columns.names
                if name not in SIGNALS and not products_of([name])
            ]
            if unknown:
                raise ArtefactRefused(
                    "content",
                    self.env._(
                        "It looks at signals that there are no more: %s.",
                        ", ".join(unknown),
                    ),
                )
            return model
        except ArtefactRefused as error:
            self._refuse(str(error))
            return None

    def _refuse(self, reason):
        """Take a model whose file is not to be trusted out of use, and say so."""
        _logger.info("Churn model %s of %s refused: %s", self.id, self.name, reason)
        self.write({"state": "refused", "refusal": reason})
        self._notify_managers(
            self.env._("The churn model was taken out of use"),
            self.env._(
                "%(reason)s The scorecard scores until another model is trained and "
                "put to use.",
                reason=reason,
            ),
        )

    def _notify_managers(self, summary, note):
        """Give the managers of the company an activity on the model."""
        managers = self.env.ref(
            "subscription_segmentation.group_manager"
        ).all_user_ids.filtered(lambda user: self.company_id in user.company_ids)
        for manager in managers:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=note,
                user_id=manager.id,
            )

    def _horizon(self):
        return Horizon.parse(self.horizon)
