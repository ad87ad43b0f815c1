// Headings that skip a level, controls without a name or too small for a finger.
(() => {
  const wrong = [];
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    if (!heading.checkVisibility()) continue;
    const now = Number(heading.tagName[1]);
    if (now > level + 1) wrong.push(`the heading ${JSON.stringify(heading.innerText)} is of level ${now} after one of level ${level}`);
    level = now;
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("the page has not one h1");
  for (const control of document.querySelectorAll("button, summary, a")) {
    if (!control.checkVisibility()) continue;
    const { width, height } = control.getBoundingClientRect();
    if (width < 24 || height < 24) wrong.push(`${JSON.stringify(control.innerText)} is ${width} by ${height} pixels, want 24 by 24`);
    if (!control.textContent.trim()) wrong.push("a control has no name");
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size !== ids.length) wrong.push(`an id is there twice: ${ids}`);
  return wrong;
})()
