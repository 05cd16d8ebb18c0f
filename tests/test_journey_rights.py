# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .journeys import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyActionRights(JourneyCase):
    """A journey does server actions as its owner: nobody borrows another's rights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.make_user("manager")
        cls.other = cls.make_user("manager", login="other-manager")
        cls.action = cls.make_action()
        cls.journey = cls.make_journey(user_id=cls.owner.id)

    @classmethod
    def make_action(cls, model="sale.subscription", groups=()):
        return cls.env["ir.actions.server"].create(
            {
                "name": "Do",
                "model_id": cls.env["ir.model"]._get_id(model),
                "state": "code",
                "code": "record.name",
                "group_ids": [Command.set([group.id for group in groups])],
            }
        )

    def choose(self, user, action):
        """Add a step with an action to the journey, as a user."""
        self.as_user(self.journey, user).step_ids = [
            Command.create({"name": "Do", "channel": "action", "action_id": action.id})
        ]

    def test_only_its_owner_chooses_one(self):
        with self.assertRaisesRegex(ValidationError, "only its owner"):
            self.choose(self.other, self.action)
        self.choose(self.owner, self.action)
        self.assertIn(self.action, self.journey.step_ids.action_id)

    def test_who_may_run_it(self):
        group = self.env["res.groups"].create({"name": "Few"})
        action = self.make_action(groups=group)
        with self.assertRaisesRegex(ValidationError, "who may run it"):
            self.choose(self.owner, action)
        self.owner.group_ids += group
        self.choose(self.owner, action)

    def test_nobody_makes_it_anothers(self):
        self.choose(self.owner, self.action)
        with self.assertRaisesRegex(ValidationError, "only its owner"):
            self.as_user(self.journey, self.owner).user_id = self.other
        # An administrator sees to it that journeys go on when somebody leaves.
        admin = self.make_user("manager", login="administrator")
        admin.group_ids += self.env.ref("base.group_system")
        self.as_user(self.journey, admin).user_id = self.other

    def test_nobody_makes_it_anothers_while_its_step_is_archived(self):
        self.choose(self.owner, self.action)
        journey = self.as_user(self.journey, self.owner)
        journey.step_ids.filtered("action_id").active = False
        with self.assertRaisesRegex(ValidationError, "only its owner"):
            journey.user_id = self.other

    def test_actions_of_other_records_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "on subscriptions only"):
            self.choose(self.owner, self.make_action("res.partner"))


@tagged("post_install", "-at_install")
class TestJourneyMailRetried(JourneyCase):
    def test_the_same_mail_leaves_again(self):
        """*Retry* of Odoo's mailing would make others, without the delivery."""
        journey = self.make_journey()
        sub = self.make()
        self.run_at("2025-06-10 12:00")
        mail = self.mails(sub)
        mail.write({"state": "exception"})
        mail.mailing_trace_ids.set_failed(failure_type="mail_smtp")
        before = mail.message_id
        mail.mailing_id.action_retry_failed()
        self.assertEqual(self.mails(sub), mail)
        self.assertEqual((mail.state, mail.message_id), ("outgoing", before))
        self.assertEqual(mail.mailing_trace_ids.trace_status, "outgoing")
        self.assertEqual(self.deliveries(journey).trace_id, mail.mailing_trace_ids)
        self.assertEqual(len(sub.customer_id.contact_ids), 1)
