# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..signals.table import SIGNALS
from .optional_number import OptionalFloat, OptionalInteger, OptionalMonetary
from .signal_words import source

USER = "subscription_segmentation.group_user"


def _signal(name, kind=OptionalInteger, **attributes):
    """Return the column of a signal; what it says is told where it is computed."""
    signal = SIGNALS[name]
    label = source(signal.label)
    return kind(
        string=label[:1].upper() + label[1:],
        help=f"{source(signal.help)} Empty: not known, which is not 0.",
        readonly=True,
        copy=False,
        groups=USER,
        **{"aggregator": "avg", **attributes},
    )


class SaleSubscription(models.Model):
    """The signals that segments, filters and health checks look at.

    Stored by the refresh, of running subscriptions, as they were when it was scored; a
    signal that is not known is missing and found by no comparison.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    signal_overdue_amount = _signal(
        "overdue_amount",
        OptionalMonetary,
        currency_field="company_currency_id",
        aggregator="sum",
    )
    signal_overdue_days = _signal("overdue_days")
    signal_period_months = _signal("period_months", OptionalFloat)
    signal_contraction_90d = _signal("contraction_90d", OptionalFloat)
    signal_expansion_90d = _signal("expansion_90d", OptionalFloat)
    signal_tickets_open = _signal("tickets_open")
    signal_oldest_open_days = _signal("oldest_open_days")
    signal_satisfaction_last = _signal("satisfaction_last", OptionalFloat)
    signal_logins_30d = _signal("logins_30d")
    signal_logins_change = _signal("logins_change", OptionalFloat)
    signal_days_since_use = _signal("days_since_use")
    signal_active_days_30d = _signal("active_days_30d")
    signal_features_30d = _signal("features_30d")
    signal_features_change = _signal("features_change")
    signal_key_features_dropped = _signal("key_features_dropped")
    signal_key_features_90d = _signal("key_features_90d")
    signal_limit_share = _signal("limit_share", OptionalFloat)
    signal_days_since_message = _signal("days_since_message")
