# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make test` in an Odoo shell: leave a refresh that has computed unfinished."""

run = env["subscription.refresh"]._request(env.company)
while run.state != "applying":
    run._work()
env.cr.commit()
