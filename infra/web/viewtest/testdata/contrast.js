// Every text against what is behind it, by the formula of WCAG 2.2 (contrast ratio,
// relative luminance): the texts whose contrast is below 4.5, or 3 where they are large.
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r * a + below[0] * (1 - a), g * a + below[1] * (1 - a), b * a + below[2] * (1 - a), 1];
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const layer = rgba(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = (colour) => colour.slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  const weak = [];
  let checked = 0;
  const check = (element, pseudo, text) => {
    const style = getComputedStyle(element, pseudo);
    const back = behind(element), got = ratio(over(rgba(style.color), back), back);
    const size = parseFloat(style.fontSize), want = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    checked++;
    if (got < want) weak.push(`the contrast of ${JSON.stringify(text)} is ${got.toFixed(2)}, want ${want}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (text && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest(".unseen, noscript")) check(element, undefined, text);
  }
  for (const summary of document.querySelectorAll(".panel > summary")) check(summary, "::after", "the panel's Show and Hide");
  for (const control of document.querySelectorAll(".door, button.quiet")) { // 1.4.11: what shows that it can be pressed
    const got = ratio(over(rgba(getComputedStyle(control).borderTopColor), behind(control.parentElement)), behind(control.parentElement));
    if (got < 3) weak.push(`the contrast of the border of ${JSON.stringify(control.innerText)} is ${got.toFixed(2)}, want 3`);
  }
  return checked > 5 ? weak : [`only ${checked} texts were found`];
})()
