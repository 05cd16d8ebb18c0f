import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("subscription_segmentation_live_chat", {
    steps: () => [
        {
            trigger: ".o-mail-DiscussSidebarChannel:contains('Vera')",
            run: "click",
        },
        {
            content: "Who is answered: segment, risk, MRR and renewal",
            trigger:
                ".o_live_chat_customer:contains('Household'):contains('Star'):contains('High (72)'):contains('30.00'):contains('Jul 15, 2025')",
        },
        {
            trigger: ".o_live_chat_customer a:contains('Household')",
            run: "click",
        },
        {
            content: "The customer view opens",
            trigger: ".o_customer_view",
        },
    ],
});
