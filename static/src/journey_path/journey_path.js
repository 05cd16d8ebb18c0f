import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/** What each channel is drawn with */
const ICONS = {
    email: "fa-envelope-o",
    sms: "fa-mobile",
    notice: "fa-bell-o",
    activity: "fa-phone",
    offer: "fa-gift",
    tag: "fa-tag",
    action: "fa-cog",
};

/** The states of deliveries that are counted below a step, in the order of reading */
const STATES = {
    waiting: {label: _t("Waiting"), class: ""},
    done: {label: _t("Done"), class: "text-success"},
    skipped: {label: _t("Skipped"), class: "text-muted"},
    cancelled: {label: _t("Cancelled"), class: "text-muted"},
    failed: {label: _t("Failed"), class: "text-danger"},
};

/**
 * The steps of a journey from left to right, each with the day it is done on and how many
 * subscriptions are where; a number opens those it counts.
 */
export class JourneyPathField extends Component {
    static template = "subscription_segmentation.JourneyPath";
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get steps() {
        return this.props.record.data[this.props.name] || [];
    }

    icon(step) {
        return ICONS[step.channel];
    }

    day({day}) {
        if (!day) {
            return _t("On the day");
        }
        return day < 0 ? _t("%s days before", -day) : _t("Day %s", day);
    }

    /**
     * The states that some delivery of the step is in.
     */
    states({numbers}) {
        return Object.entries(STATES)
            .filter(([state]) => numbers[state])
            .map(([state, shown]) => ({state, number: numbers[state], ...shown}));
    }

    /**
     * Of e-mails that were sent, how many were opened and clicked.
     */
    response({channel, numbers}) {
        if (channel !== "email" || !numbers.done) {
            return "";
        }
        const share = (number) => Math.round((100 * (number || 0)) / numbers.done);
        return _t("%(opened)s %% opened, %(clicked)s %% clicked", {
            opened: share(numbers.opened),
            clicked: share(numbers.clicked),
        });
    }

    async open(step, state) {
        const action = await this.orm.call(
            "subscription.journey",
            "action_see_deliveries",
            [[this.props.record.resId], step.id, state]
        );
        this.action.doAction(action);
    }
}

registry.category("fields").add("journey_path", {
    component: JourneyPathField,
    displayName: _t("Steps of a Journey"),
    supportedTypes: ["json"],
});
