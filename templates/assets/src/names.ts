// The names of cities: the important ones first, none over another.
import * as L from "leaflet";
import table from "../cities.csv";

interface City {
  rank: number;
  name: string;
  at: L.LatLng;
}

const cities: City[] = table
  .trim()
  .split("\n")
  .map((row) => {
    const [rank, name, lat, lon] = row.split(",");
    return { rank: Number(rank), name: name ?? "", at: L.latLng(Number(lat), Number(lon)) };
  });

// The zoom from which cities of a rank are named; directory/web/atlas has the same.
const rankZooms = [0, 1.2, 3.2, 5.2, 7];

// Obstacle is a round thing that names keep clear of.
export interface Obstacle {
  at: L.LatLng;
  radius: number;
}

export interface Names {
  avoid(obstacles: Obstacle[]): void;
}

export function nameCities(map: L.Map): Names {
  const pane = map.createPane("names");
  pane.style.zIndex = "300";
  pane.setAttribute("aria-hidden", "true");
  const shown = new Map<City, L.Marker>();
  let obstacles: { spot: L.Point; radius: number }[] = [];

  const update = (): void => {
    const bounds = map.getBounds().pad(0.2);
    const wanted: { city: City; at: L.LatLng; spot: L.Point }[] = [];
    for (const city of cities) {
      if (map.getZoom() < (rankZooms[city.rank] ?? 7)) continue;
      const turns = Math.round((map.getCenter().lng - city.at.lng) / 360) * 360;
      const at = L.latLng(city.at.lat, city.at.lng + turns);
      if (!bounds.contains(at)) continue;
      const home = map.latLngToLayerPoint(at);
      const half = 3.2 * city.name.length;
      const free = (p: L.Point) =>
        !wanted.some((w) => Math.abs(w.spot.x - p.x) < 90 && Math.abs(w.spot.y - p.y) < 26) &&
        !obstacles.some((o) => Math.abs(o.spot.x - p.x) < o.radius + half && Math.abs(o.spot.y - p.y) < o.radius + 5);
      const spot = (map.getZoom() < 7.5 ? [0] : [0, 22, -22, 36, -36]).map((y) => home.add([0, y])).find(free);
      if (!spot) continue;
      wanted.push({ city, at: map.layerPointToLatLng(spot), spot });
    }
    for (const [city, marker] of shown) {
      if (wanted.some((w) => w.city === city)) continue;
      marker.remove();
      shown.delete(city);
    }
    for (const { city, at } of wanted) {
      const marker = shown.get(city);
      if (marker) {
        marker.setLatLng(at);
        continue;
      }
      const label = document.createElement("span");
      label.textContent = city.name;
      const icon = L.divIcon({ html: label, className: "cityname", iconSize: [0, 0] });
      shown.set(city, L.marker(at, { icon, interactive: false, keyboard: false, pane: "names" }).addTo(map));
    }
  };
  return {
    avoid(around) {
      obstacles = around.map((o) => ({ spot: map.latLngToLayerPoint(o.at), radius: o.radius }));
      update();
    },
  };
}
