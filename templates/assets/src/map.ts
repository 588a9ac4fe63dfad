// Maps that move. Each stands in for the one that the server drew, and shows
// the same set.
import * as L from "leaflet";
import { landLayer } from "./land";
import { nameCities } from "./names";
import { follow } from "./results";
import { Spots } from "./spots";

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

function start(frame: HTMLElement): void {
  const { box = "", tiles = "", coarse = "", sheets = "", street = "" } = frame.dataset;
  const [west = -180, south = -60, east = 180, north = 75] = box.split(",").map(Number);
  const bounds = L.latLngBounds([south, west], [north, east < west ? east + 360 : east]);
  const beside = frame.closest(".atlas") !== null;
  const hero = frame.closest<HTMLElement>(".hero");

  const live = document.createElement("div");
  live.className = "live";
  live.setAttribute("role", "region");
  live.setAttribute("aria-label", `${frame.querySelector("svg")?.getAttribute("aria-label") ?? "Map"}. Arrow keys move it, plus and minus change how close it is.`);
  frame.append(live);

  const map = L.map(live, {
    zoomControl: false,
    attributionControl: false,
    zoomSnap: 0.5,
    minZoom: 1,
    maxZoom: 18,
    worldCopyJump: true,
    maxBounds: [[-86, -Infinity], [86, Infinity]],
    scrollWheelZoom: beside,
    dragging: beside || !L.Browser.mobile, // one finger scrolls the page
    zoomAnimation: !still,
    markerZoomAnimation: !still,
    inertia: !still,
  });
  const welcome = hero && innerWidth > 900 ? (hero.querySelector<HTMLElement>(".welcome")?.offsetWidth ?? 0) + 40 : 0;
  const edge = frame.dataset.here ? 0 : 24; // signs at the edge stay whole
  map.fitBounds(bounds, { animate: false, paddingTopLeft: [welcome + edge, edge], paddingBottomRight: [edge, edge] });
  landLayer(coarse, sheets, live).addTo(map);
  if (street) L.tileLayer(street, { maxZoom: 18 }).addTo(map); // its credit stands below the map
  const names = nameCities(map);
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);

  if (frame.dataset.here) pinHere(map, frame.dataset.here);

  const area = areaOf(frame);
  const rows = listRows(map, () => spots);
  const spots = new Spots(map, tiles, { icons: sprite(), area, onHover: rows.light, onDrawn: names.avoid });
  void spots.update().then(() => frame.classList.add("moving"));

  const here = hereLink(frame, map, area);
  tools(frame, map, here);
  if (beside) {
    follow((data) => {
      Object.assign(frame.dataset, { tiles: data.tiles, area: data.area });
      here.hide();
      rows.join();
      void spots.show(data.tiles ?? "");
    });
  }
  // A map that was folded away has no size until it is shown.
  new ResizeObserver(() => {
    const empty = map.getSize().x === 0;
    map.invalidateSize({ animate: false });
    if (empty && map.getSize().x > 0) map.fitBounds(bounds, { animate: false });
  }).observe(live);
}

// pinHere marks what the page is about, as the drawn map does.
function pinHere(map: L.Map, where: string): void {
  const [lat = 0, lon = 0] = where.split(",").map(Number);
  const drawn = document.querySelector(".drawn .pinned")?.cloneNode(true) as SVGElement | undefined;
  if (!drawn) return;
  drawn.removeAttribute("transform");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-14 -34 28 36");
  svg.setAttribute("width", "28");
  svg.setAttribute("height", "36");
  svg.append(drawn);
  const holder = document.createElement("div");
  holder.append(svg);
  const icon = L.divIcon({ html: holder, className: "pinhere", iconSize: [28, 36], iconAnchor: [14, 34] });
  L.marker([lat, lon], { icon, interactive: false, keyboard: false, zIndexOffset: 1000 }).addTo(map);
}

// sprite returns the address of the signs, as the page itself uses it.
function sprite(): string {
  return document.querySelector("use")?.getAttribute("href")?.replace(/#.*/, "") ?? "";
}

function icon(id: string): string {
  return `<svg class="icon" aria-hidden="true" viewBox="0 0 24 24"><use href="${sprite()}#${id}"/></svg>`;
}

// areaOf makes the address of the frame's search in what the map shows.
function areaOf(frame: HTMLElement): (b: L.LatLngBounds) => string {
  const turn = (lng: number) => ((((lng + 180) % 360) + 360) % 360) - 180;
  const short = (n: number) => String(Math.round(n * 1e4) / 1e4);
  return (b) => {
    const address = frame.dataset.area ?? "/search";
    if (b.getEast() - b.getWest() >= 360) return address;
    const south = Math.max(-90, b.getSouth());
    const north = Math.min(90, b.getNorth());
    const box = [turn(b.getWest()), south, turn(b.getEast()), north].map(short).join(",");
    return `${address}${address.includes("?") ? "&" : "?"}bbox=${box}`;
  };
}

interface HereLink {
  hide(): void;
  near(at: L.LatLng): void;
}

// hereLink offers the list of what the map shows, once it was moved by hand.
function hereLink(frame: HTMLElement, map: L.Map, area: (b: L.LatLngBounds) => string): HereLink {
  const link = document.createElement("a");
  link.className = "do here-link";
  link.hidden = true;
  frame.append(link);
  let asked = false;
  const show = (): void => {
    if (!asked) return;
    link.textContent = "Search this area";
    link.href = area(map.getBounds());
    link.hidden = false;
  };
  const ask = (): void => {
    asked = true;
    show();
  };
  map.on("dragend keydown asked", ask);
  map.getContainer().addEventListener("wheel", () => (asked = true), { passive: true });
  map.getContainer().addEventListener("keydown", () => (asked = true));
  map.on("moveend", show);
  return {
    hide() {
      asked = false;
      link.hidden = true;
    },
    near(at) {
      asked = false;
      link.textContent = "List what is near you";
      link.href = `/search?near=${at.lat.toFixed(3)},${at.lng.toFixed(3)}&radius=10`;
      link.hidden = false;
    },
  };
}

function tools(frame: HTMLElement, map: L.Map, here: HereLink): void {
  const bar = document.createElement("div");
  bar.className = "tools";
  const said = document.createElement("p");
  said.className = "said";
  said.setAttribute("role", "status");
  const button = (sign: string, label: string, press: () => void): HTMLButtonElement => {
    const b = document.createElement("button");
    b.type = "button";
    b.setAttribute("aria-label", label);
    b.title = label;
    b.innerHTML = icon(sign); // fixed words only
    b.addEventListener("click", press);
    bar.append(b);
    return b;
  };
  const zoom = (step: number) => () => {
    map.fire("asked");
    map.setZoom(map.getZoom() + step);
  };
  const closer = button("plus", "Zoom in", zoom(1));
  const wider = button("minus", "Zoom out", zoom(-1));
  map.on("zoomend", () => {
    closer.setAttribute("aria-disabled", String(map.getZoom() >= map.getMaxZoom()));
    wider.setAttribute("aria-disabled", String(map.getZoom() <= map.getMinZoom()));
  });
  if (!frame.closest(".card") && "geolocation" in navigator) {
    let you: L.Marker | undefined;
    button("locate", "Show where I am", () => {
      said.textContent = "Looking for you…";
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          const at = L.latLng(coords.latitude, coords.longitude);
          you?.remove();
          you = L.marker(at, { icon: L.divIcon({ className: "pin you", iconSize: [18, 18] }), interactive: false, keyboard: false }).addTo(map);
          map.once("moveend", () => here.near(at));
          map.setView(at, Math.max(11, map.getZoom()));
          said.textContent = "You are about here. The position stays in your browser unless you follow the link.";
        },
        () => (said.textContent = "Your browser did not say where you are. You can type a town in the search box instead."),
        { timeout: 10_000, maximumAge: 60_000 },
      );
    });
  }
  frame.append(bar, said);
}

interface Rows {
  join(): void;
  light(id: string | undefined): void;
}

// listRows joins the rows beside the map with the signs on it.
function listRows(map: L.Map, spots: () => Spots): Rows {
  const ring = L.marker([0, 0], { icon: L.divIcon({ className: "pin here", iconSize: [26, 26] }), interactive: false, keyboard: false });
  let lit: HTMLElement | undefined;
  const clear = (): void => {
    lit?.classList.remove("lit");
    lit = undefined;
    ring.remove();
  };
  const point = (row: HTMLElement): void => {
    clear();
    const { id = "", point: where } = row.dataset;
    lit = spots().find(id);
    lit?.classList.add("lit");
    if (lit || !where) return;
    const [lat = 0, lon = 0] = where.split(",").map(Number);
    ring.setLatLng([lat, lon + Math.round((map.getCenter().lng - lon) / 360) * 360]).addTo(map);
  };
  const join = (): void => {
    for (const row of document.querySelectorAll<HTMLElement>(".found .entry")) {
      row.addEventListener("pointerenter", () => point(row));
      row.addEventListener("focusin", () => point(row));
      row.addEventListener("pointerleave", clear);
      row.addEventListener("focusout", clear);
    }
  };
  join();
  return {
    join,
    light(id) {
      for (const row of document.querySelectorAll<HTMLElement>(".entry")) row.classList.toggle("lit", row.dataset.id === id);
    },
  };
}

for (const frame of document.querySelectorAll<HTMLElement>("[data-map]")) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((e) => e.isIntersecting)) return;
    seen.disconnect();
    start(frame);
  });
  seen.observe(frame);
}
