import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("subscription_segmentation_churn", {
    steps: () => [
        {
            content: "Everybody sees score and risk, and who is about to leave in red",
            trigger:
                ".o_data_row.text-danger:contains('Ada'):contains('High'):contains('72.5')",
        },
        {
            trigger: ".o_data_row:not(.text-danger):contains('Bob'):contains('Low')",
        },
        {
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            trigger: ".o_filter_menu .o_menu_item:contains('High Risk')",
            run: "click",
        },
        {
            trigger: ".o_group_by_menu .o_menu_item:contains('Churn Score Range')",
            run: "click",
        },
        {
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            trigger: ".o_group_header:contains('60 to 80 (1)')",
            run: "click",
        },
        {
            trigger: ".o_list_view:not(:has(.o_data_row:contains('Bob')))",
        },
        {
            trigger: ".o_data_row:contains('Ada') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            trigger: ".o_form_view .nav-link[name='customer_insight']",
            run: "click",
        },
        {
            trigger: ".o_churn_gauge[data-risk='high']:contains('72.5')",
        },
        {
            trigger: "[data-direction='raise']:contains('Overdue for 34 days')",
        },
        {
            trigger: "[data-direction='lower']:contains('With us for 30 months')",
        },
        {
            trigger: ".o_churn_news:contains('Overdue for 34 days')",
        },
        {
            trigger: ".o_churn_line svg polyline",
        },
        {
            trigger: "button[name='action_open_score_history']",
            run: "click",
        },
        {
            trigger: ".o_graph_view canvas",
        },
    ],
});

tours.add("subscription_segmentation_churn_model", {
    steps: () => [
        {
            trigger: ".o_data_row:contains('Logistic'):contains('41%')",
        },
        {
            trigger: ".o_data_row .o_data_cell[name='known_by']",
            run: "click",
        },
        {
            trigger: "[name='verdict']:contains('41 %'):contains('by chance')",
        },
        {
            trigger: ".o_churn_curves .o_churn_curve:nth-child(2) canvas",
        },
        {
            trigger: ".nav-link[name='signals']",
            run: "click",
        },
        {
            trigger: ".o_churn_weights .o_churn_weight",
        },
        {
            trigger: ".o_churn_leaks:contains('0.970')",
        },
        {
            trigger: ".nav-link[name='candidates']",
            run: "click",
        },
        {
            trigger: ".o_churn_tables tr:contains('Logistic'):contains('used')",
        },
        {
            trigger:
                ".o_menu_sections [data-menu-xmlid='subscription_oca.sale_subscription_configuration_menu']",
            run: "click",
        },
        {
            trigger:
                "[data-menu-xmlid='subscription_segmentation.subscription_scorecard_rule_menu']",
            run: "click",
        },
        {
            trigger: "button[name='action_test']",
            run: "click",
        },
        {
            trigger: ".modal [name='range_ids'] .o_data_row:contains('80 to 100')",
        },
        {
            trigger: ".modal .btn-primary:contains('Close')",
            run: "click",
        },
        {
            trigger:
                "body:not(:has(.modal)) .o_menu_sections [data-menu-xmlid='subscription_oca.sale_subscription_configuration_menu']",
            run: "click",
        },
        {
            trigger:
                "[data-menu-xmlid='subscription_segmentation.subscription_churn_model_menu']",
            run: "click",
        },
        {
            trigger:
                ".o_list_view button[name='action_train'], .o_control_panel button[name='action_train']",
            run: "click",
        },
        {
            trigger: ".o_form_view .alert:contains('as soon as a worker is free')",
        },
    ],
});
