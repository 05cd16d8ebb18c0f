import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const PARTS = ["candidates", "segments", "signals", "drift", "facts"];

/**
 * A part of what is known of a churn model's training: what was tried, what it looks at,
 * what has moved since, or how it was made.
 */
export class ChurnTablesField extends Component {
    static template = "subscription_segmentation.ChurnTables";
    static props = {
        ...standardFieldProps,
        part: {type: String, validate: (part) => PARTS.includes(part)},
    };

    get data() {
        return this.props.record.data[this.props.name];
    }

    width(share) {
        return `width: ${100 * share}%`;
    }

    badge(state) {
        const colors = {stable: "success", watch: "warning", act: "danger"};
        return `badge rounded-pill text-bg-${colors[state]}`;
    }
}

registry.category("fields").add("churn_tables", {
    component: ChurnTablesField,
    displayName: _t("Report of a Churn Model"),
    supportedTypes: ["json"],
    extractProps: ({options}) => ({part: options.part}),
});
