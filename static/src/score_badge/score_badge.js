import {BadgeField, badgeField} from "@web/views/fields/badge/badge_field";
import {registry} from "@web/core/registry";

/** How good or bad a stage, a band or a segment is, as one of the theme's colours */
const COLORS = {
    onboarding: "info",
    stability: "primary",
    loyal: "success",
    champions: "success",
    potential_loyalists: "info",
    new: "info",
    promising: "info",
    mid_term: "primary",
    veteran: "success",
    need_attention: "warning",
    about_to_sleep: "warning",
    at_risk: "danger",
    cant_lose: "danger",
    low: "success",
    medium: "warning",
    high: "danger",
};

/**
 * Lifecycle stages, tenure bands, RFM segments and churn risks bear the same colour wherever they are
 * shown; what is over, or neither good nor bad, is grey.
 */
export class ScoreBadgeField extends BadgeField {
    get badgeClass() {
        const color = COLORS[this.props.record.data[this.props.name]];
        return `text-bg-${color ?? 300}`;
    }
}

registry.category("fields").add("score_badge", {
    ...badgeField,
    component: ScoreBadgeField,
    supportedTypes: ["selection"],
});
