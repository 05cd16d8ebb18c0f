import {Component} from "@odoo/owl";
import {deserializeDate, toLocaleDateString} from "@web/core/l10n/dates";
import {formatInteger, formatMonetary} from "@web/views/fields/formatters";
import {useService} from "@web/core/utils/hooks";

/**
 * A screen over figures of the current company, which the server sends all at once.
 *
 * Those who extend it keep them in `this.state.data`, with `currency_id` and
 * `can_import`, and define `load()`.
 */
export class CompanyScreen extends Component {
    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    day(date) {
        return toLocaleDateString(deserializeDate(date));
    }

    money(amount) {
        return formatMonetary(amount, {currencyId: this.state.data.currency_id});
    }

    count(number) {
        return formatInteger(number);
    }

    openImport() {
        return this.action.doAction(
            "subscription_segmentation.subscription_import_wizard_action",
            {onClose: () => this.load()}
        );
    }
}
