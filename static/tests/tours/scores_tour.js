import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/**
 * Choose a filter or a group of the search bar.
 */
function choose(menu, label) {
    return [
        {
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            trigger: `.${menu} .o_menu_item:contains('${label}')`,
            run: "click",
        },
        {
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
    ];
}

tours.add("subscription_segmentation_scores", {
    steps: () => [
        {
            content: "Everybody sees lifecycle, segment and score",
            trigger:
                ".o_data_row:contains('Eve'):contains('Onboarding'):contains('New Customers')",
        },
        ...choose("o_filter_menu", "Loyal"),
        {
            trigger: ".o_list_view:not(:has(.o_data_row:contains('Eve')))",
        },
        ...choose("o_group_by_menu", "RFM Segment"),
        {
            content: "The best segment comes first",
            trigger:
                ".o_group_header:first:contains('Champions (1)'):contains('100.00')",
        },
        {
            trigger: ".o_group_header:contains('At Risk (1)'):contains('10.00')",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Bob') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            trigger: ".o_form_view .nav-link[name='customer_insight']",
            run: "click",
        },
        {
            trigger: "[name='insight_recency']:contains('R 2: renewal')",
        },
        {
            trigger: "[name='insight_lifecycle']:contains('Loyal: 17 months since')",
        },
        {
            trigger:
                ".o_menu_sections [data-menu-xmlid='subscription_segmentation.subscription_reporting_menu']",
            run: "click",
        },
        {
            trigger:
                "[data-menu-xmlid='subscription_segmentation.subscription_rfm_map_menu']",
            run: "click",
        },
        {
            content: "Empty cells lead nowhere",
            trigger: ".o_rfm_cell[data-cell='3-3']:disabled",
        },
        {
            trigger: ".o_rfm_legend tr[data-segment='champions']:contains('100.00')",
        },
        {
            trigger:
                ".o_rfm_cell[data-cell='5-5'][aria-label*='Champions']:contains('100.00')",
            run: "click",
        },
        {
            trigger: ".o_breadcrumb:contains('R 5, FM 5: Champions')",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Ada')",
        },
        {
            trigger: ".o_list_view:not(:has(.o_data_row:contains('Bob')))",
        },
    ],
});

tours.add("subscription_segmentation_rfm_map_empty", {
    steps: () => [
        {
            trigger:
                ".o_subscription_rfm_map .o_nocontent_help:contains('Running, but not scored yet: 1')",
        },
    ],
});
