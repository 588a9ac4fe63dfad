// The base map: coasts, borders and the lines of the globe, drawn tile by tile
// on canvases. ../basemap.mjs describes the packed format.
import * as L from "leaflet";

interface Line {
  xs: Int32Array;
  ys: Int32Array;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Land {
  extent: number;
  rings: Line[];
  borders: Line[];
}

export function readLand(bytes: Uint8Array): Land {
  let at = 0;
  const unsigned = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("the base map ends too soon");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const signed = (): number => {
    const v = unsigned();
    return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
  };
  const line = (): Line => {
    const n = unsigned();
    const l = { xs: new Int32Array(n), ys: new Int32Array(n), left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (let i = 0, x = 0, y = 0; i < n; i++) {
      x += signed();
      y += signed();
      l.xs[i] = x;
      l.ys[i] = y;
      l.left = Math.min(l.left, x);
      l.right = Math.max(l.right, x);
      l.top = Math.min(l.top, y);
      l.bottom = Math.max(l.bottom, y);
    }
    return l;
  };
  const lines = (): Line[] => Array.from({ length: unsigned() }, line);
  return { extent: unsigned(), rings: lines(), borders: lines() };
}

type Ring = [x: number, y: number][];

// clip keeps the part of a ring where depth is not negative.
function clip(ring: Ring, depth: (p: [number, number]) => number): Ring {
  const out: Ring = [];
  let before = ring[ring.length - 1];
  for (const p of ring) {
    if (!before) break;
    const [d, e] = [depth(p), depth(before)];
    if (d >= 0 !== e >= 0) {
      const t = e / (e - d);
      out.push([before[0] + t * (p[0] - before[0]), before[1] + t * (p[1] - before[1])]);
    }
    if (d >= 0) out.push(p);
    before = p;
  }
  return out;
}

// The zooms from which finer sheets of the map are fetched, and which.
const sheetZooms = [7, 4];

class LandLayer extends L.GridLayer {
  private readonly sheets = new Map<string, Promise<Land>>();

  constructor(
    private readonly coarse: string,
    private readonly fine: string,
    private readonly style: CSSStyleDeclaration,
  ) {
    super({ updateWhenZooming: false, keepBuffer: 3 });
  }

  override createTile(at: L.Coords, done: L.DoneCallback): HTMLElement {
    const canvas = document.createElement("canvas");
    const sharp = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = canvas.height = 256 * sharp;
    const pen = canvas.getContext("2d");
    if (!pen) return canvas;
    pen.scale(sharp, sharp);
    this.sheet(at).then(
      (land) => {
        this.draw(pen, land, at);
        done(undefined, canvas);
      },
      (err: Error) => done(err, canvas),
    );
    return canvas;
  }

  private sheet(at: L.Coords): Promise<Land> {
    const z = sheetZooms.find((zoom) => at.z >= zoom);
    let address = this.coarse;
    if (z !== undefined) {
      const shift = 2 ** (at.z - z);
      address = L.Util.template(this.fine, { z, x: Math.floor(at.x / shift), y: Math.floor(at.y / shift) });
    }
    let sheet = this.sheets.get(address);
    if (!sheet) {
      sheet = fetch(address)
        .then((r) => (r.ok ? r.arrayBuffer() : Promise.reject(new Error(`${r.status} for ${address}`))))
        .then((b) => readLand(new Uint8Array(b)));
      this.sheets.set(address, sheet);
    }
    return sheet;
  }

  private draw(pen: CanvasRenderingContext2D, land: Land, at: L.Coords): void {
    const scale = (256 * 2 ** at.z) / land.extent;
    const x = (unit: number) => unit * scale - 256 * at.x;
    const y = (unit: number) => unit * scale - 256 * at.y;
    const away = (l: Line) => x(l.right) < -2 || x(l.left) > 258 || y(l.bottom) < -2 || y(l.top) > 258;
    const colour = (name: string) => this.style.getPropertyValue(name);

    this.graticule(pen, at, colour("--grid"), 1);
    pen.beginPath();
    for (const l of land.rings) {
      if (away(l)) continue;
      let ring: Ring = Array.from(l.xs, (unit, i) => [x(unit), y(l.ys[i] ?? 0)]);
      ring = clip(ring, (p) => p[0] + 2);
      ring = clip(ring, (p) => 258 - p[0]);
      ring = clip(ring, (p) => p[1] + 2);
      ring = clip(ring, (p) => 258 - p[1]);
      ring.forEach((p, i) => (i === 0 ? pen.moveTo(...p) : pen.lineTo(...p)));
      pen.closePath();
    }
    pen.fillStyle = colour("--land");
    pen.fill("evenodd");
    this.graticule(pen, at, colour("--grid-land"), 0.5);

    pen.beginPath();
    for (const l of land.borders) {
      if (away(l)) continue;
      l.xs.forEach((unit, i) => (i === 0 ? pen.moveTo(x(unit), y(l.ys[i] ?? 0)) : pen.lineTo(x(unit), y(l.ys[i] ?? 0))));
    }
    pen.strokeStyle = colour("--border");
    pen.setLineDash(at.z < 4 ? [] : [6, 4]);
    pen.stroke();
    pen.setLineDash([]);
  }

  private graticule(pen: CanvasRenderingContext2D, at: L.Coords, colour: string, strength: number): void {
    const tile = 360 / 2 ** at.z; // degrees across
    const step = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01].findLast((s) => s >= tile * 0.9) ?? 30;
    const west = at.x * tile - 180;
    const latitude = (row: number) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / 2 ** at.z))) * 180) / Math.PI;
    const row = (lat: number) => ((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * 2 ** at.z - at.y;
    pen.beginPath();
    for (let n = Math.ceil(west / step); n * step < west + tile; n++) {
      const px = Math.round(((n * step - west) / tile) * 256) + 0.5;
      pen.moveTo(px, 0);
      pen.lineTo(px, 256);
    }
    for (let n = Math.ceil(latitude(at.y + 1) / step); n * step < latitude(at.y); n++) {
      const py = Math.round(row(n * step) * 256) + 0.5;
      pen.moveTo(0, py);
      pen.lineTo(256, py);
    }
    pen.globalAlpha = strength;
    pen.strokeStyle = colour;
    pen.stroke();
    pen.globalAlpha = 1;
  }
}

// landLayer draws the base map in the colours of the element's style, and again
// when the page turns dark or light.
export function landLayer(coarse: string, fine: string, element: HTMLElement): L.GridLayer {
  const layer = new LandLayer(coarse, fine, getComputedStyle(element));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => layer.redraw());
  return layer;
}
