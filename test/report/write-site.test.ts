// The folder of a report, and the server that shows it.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { collectReport, type Report } from "../../src/report/collect.ts"
import { serveSite, type ServedReport } from "../../src/report/serve.ts"
import { writeSite } from "../../src/report/write-site.ts"
import { writeReportStore } from "../support/report-store.ts"
import { needsBuild, hasBuild } from "../support/report-build.ts"
import { temporaryFolder } from "../support/temporary.ts"

describe.skipIf(!hasBuild)(`a report's folder${needsBuild}`, () => {
  const root = temporaryFolder()
  const site = join(root, "site")
  let report: Report
  beforeAll(async () => {
    const { store, data } = await writeReportStore(join(root, "files"))
    report = await collectReport(store, { data })
    await writeSite(report, site)
  })

  it("has the page, the index and a file for each shift and split, all named by numbers", () => {
    expect(readdirSync(site).sort()).toEqual([
      "data",
      "index.html",
      "litmus-report.txt",
      "page.css",
      "page.js",
    ])
    const files = readdirSync(join(site, "data"))
    expect(files).toHaveLength(3 + 3 + 2 * report.index.distributions.length)
    for (const file of files)
      expect(file).toMatch(/^(index|personas|reliability|shift-\d+|distribution-\d+-(train|test))\.js$/)
  })

  it("allows scripts of its own alone, and no network", () => {
    const page = readFileSync(join(site, "index.html"), "utf8")
    const policy = /content="(default-src[^"]*)"/.exec(page)![1]!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toContain("connect-src")
    expect(page).not.toMatch(/<script(?![^>]*src=)/)
    expect(page).not.toMatch(/https?:/)
  })

  it("is the same when it is made again, in place of what was there", async () => {
    const before = readFileSync(join(site, "data", "index.js"), "utf8")
    writeFileSync(join(site, "left.txt"), "of an older report")
    await writeSite(report, site)
    expect(readFileSync(join(site, "data", "index.js"), "utf8")).toBe(before)
    expect(readdirSync(site)).not.toContain("left.txt")
    expect(readdirSync(root).sort()).toEqual(["files", "site"])
  })

  it("is not written over other files", async () => {
    const other = join(root, "other")
    mkdirSync(other)
    writeFileSync(join(other, "thesis.tex"), "x")
    await expect(writeSite(report, other)).rejects.toThrow(
      /expected an empty folder or a report to replace, got other files/,
    )
    expect(readdirSync(other)).toEqual(["thesis.tex"])
    const file = join(other, "thesis.tex")
    await expect(writeSite(report, file)).rejects.toThrow(
      /expected an empty folder or a report to replace, got a file/,
    )
    expect(readFileSync(file, "utf8")).toBe("x")
  })

  describe("served", () => {
    let served: ServedReport
    beforeAll(async () => {
      writeFileSync(join(root, "secret.txt"), "secret")
      served = await serveSite(site)
    })
    afterAll(() => served.close())

    it("answers with its files and a policy", async () => {
      const page = await fetch(served.url)
      expect(page.status).toBe(200)
      expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8")
      expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
      const data = await fetch(`${served.url}data/index.js`)
      expect([data.status, data.headers.get("x-content-type-options")]).toEqual([200, "nosniff"])
    })

    it.each([
      "/../secret.txt",
      "/data/../../secret.txt",
      "/%2e%2e/secret.txt",
      "/data/",
      "/nothing.js",
      "//etc/passwd",
    ])("has nothing at %s", async (path) => {
      expect(await status(served.url, { path })).toBe(404)
    })

    it("answers neither other hosts nor other methods", async () => {
      expect(await status(served.url, { path: "/", host: "evil.example" })).toBe(403)
      expect(await status(served.url, { path: "/", method: "POST" })).toBe(405)
    })

    it("says that a port is taken", async () => {
      const port = Number(new URL(served.url).port)
      await expect(serveSite(site, { port })).rejects.toThrow(`cannot serve on port ${port}: it is taken`)
    })
  })
})

/** A request as it is: `fetch` would resolve the steps upwards itself. */
function status(
  url: string,
  { path, host = new URL(url).host, method = "GET" }: { path: string; host?: string; method?: string },
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(url)
    request({ port, host: "127.0.0.1", path, method, headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on("error", reject)
      .end()
  })
}
