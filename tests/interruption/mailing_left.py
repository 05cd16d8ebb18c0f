# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make test` in an Odoo shell: leave a mailing to subscriptions queued."""

mailing = env["mailing.mailing"].create(
    {
        "subject": "Left Behind",
        "mailing_model_id": env["ir.model"]._get_id("sale.subscription"),
        "mailing_domain": "[]",
        "body_html": "<p>Without us nobody would be left out.</p>",
    }
)
mailing.action_put_in_queue()
if mailing.state != "in_queue":
    raise SystemExit("ERROR: the mailing does not wait")
env.cr.commit()
