// The search boxes complete what is typed: forms, places and initiatives, in a
// list that the arrow keys walk (the combobox pattern of WAI-ARIA). Without this
// the box is a plain one.

interface Suggestion {
  kind: "form" | "place" | "initiative";
  text: string;
  note?: string;
  url: string;
}

const names = { form: "Seed form", place: "Place", initiative: "Initiative" };
const pause = 120; // milliseconds without a key before asking
let boxes = 0;

function combobox(input: HTMLInputElement): void {
  const list = document.createElement("ul");
  const said = document.createElement("p");
  const id = `suggestions-${++boxes}`;
  let asked: AbortController | undefined;
  let timer = 0;
  let at = -1;

  list.id = id;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  said.className = "unseen";
  said.setAttribute("role", "status");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", id);
  input.form?.append(list, said);

  const options = () => [...list.children] as HTMLElement[];

  function close(): void {
    window.clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(n: number): void {
    const all = options();
    at = n < -1 ? all.length - 1 : n >= all.length ? -1 : n;
    all.forEach((option, k) => option.setAttribute("aria-selected", String(k === at)));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", all[at]!.id);
      all[at]!.scrollIntoView({ block: "nearest" });
    }
  }

  function show(found: Suggestion[]): void {
    list.replaceChildren(
      ...found.map((s, k) => {
        const option = document.createElement("li");
        option.id = `${id}-${k}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.url = s.url;
        const text = document.createElement("span");
        text.textContent = s.text;
        const note = document.createElement("small");
        note.textContent = s.note ? `${names[s.kind]} · ${s.note}` : names[s.kind];
        option.append(text, " ", note);
        return option;
      }),
    );
    at = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    said.textContent = found.length === 1 ? "1 suggestion" : `${found.length} suggestions`;
  }

  async function ask(): Promise<void> {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`/api/v1/suggest?q=${encodeURIComponent(input.value)}`, { signal: asked.signal });
      if (answer.ok && document.activeElement === input) show(((await answer.json()) as { items: Suggestion[] }).items);
    } catch {
      // Given up for a later letter, or no connection: the box stays a plain one.
    }
  }

  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    if (input.value.trim().length < 2) close();
    else timer = window.setTimeout(ask, pause);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  input.form?.addEventListener("submit", (event) => {
    if (list.hidden || at < 0) return;
    event.preventDefault(); // a suggestion was chosen, not the words
    window.location.assign(options()[at]!.dataset.url!);
  });
  list.addEventListener("pointerdown", (event) => {
    const option = (event.target as HTMLElement).closest<HTMLElement>("[role=option]");
    event.preventDefault(); // the box keeps the focus
    if (option) window.location.assign(option.dataset.url!);
  });
  input.addEventListener("blur", close);
}

for (const input of document.querySelectorAll<HTMLInputElement>("form[role=search] input[type=search]")) combobox(input);
