# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

#: What an import makes besides subscriptions, in the order in which it can be removed.
MODELS = [
    ("subscription.customer", "Customer"),
    ("res.partner", "Contact"),
    ("sale.subscription.template", "Plan"),
    ("product.template", "Product"),
    ("product.pricelist", "Price List"),
]
#: Columns that do not count as use: ours, or a part of the record itself.
OWN = {
    ("product_product", "product_tmpl_id"),
    ("product_product_subscription_terms_rel", "product_product_id"),
    ("sale_subscription", "predecessor_id"),
    ("sale_subscription_line", "sale_subscription_id"),
    ("subscription_customer", "partner_id"),
    ("subscription_import_line", "subscription_id"),
    ("subscription_health_state", "subscription_id"),
    ("subscription_movement", "subscription_id"),
    ("subscription_score_history", "subscription_id"),
    ("subscription_terms", "subscription_id"),
    ("subscription_terms", "template_id"),
}


class SubscriptionImportRecord(models.Model):
    """A contact, plan, product or price list that an import made."""

    _name = "subscription.import.record"
    _description = "Record Made by an Import"
    _order = "id"

    import_id = fields.Many2one(
        comodel_name="subscription.import",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="import_id.company_id", store=True)
    model = fields.Selection(selection=MODELS, required=True, readonly=True)
    res_id = fields.Integer(
        string="Record ID", required=True, readonly=True, aggregator=None
    )
    stamp = fields.Datetime(
        readonly=True, help="When the import last wrote on the record."
    )

    _record_unique = models.Constraint(
        "UNIQUE (model, res_id)", "A record is made by one import only."
    )

    @api.model
    def _remember(self, import_, records):
        """Note records that an import has made."""
        if records:
            records.flush_recordset()
            self.create(
                [
                    {
                        "import_id": import_.id,
                        "model": record._name,
                        "res_id": record.id,
                        "stamp": record.write_date,
                    }
                    for record in records
                ]
            )

    @api.model
    def _restamp(self, records):
        """Note that the last write on records was by an import."""
        if records:
            records.flush_recordset()
            stamps = {record.id: record.write_date for record in records}
            for made in self.search(
                [("model", "=", records._name), ("res_id", "in", records.ids)]
            ):
                made.stamp = stamps[made.res_id]

    def _records(self, model):
        """Return the records of a model that still exist, archived ones too."""
        ids = self.filtered(lambda made: made.model == model).mapped("res_id")
        Model = self.env[model].with_context(active_test=False)
        return Model.browse(ids).exists()

    def _touched(self):
        """Return a sentence for each record that something else has touched."""
        stamps = {(made.model, made.res_id): made.stamp for made in self}
        found = []
        for model, _label in MODELS[1:]:
            records = self._records(model)
            used = self._used(records, self.import_id)
            for record in records:
                # Saving Odoo's settings archives price lists: nobody's work is lost.
                if model != "product.pricelist" and (
                    record.write_date > stamps[model, record.id]
                ):
                    found.append(self.env._("%s was changed", record.display_name))
                elif record.id in used:
                    found.append(self.env._("%s is used", record.display_name))
        return found

    def _remove(self):
        """Remove the records; customers only if nothing of them is left."""
        customers = self._records(MODELS[0][0])
        customers.filtered(
            lambda customer: not (customer.movement_ids or customer.subscription_ids)
        ).unlink()
        for model, _label in MODELS[1:]:
            self._records(model).unlink()

    # --- who uses a record ------------------------------------------------------------

    @api.model
    def _used(self, records, import_):
        """Return ids of records that anything but the import refers to."""
        if not records:
            return set()
        self.env.flush_all()
        used = self._referenced(records, import_) | self._talked_about(records)
        for field in self.env.registry.many2one_company_dependents[records._name]:
            used |= self._query_ids(
                SQL(
                    "SELECT value::int FROM %(table)s, jsonb_each_text(%(column)s)"
                    " WHERE value ~ '^[0-9]+$' AND value::int = ANY(%(ids)s)",
                    table=SQL.identifier(self.env[field.model_name]._table),
                    column=SQL.identifier(field.name),
                    ids=records.ids,
                )
            )
        if records._name == "product.template":
            # Others refer to the variants.
            variants = records.product_variant_ids
            used_variants = variants.browse(self._used(variants, import_))
            used |= set(used_variants.product_tmpl_id.ids)
        return used

    @api.model
    def _query_ids(self, query):
        return {row[0] for row in self.env.execute_query(query)}

    @api.model
    def _referenced(self, records, import_):
        """Return ids that a foreign key of a row of somebody else points at."""
        Merge = self.env["base.partner.merge.automatic.wizard"]
        # What a record points at itself through a relation table is part of it.
        relations = {
            (field.relation, field.column1)
            for field in records._fields.values()
            if field.type == "many2many" and field.store
        }
        used = set()
        for table, column in Merge._get_fk_on(records._table):
            if (table, column) in OWN | relations:
                continue
            used |= self._query_ids(
                SQL(
                    "SELECT DISTINCT %(column)s FROM %(table)s AS referring"
                    " WHERE %(column)s = ANY(%(ids)s) AND %(condition)s",
                    column=SQL.identifier(column),
                    table=SQL.identifier(table),
                    ids=records.ids,
                    condition=self._by_others(table, column, import_),
                )
            )
        return used

    @api.model
    def _by_others(self, table, column, import_):
        """Return the condition that a referring row is not of the import itself."""
        subscription = {
            "sale_subscription": "id",
            "sale_subscription_line": "sale_subscription_id",
        }.get(table)
        if subscription:
            return SQL(
                "NOT EXISTS (SELECT FROM subscription_import_line AS line"
                " WHERE line.import_id = %s AND line.subscription_id = %s)",
                import_.id,
                SQL.identifier("referring", subscription),
            )
        if table == "subscription_segment_membership":
            return SQL("referring.kind <> 'automatic'")  # a pin is a person's
        if (table, column) == ("res_partner", "commercial_partner_id"):
            return SQL("referring.id <> referring.commercial_partner_id")
        return SQL("TRUE")

    @api.model
    def _talked_about(self, records):
        """Return ids with messages, activities, attachments or followers."""
        used = set()
        for table, model in (
            ("mail_message", "model"),
            ("mail_activity", "res_model"),
            ("mail_followers", "res_model"),
            ("ir_attachment", "res_model"),
        ):
            used |= self._query_ids(
                SQL(
                    "SELECT DISTINCT res_id FROM %(table)s"
                    " WHERE %(model)s = %(name)s AND res_id = ANY(%(ids)s)",
                    table=SQL.identifier(table),
                    model=SQL.identifier(model),
                    name=records._name,
                    ids=records.ids,
                )
            )
        return used
