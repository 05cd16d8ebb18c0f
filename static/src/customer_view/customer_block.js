import {
    Component,
    onMounted,
    onWillUnmount,
    onWillUpdateProps,
    useRef,
    useState,
} from "@odoo/owl";
import {
    deserializeDate,
    deserializeDateTime,
    toLocaleDateString,
    toLocaleDateTimeString,
} from "@web/core/l10n/dates";
import {formatFloat, formatMonetary} from "@web/views/fields/formatters";
import {CustomerChart} from "./customer_chart";
import {KeepLast} from "@web/core/utils/concurrency";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";

const MODEL = "subscription.customer";
/** A block is read a little before it is scrolled to */
const MARGIN = "200px";

/** How each kind of event is marked */
const ICONS = {
    invoice_overdue: "fa-exclamation-triangle text-danger",
    invoice_paid: "fa-check text-success",
    mail: "fa-envelope-o",
    meeting: "fa-calendar-o",
    movement: "fa-refresh",
    notice: "fa-sign-out text-danger",
    notice_withdrawn: "fa-undo",
    nps: "fa-smile-o",
    out_invoice: "fa-file-text-o",
    out_refund: "fa-file-text-o",
    plan: "fa-exchange",
    risk: "fa-tachometer",
    segment_automatic: "fa-tag",
    segment_left: "fa-tag text-muted",
    segment_pinned_in: "fa-thumb-tack",
    segment_pinned_out: "fa-thumb-tack text-muted",
    ticket_closed: "fa-check-square-o",
    ticket_opened: "fa-life-ring",
};

const COLORS = {low: "success", medium: "warning", high: "danger"};

/**
 * One block of the customer's page. It is read when it comes into sight, and says so
 * while it is read, when there is nothing, when it may not be read and when it failed.
 */
export class CustomerBlock extends Component {
    static template = "subscription_segmentation.CustomerBlock";
    static components = {CustomerChart};
    static props = {
        name: String,
        title: String,
        icon: String,
        resId: Number,
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.keepLast = new KeepLast();
        this.rootRef = useRef("root");
        this.state = useState({status: "waiting", data: null, isReadingOlder: false});
        onMounted(() => this.watch());
        onWillUnmount(() => this.observer?.disconnect());
        onWillUpdateProps(({resId}) => {
            if (resId !== this.props.resId) {
                // An answer that is still awaited for the last one never comes.
                Object.assign(this.state, {
                    status: "waiting",
                    data: null,
                    isReadingOlder: false,
                });
                this.watch(resId);
            }
        });
    }

    // --- reading -----------------------------------------------------------------------

    watch(resId = this.props.resId) {
        this.observer?.disconnect();
        this.observer = new IntersectionObserver(
            (entries) => {
                if (entries.some((entry) => entry.isIntersecting)) {
                    this.observer.disconnect();
                    this.load(resId);
                }
            },
            {rootMargin: MARGIN}
        );
        this.observer.observe(this.rootRef.el);
    }

    read(resId, cursor = null) {
        const reading = this.orm.silent.call(MODEL, "customer_view", [
            [resId],
            this.props.name,
            cursor,
        ]);
        return this.keepLast.add(reading);
    }

    /**
     * What is shown already stays until it is read again.
     */
    async load(resId = this.props.resId) {
        if (!this.state.data) {
            this.state.status = "loading";
        }
        try {
            this.state.data = await this.read(resId);
            this.state.status = "ready";
        } catch {
            this.state.status = "error";
        }
    }

    async older() {
        const {data} = this.state;
        this.state.isReadingOlder = true;
        try {
            const {rows, cursor} = await this.read(this.props.resId, data.cursor);
            data.rows.push(...rows);
            data.cursor = cursor;
        } catch {
            this.state.status = "error";
        }
        this.state.isReadingOlder = false;
    }

    // --- opening -----------------------------------------------------------------------

    open(model, resId) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: resId,
            views: [[false, "form"]],
            target: "current",
        });
    }

    /**
     * @param {String} method of the customer that returns an action
     */
    async run(method) {
        const action = await this.orm.call(MODEL, method, [[this.props.resId]]);
        return this.action.doAction(action, {onClose: () => this.load()});
    }

    // --- words -------------------------------------------------------------------------

    money(amount, currencyId = this.state.data.currency_id) {
        return formatMonetary(amount, {currencyId});
    }

    day(date) {
        return date ? toLocaleDateString(deserializeDate(date)) : "";
    }

    time(datetime, isAllDay = false) {
        const value = deserializeDateTime(datetime);
        return isAllDay
            ? toLocaleDateString(value)
            : toLocaleDateTimeString(value, {showSeconds: false});
    }

    number(value) {
        return formatFloat(value, {digits: [5, 1], trailingZeros: false});
    }

    score(value) {
        const text = this.number(value);
        return this.state.data.is_probability ? _t("%s %", text) : text;
    }

    badge(risk) {
        return `badge rounded-pill text-bg-${COLORS[risk] ?? 300}`;
    }

    more(part) {
        return part.count > part.rows.length
            ? _t("All %s", part.count)
            : _t("Open as list");
    }

    /**
     * Why a customer is in a segment.
     */
    why(segment) {
        if (segment.kind === "automatic") {
            return segment.description || _t("Meets the conditions of the segment.");
        }
        const words = {
            by: segment.pinned_by || "?",
            reason: segment.pin_reason || "",
        };
        const text =
            segment.kind === "pinned_in"
                ? _t("Pinned by %(by)s. %(reason)s", words)
                : _t("Kept out by %(by)s. %(reason)s", words);
        return segment.pinned_until
            ? `${text} (${_t("until %s", this.day(segment.pinned_until))})`
            : text;
    }

    renewalIn({days}) {
        if (days === 0) {
            return _t("today");
        }
        if (days < 0) {
            return days === -1 ? _t("1 day ago") : _t("%s days ago", -days);
        }
        return days === 1 ? _t("in 1 day") : _t("in %s days", days);
    }

    change({uses, uses_before: before}) {
        if (!before) {
            return uses ? {class: "text-success", text: _t("new")} : null;
        }
        const percent = Math.round((100 * (uses - before)) / before);
        if (!percent) {
            return null;
        }
        return percent > 0
            ? {class: "text-success", text: `▲ ${percent}%`}
            : {class: "text-danger", text: `▼ ${-percent}%`};
    }

    get notices() {
        const {subscriptions} = this.state.data;
        return (subscriptions?.rows || []).filter((sub) => sub.notice_end_date);
    }

    isLate(date) {
        return date < this.state.data.today;
    }

    get hasMoved() {
        return this.state.data.months.length > 1;
    }

    // --- time line ---------------------------------------------------------------------

    icon({kind}) {
        return `fa fa-fw ${ICONS[kind] ?? "fa-circle-o"}`;
    }

    /**
     * @returns {Object[]} the events of each day
     */
    get days() {
        const days = [];
        for (const row of this.state.data.rows) {
            if (days.at(-1)?.day !== row.day) {
                days.push({day: row.day, rows: []});
            }
            days.at(-1).rows.push(row);
        }
        return days;
    }

    eventAmount({kind, amount, currency_id: currencyId}) {
        if (!amount || !currencyId) {
            return "";
        }
        const text = this.money(amount, currencyId);
        return kind === "movement" && amount > 0 ? `+${text}` : text;
    }

    eventKey({kind, id}) {
        return `${kind}-${id}`;
    }
}
