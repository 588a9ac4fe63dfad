// Clusters and entries: fetched by tiles, drawn as links, joined with the rows
// of the list beside the map.
import * as L from "leaflet";

interface Spot {
  lat: number;
  lon: number;
  n: number;
  id?: string;
  name?: string;
  link?: string;
  kind?: string;
  form?: string;
}

// Pin is a spot in its place on the screen.
interface Pin {
  key: string;
  spot: Spot;
  at: L.LatLng;
  point: L.Point;
  radius: number;
  zoom: number; // to look closer at
}

interface Drawn {
  marker: L.Marker;
  element: HTMLAnchorElement;
  pin: Pin;
}

class PinIcon extends L.Icon {
  constructor(private readonly element: HTMLElement) {
    super({ iconUrl: "" });
  }
  override createIcon(): HTMLElement {
    this.element.classList.add("leaflet-marker-icon");
    return this.element;
  }
  override createShadow(): HTMLElement {
    return null as unknown as HTMLElement; // Leaflet's word for none
  }
}

function radius(count: number): number {
  return count === 1 ? 13 : Math.min(34, 12 + 3 * Math.log(count));
}

function short(n: number): string {
  if (n >= 10_000) return `${Math.round(n / 1000)}k`;
  if (n >= 1000) return `${(n / 1000).toFixed(1)}k`.replace(".0k", "k");
  return String(n);
}

export interface SpotsOptions {
  icons: string; // address of the sprite
  onHover: (id: string | undefined) => void;
  area: (bounds: L.LatLngBounds) => string; // address of the search in an area
  onDrawn: (pins: { at: L.LatLng; radius: number }[]) => void;
}

export class Spots {
  private readonly tiles = new Map<string, Promise<Spot[]>>();
  private readonly drawn = new Map<string, Drawn>();
  private round = 0;
  private dragged = 0;

  constructor(
    private readonly map: L.Map,
    private source: string,
    private readonly options: SpotsOptions,
  ) {
    map.on("moveend", () => void this.update());
    map.on("dragend", () => (this.dragged = Date.now()));
  }

  // show changes what is asked for.
  show(source: string): Promise<void> {
    if (source !== this.source) this.tiles.clear();
    this.source = source;
    return this.update();
  }

  // find returns the sign of an entry, if it is on the map by itself.
  find(id: string): HTMLElement | undefined {
    for (const d of this.drawn.values()) if (d.pin.spot.id === id) return d.element;
    return undefined;
  }

  async update(): Promise<void> {
    const round = ++this.round;
    const zoom = Math.floor(this.map.getZoom());
    const z = Math.max(0, zoom - 1); // cells of 64 pixels: circles have room
    const bounds = this.map.getBounds().pad(0.1);
    const cells = 2 ** z;
    const column = (lng: number) => Math.floor(((lng + 180) / 360) * cells);
    const row = (lat: number) => {
      const phi = (Math.max(-85.05, Math.min(85.05, lat)) * Math.PI) / 180;
      return Math.min(cells - 1, Math.max(0, Math.floor(((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * cells)));
    };
    const wanted: Promise<Pin[]>[] = [];
    for (let x = column(bounds.getWest()); x <= column(bounds.getEast()); x++) {
      for (let y = row(bounds.getNorth()); y <= row(bounds.getSouth()); y++) {
        const wrapped = ((x % cells) + cells) % cells;
        const turn = ((x - wrapped) / cells) * 360;
        wanted.push(this.tile(z, wrapped, y).then((spots) => spots.map((s) => this.pin(s, turn, zoom))));
      }
    }
    const settled = await Promise.allSettled(wanted);
    if (round !== this.round) return; // the map moved on
    this.draw(merge(settled.flatMap((s) => (s.status === "fulfilled" ? s.value : []))));
  }

  private tile(z: number, x: number, y: number): Promise<Spot[]> {
    const address = L.Util.template(this.source, { z, x, y });
    let tile = this.tiles.get(address);
    if (!tile) {
      tile = fetch(address).then((r) => (r.ok ? (r.json() as Promise<Spot[]>) : Promise.reject(new Error(String(r.status)))));
      tile.catch(() => this.tiles.delete(address));
      this.tiles.set(address, tile);
    }
    return tile;
  }

  private pin(spot: Spot, turn: number, zoom: number): Pin {
    const at = L.latLng(spot.lat, spot.lon + turn);
    return { key: `${spot.id ?? `${spot.lat},${spot.lon}`}/${turn}`, spot, at, point: this.map.latLngToLayerPoint(at), radius: radius(spot.n), zoom };
  }

  // draw changes only what differs, so that a focused link keeps its focus.
  private draw(pins: Pin[]): void {
    const wanted = new Map(pins.map((p) => [`${p.key}/${p.spot.n}`, p]));
    for (const [key, d] of this.drawn) {
      if (wanted.has(key)) continue;
      d.marker.remove();
      this.drawn.delete(key);
    }
    for (const [key, pin] of wanted) {
      if (this.drawn.has(key)) continue;
      const element = pin.spot.n === 1 ? this.one(pin) : this.many(pin);
      const size = Math.round(2 * pin.radius);
      Object.assign(element.style, { width: `${size}px`, height: `${size}px`, marginLeft: `${-size / 2}px`, marginTop: `${-size / 2}px` });
      element.draggable = false;
      const marker = L.marker(pin.at, { icon: new PinIcon(element), interactive: false, keyboard: false }).addTo(this.map);
      this.drawn.set(key, { marker, element, pin });
    }
    this.options.onDrawn(pins);
  }

  private one(pin: Pin): HTMLAnchorElement {
    const { spot } = pin;
    const a = document.createElement("a");
    a.className = "pin one";
    a.href = spot.link ?? "#";
    const sign = spot.kind
      ? `<svg class="sign kind-${spot.kind}" width="18" height="18" viewBox="-2 -2 28 28" aria-hidden="true"><use href="${this.options.icons}#kind-${spot.kind}"/></svg>`
      : `<svg width="18" height="18" viewBox="0 0 24 24" aria-hidden="true"><circle class="sign" cx="12" cy="12" r="9"/></svg>`;
    a.innerHTML = sign; // kind is one of five words of our own server
    const name = document.createElement("i");
    name.textContent = spot.name ?? "";
    a.append(name);
    a.setAttribute("aria-label", [spot.name, spot.form].filter(Boolean).join(", "));
    for (const event of ["pointerenter", "focus"]) a.addEventListener(event, () => this.options.onHover(spot.id));
    for (const event of ["pointerleave", "blur"]) a.addEventListener(event, () => this.options.onHover(undefined));
    a.addEventListener("click", (e) => this.afterDrag(e));
    return a;
  }

  private many(pin: Pin): HTMLAnchorElement {
    const a = document.createElement("a");
    a.className = pin.radius > 24 ? "pin many big" : "pin many";
    a.textContent = short(pin.spot.n);
    a.setAttribute("aria-label", `${pin.spot.n} initiatives, look closer`);
    const reach = 1.6 * 64;
    const corner = (sign: number) => this.map.layerPointToLatLng(pin.point.add([sign * reach, sign * reach]));
    a.href = this.options.area(L.latLngBounds(corner(-1), corner(1)));
    a.addEventListener("click", (e) => {
      if (this.afterDrag(e) || e.ctrlKey || e.metaKey || e.shiftKey || pin.zoom >= this.map.getMaxZoom()) return;
      e.preventDefault();
      this.map.setView(pin.at, Math.min(this.map.getMaxZoom(), pin.zoom + 2));
      this.map.getContainer().focus({ preventScroll: true });
      this.map.fire("asked");
    });
    return a;
  }

  // afterDrag stops the click that ends a drag of the map.
  private afterDrag(e: Event): boolean {
    const late = Date.now() - this.dragged < 100;
    if (late) e.preventDefault();
    return late;
  }
}

// merge makes one of pins that would hide each other, largest first. An entry is
// not covered at all: it is small enough to press as it is.
function merge(pins: Pin[]): Pin[] {
  const out: Pin[] = [];
  for (const pin of [...pins].sort((a, b) => b.spot.n - a.spot.n)) {
    const share = pin.spot.n === 1 ? 1 : 0.8;
    const near = out.find((o) => o.point.distanceTo(pin.point) < share * (o.radius + pin.radius));
    if (!near) {
      out.push({ ...pin });
      continue;
    }
    near.spot = { lat: near.spot.lat, lon: near.spot.lon, n: near.spot.n + pin.spot.n };
    near.key = `${near.spot.lat},${near.spot.lon}/${near.at.lng}`;
    near.radius = radius(near.spot.n);
  }
  return out;
}
