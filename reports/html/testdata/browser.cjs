// Looks at a report in a real browser and prints what is wrong with it, a line each. It is run by browser_test.go:
//   node browser.cjs CHROMIUM REPORT PICTURES WIDTH,light|dark,on|off ...
// with axe-core and playwright-core on NODE_PATH.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [executablePath, report, pictures, ...looks] = process.argv.slice(2);

// look opens the report once, with or without its script.
async function look(browser, width, colorScheme, javaScriptEnabled) {
  const where = `${width},${colorScheme},${javaScriptEnabled ? "on" : "off"}`;
  const context = await browser.newContext({ javaScriptEnabled, colorScheme, viewport: { width, height: 900 } });
  const wrong = (text) => console.log(`${where}: ${text}`);
  const page = await context.newPage();
  page.on("console", (message) => wrong(`the console says ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong(`an error: ${error}`));
  page.on("request", (request) => { if (!request.isNavigationRequest()) wrong(`it asks for ${request.url()}`); });
  await page.goto(pathToFileURL(report).href);
  await page.screenshot({ path: path.join(pictures, `${where}.png`) });
  await (javaScriptEnabled ? withScript(page, width, wrong) : withoutScript(page, wrong));
  await context.close();
}

async function withScript(page, width, wrong) {
  if (await page.evaluate(() => window.hacked)) wrong("what the target said was carried out");
  const entries = () => page.locator("[data-o]:visible").count();
  const all = await entries();
  await page.fill("#words", "no such thing anywhere");
  await page.waitForFunction(() => document.getElementById("found").textContent !== "");
  if (await entries() !== 0) wrong("the filter shows what does not fit");
  await page.fill("#words", "");
  await page.waitForFunction(() => document.getElementById("found").textContent === "");
  if (await entries() !== all) wrong("the filter does not show everything again");
  await page.keyboard.press("Tab");
  if (await page.evaluate(() => document.activeElement === document.body)) wrong("the keyboard reaches nothing");
  await page.click("#all");
  if (await page.locator("details:not([open])").count() !== 0) wrong("not everything was opened");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) {
    const widest = await page.evaluate((width) => [...document.querySelectorAll("main *")]
      .filter((node) => node.getBoundingClientRect().right > width && !node.closest(".scroll")).map((node) => node.outerHTML.slice(0, 80))[0], width);
    wrong(`it is ${wide} px wide, because of ${widest}`);
  }
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  for (const violation of found.violations) {
    wrong(`axe finds ${violation.impact} ${violation.id} ${violation.nodes.length} times: ${violation.nodes[0].html}: ${violation.nodes[0].failureSummary}`.replaceAll("\n", " "));
  }
}

async function withoutScript(page, wrong) {
  if (await page.locator("#filter").isVisible()) wrong("the filter is there, and does nothing");
  if (!await page.locator("h1").isVisible()) wrong("there is no heading");
  const first = page.locator("#matrix ~ details > summary").first();
  const open = await first.locator("..").getAttribute("open");
  await first.click();
  if (await first.locator("..").getAttribute("open") === open) wrong("what is folded cannot be opened");
}

(async () => {
  const browser = await chromium.launch({ // with a profile that is made for it, and removed
    executablePath, headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  for (const wanted of looks) {
    const [width, colours, scripts] = wanted.split(",");
    await look(browser, Number(width), colours, scripts === "on");
  }
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
