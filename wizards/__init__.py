# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import base_partner_merge
from . import subscription_customer_handover
from . import subscription_import_wizard
from . import subscription_risk_override
from . import subscription_usage_import
from . import subscription_scorecard_test
from . import subscription_segment_pin
