// What is drawn. All of it is decoration: words beside it say the same.

import { draw } from "./dom";

const post = (x: number): SVGElement => draw("g", { class: "brass" },
  draw("ellipse", { cx: String(x), cy: "108", rx: "20", ry: "5" }), draw("rect", { x: String(x - 3), y: "28", width: "6", height: "80" }),
  draw("rect", { x: String(x - 7), y: "34", width: "14", height: "7", rx: "3" }), draw("circle", { cx: String(x), cy: "20", r: "9" }));

const cord = (d: string): SVGElement => draw("g", { class: "cord" }, draw("path", { d }), draw("path", { d, class: "twist" }));

/** A rope between two posts: in the way, or hung up on one of them. */
export function rope(open: boolean): SVGElement {
  return draw("svg", { class: "rope", viewBox: "0 0 300 116", "aria-hidden": "true" }, post(40), post(260),
    open ? draw("g", {}, draw("circle", { class: "hook", cx: "57", cy: "101", r: "4" }), cord("M40 39c22 1 27 24 18 55")) : cord("M40 39c50 74 170 74 220 0"));
}

const shapes = {
  lock: "M5.5 9V6.5a3.5 3.5 0 0 1 7 0V9M4 9h10v7H4z",
  open: "M5.5 9V6.5a3.5 3.5 0 0 1 6.6-1.6M4 9h10v7H4z",
  yes: "m3.5 9.5 4 4 7-8.5",
  no: "m4.5 4.5 9 9m0-9-9 9",
  go: "M3 9h11m-4.5-4.5L14 9l-4.5 4.5",
  down: "m5 7.5 4 4 4-4",
  person: "M9 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zm-6 6.5a6 6 0 0 1 12 0",
};

/** A small sign in the colour of the text. */
export function sign(name: keyof typeof shapes): SVGElement {
  return draw("svg", { class: "sign", viewBox: "0 0 18 18", "aria-hidden": "true" }, draw("path", { d: shapes[name] }));
}
