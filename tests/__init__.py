# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_backfill
from . import test_company
from . import test_customer
from . import test_customer_links
from . import test_groups
from . import test_import
from . import test_insight
from . import test_live_history
from . import test_movement
from . import test_partner_merge
from . import test_real_history
from . import test_reconciliation
from . import test_refresh
from . import test_renewal_signal
from . import test_rfm_map
from . import test_screens
from . import test_settings
from . import test_signals
from . import test_terms
from . import test_today
from . import test_waterfall
