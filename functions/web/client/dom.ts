// Making elements. All text is set as text: nothing that came over the network is ever
// read as HTML.

export type Child = Node | string | undefined | false;
type Attributes = Record<string, string | boolean | undefined | ((event: Event) => void)>;

function fill<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  put(element, ...children);
  return element;
}

/** An HTML element. An attribute that is a function listens to the event of its name. */
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** A decorative element of SVG. */
export function draw(tag: string, attributes: Attributes, ...children: Child[]): SVGElement {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** Puts children into an element, in place of what it had. */
export function put(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => child !== undefined && child !== false));
}

/** An element of index.html. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element with the id ${id}`);
  return found;
}

/** Has screen readers say a sentence, after what they are saying. */
export function say(sentence: string): void {
  const said = byId("said");
  // The same sentence twice would be no change, and not be said.
  said.textContent = said.textContent === sentence ? sentence + "\u00a0" : sentence;
}

const opened = new Map<string, boolean>();

/** A part that opens on demand, and stays as it was left when the panel is drawn anew. */
export function fold(name: string, ...children: Child[]): HTMLElement {
  const details: HTMLDetailsElement = el("details", { class: "fold", open: opened.get(name) ?? false, toggle: () => opened.set(name, details.open) },
    el("summary", {}, name), ...children);
  return details;
}

/** Names and values. */
export function pairs(...rows: [string, Child | Child[]][]): HTMLElement {
  return el("dl", {}, ...rows.filter(([, value]) => value !== undefined).map(([name, value]) =>
    el("div", {}, el("dt", {}, name), Array.isArray(value) ? el("dd", {}, ...value) : el("dd", {}, value))));
}
