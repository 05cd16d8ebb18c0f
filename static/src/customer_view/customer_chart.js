import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {deserializeDate} from "@web/core/l10n/dates";
import {formatMonetary} from "@web/views/fields/formatters";
import {useChart} from "../chart/chart";

const month = (date) => deserializeDate(date).toFormat("LLL yy");
const day = (date) => deserializeDate(date).toFormat("d LLL yy");

/** What moves MRR, in the order in which it is stacked; what takes away is below 0 */
const KINDS = {
    new: _t("New"),
    reactivation: _t("Reactivation"),
    expansion: _t("Expansion"),
    contraction: _t("Contraction"),
    churn: _t("Churn"),
};

/** Each chart: its name, labels, figures, and how a figure is told */
const CHARTS = {
    money: {
        title: _t("MRR and what moved it, by month"),
        labels: (rows) => rows.map((row) => month(row.month)),
        datasets: (rows) => [
            {
                type: "line",
                label: _t("MRR"),
                name: "level",
                data: rows.map((row) => row.mrr),
                stepped: "middle",
            },
            ...Object.entries(KINDS)
                .filter(([kind]) => rows.some((row) => row[kind]))
                .map(([kind, label]) => ({
                    type: "bar",
                    label: label.toString(),
                    name: kind,
                    data: rows.map((row) => row[kind]),
                    stack: "moved",
                })),
        ],
        format: (amount, {currencyId}) =>
            formatMonetary(amount, {currencyId, humanReadable: true, decimals: 0}),
    },
    risk: {
        title: _t("Churn score over time"),
        labels: (rows) => rows.map((row) => day(row.date)),
        datasets: (rows, {limits}) => [
            {
                type: "line",
                label: _t("Churn score"),
                name: "level",
                data: rows.map((row) => row.score),
                pointRadius: 3,
            },
            ...limits.map((limit, i) => ({
                type: "line",
                label: i ? _t("High from") : _t("Medium from"),
                name: i ? "high" : "medium",
                data: rows.map(() => limit),
                borderDash: [4, 4],
                borderWidth: 1,
                pointRadius: 0,
                pointHitRadius: 0,
            })),
        ],
        most: 100,
        format: (score) => String(score),
    },
    use: {
        title: _t("Logins and features used, by week"),
        labels: (rows) => rows.map((row) => day(row.week)),
        datasets: (rows) => [
            {
                type: "bar",
                label: _t("Logins"),
                name: "logins",
                data: rows.map((row) => row.logins),
            },
            {
                type: "line",
                label: _t("Features used"),
                name: "level",
                data: rows.map((row) => row.features),
                yAxisID: "features",
                pointRadius: 2,
            },
        ],
        second: "features",
        format: (number) => (Number.isInteger(number) ? String(number) : ""),
    },
};

/**
 * A small chart of a block of the customer's page.
 */
export class CustomerChart extends Component {
    static template = "subscription_segmentation.CustomerChart";
    static props = {
        kind: String,
        rows: Array,
        options: {type: Object, optional: true},
    };

    setup() {
        this.chart = useChart(
            () => this.config,
            () => [JSON.stringify(this.props)]
        );
    }

    get definition() {
        return CHARTS[this.props.kind];
    }

    get options() {
        return this.props.options || {};
    }

    get title() {
        return this.definition.title.toString();
    }

    /**
     * What the chart shows, for those who do not see it.
     */
    get spoken() {
        const {rows} = this.props;
        const {labels, datasets, format} = this.definition;
        const [{data}] = datasets(rows, {limits: [], ...this.options});
        const told = labels(rows).map(
            (label, i) => `${label} ${format(data[i], this.options)}`
        );
        return `${this.title}: ${told.slice(-12).join(", ")}`;
    }

    get datasets() {
        const {rows} = this.props;
        return this.definition.datasets(rows, this.options).map((dataset) => {
            const color = this.chart.color(`--customer-${dataset.name}`);
            return {
                borderColor: color,
                backgroundColor: color,
                borderWidth: dataset.type === "line" ? 2 : 0,
                pointRadius: 0,
                pointHitRadius: 8,
                // Lines above the bars.
                order: dataset.type === "line" ? 0 : 1,
                ...dataset,
                label: dataset.label.toString(),
            };
        });
    }

    get config() {
        const {definition, options} = this;
        const text = this.chart.color("--customer-text");
        const grid = this.chart.color("--customer-grid");
        const rtl = this.chart.canvas.closest(".o_rtl") !== null;
        const axis = (title, more = {}) => ({
            beginAtZero: true,
            suggestedMax: definition.most,
            grid: {color: grid},
            border: {display: false},
            title: {display: Boolean(title), text: title, color: text},
            ticks: {
                color: text,
                maxTicksLimit: 5,
                callback: (amount) => definition.format(amount, options),
            },
            ...more,
        });
        const second = definition.second && {
            [definition.second]: axis(_t("Features"), {
                position: rtl ? "left" : "right",
                grid: {display: false},
            }),
        };
        return {
            data: {
                labels: definition.labels(this.props.rows),
                datasets: this.datasets,
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: {mode: "index", intersect: false},
                scales: {
                    x: {
                        reverse: rtl,
                        stacked: this.props.kind === "money",
                        grid: {display: false},
                        border: {color: grid},
                        ticks: {color: text, maxTicksLimit: 6, maxRotation: 0},
                    },
                    y: axis(second ? _t("Logins") : "", {
                        position: rtl ? "right" : "left",
                    }),
                    ...second,
                },
                plugins: {
                    legend: {
                        position: "bottom",
                        rtl,
                        labels: {color: text, boxWidth: 10, boxHeight: 10},
                    },
                    tooltip: {
                        rtl,
                        callbacks: {
                            label: ({dataset, parsed}) =>
                                `${dataset.label}: ${definition.format(parsed.y, options)}`,
                        },
                    },
                },
            },
        };
    }
}
