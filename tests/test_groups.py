from odoo.tests import TransactionCase, new_test_user, tagged

USER = "subscription_segmentation.group_user"
MANAGER = "subscription_segmentation.group_manager"


@tagged("post_install", "-at_install")
class TestGroups(TransactionCase):
    """Who works with customers reads their scores; nobody else does."""

    def assertGroups(self, given, user, manager):
        """A user with only the groups ``given`` is, or is not, in each of ours."""
        person = new_test_user(self.env, login="someone", groups=given)
        self.assertEqual(
            (person.has_group(USER), person.has_group(MANAGER)), (user, manager)
        )

    def test_salesperson_is_user(self):
        self.assertGroups("sales_team.group_sale_salesman", user=True, manager=False)

    def test_sales_manager_is_user(self):
        self.assertGroups("sales_team.group_sale_manager", user=True, manager=False)

    def test_helpdesk_agent_is_user(self):
        self.assertGroups(
            "helpdesk_mgmt.group_helpdesk_user_own", user=True, manager=False
        )

    def test_helpdesk_team_member_is_user(self):
        self.assertGroups(
            "helpdesk_mgmt.group_helpdesk_user_team", user=True, manager=False
        )

    def test_helpdesk_manager_is_user(self):
        self.assertGroups(
            "helpdesk_mgmt.group_helpdesk_manager", user=True, manager=False
        )

    def test_internal_user_is_neither(self):
        self.assertGroups("base.group_user", user=False, manager=False)

    def test_portal_user_is_neither(self):
        self.assertGroups("base.group_portal", user=False, manager=False)

    def test_manager_is_user(self):
        self.assertGroups(MANAGER, user=True, manager=True)

    def test_user_is_internal(self):
        user = new_test_user(self.env, login="someone", groups=USER)
        self.assertTrue(user._is_internal())
        self.assertFalse(user.has_group("sales_team.group_sale_salesman"))
        self.assertFalse(user.has_group("helpdesk_mgmt.group_helpdesk_user_own"))

    def test_administrators_are_managers(self):
        for xml_id in ("base.user_root", "base.user_admin"):
            with self.subTest(user=xml_id):
                self.assertTrue(self.env.ref(xml_id).has_group(MANAGER))

    def test_one_choice_on_the_user_form(self):
        """Both groups stand in one privilege, so the user form offers one choice."""
        groups = self.env.ref(USER) | self.env.ref(MANAGER)
        privilege = groups.privilege_id
        self.assertEqual(privilege.group_ids, groups)
        self.assertEqual(
            privilege.category_id, self.env.ref("base.module_category_sales")
        )
        self.assertTrue(all(groups.mapped("comment")))
