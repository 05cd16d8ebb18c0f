# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import res_company
from . import res_config_settings
from . import subscription_score
from . import subscription_customer
from . import subscription_movement
from . import subscription_customer_link
from . import crm_lead
from . import helpdesk_ticket
from . import res_partner
from . import sale_subscription
from . import sale_subscription_refresh
from . import subscription_refresh
from . import sale_subscription_ledger
from . import sale_subscription_line
from . import sale_subscription_template
from . import subscription_import
from . import subscription_import_line
from . import subscription_import_line_masters
from . import subscription_import_line_undo
from . import subscription_import_record
from . import sale_subscription_backfill
from . import subscription_backfill
from . import subscription_backfill_failure
