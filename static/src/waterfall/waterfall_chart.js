import {Component} from "@odoo/owl";
import {useChart} from "../chart/chart";

/**
 * The waterfall of a period as floating bars: balances stand on the axis, each movement
 * starts where the one before it ended. Every bar bears its amount, so that nothing is
 * said by colour alone; the table below the chart says the same to screen readers.
 */
export class WaterfallChart extends Component {
    static template = "subscription_segmentation.WaterfallChart";
    static props = {
        bars: {
            type: Array,
            element: {
                type: Object,
                shape: {
                    name: String,
                    label: String,
                    amount: Number,
                    text: String,
                    isBalance: Boolean,
                },
            },
        },
        formatShort: Function,
        label: String,
        onSelected: Function,
    };

    setup() {
        this.chart = useChart(
            () => this.config,
            () => [this.props.bars]
        );
    }

    /**
     * @returns {Array[]} from where to where each bar goes
     */
    get ranges() {
        let level = 0;
        return this.props.bars.map(({amount, isBalance}) => {
            const from = isBalance ? 0 : level;
            level = from + amount;
            return [from, level];
        });
    }

    barColor({amount, isBalance, name}) {
        if (isBalance || !amount) {
            return this.chart.color("--waterfall-balance");
        }
        if (name === "drift") {
            return this.chart.color("--waterfall-drift");
        }
        return this.chart.color(amount < 0 ? "--waterfall-down" : "--waterfall-up");
    }

    get config() {
        const {bars, formatShort, onSelected} = this.props;
        const ranges = this.ranges;
        const text = this.chart.color("--waterfall-text");
        const grid = this.chart.color("--waterfall-grid");
        const rtl = this.chart.canvas.closest(".o_rtl") !== null;
        return {
            type: "bar",
            data: {
                labels: bars.map((bar) => bar.label),
                datasets: [
                    {
                        data: ranges,
                        backgroundColor: bars.map((bar) => this.barColor(bar)),
                        barPercentage: 0.95,
                        categoryPercentage: 0.8,
                        borderRadius: 2,
                        // Else a floating bar is rounded at its upper end only.
                        borderSkipped: false,
                        minBarLength: 2,
                    },
                ],
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                layout: {padding: {top: 24}},
                scales: {
                    x: {
                        reverse: rtl,
                        grid: {display: false},
                        border: {color: grid},
                        ticks: {color: text, autoSkip: false, maxRotation: 60},
                    },
                    y: {
                        position: rtl ? "right" : "left",
                        border: {display: false},
                        grid: {color: grid},
                        ticks: {
                            color: text,
                            maxTicksLimit: 6,
                            callback: (amount) => formatShort(amount),
                        },
                    },
                },
                plugins: {
                    legend: {display: false},
                    tooltip: {
                        displayColors: false,
                        rtl,
                        callbacks: {label: ({dataIndex}) => bars[dataIndex].text},
                    },
                },
                onClick: (_ev, elements) => {
                    if (elements.length) {
                        onSelected(bars[elements[0].index].name);
                    }
                },
                onHover: (ev, elements) => {
                    ev.native.target.style.cursor = elements.length ? "pointer" : "";
                },
            },
            plugins: [
                {
                    id: "waterfall",
                    afterDatasetsDraw: (chart) => {
                        this.drawConnectors(chart, ranges, text);
                        this.drawAmounts(chart, ranges, text);
                    },
                },
            ],
        };
    }

    /**
     * Lead the eye from where a bar ends to where the next one starts.
     */
    drawConnectors(chart, ranges, color) {
        const {ctx, scales} = chart;
        const elements = chart.getDatasetMeta(0).data;
        ctx.save();
        ctx.strokeStyle = color;
        ctx.globalAlpha = 0.5;
        ctx.setLineDash([3, 3]);
        ctx.beginPath();
        for (let i = 0; i < elements.length - 1; i++) {
            const y = scales.y.getPixelForValue(ranges[i][1]);
            const [left, right] = [elements[i], elements[i + 1]];
            const half = Math.sign(right.x - left.x) * (left.width / 2);
            ctx.moveTo(left.x + half, y);
            ctx.lineTo(right.x - half, y);
        }
        ctx.stroke();
        ctx.restore();
    }

    /**
     * Write the amount of each bar above it; on a phone in short, and no zeros.
     */
    drawAmounts(chart, ranges, color) {
        const {ctx, scales} = chart;
        const {bars, formatShort} = this.props;
        const elements = chart.getDatasetMeta(0).data;
        const room = Math.abs(elements[1].x - elements[0].x) - 4;
        ctx.save();
        ctx.fillStyle = color;
        ctx.strokeStyle = this.chart.color("--waterfall-background");
        ctx.lineWidth = 4;
        ctx.textAlign = "center";
        ctx.textBaseline = "bottom";
        ctx.font = `500 12px ${getComputedStyle(this.chart.canvas).fontFamily}`;
        const fits = bars.every(({text}) => ctx.measureText(text).width <= room);
        bars.forEach(({amount, text}, i) => {
            if (fits || amount) {
                const words = fits ? text : formatShort(amount);
                const y = scales.y.getPixelForValue(Math.max(...ranges[i])) - 5;
                // A rim, so that no line of the grid crosses the figures.
                ctx.strokeText(words, elements[i].x, y);
                ctx.fillText(words, elements[i].x, y);
            }
        });
        ctx.restore();
    }
}
