// Bundles the figures for Node, with everything they need: dist/report/figures/figures.mjs, and the font that pictures
// are set in.

import { copyFileSync } from "node:fs"
import { basename, join } from "node:path"
import { defineConfig, type Plugin } from "vite"

const root = join(import.meta.dirname, "../../..")
const outDir = join(root, "dist/report/figures")

const fonts: Plugin = {
  name: "fonts",
  closeBundle() {
    const inter = join(root, "node_modules/@expo-google-fonts/inter")
    for (const file of [
      "400Regular/Inter_400Regular.ttf",
      "600SemiBold/Inter_600SemiBold.ttf",
      "LICENSE_FONT",
    ]) {
      copyFileSync(join(inter, file), join(outDir, basename(file)))
    }
  },
}

export default defineConfig({
  root: import.meta.dirname,
  logLevel: "warn",
  publicDir: false,
  plugins: [fonts],
  ssr: { noExternal: true, target: "node" },
  build: {
    ssr: "figures/server.ts",
    outDir,
    emptyOutDir: true,
    target: "node20",
    minify: false,
    rolldownOptions: { output: { format: "es", entryFileNames: "figures.mjs" } },
  },
})
