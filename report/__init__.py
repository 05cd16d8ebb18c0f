# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import subscription_churn_outcome
from . import subscription_movement_report
from . import subscription_rfm_map
from . import subscription_segment_change
from . import subscription_waterfall
