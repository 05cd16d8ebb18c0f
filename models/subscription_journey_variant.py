# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

#: Context in which texts are written: the ids of the deliveries that they are of.
TELLING = "subscription_journey_telling"


class SubscriptionJourneyVariant(models.Model):
    """A text of a step that writes to the customer; several are compared by weights.

    Rendered as bodies of mailings are, with the subscription as ``object``.
    """

    _name = "subscription.journey.variant"
    _description = "Text of a Journey's Step"
    _inherit = ["mail.render.mixin"]
    _order = "step_id, id"
    # Written by those who may edit templates, as templates of mailings are.
    _unrestricted_rendering = True

    step_id = fields.Many2one(
        comodel_name="subscription.journey.step",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="step_id.company_id", store=True)
    name = fields.Char(default="A", required=True)
    weight = fields.Integer(
        default=1, help="Its share of the subscriptions, against the others'."
    )
    subject = fields.Char(
        required=True, translate=True, help="Of an SMS: what statistics call it."
    )
    body_html = fields.Html(
        string="Body",
        translate=True,
        render_engine="qweb",
        render_options={"post_process": True},
        sanitize="email_outgoing",
    )
    body_plaintext = fields.Text(string="Text of the SMS", translate=True)
    mailing_ids = fields.One2many(
        comodel_name="mailing.mailing",
        inverse_name="subscription_variant_id",
        string="Mailings",
    )

    _weight_check = models.Constraint(
        "CHECK (weight BETWEEN 1 AND 1000)", "A weight must be 1 to 1000."
    )

    def _compute_render_model(self):
        self.render_model = "sale.subscription"

    def _rendered(self, deliveries, lang):
        """Return subject and body as the customers of deliveries read them.

        :return: ``{subscription id: (subject, body)}``
        """
        self = self.with_context(**{TELLING: tuple(deliveries.ids)})
        ids = deliveries.subscription_id.ids
        body = "body_plaintext" if self.step_id.channel == "sms" else "body_html"
        subjects = self._render_field("subject", ids, set_lang=lang)
        bodies = self._render_field(body, ids, set_lang=lang)
        return {id_: (subjects[id_], bodies[id_]) for id_ in ids}

    @api.constrains("body_plaintext")
    def _check_of_active(self):
        self.step_id._check_of_active()
