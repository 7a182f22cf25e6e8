// Opens a report as its readers do: with and without script, light and dark, phone and print.
// node page_in_browser.js MODULES REPORT.html OUTCOMES.csv [SCREENSHOTS]
"use strict";
const fs = require("fs");
const path = require("path");
const [modules, page, outcomes, pictures] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const axe = fs.readFileSync(path.join(modules, "axe-core/axe.min.js"), "utf8");
const address = "file://" + encodeURI(path.resolve(page));
let failures = 0;
const fail = (text) => { failures++; console.log("FAILED: " + text); };
const expect = (what, is) => { if (!is) fail(what); };
const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((p) => fs.existsSync(p));

async function open(browser, options, name) {
  const context = await browser.newContext(options);
  const p = await context.newPage();
  p.on("console", (m) => fail(name + ": the console said " + m.text()));
  p.on("pageerror", (e) => fail(name + ": " + e.message));
  p.on("request", (r) => {
    if (r.url() !== address && !r.url().startsWith("data:") && !r.url().startsWith("blob:"))
      fail(name + ": asked for " + r.url());
  });
  await p.goto(address);
  return p;
}

const look = () => {
  const empty = [];
  let shown = 0;
  document.querySelectorAll("details").forEach((e) => { e.open = true; });
  document.querySelectorAll("figure").forEach((f) => {
    const svg = [...f.querySelectorAll("svg")].filter((s) => s.getClientRects().length);
    const marks = svg.length && svg[0].querySelectorAll("path,circle,rect").length;
    shown += svg.length;
    if (svg.length !== 1 || marks < 4 || !f.querySelector("h3").textContent.trim()) empty.push(f.id);
  });
  return { empty, shown, figures: document.querySelectorAll("figure").length,
    sideways: document.documentElement.scrollWidth > document.documentElement.clientWidth };
};

async function checkAccess(p, name, rules) {
  await p.evaluate(axe);
  // The first rows of a long table stand for the rest, and the first figures of a section for those
  // that are made by the same code: axe-core looks at every node of what is left.
  await p.evaluate(() => ["tbody tr:nth-child(n+5)", "#joint figure:nth-of-type(n+3)",
    "#glossary dl > :nth-child(n+9)"].forEach((e) =>
    document.querySelectorAll(e).forEach((node) => node.remove())));
  const found = await p.evaluate((only) => axe.run(document, Object.assign(
    { resultTypes: ["violations"] }, only ? { runOnly: { type: "rule", values: only } } : {})), rules);
  for (const v of found.violations)
    fail(`${name}: axe ${v.id} (${v.impact}): ${v.nodes.length} x ` +
      v.nodes[0].html.slice(0, 160) + " " + v.nodes[0].failureSummary.slice(0, 200));
}

function readCsv(text) {
  const rows = text.trim().split("\r\n").map((line) =>
    [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)].map((m) => m[1].replace(/^"|"$/g, "")));
  const head = rows.shift();
  return rows.map((r) => Object.fromEntries(head.map((h, i) => [h, r[i]])));
}

// The main figure's table says what the store says.
async function checkNumbers(p) {
  const rows = await p.evaluate(() => [...document.querySelectorAll("#figure-main table tbody tr")]
    .map((r) => [...r.cells].map((c) => c.textContent.trim())));
  const title = await p.evaluate(() => document.querySelector("#figure-main caption").textContent);
  const csv = readCsv(fs.readFileSync(outcomes, "utf8"));
  const measure = csv.find((r) => r.measure).measure;
  const of = csv.filter((r) => r.measure === measure);
  expect(`table of ${title}: ${rows.length} rows, the store has ${of.length}`,
    rows.length === of.length);
  rows.forEach((cells, i) => {
    const shown = parseFloat(cells[3].replace("\u2212", "-"));
    const digits = (cells[3].split(" ")[0].split(".")[1] || "").length;
    const n = parseInt(cells[2].replace(/\D/g, ""), 10);
    expect(`row ${i}: ${cells.join(" | ")} beside ${of[i].mean}, n ${of[i].n_people}`,
      n === +of[i].n_people && (n === 0 ||
        Math.abs(shown - of[i].mean) <= 0.5001 * Math.pow(10, -digits)));
  });
}

async function checkScript(p) {
  const figure = p.locator("#figure-main");
  await figure.getByRole("button", { name: /^Show as table/ }).click();
  expect("the table opens", await figure.locator("details").evaluate((e) => e.open));
  await figure.getByRole("button", { name: /^Zoom/ }).click();
  expect("a chart to zoom into", await figure.locator("canvas").count() === 1);
  await figure.getByRole("button", { name: /^Zoom/ }).click();
  expect("the chart closes", await figure.locator("canvas").count() === 0);
  const svg = figure.locator("svg.wide");
  await svg.hover({ position: { x: 300, y: 100 } });
  expect("values under the pointer", /: [0-9]/.test(await p.locator(".tip").textContent()));
  await svg.focus();
  await p.keyboard.press("ArrowRight");
  await p.keyboard.press("ArrowRight");
  expect("values by keyboard are spoken", /: [0-9]/.test(await p.locator(".tip-live").textContent()));
  for (const kind of ["SVG", "CSV"]) {
    const [download] = await Promise.all([p.waitForEvent("download"),
      figure.getByRole("button", { name: kind === "SVG" ? /^Save as SVG/ : /^Save the numbers/ })
        .click()]);
    const text = fs.readFileSync(await download.path(), "utf8");
    expect(kind + " to save", kind === "SVG" ? /^<svg [\s\S]*<\/svg>$/.test(text) :
      text.split("\r\n").length > 3 && text.startsWith("Arm,"));
  }
  const table = p.locator("#assumptions table.sortable").filter({ hasText: "Every value that went in" });
  await p.evaluate(() => document.querySelectorAll("details").forEach((e) => { e.open = true; }));
  const moves = await table.locator("tbody tr td:nth-child(2)").evaluateAll(
    (cells) => cells.map((c) => parseFloat(c.dataset.v)));
  expect("the table begins with what moves the answer most", moves.length > 20 && moves[0] > 0 &&
    moves.every((v, i) => i === 0 || v <= moves[i - 1]));
  const first = () => table.locator("tbody tr").first().locator("th").textContent();
  const before = await first();
  await table.getByRole("button", { name: /^Sort by Value of/ }).click();
  const up = await first();
  await table.getByRole("button", { name: /^Sort by Value of/ }).click();
  const down = await first();
  expect("the table can be put in order: " + [before, up, down].join(", "), up < down);
}

// Nothing that is printed is higher than a page of Letter between its margins.
async function checkPrint(p) {
  await p.emulateMedia({ media: "print" });
  await p.setViewportSize({ width: 700, height: 900 });
  const high = await p.evaluate(() => [...document.querySelectorAll("figure")]
    .filter((f) => f.getBoundingClientRect().height > 960 && !f.querySelector("details[open]"))
    .map((f) => f.id));
  expect("figures that do not fit on a page: " + high.join(", "), high.length === 0);
}

(async () => {
  const browser = await chromium.launch({ executablePath: browserPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
  const picture = (p, name, options) => (pictures ? p.screenshot(Object.assign(
    { path: path.join(pictures, name + ".png") }, options)) : null);
  const desktop = await open(browser, { viewport: { width: 1100, height: 1250 } }, "desktop");
  await picture(desktop, "desktop");
  if (pictures) await desktop.locator("#figure-influence")
    .screenshot({ path: path.join(pictures, "influence.png") });
  await checkPrint(desktop);
  await desktop.emulateMedia({ media: "screen" });
  await desktop.setViewportSize({ width: 1100, height: 1250 });
  await checkScript(desktop);
  let seen = await desktop.evaluate(look);
  expect("figures without marks: " + seen.empty.join(", "), seen.empty.length === 0);
  expect("enough figures, found " + seen.figures, seen.figures >= 8);
  expect("desktop scrolls sideways", !seen.sideways);
  await checkNumbers(desktop);
  await checkAccess(desktop, "desktop");

  const dark = await open(browser, { viewport: { width: 1100, height: 1250 }, colorScheme: "dark" },
    "dark");
  await picture(dark, "dark");
  await checkAccess(dark, "dark", ["color-contrast", "link-in-text-block"]);

  const phone = await open(browser, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2,
    isMobile: true, hasTouch: true }, "phone");
  await picture(phone, "phone", { clip: { x: 0, y: 0, width: 390, height: 1500 }, fullPage: true });
  seen = await phone.evaluate(look);
  expect("phone scrolls sideways", !seen.sideways);
  expect("figures on the phone: " + seen.empty.join(", "), seen.empty.length === 0);
  await checkAccess(phone, "phone");

  const plain = await open(browser, { viewport: { width: 1100, height: 900 },
    javaScriptEnabled: false }, "without script");
  const shown = await plain.locator("figure svg.wide").count();
  expect("the same figures without script", shown === seen.figures);
  expect("tables without script", await plain.locator("figure details table").count() >= shown);
  await browser.close();
  console.log(`${seen.figures} figures, ${failures} failures`);
  process.exit(failures ? 1 : 0);
})().catch((e) => { console.log(e); process.exit(1); });
