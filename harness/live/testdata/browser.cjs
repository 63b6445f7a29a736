// Looks at the live page in a real browser and prints what is wrong with it, a line each. It is run by browser_test.go:
//   node browser.cjs CHROMIUM ADDRESS PICTURES
// with axe-core and playwright-core on NODE_PATH.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [executablePath, address, pictures] = process.argv.slice(2);

// open opens the page at a width, and waits until it shows the run.
async function open(browser, width, colorScheme) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, bypassCSP: false });
  const page = await context.newPage();
  const wrong = (text) => console.log(`${width},${colorScheme}: ${text}`);
  page.on("console", (message) => wrong(`the console says ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong(`an error: ${error}`));
  page.on("request", (request) => { if (!request.url().startsWith(address)) wrong(`it asks for ${request.url()}`); });
  await page.goto(address);
  await page.waitForFunction(() => document.getElementById("failed").textContent === "1");
  await page.waitForSelector("#wait td");
  return { page, wrong };
}

async function look(browser, width, colorScheme) {
  const { page, wrong } = await open(browser, width, colorScheme);
  const has = async (id, text) => {
    const found = await page.textContent("#" + id);
    if (!found.includes(text)) wrong(`#${id} is ${JSON.stringify(found)}, without ${JSON.stringify(text)}`);
  };
  await has("state", "running");
  await has("detail", "1 of 3 results");
  await has("wait", "hang.detected");
  await has("wait", "at most");
  await has("recovery", "serving 5.02 s after the exit");
  await has("failure", "restart.sigterm user.a");
  if (await page.evaluate(() => window.hacked)) wrong("what the target said was carried out");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) wrong(`it is ${wide} px wide`);
  await page.screenshot({ path: path.join(pictures, `live-${width}-${colorScheme}.png`), fullPage: true });
  return { page, wrong };
}

// stop presses the button, thinks again, and stops the run then.
async function stop({ page, wrong }) {
  await page.click("#stop");
  if (!await page.locator("#sure").isVisible()) wrong("nobody is asked whether to stop");
  await page.click("#no");
  if (await page.locator("#sure").isVisible() || !await page.locator("#stop").isVisible()) wrong("the run cannot go on");
  await page.click("#stop");
  await page.click("#yes");
  await page.waitForFunction(() => document.getElementById("state").textContent === "stopping");
  if (await page.locator("#stop").isVisible()) wrong("the run can be stopped twice");
  await page.waitForFunction(() => document.getElementById("state").textContent === "ended");
  if (!(await page.textContent("#detail")).includes("what was found is judged")) wrong("the end is not told");
}

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const wide = await look(browser, 1280, "dark");
  const narrow = await look(browser, 390, "light");
  for (const { page, wrong } of [wide, narrow]) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
    for (const violation of found.violations) wrong(`axe finds ${violation.impact} ${violation.id}: ${violation.nodes[0].html}`);
  }
  await stop(wide);
  await browser.close();
})().catch((error) => { console.log(`the browser: ${error}`); process.exitCode = 1; });
