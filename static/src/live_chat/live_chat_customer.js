import {Component, onWillStart, useState} from "@odoo/owl";
import {Thread} from "@mail/core/common/thread";
import {useService} from "@web/core/utils/hooks";

/** How good or bad a churn risk is, as one of the theme's colours */
const COLORS = {low: "success", medium: "warning", high: "danger"};

/**
 * Who the customer in a live chat is: segment, churn risk, MRR and next renewal, for who may read
 * customers. It comes above the messages when it is there, which do not wait for it.
 */
export class LiveChatCustomer extends Component {
    static template = "subscription_segmentation.LiveChatCustomer";
    static props = {channelId: Number};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({customers: []});
        onWillStart(() => {
            this.load();
        });
    }

    async load() {
        this.state.customers = await this.orm.silent.call(
            "discuss.channel",
            "subscription_customers",
            [[this.props.channelId]]
        );
    }

    color(customer) {
        return `text-bg-${COLORS[customer.risk]}`;
    }

    open(customer) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "subscription.customer",
            res_id: customer.id,
            views: [[false, "form"]],
        });
    }
}

Object.assign(Thread.components, {LiveChatCustomer});
