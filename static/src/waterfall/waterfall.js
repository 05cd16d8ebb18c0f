import {onMounted, onWillStart, useState} from "@odoo/owl";
import {CompanyScreen} from "../company_screen/company_screen";
import {ControlPanel} from "@web/search/control_panel/control_panel";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {KeepLast} from "@web/core/utils/concurrency";
import {WaterfallChart} from "./waterfall_chart";
import {_t} from "@web/core/l10n/translation";
import {deserializeDate} from "@web/core/l10n/dates";
import {getCurrency} from "@web/core/currency";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useSetupAction} from "@web/search/action_hook";

const DEFAULT_PERIOD = "12";
/** Rows on one page of a list */
const PAGE = 80;
const RANGE = /^(\d{4}-\d{2})_(\d{4}-\d{2})$/;

/**
 * The monthly MRR waterfall: opening + what customers did + currency drift = closing,
 * over a period as a chart and by month as a table whose numbers open their rows.
 *
 * The period is one word: a number of months, "all", or "2024-01_2024-06". It is kept in
 * the URL, so that a link, a reload and the way back all lead to the same screen.
 */
export class SubscriptionWaterfall extends CompanyScreen {
    static template = "subscription_segmentation.Waterfall";
    static components = {ControlPanel, Dropdown, DropdownItem, WaterfallChart};
    static props = {...standardActionServiceProps};
    static path = "mrr-waterfall";
    static displayName = _t("MRR Waterfall");

    setup() {
        super.setup();
        this.keepLast = new KeepLast();
        const period = this.props.state?.period ?? this.props.action.params?.period;
        this.state = useState({period: this.validPeriod(period), data: null});
        useSetupAction({getLocalState: () => ({period: this.state.period})});
        onWillStart(() => this.load());
        onMounted(() => this.rememberPeriod());
    }

    // --- period ------------------------------------------------------------------------

    get periods() {
        return [
            ["3", _t("Last 3 months")],
            ["6", _t("Last 6 months")],
            ["12", _t("Last 12 months")],
            ["24", _t("Last 24 months")],
            ["all", _t("All months")],
        ];
    }

    validPeriod(period) {
        const known = this.periods.some(([name]) => name === String(period));
        return known || RANGE.test(period) ? String(period) : DEFAULT_PERIOD;
    }

    get isCustom() {
        return RANGE.test(this.state.period);
    }

    get periodLabel() {
        const preset = this.periods.find(([name]) => name === this.state.period);
        return preset ? preset[1] : _t("Custom range");
    }

    /**
     * @returns {Array} the arguments of the server's method
     */
    get arguments() {
        if (this.isCustom) {
            const [, from, to] = this.state.period.match(RANGE);
            return [`${from}-01`, `${to}-01`];
        }
        return [false, false, parseInt(this.state.period, 10) || 0];
    }

    async load() {
        const request = this.orm.call(
            "subscription.waterfall",
            "get_waterfall",
            this.arguments
        );
        this.state.data = await this.keepLast.add(request);
    }

    async selectPeriod(period) {
        this.state.period = period;
        this.rememberPeriod();
        await this.load();
    }

    selectCustom() {
        const [first, last] = this.shownMonths;
        return this.selectPeriod(`${first.slice(0, 7)}_${last.slice(0, 7)}`);
    }

    /**
     * @param {Number} index 0: the first month of the range, 1: the last one
     * @param {String} month
     */
    selectMonth(index, month) {
        const range = this.shownMonths;
        range[index] = month;
        // A first month after the last one: the month just chosen is meant.
        const [from, to] = range[0] > range[1] ? [month, month] : range;
        return this.selectPeriod(`${from.slice(0, 7)}_${to.slice(0, 7)}`);
    }

    rememberPeriod() {
        this.props.updateActionState?.({period: this.state.period});
    }

    /**
     * @returns {String[]} the first and the last month on the screen
     */
    get shownMonths() {
        const {rows} = this.state.data;
        return [rows[0].first, rows.at(-1).first];
    }

    // --- what is shown -----------------------------------------------------------------

    get isEmpty() {
        return !this.state.data.rows.length;
    }

    get asOf() {
        return _t("Contracted MRR of %(company)s as of %(date)s.", {
            company: this.state.data.company,
            date: this.day(this.state.data.as_of),
        });
    }

    get endedOn() {
        return _t("The last movement was on %(date)s: months after it are not shown.", {
            date: this.day(this.state.data.ended_on),
        });
    }

    month(day) {
        return deserializeDate(day).toFormat("LLLL yyyy");
    }

    /**
     * @returns {String} the amount in thousands or millions, for where there is little room
     */
    shortMoney(amount) {
        const power = Math.floor(Math.log10(Math.abs(amount) || 1) / 3);
        const isWhole = Number.isInteger(amount / 1000 ** power);
        return formatMonetary(amount, {
            currencyId: this.state.data.currency_id,
            humanReadable: true,
            noSymbol: true,
            digits: [false, isWhole ? 0 : 1],
        });
    }

    /**
     * What would be shown as 0 is 0: no "-0.00".
     */
    rounded(amount) {
        const digits = getCurrency(this.state.data.currency_id)?.digits[1] ?? 2;
        return Math.abs(amount) < 0.5 * 10 ** -digits ? 0 : amount;
    }

    isBalance(name) {
        return ["opening", "closing"].includes(name);
    }

    /**
     * @returns {String} the amount with a sign where it is a change
     */
    text(row, name) {
        const amount = this.rounded(row.cells[name].amount);
        const plus = this.isBalance(name) || !amount ? "" : "+";
        return (amount < 0 ? "-" : plus) + this.money(Math.abs(amount));
    }

    get unexplained() {
        const {rows} = this.state.data;
        return rows.filter((row) => this.rounded(row.difference));
    }

    get totalLabel() {
        const [first, last] = this.shownMonths.map((day) => this.month(day));
        return first === last ? first : _t("%(first)s to %(last)s", {first, last});
    }

    get bars() {
        const {columns, total} = this.state.data;
        return columns.map(({name, label}) => ({
            name,
            label,
            amount: total.cells[name].amount,
            text: this.text(total, name),
            isBalance: this.isBalance(name),
        }));
    }

    get chartLabel() {
        const figures = this.bars.map(({label, text}) => `${label} ${text}`).join(", ");
        return _t("MRR waterfall, %(period)s: %(figures)s", {
            period: this.totalLabel,
            figures,
        });
    }

    // --- ways out ----------------------------------------------------------------------

    get openLabel() {
        return _t("open its rows");
    }

    cellTitle(row, column) {
        const months = row === this.state.data.total ? this.totalLabel : "";
        return `${column.label}, ${months || this.month(row.first)}`;
    }

    /**
     * Open the rows that a number is made of. Balances and drift are made of amounts in
     * several currencies: by currency, their sums are exact. A list adds up the rows of
     * its page only, its groups add up all: what is longer than a page comes by plan.
     */
    async openCell(row, column) {
        const {model, domain} = row.cells[column.name];
        const isLedger = model === "subscription.movement";
        let groupBy = [];
        if (isLedger) {
            groupBy = ["currency_id"];
        } else if ((await this.orm.searchCount(model, domain)) > PAGE) {
            groupBy = ["template_id"];
        }
        const views = isLedger ? ["list", "form"] : ["list", "pivot", "graph"];
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: this.cellTitle(row, column),
            res_model: model,
            views: views.map((view) => [false, view]),
            domain,
            context: {group_by: groupBy},
        });
    }

    openBar(name) {
        const {columns, total} = this.state.data;
        return this.openCell(
            total,
            columns.find((column) => column.name === name)
        );
    }
}

registry
    .category("actions")
    .add("subscription_segmentation.waterfall", SubscriptionWaterfall);
