import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {deserializeDate, toLocaleDateString} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const WIDTH = 240;
const HEIGHT = 48;
const MARGIN = 4;

/**
 * Why a churn score is what it is: what raises it and what lowers it, each with a bar of
 * its strength, what came and went since the score kept before, and how it went up to
 * now as a small line.
 */
export class ChurnInsightField extends Component {
    static template = "subscription_segmentation.ChurnInsight";
    static props = {...standardFieldProps};

    get data() {
        return this.props.record.data[this.props.name] || {};
    }

    get groups() {
        const {raise = [], lower = []} = this.data;
        return [
            {name: "raise", title: _t("Speaks for leaving"), reasons: raise},
            {name: "lower", title: _t("Speaks for staying"), reasons: lower},
        ].filter((group) => group.reasons.length);
    }

    get hasNews() {
        const {came = [], went = []} = this.data;
        return came.length + went.length > 0;
    }

    get newsTitle() {
        return _t("Since %s", this.data.compared_with);
    }

    percentage(share) {
        return `${Math.round(100 * share)}%`;
    }

    /**
     * The kept scores since the way of scoring last changed, as points of a line: points
     * of the scorecard and probabilities do not compare.
     */
    get line() {
        const all = this.data.history || [];
        const by = all.at(-1)?.[3];
        const from = all.findLastIndex((row) => row[3] !== by) + 1;
        const rows = all.slice(from);
        if (rows.length < 2) {
            return null;
        }
        const times = rows.map(([date]) => deserializeDate(date).toMillis());
        const [first, last] = [times[0], times.at(-1)];
        const x = (time) =>
            MARGIN + ((WIDTH - 2 * MARGIN) * (time - first)) / (last - first);
        const points = rows.map(([, score], i) => ({x: x(times[i]), y: this.y(score)}));
        return {
            width: WIDTH,
            height: HEIGHT,
            points: points.map((point) => `${point.x},${point.y}`).join(" "),
            end: points.at(-1),
            risk: rows.at(-1)[2],
            limits: this.data.limits.map((limit) => this.y(limit)),
            from: toLocaleDateString(deserializeDate(rows[0][0])),
            to: toLocaleDateString(deserializeDate(rows.at(-1)[0])),
        };
    }

    y(score) {
        return HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * score) / 100;
    }

    get spokenLine() {
        return _t("Kept scores: %s", this.data.history.map((row) => row[1]).join(", "));
    }
}

registry.category("fields").add("churn_insight", {
    component: ChurnInsightField,
    displayName: _t("Churn Reasons"),
    supportedTypes: ["json"],
});
