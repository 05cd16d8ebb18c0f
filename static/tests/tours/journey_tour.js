import {registry} from "@web/core/registry";

const step = (name) => `.o_journey_step:contains('${name}')`;

registry.category("web_tour.tours").add("subscription_segmentation_journey", {
    steps: () => [
        {
            content: "The sequence is drawn, with how many are where",
            trigger: `${step("Day 1")}:contains('in the next 7 days')`,
        },
        {
            content: "A number opens those it counts",
            trigger: `${step("Day 1")} .o_journey_state[data-state='waiting']:contains('1')`,
            run: "click",
        },
        {
            trigger:
                ".o_list_view .o_data_row:contains('Greeting'):contains('Waiting')",
        },
        {
            trigger: ".o_breadcrumb a:contains('Greeting'), .o_back_button a",
            run: "click",
        },
        {
            trigger: "button[name='action_see_upcoming']",
            run: "click",
        },
        {
            content: "Who would get what, by step",
            trigger: ".o_list_view .o_group_header:contains('Tag 3')",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Anna')",
        },
        {
            trigger: ".o_breadcrumb a:contains('Greeting'), .o_back_button a",
            run: "click",
        },
        {
            trigger: "button[name='action_try']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='subscription_id'] input",
            run: "edit Anna",
        },
        {
            content: "It is found by its customer",
            trigger: ".o-autocomplete--dropdown-item:contains('S-ANNA')",
            run: "click",
        },
        {
            trigger: ".modal button[name='action_show']",
            run: "click",
        },
        {
            content: "What the step would do; what would be written stands in it",
            trigger:
                ".modal .o_data_row:contains('It is done'):contains('Hello Anna') .o_data_cell[name='step_id']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='body']:contains('Dear Anna')",
        },
    ],
});
