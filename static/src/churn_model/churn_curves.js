import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatPercentage} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useChart} from "../chart/chart";

/** Each kind of curve: its words, and where its points come from */
const CURVES = {
    calibration: {
        title: _t("Predicted and happened"),
        x: _t("Predicted probability of leaving"),
        y: _t("Share that left"),
        diagonal: _t("Perfect"),
        points: ({calibration}) =>
            calibration.map((band) => ({
                x: band.predicted,
                y: band.observed,
                n: band.n,
            })),
    },
    gain: {
        title: _t("Who is found by looking at the highest scores"),
        x: _t("Share of subscriptions, the highest scores first"),
        y: _t("Share of those who left"),
        diagonal: _t("Chance"),
        points: ({gain}) => gain.map(([x, y]) => ({x, y})),
    },
};

/**
 * One curve of a churn model, measured across customers and forward in time, against the
 * diagonal: what a perfect calibration, or mere chance, would come to.
 */
export class ChurnCurve extends Component {
    static template = "subscription_segmentation.ChurnCurve";
    static props = {kind: String, series: Array};

    setup() {
        this.chart = useChart(
            () => this.config,
            () => [JSON.stringify(this.props)]
        );
    }

    get curve() {
        return CURVES[this.props.kind];
    }

    get datasets() {
        const colors = [
            this.chart.color("--churn-first"),
            this.chart.color("--churn-second"),
        ];
        return this.props.series.map((one, i) => ({
            label: one.label,
            data: this.curve.points(one),
            borderColor: colors[i],
            backgroundColor: colors[i],
            // Told apart without colours too.
            borderDash: i ? [6, 4] : [],
            pointStyle: i ? "rectRot" : "circle",
            pointRadius: this.props.kind === "gain" ? 0 : 4,
            pointHitRadius: 8,
            borderWidth: 2,
        }));
    }

    /**
     * Calibration of rare churn lies in a corner: show as much as there is.
     */
    get most() {
        if (this.props.kind === "gain") {
            return 1;
        }
        const all = this.datasets.flatMap(({data}) => data.flatMap(({x, y}) => [x, y]));
        return Math.min(Math.ceil(Math.max(...all, 0.05) * 20) / 20, 1);
    }

    get config() {
        const {curve, most} = this;
        const text = this.chart.color("--churn-text");
        const grid = this.chart.color("--churn-grid");
        const percentage = (share) => formatPercentage(share, {digits: [false, 0]});
        const axis = (title) => ({
            type: "linear",
            min: 0,
            max: most,
            // Texts above were made before the translations came.
            title: {display: true, text: title.toString(), color: text},
            grid: {color: grid},
            ticks: {color: text, callback: percentage, maxTicksLimit: 6},
        });
        return {
            type: "line",
            data: {
                datasets: [
                    ...this.datasets,
                    {
                        label: curve.diagonal.toString(),
                        data: [
                            {x: 0, y: 0},
                            {x: most, y: most},
                        ],
                        borderColor: text,
                        borderWidth: 1,
                        borderDash: [2, 4],
                        pointRadius: 0,
                        pointHitRadius: 0,
                    },
                ],
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                scales: {x: axis(curve.x), y: axis(curve.y)},
                plugins: {
                    legend: {
                        position: "bottom",
                        labels: {
                            color: text,
                            usePointStyle: true,
                            pointStyle: "line",
                            pointStyleWidth: 32,
                        },
                    },
                    tooltip: {
                        callbacks: {
                            title: ([{raw}]) => `${curve.x}: ${percentage(raw.x)}`,
                            label: ({raw}) => this.tooltip(raw, percentage),
                        },
                    },
                },
            },
        };
    }

    tooltip({x, y, n}, percentage) {
        if (n) {
            return _t("%(share)s left of %(number)s", {
                share: percentage(y),
                number: n,
            });
        }
        if (!x) {
            return percentage(y);
        }
        return _t("%(share)s of those who left; lift %(lift)s", {
            share: percentage(y),
            lift: (y / x).toFixed(1),
        });
    }
}

/**
 * Both curves of a churn model beside each other.
 */
export class ChurnCurvesField extends Component {
    static template = "subscription_segmentation.ChurnCurves";
    static components = {ChurnCurve};
    static props = {...standardFieldProps};

    get series() {
        return this.props.record.data[this.props.name]?.measured || [];
    }
}

registry.category("fields").add("churn_curves", {
    component: ChurnCurvesField,
    displayName: _t("Curves of a Churn Model"),
    supportedTypes: ["json"],
});
