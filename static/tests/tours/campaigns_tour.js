import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** Choose rows of the list by their customer, and one of the actions on them */
const act = (action, ...customers) => [
    ...customers.map((customer) => ({
        trigger: `.o_data_row:contains('${customer}') .o_list_record_selector input`,
        run: "click",
    })),
    {
        trigger: ".o_cp_action_menus .dropdown-toggle:contains('Actions')",
        run: "click",
    },
    {
        trigger: `.o-dropdown--menu .o_menu_item:contains('${action}')`,
        run: "click",
    },
];

tours.add("subscription_segmentation_email_campaign", {
    steps: () => [
        {
            trigger: ".o_data_row:contains('Dee')",
        },
        {
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            trigger: ".o_filter_menu .o_menu_item:contains('Loyal')",
            run: "click",
        },
        {
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            content: "The filter leaves out who is new",
            trigger: ".o_list_view:not(:has(.o_data_row:contains('Dee')))",
        },
        ...act("E-mail Campaign", "Ada", "Bob", "Cem"),
        {
            content: "Who is reached, who is not, and why",
            trigger:
                ".modal p[name='reached']:contains('1'):contains('of 3 will be reached')",
        },
        {
            trigger: ".modal p[name='reached_names']:contains('Ada')",
        },
        {
            trigger:
                ".modal .o_subscription_reach tr:contains('No address'):contains('Bob')",
        },
        {
            trigger:
                ".modal .o_subscription_reach tr:contains('Opted out'):contains('Cem')",
        },
        {
            trigger: ".modal .o_field_widget[name='name'] input",
            run: "edit Autumn",
        },
        {
            trigger: ".modal [name='version_ids'] a:contains('Add a text')",
            run: "click",
        },
        {
            trigger: ".modal:eq(-1) .o_field_widget[name='subject'] input",
            run: "edit What is new",
        },
        {
            trigger:
                ".modal:eq(-1) .o_field_widget[name='body_html'] .odoo-editor-editable",
            run: "editor Good to have you",
        },
        {
            trigger: ".modal:eq(-1) .o_form_button_save",
            run: "click",
        },
        {
            trigger:
                ".modal .o_field_widget[name='send'] label:contains('Send it now')",
            run: "click",
        },
        {
            trigger: ".modal button[name='action_confirm']:contains('Send')",
            run: "click",
        },
        {
            trigger: ".modal:contains('Send it now?') .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "The campaign is on its way, and says of whom",
            trigger:
                "body:not(:has(.modal)) .o_form_view:contains('Autumn') .o_arrow_button_current:contains('In Queue')",
        },
        {
            trigger: ".o_field_widget[name='waiting_count']:contains('1')",
        },
        {
            trigger: ".oe_stat_button[name='action_open_members']:contains('3')",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Cem'):contains('Opted out')",
        },
        {
            content: "It stands in the list of campaigns",
            trigger:
                ".o_menu_sections [data-menu-xmlid='subscription_oca.subscription_menu']",
            run: "click",
        },
        {
            trigger:
                ".o-dropdown--menu [data-menu-xmlid='subscription_segmentation.subscription_campaign_menu']",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Autumn'):contains('E-mail')",
        },
    ],
});

tours.add("subscription_segmentation_offer", {
    steps: () => [
        ...act("Make an Offer", "Ann", "Ben"),
        {
            trigger: ".modal .o_field_widget[name='offer_id'] input",
            run: "edit Three months for less",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Three months for less')",
            run: "click",
        },
        {
            content: "What it costs, who gets it, and who does not",
            trigger: ".modal .o_field_widget[name='cost']:contains('60.00')",
        },
        {
            trigger: ".modal p[name='reached_names']:contains('Ann')",
        },
        {
            trigger: ".modal .o_subscription_reach tr:contains('Ben')",
        },
        {
            trigger: ".modal .o_field_widget[name='name'] input",
            run: "edit Thanks",
        },
        {
            trigger: ".modal button[name='action_confirm']:contains('Make the Offer')",
            run: "click",
        },
        {
            trigger:
                "body:not(:has(.modal)) .o_form_view:contains('Thanks') .o_field_widget[name='reached_count']:contains('1')",
        },
        {
            trigger: ".breadcrumb-item a:contains('Subscriptions'), .o_back_button",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Ann') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            content: "The subscription says what it was given",
            trigger: ".o_form_view .nav-link[name='offers']",
            run: "click",
        },
        {
            trigger:
                "[name='offer_grant_ids'] .o_data_row:contains('Three months for less'):contains('Granted') button[name='action_revoke']",
            run: "click",
        },
        {
            trigger: ".modal:contains('Take back') .modal-footer .btn-primary",
            run: "click",
        },
        {
            trigger:
                "body:not(:has(.modal)) [name='offer_grant_ids'] .o_data_row:contains('Revoked'):not(:has(button[name='action_revoke']))",
        },
    ],
});
