import {registry} from "@web/core/registry";

const block = (name) => `.o_customer_block[data-block='${name}']`;

/** Blocks are read when they come into sight */
const scrollTo = (name) => ({
    trigger: block(name),
    run: ({anchor}) => anchor.scrollIntoView(),
});

registry.category("web_tour.tours").add("subscription_segmentation_customer_view", {
    steps: () => [
        {
            content: "The page is open on the overview, and blocks in sight are read",
            trigger: `${block("who")}:contains('Onboarding'):contains('To be helped')`,
        },
        scrollTo("next"),
        {
            trigger: `${block("next")}:contains('Notice'):contains('Call')`,
        },
        scrollTo("money"),
        {
            trigger: `${block("money")}:contains('overdue') [data-chart='money'] canvas`,
        },
        scrollTo("risk"),
        {
            trigger: `${block("risk")}:contains('72.5'):contains('Overdue for 34 days') [data-chart='risk'] canvas`,
        },
        scrollTo("use"),
        {
            trigger: `${block("use")}:contains('Chat')`,
        },
        {
            trigger: `${block("use")} [data-chart='use'] canvas`,
        },
        scrollTo("support"),
        {
            trigger: `${block("support")}:contains('Broken')`,
        },
        scrollTo("talk"),
        {
            trigger: `${block("talk")}:contains('Please call')`,
        },
        scrollTo("events"),
        {
            trigger: `${block("events")} .o_customer_event[data-kind='ticket_opened']`,
        },
        {
            content: "Older events come below",
            trigger: ".o_customer_older",
            run: "click",
        },
        {
            trigger: `${block("events")} .o_customer_event[data-kind='movement']:contains('started')`,
        },
        {
            content: "The customer is handed over",
            trigger: `${block("who")} [data-action='action_hand_over']`,
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='user_id'] input",
            run: "edit Viewer Two",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Viewer Two')",
            run: "click",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            trigger: `body:not(:has(.modal)) ${block("who")} .o_customer_manager:contains('Viewer Two')`,
        },
        {
            content: "A row opens its record",
            trigger: `${block("support")} .btn-link:contains('Broken')`,
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name='description']",
        },
    ],
});

registry
    .category("web_tour.tours")
    .add("subscription_segmentation_customer_view_agent", {
        steps: () => [
            {
                content: "What is empty says so",
                trigger: `${block("who")}:contains('In no segment')`,
            },
            scrollTo("money"),
            {
                trigger: `${block("money")} .o_customer_denied`,
            },
            scrollTo("risk"),
            {
                trigger: `${block("risk")}:contains('Not scored yet')`,
            },
            scrollTo("use"),
            {
                trigger: `${block("use")}:contains('No usage reported yet')`,
            },
            scrollTo("support"),
            {
                trigger: `${block("support")}:contains('No ticket that you may see')`,
            },
            scrollTo("talk"),
            {
                trigger: `${block("talk")}:contains('No message yet')`,
            },
            scrollTo("events"),
            {
                trigger: `${block("events")}[data-status='ready']:contains('started')`,
            },
        ],
    });
