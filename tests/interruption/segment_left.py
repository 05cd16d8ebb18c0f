# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make test` in an Odoo shell: leave tags that a segment has set everywhere."""

segment = env["subscription.segment"].create(
    {
        "name": "Left Behind",
        "enter_domain": "[('is_running', '=', True)]",
        "tag_partners": True,
        "tag_leads": True,
        "tag_tickets": True,
        "tag_subscriptions": True,
        "ticket_priority": "3",
    }
)
if not segment.partner_tag_id.partner_ids:
    raise SystemExit("ERROR: no partner bears the tag")
env.cr.commit()
