import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("subscription_segmentation_ticket_portal", {
    steps: () => [
        {
            trigger: "button[name='create_new_ticket']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "form[action='/submitted/ticket'] input[name='subject']",
            run: "edit Nothing works",
        },
        {
            trigger: "form[action='/submitted/ticket'] textarea[name='description']",
            run: "edit Since this morning",
        },
        {
            trigger: "form[action='/submitted/ticket'] button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The customer reads the ticket, and nothing of our segments",
            trigger:
                "#wrapwrap:contains('Nothing works'):not(:contains('To be saved')) #task_chat",
        },
    ],
});

tours.add("subscription_segmentation_ticket_agent", {
    steps: () => [
        {
            content: "The list names the segment of the customer and its tag",
            trigger:
                ".o_data_row:contains('Nothing works'):has([name='tag_ids']:contains('To be saved')) [name='customer_segment_id']:contains('To be saved')",
        },
        {
            trigger: ".o_switch_view.o_kanban",
            run: "click",
        },
        {
            content: "So does the card",
            trigger:
                ".o_kanban_record:contains('Nothing works'):has([name='tag_ids']:contains('To be saved')) .fw-bold:contains('To be saved')",
        },
        {
            trigger: ".o_kanban_record:contains('Nothing works')",
            run: "click",
        },
        {
            content: "It was raised to High: two stars of three",
            trigger:
                ".o_form_view .o_field_widget[name='priority']:has(.fa-star:eq(1)):not(:has(.fa-star:eq(2)))",
        },
        {
            trigger:
                ".o_form_view .o_field_widget[name='tag_ids'] .o_tag:contains('To be saved')",
        },
        {
            content: "A note says why",
            trigger:
                ".o-mail-Message:contains('Priority raised from Medium to High'):contains('To be saved')",
        },
    ],
});

tours.add("subscription_segmentation_pin_out", {
    steps: () => [
        {
            trigger:
                ".o_data_row:contains('Ada'):has([name='segment_ids']:contains('To be saved')) .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: ".o_cp_action_menus .dropdown-toggle:contains('Actions')",
            run: "click",
        },
        {
            trigger:
                ".o-dropdown--menu .o_menu_item:contains('Pin in or out of a Segment')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='segment_id'] input",
            run: "edit To be saved",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('To be saved')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='action'] label:contains('Pin out')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit Was on holiday",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "It has left the segment; the other one is still in it",
            trigger:
                "body:not(:has(.modal)) .o_data_row:contains('Ada'):not(:contains('To be saved'))",
        },
        {
            trigger:
                ".o_data_row:contains('Bob'):has([name='segment_ids']:contains('To be saved'))",
        },
    ],
});
