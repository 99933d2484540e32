// A browser at the console: every page in the light and in the dark, at a desk and on a phone; axe over each; and the
// questions of an incident responder, each answered by clicks from the overview.
//
//   node console.mjs CHROMIUM LINK FOLDER
//
// Writes pictures to FOLDER and one line of JSON: what axe found, what the browser complained about, and for each
// question how many clicks it took and how long the last page did.
import { chromium } from "playwright-core";
import axe from "axe-core";

const [program, link, folder] = process.argv.slice(2);
const base = new URL(link).origin;
// As root, and where there are no user namespaces, Chromium has no sandbox; everything here is on this machine.
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const desk = await browser.newContext({ viewport: { width: 1280, height: 640 }, colorScheme: "light" });
const page = await desk.newPage();
const complaints = [];
const outside = [];
const watch = (page) => {
  page.on("console", (message) => { if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`); });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("request", (request) => { if (new URL(request.url()).origin !== base) outside.push(request.url()); });
};
watch(page);
await page.goto(link);

// What axe finds, in a world of its own: the console's policy lets no script in but its own.
const serious = [];
const look = async (page, name) => {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  await session.send("Runtime.evaluate", { contextId: executionContextId, expression: axe.source });
  const { result } = await session.send("Runtime.evaluate", {
    contextId: executionContextId,
    awaitPromise: true,
    returnByValue: true,
    expression: "axe.run(document).then((r) => JSON.stringify(r.violations.map((v) => ({ id: v.id, impact: v.impact, nodes: v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3) }))))",
  });
  await session.detach();
  for (const found of JSON.parse(result.value ?? "null") ?? [{ id: "axe did not run", impact: "critical", nodes: [] }]) {
    if (["serious", "critical"].includes(found.impact)) serious.push({ page: name, ...found });
  }
};

const first = async (path, selector) => {
  await page.goto(base + path);
  const found = page.locator(selector).first();
  return (await found.count()) ? new URL(await found.getAttribute("href"), base) : null;
};
const relative = (url) => url && url.pathname + url.search;
const untrusted = relative(await first("/records?decision=deny&reason=flow-refused", "a.open[href^='/call']"));
const denied = untrusted ?? relative(await first("/records?decision=deny", "a.open[href^='/call']"));
const pages = {
  overview: "/",
  approvals: "/approvals",
  conversations: "/conversations",
  conversation: relative(await first("/conversations?stopped=yes", "a.open")),
  records: "/records",
  findings: "/findings",
  call: denied,
  chain: denied && denied.replace("/call", "/chain"),
  sources: "/sources",
  agents: "/agents",
  agent: relative(await first("/agents", "a.open")),
  humans: "/humans",
  delegations: "/delegations",
  servers: "/servers",
  server: relative(await first("/servers", "a.open")),
  definitions: "/definitions",
  definition: relative(await first("/definitions?waiting=yes", "a.open")) ?? relative(await first("/definitions", "a.open")),
  trail: "/integrity",
  level: "/level",
};
const wide = [];
const missing = Object.keys(pages).filter((name) => !pages[name]);
const picture = async (page, name) => page.screenshot({ path: `${folder}/console-${name}.png` });
for (const [name, path] of Object.entries(pages)) {
  if (!path) continue;
  await page.goto(base + path);
  await look(page, name);
  await picture(page, name);
}
const dark = await browser.newContext({ viewport: { width: 1280, height: 640 }, colorScheme: "dark", storageState: await desk.storageState() });
const night = await dark.newPage();
watch(night);
for (const name of ["overview", "conversation", "call", "chain", "definition"]) {
  if (!pages[name]) continue;
  await night.goto(base + pages[name]);
  await look(night, `${name}, dark`);
  await picture(night, `${name}-dark`);
}
const small = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: "light", storageState: await desk.storageState() });
const phone = await small.newPage();
watch(phone);
for (const [name, path] of Object.entries(pages)) {
  if (!path) continue;
  await phone.goto(base + path);
  // Tables scroll in themselves; the page does not.
  if (await phone.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1)) wide.push(name);
  if (["overview", "conversation", "call"].includes(name)) {
    await look(phone, `${name}, phone`);
    await picture(phone, `${name}-phone`);
  }
}

// Keys.
await page.goto(`${base}/`);
await page.keyboard.press("g");
await page.keyboard.press("c");
await page.waitForURL(`${base}/conversations`);
await page.keyboard.press("j");
await page.keyboard.press("Enter");
await page.waitForURL(/\/conversation\?/);
const keys = "g c, j, Enter";

// The questions: clicks from the overview, each on what a person sees.
const answers = [];
const ask = async (number, question, clicks, answer) => {
  await page.goto(`${base}/`);
  let took = 0;
  let failed = null;
  for (const selector of clicks) {
    const target = page.locator(selector).first();
    if (!(await target.count())) { failed = `nothing to click: ${selector}`; break; }
    const begun = performance.now();
    await Promise.all([page.waitForLoadState("load"), target.click()]);
    await page.waitForLoadState("domcontentloaded");
    took = performance.now() - begun;
  }
  const found = failed === null && (await page.locator(answer).first().count()) > 0;
  answers.push({ number, question, clicks: clicks.length, ms: Math.round(took), answered: found, failed });
};
const nav = (href) => `nav a[href='${href}']`;
await ask(1, "What did this agent do?", [nav("/agents"), "a.open", "dl.facts a[href^='/records']"], "main table tbody tr");
await ask(2, "What had the human asked for?", [nav("/conversations"), "a.open"], ".turn .speaker");
await ask(3, "Which actions were authorised, which autonomous?", ["a[href*='by=autonomous']"], "main table tbody tr, .empty");
await ask(5, "Which content started it?", ["a[href^='/findings']", "a.open[href^='/call']", "a.button[href^='/chain']"], "dl.facts dt");
await ask(8, "The full chain across agents and systems?", ["main tbody tr.bad a.open", "a.button[href^='/chain']"], "svg .node.asked");
await ask(9, "Which grants are still live?", [nav("/delegations")], "main table tbody tr, .empty");
await ask(11, "Did the definition change, when, who approved?", [nav("/definitions"), "a.open"], "pre.whole");
await ask(12, "Why was it denied?", ["main tbody tr.bad a.open"], "ol.reasons li");
await ask(16, "Which approvals, by whom, how fast, what shown?", [nav("/approvals")], "main table tbody tr, .empty");
await ask(18, "Is the record complete and untampered?", [nav("/integrity"), "form.decide button"], ".note, .tag.good.big");

console.log(JSON.stringify({ serious, complaints, outside, wide, missing, keys, answers, pages: Object.keys(pages).length }));
await browser.close();
