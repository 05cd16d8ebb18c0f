import {onWillStart, useState} from "@odoo/owl";
import {CompanyScreen} from "../company_screen/company_screen";
import {ControlPanel} from "@web/search/control_panel/control_panel";
import {_t} from "@web/core/l10n/translation";
import {formatPercentage} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";

const SCORES = [1, 2, 3, 4, 5];

/**
 * The running subscriptions of a company by R and the mean of F and M: each of the 25
 * cells bears the name of its segment, a number and an amount, and opens its rows.
 */
export class SubscriptionRfmMap extends CompanyScreen {
    static template = "subscription_segmentation.RfmMap";
    static components = {ControlPanel};
    static props = {...standardActionServiceProps};
    static path = "rfm-map";
    static displayName = _t("RFM Map");

    setup() {
        super.setup();
        this.state = useState({data: null});
        onWillStart(() => this.load());
    }

    async load() {
        this.state.data = await this.orm.call("subscription.rfm.map", "get_map", []);
    }

    async refreshNow() {
        const action = await this.orm.call(
            "subscription.refresh",
            "action_refresh_now",
            [[]]
        );
        return this.action.doAction(action);
    }

    get isEmpty() {
        return !this.state.data.scored_on;
    }

    get columns() {
        return SCORES;
    }

    /**
     * @returns {Object[]} R from 5 down, each with its cells
     */
    get rows() {
        const {cells} = this.state.data;
        return SCORES.toReversed().map((r) => ({
            r,
            cells: cells.filter((cell) => cell.r === r),
        }));
    }

    label(name) {
        return this.state.data.segments.find((segment) => segment.name === name).label;
    }

    get asOf() {
        return _t("Running subscriptions of %(company)s as of %(date)s.", {
            company: this.state.data.company,
            date: this.day(this.state.data.scored_on),
        });
    }

    get notScored() {
        return _t("Running, but not scored yet: %s", this.count(this.notScoredCount));
    }

    get notScoredCount() {
        return this.state.data.not_scored;
    }

    percentage(share) {
        return formatPercentage(share, {digits: [false, 1]});
    }

    cellTitle(cell) {
        return _t("R %(r)s, FM %(fm)s: %(segment)s", {
            r: cell.r,
            fm: cell.fm,
            segment: this.label(cell.segment),
        });
    }

    /**
     * @returns {String} what a cell or a segment says to those who do not see it
     */
    spoken(title, {count, mrr}) {
        return _t("%(title)s, subscriptions: %(count)s, MRR: %(mrr)s, open them", {
            title,
            count: this.count(count),
            mrr: this.money(mrr),
        });
    }

    openRows(name, domain) {
        const views = ["list", "kanban", "pivot", "graph", "form"];
        return this.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: "sale.subscription",
            views: views.map((view) => [false, view]),
            domain,
        });
    }
}

registry
    .category("actions")
    .add("subscription_segmentation.rfm_map", SubscriptionRfmMap);
