import {onWillStart, onWillUnmount, useEffect, useRef} from "@odoo/owl";
import {loadBundle} from "@web/core/assets";

/**
 * Chart.js on the canvas of a component (`t-ref="canvas"`): drawn when it is mounted, drawn
 * anew when what it depends on has changed, taken away with it.
 *
 * @param {Function} config what Chart.js is to draw, read once the canvas is there
 * @param {Function} dependencies the values a drawing stands for
 * @returns {Object} the canvas, and the value of a CSS variable where it stands, which
 *      differs between light and dark mode
 */
export function useChart(config, dependencies) {
    const ref = useRef("canvas");
    let chart = null;
    onWillStart(() => loadBundle("web.chartjs_lib"));
    useEffect(() => {
        chart?.destroy();
        chart = new Chart(ref.el, config());
    }, dependencies);
    onWillUnmount(() => chart?.destroy());
    return {
        get canvas() {
            return ref.el;
        },
        color: (name) => getComputedStyle(ref.el).getPropertyValue(name).trim(),
    };
}
