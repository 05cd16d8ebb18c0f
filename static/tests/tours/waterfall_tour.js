import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

function expectUrl(part) {
    return () => {
        if (!window.location.href.includes(part)) {
            throw new Error(`${window.location.href} does not contain ${part}`);
        }
    };
}

tours.add("subscription_segmentation_waterfall", {
    steps: () => [
        {
            content: "The last twelve months end with the last one that has movements",
            trigger:
                ".o_waterfall_notes:contains('Jun 30, 2021'):contains('Jun 2, 2021')",
        },
        {
            content: "The chart says what it shows",
            trigger: ".o_waterfall_chart canvas[aria-label*='Expansion +$']",
        },
        {
            trigger:
                "tr[data-month='2021-05-01'] .o_waterfall_expansion:contains('+$ 30.50')",
        },
        {
            content: "There are twelve months",
            trigger: ".o_waterfall_table tbody:has(tr:nth-child(12))",
        },
        {
            trigger: ".o_waterfall_period",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item[data-period='all']",
            run: "click",
        },
        {
            content: "All months begin with the first movement",
            trigger:
                "tr[data-month='2020-01-01'] .o_waterfall_new:contains('+$ 100.00')",
            run: expectUrl("period=all"),
        },
        {
            content: "A number opens its rows",
            trigger: "tr[data-month='2021-06-01'] .o_waterfall_churn button",
            run: "click",
        },
        {
            trigger: ".o_breadcrumb:contains('Churn, June 2021')",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Ada'):contains('-130.50')",
        },
        {
            content: "The way back leads to the same period",
            trigger: ".o_breadcrumb a:contains('MRR Waterfall'), .o_back_button a",
            run: "click",
        },
        {
            trigger: ".o_waterfall_period:contains('All months')",
        },
        {
            content: "A balance is the sum of all movements up to its day",
            trigger: "tr[data-month='2021-05-01'] .o_waterfall_closing button",
            run: "click",
        },
        {
            trigger: ".o_group_header:contains('USD (2)'):contains('130.50')",
            run: () => window.history.back(),
        },
        {
            trigger: ".o_waterfall_period:contains('All months')",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item[data-period='custom']",
            run: "click",
        },
        {
            trigger: ".o_waterfall_from",
            run: "select 2021-05-01",
        },
        {
            trigger: ".o_waterfall_table tbody:not(:has(tr:nth-child(3)))",
            run: expectUrl("period=2021-05_2021-06"),
        },
        {
            trigger: "tfoot .o_waterfall_opening:contains('$ 100.00')",
        },
    ],
});

tours.add("subscription_segmentation_waterfall_empty", {
    steps: () => [
        {
            trigger: ".o_subscription_waterfall .o_nocontent_help",
        },
        {
            trigger: ".o_company_import",
            run: "click",
        },
        {
            trigger: ".modal .o_form_view [name='file']",
        },
    ],
});
