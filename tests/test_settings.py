from lxml import etree
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.res_company import SUBSCRIPTION_LIMITS

RECENCY = [f"subscription_recency_r{score}_ratio" for score in (5, 4, 3, 2)]
LIFECYCLE = ["subscription_stability_months", "subscription_loyal_months"]
TENURE = ["subscription_mid_term_months", "subscription_veteran_months"]
RISK = [
    "subscription_risk_medium_leave_",
    "subscription_risk_medium_enter_",
    "subscription_risk_high_leave_",
    "subscription_risk_high_enter_",
]


@tagged("post_install", "-at_install")
class TestSettings(TransactionCase):
    """The limits by which a company's subscriptions are judged."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.companies = cls.env["res.company"].create(
            [{"name": "First Limited"}, {"name": "Second Limited"}]
        )
        cls.company, cls.other = cls.companies

    def limits(self, company):
        company.invalidate_recordset()
        return {name: company[name] for name in SUBSCRIPTION_LIMITS}

    def assertAccepted(self, names, *rows):
        """Each row of values can be stored, in this company and in it alone."""
        before = self.limits(self.other)
        for row in rows:
            with self.subTest(accepted=row):
                values = dict(zip(names, row, strict=True))
                self.company.write(values)
                self.company.flush_recordset()
                self.assertLessEqual(values.items(), self.limits(self.company).items())
        self.assertEqual(self.limits(self.other), before)

    def assertRefused(self, names, message, *rows):
        """No row of values can be stored, and the user is told ``message``."""
        before = self.limits(self.company)
        for row in rows:
            with self.subTest(refused=row):
                with (
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(IntegrityError) as caught,
                    self.env.cr.savepoint(),
                ):
                    self.company.write(dict(zip(names, row, strict=True)))
                    self.company.flush_recordset()
                text = self.company._sql_error_to_message(caught.exception)
                self.assertIn(message, text)
                self.assertRegex(text, r"Enter|Make", "it must say the way out")
                self.assertEqual(self.limits(self.company), before)

    # ------------------------------------------------------------------ defaults

    def test_defaults(self):
        """The documented limits, in every new company."""
        expected = {
            "grace_days": 7,
            "churn_horizon_days": 90,
            "recency_r5_ratio": 1,
            "recency_r4_ratio": 1.25,
            "recency_r3_ratio": 1.5,
            "recency_r2_ratio": 2,
            "stability_months": 3,
            "loyal_months": 12,
            "mid_term_months": 6,
            "veteran_months": 24,
            "risk_high_enter_percent": 60,
            "risk_high_leave_percent": 50,
            "risk_medium_enter_percent": 30,
            "risk_medium_leave_percent": 25,
            "risk_high_enter_points": 60,
            "risk_high_leave_points": 50,
            "risk_medium_enter_points": 30,
            "risk_medium_leave_points": 25,
            "usage_months": 24,
            "gross_margin_percent": 80,
            "discount_rate_percent": 10,
            "clv_horizon_months": 60,
            "high_value_percent": 20,
        }
        expected = {f"subscription_{name}": value for name, value in expected.items()}
        for company in self.companies:
            with self.subTest(company=company.name):
                self.assertEqual(self.limits(company), expected)

    # -------------------------------------------------------------------- limits

    def test_grace(self):
        names = ["subscription_grace_days"]
        self.assertAccepted(names, [0], [1], [90])
        self.assertRefused(names, "0 to 90 days", [-1], [91])

    def test_churn_horizon(self):
        names = ["subscription_churn_horizon_days"]
        self.assertAccepted(names, [1], [30], [730])
        self.assertRefused(names, "1 to 730 days", [0], [-90], [731])

    def test_usage(self):
        names = ["subscription_usage_months"]
        self.assertAccepted(names, [6], [13], [120])
        self.assertRefused(names, "6 to 120 months", [0], [5], [121])

    def test_value(self):
        names = [
            f"subscription_{name}"
            for name in (
                "gross_margin_percent",
                "discount_rate_percent",
                "clv_horizon_months",
                "high_value_percent",
            )
        ]
        self.assertAccepted(names, [0, 0, 1, 0], [100, 100, 600, 100])
        self.assertRefused(
            names,
            "0 to 100 %",
            [-1, 10, 60, 20],
            [80, 101, 60, 20],
            [80, 10, 0, 20],
            [80, 10, 601, 20],
            [80, 10, 60, 101],
        )

    def test_recency(self):
        self.assertAccepted(RECENCY, [1, 1.01, 1.02, 1.03], [2, 10, 50, 100])
        self.assertRefused(
            RECENCY,
            "must grow from R 5 to R 2",
            [0.99, 1.25, 1.5, 2],
            [0, 1.25, 1.5, 2],
            [-1, 1.25, 1.5, 2],
            [1.25, 1.25, 1.5, 2],
            [1, 1.5, 1.25, 2],
            [1, 1.25, 1.25, 2],
            [1, 1.25, 2, 1.5],
            [1, 1.25, 1.5, 1.5],
            [1, 1.25, 1.5, 100.01],
            [1, 125, 1.5, 2],
        )

    def test_lifecycle(self):
        self.assertAccepted(LIFECYCLE, [1, 2], [12, 36], [599, 600])
        self.assertRefused(
            LIFECYCLE,
            "loyal must begin after stability",
            [0, 12],
            [-3, 12],
            [12, 12],
            [12, 3],
            [3, 601],
        )

    def test_tenure(self):
        self.assertAccepted(TENURE, [1, 2], [12, 36], [599, 600])
        self.assertRefused(
            TENURE,
            "veteran must begin after mid-term",
            [0, 24],
            [-6, 24],
            [24, 24],
            [24, 6],
            [6, 601],
        )

    def test_risk(self):
        """Both sources of score follow the same rules, each for itself."""
        for unit, message in (
            ("percent", "limits of the learned model"),
            ("points", "limits of the scorecard"),
        ):
            names = [prefix + unit for prefix in RISK]
            self.assertAccepted(
                names, [1, 2, 2, 3], [25, 30, 50, 60], [97, 98, 99, 100]
            )
            self.company.write(dict(zip(names, [25, 30, 50, 60], strict=True)))
            self.assertRefused(
                names,
                message,
                [0, 30, 50, 60],  # medium would never end
                [-1, 30, 50, 60],
                [30, 30, 50, 60],  # medium ends where it begins
                [31, 30, 50, 60],
                [25, 51, 50, 60],  # a score of 50 could mean low, medium or high
                [25, 30, 60, 60],  # high ends where it begins
                [25, 30, 61, 60],
                [25, 30, 50, 101],
            )

    def test_risk_fractions(self):
        """Where few leave, a learned probability is low: percents take decimals."""
        names = [prefix + "percent" for prefix in RISK]
        self.assertAccepted(names, [0.75, 1.5, 2.25, 4.5])
        self.assertRefused(names, "limits of the learned model", [1, 2, 3, 100.01])

    def test_no_limit_can_be_empty(self):
        """A limit nobody set would judge everybody by zero."""
        for name in SUBSCRIPTION_LIMITS:
            with (
                self.subTest(limit=name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(
                    SQL(
                        "UPDATE res_company SET %s = NULL WHERE id = %s",
                        SQL.identifier(name),
                        self.company.id,
                    )
                )

    # ------------------------------------------------------------- settings form

    def settings(self, company):
        """The settings form as the administrator sees it in ``company``."""
        admin = self.env.ref("base.user_admin")
        admin.company_ids |= company
        return Form(
            self.env["res.config.settings"]
            .with_user(admin)
            .with_context(allowed_company_ids=company.ids)
        )

    def test_form_writes_its_company(self):
        """All limits move at once, also past each other, and in one company only."""
        changed = {
            "subscription_grace_days": 14,
            "subscription_churn_horizon_days": 30,
            "subscription_recency_r5_ratio": 3,
            "subscription_recency_r4_ratio": 4,
            "subscription_recency_r3_ratio": 5.5,
            "subscription_recency_r2_ratio": 6,
            "subscription_stability_months": 13,
            "subscription_loyal_months": 26,
            "subscription_mid_term_months": 25,
            "subscription_veteran_months": 50,
            "subscription_risk_high_enter_percent": 20,
            "subscription_risk_high_leave_percent": 15,
            "subscription_risk_medium_enter_percent": 10,
            "subscription_risk_medium_leave_percent": 7.5,
            "subscription_risk_high_enter_points": 90,
            "subscription_risk_high_leave_points": 80,
            "subscription_risk_medium_enter_points": 70,
            "subscription_risk_medium_leave_points": 61,
            "subscription_usage_months": 13,
            "subscription_gross_margin_percent": 60,
            "subscription_discount_rate_percent": 5,
            "subscription_clv_horizon_months": 36,
            "subscription_high_value_percent": 10,
        }
        self.assertEqual(changed.keys(), SUBSCRIPTION_LIMITS.keys())
        form = self.settings(self.company)
        for name, value in changed.items():
            self.assertEqual(form[name], SUBSCRIPTION_LIMITS[name])
            form[name] = value
        form.save().execute()
        self.env.flush_all()
        self.assertEqual(self.limits(self.company), changed)
        self.assertEqual(self.limits(self.other), SUBSCRIPTION_LIMITS)
        with self.subTest("and back again"):
            form = self.settings(self.company)
            for name, value in SUBSCRIPTION_LIMITS.items():
                self.assertEqual(form[name], changed[name])
                form[name] = value
            form.save().execute()
            self.env.flush_all()
            self.assertEqual(self.limits(self.company), SUBSCRIPTION_LIMITS)

    def test_form_refuses(self):
        form = self.settings(self.company)
        form.subscription_recency_r5_ratio = 1.75
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            form.save().execute()
            self.env.flush_all()
        self.assertEqual(self.limits(self.company), SUBSCRIPTION_LIMITS)

    def test_form_explains_every_limit(self):
        """Each limit stands on the form once, with its meaning beside it."""
        settings = self.env["res.config.settings"].with_user(
            self.env.ref("base.user_admin")
        )
        arch = etree.fromstring(settings.get_view(view_type="form")["arch"])
        (app,) = arch.xpath("//app[@name='subscription_segmentation']")
        for name in SUBSCRIPTION_LIMITS:
            with self.subTest(limit=name):
                (field,) = app.xpath(f".//field[@name='{name}']")
                (setting,) = field.xpath("ancestor::setting")
                self.assertTrue(setting.get("help"))
                self.assertEqual(setting.get("company_dependent"), "1")
                self.assertTrue(app.xpath(f".//label[@for='{name}']"))
                self.assertTrue(settings._fields[name].help)

    def test_only_administrators_change_limits(self):
        manager = new_test_user(
            self.env, "manager", "subscription_segmentation.group_manager"
        )
        with mute_logger("odoo.addons.base.models.ir_model"):
            with self.assertRaises(AccessError):
                self.company.with_user(manager).subscription_grace_days = 8
            with self.assertRaises(AccessError):
                self.env["res.config.settings"].with_user(manager).create({})
