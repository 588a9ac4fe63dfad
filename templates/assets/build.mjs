// Makes dist/: the scripts of the pages and the base map. Go embeds the folder;
// pages work without it, with a plainer map.
import { build } from "esbuild";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { baseMap } from "./basemap.mjs";

const dist = new URL("dist/", import.meta.url);

await mkdir(dist, { recursive: true });
for (const name of await readdir(dist)) {
  if (name !== ".gitkeep") await rm(new URL(name, dist));
}

await build({
  entryPoints: ["src/site.ts", "src/map.ts"],
  outdir: "dist",
  absWorkingDir: new URL(".", import.meta.url).pathname,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  loader: { ".csv": "text" },
  legalComments: "linked",
  logLevel: "warning",
});

const extents = { "110m": 2 ** 14, "50m": 2 ** 15, "10m": 2 ** 18 };
for (const [scale, extent] of Object.entries(extents)) {
  await writeFile(new URL(`land-${scale}.bin`, dist), await baseMap(scale, extent));
}
