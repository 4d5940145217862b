/** The report in a real browser: what only a browser can tell. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { renderReport } from "../shared/report/html-report.ts";
import { hostileCostReport, madeUpCostReport } from "./made-up-cost.ts";
import { hostileReport, madeUpReport } from "./made-up-report.ts";

/** With a browser on a busy machine. */
const PATIENCE_MS = 240_000;

/** `CHROMIUM_PATH=none` says that no browser can be had. */
const given = process.env["CHROMIUM_PATH"];
const executable = [given, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);
const isWithout = given === "none" || (executable === undefined && process.env["CI"] !== "true");
if (isWithout)
  process.stderr.write(
    "report.browser.test.ts: no Chromium found; apt-get install chromium, or set CHROMIUM_PATH\n",
  );

describe.skipIf(isWithout)("the report in a browser", () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    if (executable === undefined)
      throw new Error("no Chromium: install it, set CHROMIUM_PATH to one, or to none to go without");
    folder = await mkdtemp(join(tmpdir(), "gnomon-report-"));
    await writeFile(join(folder, "report.html"), renderReport(madeUpReport()));
    await writeFile(join(folder, "hostile.html"), renderReport(hostileReport()));
    await writeFile(join(folder, "cost.html"), renderReport(madeUpCostReport()));
    await writeFile(join(folder, "hostile-cost.html"), renderReport(hostileCostReport()));
    browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox"], timeout: PATIENCE_MS });
  });

  afterAll(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Opens a report and collects what it must not do. */
  async function open(
    file: string,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; misdeeds: string[] }> {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const misdeeds: string[] = [];
    const url = pathToFileURL(join(folder, file)).href;
    page.on("request", (request) => {
      if (request.url() !== url && request.url() !== "data:,") misdeeds.push(`asks for ${request.url()}`);
    });
    page.on("console", (message) => misdeeds.push(`says ${message.text()}`));
    page.on("pageerror", (error) => misdeeds.push(`throws ${error.message}`));
    page.on("dialog", (dialog) => {
      misdeeds.push("opens a dialog");
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, misdeeds };
  }

  it.each(["report.html", "hostile.html", "cost.html", "hostile-cost.html"])(
    "asks for nothing, says nothing and runs nothing: %s",
    async (file) => {
      const { page, misdeeds } = await open(file);
      expect(misdeeds).toEqual([]);
      expect(
        await page.evaluate("document.querySelectorAll('img, script, [onmouseover], [onerror], b').length"),
      ).toBe(0);
      expect(await page.evaluate("document.styleSheets[0].cssRules.length")).toBeGreaterThan(50);
    },
  );

  it.each([
    ["report.html", 360],
    ["report.html", 768],
    ["report.html", 1_280],
    ["hostile.html", 360],
    ["hostile.html", 1_280],
    ["cost.html", 360],
    ["cost.html", 768],
    ["cost.html", 1_280],
    ["hostile-cost.html", 360],
    ["hostile-cost.html", 1_280],
  ])("fits its window: %s at %i pixels", async (file, width) => {
    const { page } = await open(file, { viewport: { width, height: 800 } });
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  });

  it.each([
    ["report.html", "light"],
    ["report.html", "dark"],
    ["cost.html", "light"],
    ["cost.html", "dark"],
  ] as const)("has a contrast of 4.5 for every text: %s in %s", async (file, colorScheme) => {
    const { page } = await open(file, { colorScheme });
    expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
  });

  it.each(["light", "dark"] as const)(
    "tells the parts of a chart from the page they stand on, in %s",
    async (colorScheme) => {
      const { page } = await open("cost.html", { colorScheme });
      expect(await page.evaluate(FAINT_SHAPES)).toEqual([]);
    },
  );

  it.each([360, 1_280])("keeps the text of charts within its card, and apart, at %i pixels", async (width) => {
    const { page } = await open("cost.html", { viewport: { width, height: 800 } });
    expect(await page.evaluate(CUT_TEXTS)).toEqual([]);
    expect(await page.evaluate(TOUCHING_TEXTS)).toEqual([]);
  });

  it("leads from what stood out to the finding, by the keyboard alone", async () => {
    const { page } = await open("cost.html");
    const link = page.locator("#cost .marked a").first();
    const target = await link.getAttribute("href");
    await link.focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator(target ?? "").isVisible()).toBe(true);
    expect(page.url()).toContain(target ?? "nowhere");
  });

  it("has no heading that skips a level", async () => {
    const { page } = await open("cost.html");
    const levels = await page.evaluate<number[]>(
      "[...document.querySelectorAll('h1,h2,h3,h4,h5')].map((one) => Number(one.tagName[1]))",
    );
    expect(levels[0]).toBe(1);
    for (const [at, level] of levels.entries()) expect(level - (levels[at - 1] ?? 0)).toBeLessThanOrEqual(1);
  });

  it("says in words what the pictures of cost show", async () => {
    const { page } = await open("cost.html");
    const heard = await page.locator("#cost").ariaSnapshot();
    expect(heard).toMatch(/img "Estimated spend per day, by team Customer Support: \$/);
    expect(heard).toMatch(/img "Budget research: use against its amount 1\d\d% used/);
    expect(heard).toMatch(/img "Cost per request: \$/);
    expect(heard).toMatch(/img "\$[\d,.]+ billed, \$[\d,.]+ estimated, \$[\d,.]+ unexplained"/);
  });

  it("keeps tables to be tables for those who listen, where they look like cards", async () => {
    const { page } = await open("report.html", { viewport: { width: 360, height: 800 } });
    const heard = await page.locator("#inventory").ariaSnapshot();
    expect(heard).toContain('columnheader "Verdict"');
    expect(heard).toMatch(/row "openai\/o4-mini OpenAI · org-MadeUpCompany Verdict unsanctioned Calls /);
    expect(heard).toMatch(/rowheader "openai\/o4-mini/);
  });

  it("leads from the overview to each finding", async () => {
    const { page } = await open("report.html");
    const link = page.locator("#findings table a").first();
    const target = await link.getAttribute("href");
    await link.click();
    await expect.poll(() => page.locator(target ?? "").isVisible()).toBe(true);
    expect(page.url()).toMatch(/#finding-[0-9a-f]{32}$/);
  });

  it("prints on white, with the evidence open and without what only a screen needs", async () => {
    const { page } = await open("report.html", { colorScheme: "dark" });
    const evidence = page.locator("#findings details td").first();
    expect(await evidence.isVisible()).toBe(false);
    await page.emulateMedia({ media: "print" });
    expect(await evidence.isVisible()).toBe(true);
    expect(await page.locator("nav").isVisible()).toBe(false);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    const pdf = await page.pdf({ preferCSSPageSize: true });
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    expect(pages).toBeGreaterThan(5);
    expect(pages).toBeLessThan(20);
  });

  it("prints cost with its pictures, in the colours of paper, without the numbers behind them", async () => {
    const { page } = await open("cost.html", { colorScheme: "dark" });
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("#cost .over-time").first().isVisible()).toBe(true);
    expect(await page.locator("#cost details").first().isVisible()).toBe(false);
    expect(await page.evaluate("getComputedStyle(document.querySelector('#cost .cost-1')).fill")).toBe(
      "rgb(31, 78, 121)",
    );
  });
});

const COLORS = `
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const groundOf = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const contrastOf = (color, ground) => {
    const [one, other] = [rgba(color), ground].map(luminance);
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
`;

/** WCAG 2.2, 1.4.11: what one must see to understand a chart. */
const FAINT_SHAPES = `(() => {
  ${COLORS}
  const card = groundOf(document.querySelector("#cost .card"));
  const parts = ["cost-1", "cost-2", "cost-3", "cost-4", "cost-5", "cost-6", "cost-rest", "unexplained"].map((name) => [name, "fill"]);
  const lines = [["course", "stroke"], ["expected", "stroke"], ["limit", "stroke"], ["flag", "stroke"]];
  return [...parts, ...lines]
    .map(([name, property]) => [name, contrastOf(getComputedStyle(document.querySelector("svg ." + name))[property], card)])
    .filter(([, contrast]) => contrast < 3);
})()`;

/** Texts of charts that reach beyond the card around them, which would cut them off. */
const CUT_TEXTS = `[...document.querySelectorAll("#cost .card svg text")].filter((text) => {
  const [inner, outer] = [text.getBoundingClientRect(), text.closest(".card").getBoundingClientRect()];
  return inner.width > 0 && (inner.left < outer.left - 1 || inner.right > outer.right + 1);
}).map((text) => text.textContent)`;

/** Texts of one chart that lie upon each other. */
const TOUCHING_TEXTS = `[...document.querySelectorAll("#cost .card svg")].flatMap((chart) => {
  const texts = [...chart.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  return texts.flatMap(([text, a], at) => texts.slice(at + 1).flatMap(([other, b]) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3
      ? [text + " / " + other] : []));
})`;

/** WCAG 2.2, 1.4.3: texts whose colour is too near to that of the ground they stand on. Runs in the page. */
const FAINT_TEXTS = `(() => {
  ${COLORS}
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("title, desc, style")) continue;
    const style = getComputedStyle(element);
    const contrast = contrastOf(element.closest("svg") ? style.fill : style.color, groundOf(element));
    if (contrast < 4.5) faint.add(contrast.toFixed(2) + " " + element.className + " " + walker.currentNode.data.trim().slice(0, 20));
  }
  return [...faint];
})()`;
