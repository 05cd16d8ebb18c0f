# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .subscription_segment_link_sync import KINDS

MODULE = "subscription_segmentation"
#: What decides on the tags that a segment sets, and on the priority it asks for.
FOLLOWED = {
    "active",
    "company_id",
    "ticket_priority",
    *(kind.switch for kind in KINDS.values()),
    *(kind.tag for kind in KINDS.values()),
}


class SubscriptionSegment(models.Model):
    """The tags that segments set: found by name, or made.

    Names of data mark the tags that we have made, so that they follow the segment's
    name and go with the addon.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.segment"

    @api.model_create_multi
    def create(self, vals_list):
        segments = super().create(vals_list)
        segments._ensure_tags()
        return segments

    def write(self, vals):
        result = super().write(vals)
        if "name" in vals:
            self._rename_tags()
        if "color" in vals:
            self._color_tags()
        if not FOLLOWED.isdisjoint(vals):
            self._ensure_tags()
            self._follow_in_all_companies()
        return result

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        result = super()._update_field_translations(
            field_name, translations, digest, source_lang
        )
        if field_name == "name":
            self._rename_tags()
        return result

    def unlink(self):
        self.env["subscription.segment.link"].sudo()._remove(self)
        return super().unlink()

    def _follow_in_all_companies(self):
        """Bring tags and priorities to what the segments have just become."""
        self._sync_links()
        segments = self.sudo().filtered("active")
        for company in segments._companies():
            segments._raise_priorities(company)

    @api.constrains("company_id", "tag_partners")
    def _check_partner_tags(self):
        """Contacts belong to all companies: one must not see another's segments."""
        if self.filtered(lambda segment: segment.company_id and segment.tag_partners):
            raise ValidationError(
                self.env._(
                    "Tags of contacts are seen by all companies, so that only a "
                    "segment for all companies can set them: empty its company, or "
                    "have it set no tag on contacts."
                )
            )

    @api.constrains("company_id", "ticket_tag_id")
    def _check_ticket_tag_company(self):
        for segment in self:
            company = segment.sudo().ticket_tag_id.company_id
            if company and company != segment.company_id:
                raise ValidationError(
                    self.env._(
                        "The ticket tag %(tag)s belongs to the company %(company)s "
                        "only. Choose one without a company.",
                        tag=segment.ticket_tag_id.name,
                        company=company.name,
                    )
                )

    # --- finding and making -----------------------------------------------------------

    def _ensure_tags(self):
        """Choose the tags of segments that set some and have none."""
        for segment in self.sudo():
            tags = {
                kind.tag: (segment._find_tag(kind) or segment._make_tag(kind)).id
                for kind in KINDS.values()
                if segment[kind.switch] and not segment[kind.tag]
            }
            if tags:
                segment.write(tags)

    def _find_tag(self, kind, but=()):
        """Return the first tag that is called like the segment in any language.

        :param but: ids of tags that do not count
        """
        self.ensure_one()
        tags = kind.tags(self.env).with_context(active_test=True)
        names = SQL("SELECT tag.name AS value")
        if tags._fields["name"].translate:
            names = SQL("SELECT value FROM jsonb_each_text(tag.name)")
        self.flush_recordset(["name"])
        tags.flush_model(["name"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT tag.id
                  FROM %(tags)s tag, subscription_segment segment
                 WHERE segment.id = %(segment)s AND tag.id <> ALL(%(but)s)
                   AND EXISTS (
                        SELECT FROM (%(names)s) AS one,
                               jsonb_each_text(segment.name) AS own
                         WHERE lower(trim(one.value)) = lower(trim(own.value)))
                """,
                tags=SQL.identifier(tags._table),
                segment=self.id,
                but=list(but),
                names=names,
            )
        )
        domain = Domain("id", "in", [row[0] for row in rows])
        if "company_id" in tags._fields:
            domain &= Domain("company_id", "in", [False, *self.company_id.ids])
        return tags.search(domain, order="id", limit=1)

    def _make_tag(self, kind):
        """Return a new tag called like the segment in all languages, without company.

        Marked as ours.
        """
        self.ensure_one()
        tags = kind.tags(self.env)
        vals = {"name": self.name, "color": self.color, "company_id": False}
        tag = tags.create({name: vals[name] for name in vals if name in tags._fields})
        self._name_tag(tag)
        self.env["ir.model.data"].sudo().create(
            {
                "module": MODULE,
                "name": f"made_{tag._table}_{tag.id}",
                "model": tag._name,
                "res_id": tag.id,
                "noupdate": True,
            }
        )
        return tag

    def _name_tag(self, tag):
        """Call a tag like the segment, in all languages."""
        if not tag._fields["name"].translate:
            tag.name = self.name
            return
        self.flush_recordset(["name"])
        tag.flush_recordset(["name"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE %s AS tag SET name = segment.name
                  FROM subscription_segment segment
                 WHERE tag.id = %s AND segment.id = %s
                """,
                SQL.identifier(tag._table),
                tag.id,
                self.id,
            )
        )
        tag.invalidate_recordset(["name", "display_name"])

    # --- following the segment --------------------------------------------------------

    def _own_tags(self):
        """Yield (kind, tag) of the tags that were made for a segment, and it alone."""
        self.ensure_one()
        everyone = self.sudo().with_context(active_test=False)
        for kind in KINDS.values():
            tag = everyone[kind.tag]
            domain = [(kind.tag, "=", tag.id), ("id", "!=", self.id)]
            if tag and self._is_made(tag) and not everyone.search_count(domain):
                yield kind, tag

    @api.model
    def _is_made(self, tag):
        """Return whether we have made a tag."""
        return bool(
            self.env["ir.model.data"]
            .sudo()
            .search_count(
                [
                    ("module", "=", MODULE),
                    ("model", "=", tag._name),
                    ("res_id", "=", tag.id),
                ]
            )
        )

    def _rename_tags(self):
        """Rename what was made for segments, or take what has the new name already."""
        for segment in self.sudo():
            for kind, tag in segment._own_tags():
                found = segment._find_tag(kind, but=tag.ids)
                if found:
                    segment[kind.tag] = found
                else:
                    segment._name_tag(tag)

    def _color_tags(self):
        for segment in self.sudo():
            for _kind, tag in segment._own_tags():
                if "color" in tag._fields:
                    tag.color = segment.color

    # --- going ------------------------------------------------------------------------

    @api.model
    def _remove_tags(self):
        """Remove our links, and leave those tags to persons that they use as well.

        The others, which nothing points at any more, go with the addon.
        """
        self.env["subscription.segment.link"]._remove()
        Merge = self.env["base.partner.merge.automatic.wizard"]
        data = self.env["ir.model.data"].sudo()
        for kind in KINDS.values():
            tags = kind.tags(self.env)
            places = [
                (table, column)
                for table, column in Merge._get_fk_on(tags._table)
                if table != self._table
            ]
            used = SQL(" UNION ").join(
                SQL("SELECT %s FROM %s", SQL.identifier(column), SQL.identifier(table))
                for table, column in places
            )
            rows = self.env.execute_query(used)
            ids = [row[0] for row in rows if row[0]]
            data.search(
                [
                    ("module", "=", MODULE),
                    ("model", "=", tags._name),
                    ("res_id", "in", ids),
                ]
            ).unlink()
