import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatFloat} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** Of the half circle that is drawn: its radius, and so its length */
const RADIUS = 80;
const LENGTH = Math.PI * RADIUS;

/**
 * A churn score from 0 to 100 as a half circle, in the colour of its risk. Odoo's own
 * gauge has one colour and does not say which unit it is in.
 */
export class ChurnGaugeField extends Component {
    static template = "subscription_segmentation.ChurnGauge";
    static props = {...standardFieldProps};

    get score() {
        return this.props.record.data[this.props.name];
    }

    get risk() {
        const {churn_risk, churn_risk_scored} = this.props.record.data;
        return churn_risk_scored || churn_risk || "none";
    }

    get text() {
        const text = formatFloat(this.score, {digits: [5, 1]});
        return this.isProbability ? _t("%s %", text) : text;
    }

    get unit() {
        return this.scoredBy === "scorecard" ? _t("of 100 points") : "";
    }

    get scoredBy() {
        return this.props.record.data.churn_scored_by;
    }

    get isProbability() {
        return this.scoredBy === "model";
    }

    /**
     * Since the score kept before; a rise is bad.
     */
    get change() {
        const change = this.props.record.data.churn_score_change;
        if (!change) {
            return null;
        }
        const size = formatFloat(Math.abs(change), {digits: [5, 1]});
        return change > 0
            ? {class: "text-danger", text: `▲ ${size}`, title: _t("up by %s", size)}
            : {class: "text-success", text: `▼ ${size}`, title: _t("down by %s", size)};
    }

    get arc() {
        return {path: `M 10 90 A ${RADIUS} ${RADIUS} 0 0 1 170 90`, length: LENGTH};
    }

    get filled() {
        return (LENGTH * Math.min(Math.max(this.score, 0), 100)) / 100;
    }

    get spoken() {
        return [this.text, this.unit, this.change?.title].filter(Boolean).join(" ");
    }
}

registry.category("fields").add("churn_gauge", {
    component: ChurnGaugeField,
    displayName: _t("Churn Gauge"),
    supportedTypes: ["float"],
});
