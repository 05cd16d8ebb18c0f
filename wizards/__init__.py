# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import account_move_reversal
from . import base_partner_merge
from . import mail_compose_message
from . import subscription_mass_action
from . import subscription_mass_assigned
from . import subscription_mass_call
from . import subscription_mass_enrol
from . import subscription_mass_manager
from . import subscription_mass_notify
from . import subscription_mass_opportunity
from . import subscription_mass_tag
from . import subscription_campaign_send
from . import subscription_campaign_email
from . import subscription_campaign_sms
from . import sms_composer
from . import subscription_customer_handover
from . import subscription_import_wizard
from . import subscription_risk_override
from . import subscription_usage_import
from . import subscription_scorecard_test
from . import subscription_segment_pin
from . import subscription_offer_wizard
from . import subscription_journey_trial
from . import subscription_journey_upcoming
