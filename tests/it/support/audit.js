// What is wrong with this page: a list of sentences, empty when nothing is.
const wrong = [];
const root = document.documentElement;
const shown = (element) => element.getClientRects().length > 0;
const named = (element) => element.outerHTML.slice(0, 120);
if (root.scrollWidth > window.innerWidth) {
  const wide = [...document.body.querySelectorAll("*")].find((one) => one.getBoundingClientRect().right > window.innerWidth + 1);
  wrong.push(`scrolls sideways: ${root.scrollWidth} > ${window.innerWidth}: ${wide && named(wide)}`);
}
if (!["en", "zh-Hant"].includes(root.lang)) wrong.push(`lang is "${root.lang}"`);
if (!document.title.trim()) wrong.push("no title");
if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
const skip = document.querySelector("a.skip");
if (!skip || !document.querySelector(skip.getAttribute("href"))) wrong.push("no skip link that leads anywhere");
if (document.querySelector("script:not([src^='/assets/']), [style], style, [onclick]")) wrong.push("a script or a style of its own");
for (const one of performance.getEntriesByType("resource")) {
  if (!one.name.startsWith(`${location.origin}/`) && !one.name.startsWith("data:")) wrong.push(`asks another host: ${one.name}`);
}
const ids = new Set();
for (const one of document.querySelectorAll("[id]")) {
  if (ids.has(one.id)) wrong.push(`two elements are called ${one.id}`);
  ids.add(one.id);
}
for (const one of document.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
  const names = `${one.getAttribute("aria-labelledby") || ""} ${one.getAttribute("aria-describedby") || ""}`;
  for (const id of names.split(/\s+/).filter(Boolean)) if (!document.getElementById(id)) wrong.push(`nothing is called ${id}`);
}
for (const one of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
  if (!one.labels.length || !one.labels[0].textContent.trim()) wrong.push(`no label: ${named(one)}`);
}
for (const one of document.querySelectorAll("button, a[href]")) {
  const name = one.getAttribute("aria-label") || one.textContent.trim() || [...one.querySelectorAll("img")].map((img) => img.alt).join("");
  if (!name) wrong.push(`no name: ${named(one)}`);
}
for (const one of document.querySelectorAll("img")) if (!one.hasAttribute("alt")) wrong.push(`no alt: ${named(one)}`);
for (const one of document.querySelectorAll("form[method=post]")) {
  // A mail program sends the form of a digest without having seen it.
  if (!one.querySelector("input[name=seal]") && !new URL(one.action).pathname.startsWith("/digest/")) wrong.push(`no seal: ${named(one)}`);
}
let level = 0;
for (const one of document.querySelectorAll("h1, h2, h3, h4")) {
  const now = Number(one.tagName[1]);
  if (now > level + 1) wrong.push(`heading skips a level: ${named(one)}`);
  level = now;
}
for (const link of document.querySelectorAll("main a[href^='#']")) {
  if (!document.getElementById(link.getAttribute("href").slice(1))) wrong.push(`leads nowhere: ${named(link)}`);
}
// Contrast of text against the nearest ground (WCAG 2.2, 1.4.3).
const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => {
  const part = (value) => ((value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
};
const ground = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = channels(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] > 0.99) return colour;
  }
  return [255, 255, 255];
};
const poor = new Set();
for (const one of document.querySelectorAll("p, li, dt, dd, h1, h2, h3, a, button, label, legend, small, span, summary")) {
  if (!shown(one) || !one.textContent.trim()) continue;
  const [a, b] = [light(channels(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) poor.add(`contrast ${ratio.toFixed(1)}: ${named(one)}`);
}
wrong.push(...poor);
return wrong;
