// Bundles the page: dist/report/page/, one classic script (pages opened from the file system may not load modules), one
// style sheet and index.html.

import { join } from "node:path"
import { defineConfig } from "vite"

export default defineConfig({
  root: import.meta.dirname,
  logLevel: "warn",
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: join(import.meta.dirname, "../../../dist/report/page"),
    emptyOutDir: true,
    target: "es2022",
    lib: {
      entry: "main.tsx",
      formats: ["iife"],
      name: "litmus",
      fileName: () => "page.js",
      cssFileName: "page",
    },
  },
})
