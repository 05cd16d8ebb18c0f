import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/**
 * Groups of subscriptions, each with its number and the names of the first: who is not
 * reached and why, or who gets how many to work on.
 */
export class ReachTableField extends Component {
    static template = "subscription_segmentation.ReachTable";
    static props = {...standardFieldProps};

    get rows() {
        return this.props.record.data[this.props.name] || [];
    }

    names(row) {
        const names = row.names.join(", ");
        const more = row.number - row.names.length;
        return more > 0 ? _t("%(names)s and %(more)s more", {names, more}) : names;
    }
}

registry.category("fields").add("subscription_reach_table", {
    component: ReachTableField,
    displayName: _t("Groups of Subscriptions"),
    supportedTypes: ["json"],
});
