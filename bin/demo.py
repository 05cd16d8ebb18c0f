# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make run` in an Odoo shell: fill a demonstration company, once.

Its history comes through the import, like that of anybody who moves to Odoo: three
exports of an older billing system, a year, half a year and no time ago. Some monthly
subscriptions were invoiced in Odoo since, and not all of these invoices were paid.
"""

import base64
import csv
import io
import random

from dateutil.relativedelta import relativedelta

from odoo.addons.subscription_segmentation.analytics.history_file import COLUMNS

PLANS = {"Basic": 19, "Team": 79, "Business": 249}
CUSTOMERS = 60


def histories(today):
    """Yield (day, rows as known on that day)."""
    chance = random.Random(19)
    subscriptions = []
    for number in range(1, CUSTOMERS + 1):
        plan = chance.choice(list(PLANS))
        start = today - relativedelta(
            months=chance.randrange(37), days=chance.randrange(30)
        )
        add(subscriptions, number, plan, start, chance)
        if chance.random() < 0.2:
            add(subscriptions, number, "Basic", start + relativedelta(months=5), chance)
    for months in (12, 6, 0):
        day = today - relativedelta(months=months)
        for subscription in list(subscriptions):
            live(subscription, day, subscriptions, chance)
        yield day, [row(subscription) for subscription in subscriptions]


def add(subscriptions, number, plan, start, chance):
    yearly = chance.random() < 0.25
    subscriptions.append(
        {
            "subscription_ref": f"DEMO-{len(subscriptions) + 1:03}",
            "customer_ref": f"DEMO-C{number:02}",
            "customer_name": f"Demonstration Customer {number:02}",
            "email": f"customer{number:02}@demo.example",
            "plan": plan,
            "period": "1 year" if yearly else "1 month",
            "start_date": start,
            "end_date": None,
            "mrr": PLANS[plan] * chance.choice((1, 1, 1, 2, 3)),
            "currency": "USD",
            "products": f"{plan} seat",
            "payment_method": chance.choice(("Card", "Bank transfer")),
        }
    )


def live(subscription, day, subscriptions, chance):
    """Let half a year pass for a subscription."""
    if subscription["end_date"] or subscription["start_date"] > day:
        return
    fate = chance.random()
    if fate < 0.12:
        end = day - relativedelta(days=chance.randrange(1, 150))
        if end > subscription["start_date"]:
            subscription["end_date"] = end
            if fate < 0.03:
                number = int(subscription["customer_ref"][-2:])
                back = end + relativedelta(days=40)
                add(subscriptions, number, subscription["plan"], back, chance)
    elif fate < 0.3:
        subscription["mrr"] = round(subscription["mrr"] * 1.5)
    elif fate < 0.36:
        subscription["mrr"] = round(subscription["mrr"] * 0.6)


def row(subscription):
    return {name: value or "" for name, value in subscription.items()}


def import_rows(day, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    wizard = env["subscription.import.wizard"].create(
        {
            "file": base64.b64encode(text.getvalue().encode()),
            "file_name": f"demonstration-{day}.csv",
            "as_of": day,
        }
    )
    wizard.action_preview()
    if wizard.problem_count:
        raise SystemExit(f"ERROR: {wizard.problem_ids[0].reason}")
    import_ = env["subscription.import"].browse(wizard.action_import()["res_id"])
    while import_._work():
        pass


def bill(subscription, months):
    """Post the invoices of the last periods; return them, the latest first."""
    invoices = env["account.move"]
    for ago in range(1, months + 1):
        day = subscription.recurring_next_date - relativedelta(months=ago)
        invoice = subscription.create_invoice()
        invoice.write({"invoice_date": day, "invoice_date_due": day})
        invoices += invoice
    invoices.action_post()
    return invoices


def pay(invoice):
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoice.ids
    ).create({"payment_date": invoice.invoice_date}).action_create_payments()


def bill_some(subscriptions, today):
    """Invoice every second monthly one; every second of these is behind with paying."""
    monthly = subscriptions.filtered(
        lambda sub: sub.template_id.recurring_rule_type == "months"
        and sub.first_start_date <= today - relativedelta(months=4)
    )
    # subscription_oca knows of no other place for the account.
    products = monthly.sale_subscription_line_ids.product_id
    products.property_account_income_id = env.company.income_account_id
    for number, subscription in enumerate(monthly[::2]):
        unpaid = (0, 1, 0, 2, 0, 1, 0, 3)[number % 8]
        pay(bill(subscription, unpaid + 1)[-1])


def main():
    company = env.company
    if env["subscription.import"].search_count([], limit=1):
        return
    company.name = "Demonstration Company"
    today = company._subscription_today()
    # A demonstration asks nobody outside for anything.
    for name in (
        "crm_iap_enrich.ir_cron_lead_enrichment",
        "mail.ir_cron_module_update_notification",
    ):
        env.ref(name).active = False
    for day, rows in histories(today):
        import_rows(day, rows)
    running = env["sale.subscription"].search([("is_running", "=", True)], order="id")
    bill_some(running, today)
    running[0].action_pause()
    for subscription in running[1:4]:
        partner = subscription.partner_id
        env["crm.lead"].create(
            {
                "name": "More seats",
                "partner_id": partner.id,
                "company_id": company.id,
                "user_id": env.user.id,
            }
        )
        env["helpdesk.ticket"].create(
            {
                "name": "Invoice question",
                "description": "Where is the invoice of this month?",
                "partner_id": partner.id,
            }
        )
    # Whoever logs in first finds a worklist of her own.
    customers = env["subscription.customer"].search([("company_id", "=", company.id)])
    customers._hand_over(env.ref("base.user_admin"))
    env.cr.commit()


main()
