// Small conveniences on every page.
import "./suggest";

function icon(id: string): string {
  const sprite = document.querySelector("use")?.getAttribute("href")?.replace(/#.*/, "") ?? "";
  return `<svg class="icon" aria-hidden="true" viewBox="0 0 24 24"><use href="${sprite}#${id}"/></svg>`;
}

// An address to copy gets a button that copies it.
for (const text of document.querySelectorAll<HTMLElement>("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = icon("copy"); // fixed words only
  button.setAttribute("aria-label", `Copy ${text.textContent}`);
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.textContent ?? "");
    said.textContent = " copied";
    setTimeout(() => (said.textContent = ""), 2000);
  });
  text.after(" ", button, said);
}

// The handle that a visitor follows from is remembered by their own browser.
const follow = document.querySelector<HTMLInputElement>("[data-follow] input[name=handle]");
const remembered = "fediverse-handle";
try {
  if (follow && !follow.value) follow.value = localStorage.getItem(remembered) ?? "";
  follow?.form?.addEventListener("submit", () => localStorage.setItem(remembered, follow.value));
} catch {
  // Storage is switched off: nothing is remembered.
}
