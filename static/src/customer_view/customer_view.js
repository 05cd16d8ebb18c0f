import {Component} from "@odoo/owl";
import {CustomerBlock} from "./customer_block";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/**
 * The page of a customer: who it is, money, risk, use, support, talk and what is next,
 * and one time line of all that happened.
 */
export class CustomerView extends Component {
    static template = "subscription_segmentation.CustomerView";
    static components = {CustomerBlock};
    static props = {...standardWidgetProps};

    get blocks() {
        return [
            {name: "who", title: _t("Who"), icon: "fa-users"},
            {name: "next", title: _t("Next"), icon: "fa-flag-o"},
            {name: "money", title: _t("Money"), icon: "fa-money"},
            {name: "risk", title: _t("Risk"), icon: "fa-tachometer"},
            {name: "use", title: _t("Use"), icon: "fa-mouse-pointer"},
            {name: "support", title: _t("Support"), icon: "fa-life-ring"},
            {name: "talk", title: _t("Talk"), icon: "fa-comments-o"},
            {name: "events", title: _t("Time Line"), icon: "fa-history"},
        ];
    }
}

registry.category("view_widgets").add("customer_view", {component: CustomerView});
