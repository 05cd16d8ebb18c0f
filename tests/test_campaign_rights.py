# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who sees and may do what of campaigns, offers and journeys, screen by screen.

By the doors that a browser has: menus, actions, views, and calls of methods.
"""

from lxml import etree

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import MODULE, SubscriptionCase

#: What was done: everybody of ours reads it, nobody writes it.
DONE = (
    "subscription.campaign",
    "subscription.campaign.member",
    "subscription.contact",
    "subscription.offer.grant",
    "subscription.offer.use",
    "subscription.journey.enrolment",
    "subscription.journey.delivery",
    "subscription.portal.message",
)
#: What is to be done: managers write it.
PLANNED = (
    "subscription.offer",
    "subscription.journey",
    "subscription.journey.step",
    "subscription.journey.variant",
)
#: Wizards, and who may use them besides managers and salespeople: nobody.
BOTH = {"manager", "salesperson"}
WIZARDS = {
    "subscription.campaign.email": {"manager"},
    "subscription.campaign.sms": {"manager"},
    "subscription.mass.call": BOTH,
    "subscription.mass.enrol": BOTH,
    "subscription.mass.manager": BOTH,
    "subscription.mass.notify": BOTH,
    "subscription.mass.opportunity": {"salesperson"},
    "subscription.mass.tag": BOTH,
    "subscription.offer.wizard": BOTH,
    "subscription.segment.pin": BOTH,
}
#: What else is kept for a while only, and is nobody's business but who asked.
KEPT = (
    "subscription.campaign.email.version",
    "subscription.campaign.sms.version",
    "subscription.journey.trial",
    "subscription.journey.trial.line",
    "subscription.journey.upcoming",
    "subscription.customer.handover",
    "subscription.risk.override",
)
#: Who is one of ours.
READERS = {"manager", "salesperson", "user", "agent"}
PEOPLE = (*sorted(READERS), "internal", "marketer", "portal")
MARKETER = "mass_mailing.group_mass_mailing_user"
#: What is no matter of a list.
NOT_OF = {
    "crm.lead": {
        "subscription.mass.opportunity",
        "subscription.offer.wizard",
        "subscription.segment.pin",
    }
}
LISTS = ("sale.subscription", "subscription.customer", "crm.lead")
MENUS = {
    "subscription_campaign_menu": READERS,
    "subscription_journey_menu": READERS,
    "subscription_offer_grant_menu": READERS,
    "subscription_journey_delivery_menu": READERS,
    "subscription_offer_menu": {"manager"},
}
#: Buttons that decide, by model.
DECIDING = {
    "subscription.campaign": ["action_undo"],
    "subscription.offer.grant": ["action_revoke"],
    "subscription.segment": ["action_email_campaign", "action_evaluate"],
}


# Slow, because making users is.
@tagged("post_install", "-at_install", "slow")
class TestCampaignRights(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls.subscribe(
            cls.make_partner("Ada", email="ada@example.com"), 10, user_id=False
        )
        cls.people = {
            kind: cls.make_user(kind) for kind in PEOPLE if kind != "marketer"
        }
        # Who writes newsletters with Odoo's own app, and is not one of ours.
        marketer = cls.make_user("internal", login="marketer")
        marketer.group_ids |= cls.env.ref(MARKETER)
        cls.people["marketer"] = marketer
        tag = cls.env["sale.subscription.tag"].create({"name": "Seen"})
        wizard = cls.env["subscription.mass.tag"].create(
            {
                "subscription_ids": [Command.set(cls.own.ids)],
                "subscription_tag_ids": [Command.set(tag.ids)],
            }
        )
        cls.campaign = cls.env["subscription.campaign"].browse(
            wizard.action_confirm()["res_id"]
        )
        cls.offer = cls.env["subscription.offer"].create(
            {"name": "Less", "kind": "discount", "discount": 5, "period_count": 1}
        )
        cls.grant, _refused = cls.offer._grant(cls.own)

    def test_models(self):
        """Read by ours, written by managers or by nobody."""
        for name in DONE + PLANNED:
            for kind, user in self.people.items():
                with self.subTest(kind, model=name):
                    model = self.as_user(self.env[name], user)
                    # Of messages on portal pages, its own; see their tests.
                    may_read = kind in READERS or (
                        kind == "portal" and name == "subscription.portal.message"
                    )
                    self.assertEqual(model.has_access("read"), may_read)
                    may_write = kind == "manager" and name in PLANNED
                    for operation in ("write", "create", "unlink"):
                        self.assertEqual(model.has_access(operation), may_write)

    def test_nothing_is_read_without_rights(self):
        for kind in ("internal", "marketer", "portal"):
            user = self.people[kind]
            for record in (self.campaign, self.campaign.member_ids, self.offer):
                model = self.as_user(record, user)
                for call in (
                    lambda model=model: model.read(["display_name"]),
                    lambda model=model: model.web_read({"display_name": {}}),
                    lambda model=model: model.search([]),
                    lambda model=model: model.name_search("Less"),
                    lambda model=model: model.formatted_read_group([], [], ["__count"]),
                ):
                    with (
                        self.subTest(kind, model=model._name),
                        self.assertRaises(AccessError),
                    ):
                        call()

    def test_wizards(self):
        """Neither opened, nor previewed, nor kept by who may not do it."""
        for name, allowed in WIZARDS.items():
            for kind, user in self.people.items():
                with self.subTest(kind, wizard=name):
                    model = self.as_user(self.env[name], user)
                    self.assertEqual(model.has_access("create"), kind in allowed)
                    if kind in allowed:
                        continue
                    with self.assertRaises(AccessError):
                        model.create({"subscription_ids": self.own.ids, "name": "No"})

    def test_a_preview_tells_nobody_of_what_he_may_not_read(self):
        specification = {
            "chosen_count": {},
            "reached_count": {},
            "reached_names": {},
            "excluded": {},
        }
        for name in WIZARDS:
            for kind in ("internal", "marketer", "portal"):
                with (
                    self.subTest(kind, wizard=name),
                    mute_logger("odoo.addons.base.models.ir_rule"),
                    self.assertRaises(AccessError),
                ):
                    self.as_user(self.env[name], self.people[kind]).onchange(
                        {"subscription_ids": [Command.set(self.own.ids)]},
                        ["subscription_ids"],
                        specification,
                    )

    def make_any(self, name):
        """Return a record with whatever it needs."""
        model = self.env[name]
        required = [
            field
            for field in model._fields.values()
            if field.required and field.store and not field.compute
        ]
        values = model.default_get([field.name for field in required])
        for field in required:
            if values.get(field.name):
                continue
            values[field.name] = "x"
            if field.type == "selection":
                values[field.name] = field.get_values(self.env)[0]
            if field.type == "many2one":
                target = field.comodel_name
                kept = self.env[target].with_context(active_test=False)
                found = kept.search([], limit=1) or self.make_any(target)
                values[field.name] = found.id
        return model.create(values)

    def test_what_others_ask_is_not_read(self):
        """Previews and trials tell of customers, also of another company's."""
        manager = self.people["manager"]
        for name in (*WIZARDS, *KEPT):
            record = self.make_any(name)
            reader = "salesperson" if name == "subscription.mass.opportunity" else ""
            user = self.people[reader] if reader else manager
            as_user = self.as_user(record, user)
            with self.subTest(name):
                self.assertFalse(as_user.search([]))
                with (
                    mute_logger("odoo.addons.base.models.ir_rule"),
                    self.assertRaises(AccessError),
                ):
                    as_user.read(["display_name"])

    def make_mailing(self, user, **values):
        """Return a mailing to subscriptions that somebody makes in Odoo's own app."""
        return self.as_user(self.env["mailing.mailing"], user).create(
            {
                "subject": "News",
                "body_html": "<p>Hello</p>",
                "email_from": "news@example.com",
                "mailing_model_id": self.env["ir.model"]._get_id("sale.subscription"),
                "mailing_domain": "[('churn_risk', '=', 'high')]",
                "user_id": user.id,
                **values,
            }
        )

    def test_nobody_sends_to_subscriptions_that_he_may_not_read(self):
        """The queue of Odoo works as the system; who got it would tell on them."""
        mailing = self.make_mailing(self.people["manager"])
        marketer = self.people["marketer"]
        theirs = self.as_user(mailing, marketer)
        for sending in (
            lambda: self.make_mailing(marketer),
            theirs.action_launch,
            lambda: theirs.write({"mailing_domain": "[('churn_risk', '=', 'low')]"}),
            lambda: theirs.write({"ab_testing_enabled": True}),
        ):
            with (
                mute_logger("odoo.addons.base.models.ir_model"),
                self.assertRaises(AccessError),
            ):
                sending()
        mailing.action_launch()

    def test_nobody_asks_about_what_he_may_not_read(self):
        """Contacts, leads and tickets know of their customers."""
        contacts = {
            "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
            "mailing_domain": "[('email', '!=', False)]",
        }
        marketer = self.people["marketer"]
        mailing = self.make_mailing(marketer, **contacts)
        for hidden in (
            "[('customer_churn_risk', '=', 'high')]",
            "['|', ('name', '=', 'A'), ('parent_id.customer_mrr', '>', 100)]",
            "[('child_ids', 'any', [('customer_mrr', '>', 100)])]",
        ):
            with self.subTest(hidden), self.assertRaises(AccessError):
                mailing.mailing_domain = hidden
        manager = self.make_mailing(self.people["manager"], **contacts)
        manager.mailing_domain = "[('customer_churn_risk', '=', 'high')]"
        mailing.action_launch()

    def test_nobody_sends_to_customers_of_a_foreign_company(self):
        other = self.make_company("Other")
        there = self.make_user("manager", other, login="there")
        for values in (
            {"user_id": there.id},
            {"subscription_campaign_id": self.campaign.id},
        ):
            sender = self.people["manager"] if "user_id" in values else there
            with self.assertRaisesRegex(AccessError, "none of yours"):
                self.make_mailing(sender, **values)

    def test_actions_of_lists(self):
        """Offered to whom may use them, and only where the list is theirs."""
        for kind, user in self.people.items():
            for model in LISTS:
                as_user = self.as_user(self.env[model], user)
                if not as_user.has_access("read"):
                    with self.assertRaises(AccessError):
                        as_user.get_views([(False, "list")], {"toolbar": True})
                    continue
                toolbar = as_user.get_views([(False, "list")], {"toolbar": True})
                actions = toolbar["views"]["list"]["toolbar"].get("action", [])
                windows = self.env["ir.actions.act_window"]
                windows = windows.browse(action["id"] for action in actions)
                offered = set(windows.exists().mapped("res_model")) & set(WIZARDS)
                allowed = {name for name, may in WIZARDS.items() if kind in may}
                with self.subTest(kind, model=model):
                    self.assertEqual(offered, allowed - NOT_OF.get(model, set()))

    def test_menus(self):
        for name, allowed in MENUS.items():
            menu = self.env.ref(f"{MODULE}.{name}")
            for kind, user in self.people.items():
                if kind == "portal":
                    continue
                with self.subTest(kind, menu=name):
                    menus = self.as_user(self.env["ir.ui.menu"], user)
                    seen = menus._visible_menu_ids()
                    self.assertEqual(menu.id in seen, kind in allowed)

    def test_buttons_are_shown_to_whom_they_obey(self):
        for kind in sorted(READERS):
            for name, buttons in DECIDING.items():
                model = self.as_user(self.env[name], self.people[kind])
                arch = etree.fromstring(model.get_view(view_type="form")["arch"])
                may = {"manager", "salesperson"}
                if name == "subscription.segment":
                    may = {"manager"}
                for button in buttons:
                    with self.subTest(kind, button=button):
                        shown = bool(arch.xpath(f"//button[@name='{button}']"))
                        self.assertEqual(shown, kind in may)

    def test_who_may_not_decide_is_refused(self):
        segment = self.env["subscription.segment"].search([], limit=1)
        for kind in ("user", "agent", "internal", "marketer", "portal"):
            user = self.people[kind]
            for call in (
                self.as_user(self.campaign, user).action_undo,
                self.as_user(self.grant, user).action_revoke,
                lambda user=user: self.as_user(self.campaign, user).write(
                    {"name": "x"}
                ),
                lambda user=user: self.as_user(self.grant, user).write(
                    {"state": "void"}
                ),
                self.as_user(segment, user).action_evaluate,
            ):
                with (
                    self.subTest(kind),
                    mute_logger("odoo.addons.base.models.ir_model"),
                    self.assertRaises(AccessError),
                ):
                    call()
        self.assertFalse(self.campaign.undone_at)
        self.assertEqual(self.grant.state, "granted")

    def test_nothing_of_another_company(self):
        other = self.make_company("Other")
        there = self.make_user("manager", other, login="there")
        for record in (
            self.campaign,
            self.campaign.member_ids,
            self.grant,
        ):
            model = self.as_user(record, there)
            with self.subTest(model=record._name):
                self.assertFalse(model.search([]) & model)
                with (
                    mute_logger("odoo.addons.base.models.ir_rule"),
                    self.assertRaises(AccessError),
                ):
                    model.read(["display_name"])
        with (
            mute_logger("odoo.addons.base.models.ir_rule"),
            self.assertRaises(AccessError),
        ):
            self.as_user(self.campaign, there).action_undo()
