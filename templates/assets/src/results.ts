// Filters and pages of results change in place, while the map stays. Without
// this they are plain links, and so they are again if anything goes wrong.

const parts = ["#filters", "#results", ".swap"];

export function follow(changed: (map: DOMStringMap) => void): void {
  const atlas = document.querySelector<HTMLElement>(".atlas");
  if (!atlas) return;
  let latest = 0;

  const load = async (address: string, push: boolean): Promise<void> => {
    const turn = ++latest;
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const map = page.querySelector<HTMLElement>("[data-map]");
    if (turn !== latest) return;
    if (!response.ok || !map) throw new Error(`${response.status} for ${address}`);
    for (const part of parts) {
      const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
      if (old && fresh) old.replaceChildren(...fresh.childNodes);
    }
    document.title = page.title;
    if (push) history.pushState(null, "", address);
    const results = document.querySelector<HTMLElement>("#results");
    results?.scrollTo({ top: 0 });
    const heading = results?.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
    changed(map.dataset);
  };

  atlas.addEventListener("click", (e) => {
    const link = (e.target as Element).closest("a");
    if (!link || e.defaultPrevented || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
    const to = new URL(link.href, location.href);
    if (to.pathname !== "/search" || to.origin !== location.origin || link.getAttribute("href")?.startsWith("#")) return;
    e.preventDefault();
    load(to.href, true).catch(() => location.assign(to.href));
  });
  addEventListener("popstate", () => {
    load(location.href, false).catch(() => location.reload());
  });
}
