// Small parts that several views share.

import { html, useEffect, useRef, useState } from "./preact-htm.min.js";
import { ask } from "./api.js";

const ICONS = {
  team: "M6 4.4a2.6 2.6 0 1 0 .01 0M18 3.4a2.6 2.6 0 1 0 .01 0M12 15.4a2.6 2.6 0 1 0 .01 0M8.7 6.8l6.6-.6M7.2 9.4l3.6 6.2M16.9 8.4l-3.7 7.2",
  memories: "M4 7l8-4 8 4-8 4zM4 12l8 4 8-4M4 17l8 4 8-4",
  entities: "M12 12m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M5 5l5 5M19 5l-5 5M5 19l5-5M19 19l-5-5",
  audit: "M12 7v5l3.5 2M12 3a9 9 0 1 0 .01 0",
  reviews: "M4 12l4.5 4.5L20 6",
  whatif: "M9 3h6M10 3v6l-5.5 9.5A1.7 1.7 0 0 0 6 21h12a1.7 1.7 0 0 0 1.5-2.5L14 9V3M7.5 15h9",
  sun: "M12 8a4 4 0 1 0 .01 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M5 19l1.4-1.4M17.6 6.4L19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  search: "M11 4a7 7 0 1 0 .01 0M16 16l4.5 4.5",
  close: "M6 6l12 12M18 6L6 18",
  keys: "M3 7h18v11H3zM7 11h.01M11 11h.01M15 11h.01M8 15h8",
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]} /></svg>
`;

export const number = (value) => (value ?? 0).toLocaleString("en");

const plural = { memory: "memories", entity: "entities" };
export const counted = (n, noun) => `${number(n)} ${n === 1 ? noun : plural[noun] || `${noun}s`}`;

const pad = (n) => String(n).padStart(2, "0");

export function day(iso) {
  const at = new Date(iso);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

export function time(iso) {
  const at = new Date(iso);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

// The day on which a memory was noted, where it was noted: the same as in the lines that a model reads.
export const noted = (memory) => memory.noted.slice(0, 10);

export const Chip = ({ kind = "", title, children }) => html`<span class=${`chip ${kind}`} title=${title}>${children}</span>`;

export const Empty = ({ title, children }) => html`<div class="empty"><strong>${title}</strong><p>${children}</p></div>`;

export const Failure = ({ error }) => html`<div class="failure" role="alert">${error.message}</div>`;

export const Loading = () => html`<div class="loading" role="status"><span>Loading</span></div>`;

// What the server says to a question; asked again when the question changes, the older answer dropped.
export function useAsk(path, parameters, { when = true, again = 0 } = {}) {
  const [state, setState] = useState({});
  const key = JSON.stringify([path, parameters, again]);
  useEffect(() => {
    if (!when) return undefined;
    const stop = new AbortController();
    setState((old) => ({ value: old.value, loading: true }));
    ask(path, parameters, { signal: stop.signal }).then(
      (value) => setState({ value, key }),
      (error) => error.name !== "AbortError" && setState({ error, key }),
    );
    return () => stop.abort();
  }, [key, when]);
  return state;
}

// A text that is typed: the question follows a moment after the last key.
export function useSlow(value, wait = 220) {
  const [slow, setSlow] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(value), wait);
    return () => clearTimeout(timer);
  }, [value]);
  return slow;
}

export function useWidth() {
  const box = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!box.current) return undefined;
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}

export const Search = ({ value, onInput, placeholder, label = placeholder }) => html`
  <label class="search">
    <${Icon} name="search" />
    <input type="search" value=${value} placeholder=${placeholder} aria-label=${label} autocomplete="off" spellcheck=${false}
      onInput=${(event) => onInput(event.target.value)} />
  </label>
`;

export function Pager({ page, onMove, words = ["Newer", "Older"] }) {
  const first = page.total ? page.offset + 1 : 0;
  const last = Math.min(page.offset + page.limit, page.total);
  return html`
    <nav class="pager" aria-label="Pages">
      <button disabled=${page.offset === 0} onClick=${() => onMove(Math.max(0, page.offset - page.limit))}>${words[0]}</button>
      <span>${number(first)}–${number(last)} of ${number(page.total)}</span>
      <button disabled=${last >= page.total} onClick=${() => onMove(page.offset + page.limit)}>${words[1]}</button>
    </nav>
  `;
}

export const Signals = ({ signals }) =>
  signals?.length
    ? html`<ul class="signals">
        ${signals.map(
          (signal) => html`<li><b>${signal.strategy}</b> <span class="score">${signal.score.toFixed(2)}</span> ${signal.reason}</li>`,
        )}
      </ul>`
    : null;

// One memory in a list. A button, so that it is reached by keyboard and named by its text.
export function MemoryRow({ memory, onOpen, children, open }) {
  return html`
    <button class=${`row ${memory.superseded_by ? "old" : ""}`} aria-current=${open ? "true" : undefined}
      onClick=${() => onOpen && onOpen(memory)}>
      <span class="text">${memory.text}</span>
      <span class="facts">
        ${memory.superseded_by && html`<${Chip} kind="warn">superseded</${Chip}>`}
        ${memory.type === "observation" && html`<${Chip}>observation</${Chip}>`}
        ${children}
        <span>${memory.said_by && html`by <b>${memory.said_by}</b>`}${memory.author ? "" : " unsigned"}</span>
        ${memory.repeated && html`<span>${memory.repeated}</span>`}
        ${memory.user && html`<span>for <b>${memory.user}</b></span>`}
        ${memory.happened && html`<span title="When that is which it tells, as it was said">${memory.happened}</span>`}
        ${memory.noted && html`<span title=${memory.noted}>noted <b>${noted(memory)}</b></span>`}
        ${memory.tags.slice(0, 4).map((tag) => html`<${Chip} kind="tag">${tag}</${Chip}>`)}
      </span>
    </button>
  `;
}

// The banks of the team that exist, to choose one from: a column beside the list, or a folding list on a phone.
export function Banks({ chosen, onChoose }) {
  const [query, setQuery] = useState("");
  const [offset, setOffset] = useState(0);
  const slow = useSlow(query);
  const { value, error } = useAsk("banks", { q: slow, offset });
  const box = useRef(null);
  useEffect(() => {
    if (!chosen && value?.banks.length) onChoose(largest(value.banks), true);
  }, [value, chosen]);
  const choose = (bank) => {
    if (box.current) box.current.open = matchMedia("(min-width: 761px)").matches;
    onChoose(bank);
  };
  return html`
    <details class="banks" ref=${box} open=${matchMedia("(min-width: 761px)").matches}>
      <summary>Bank <b>${chosen || "none"}</b></summary>
      <${Search} value=${query} placeholder="Find a bank" onInput=${(text) => (setOffset(0), setQuery(text))} />
      ${error && html`<${Failure} error=${error} />`}
      <ul>
        ${value?.banks.map(
          (bank) => html`<li>
            <button aria-current=${bank.bank_id === chosen ? "true" : undefined} onClick=${() => choose(bank.bank_id)}>
              <span class="name">${bank.name}${bank.holder && html`<i>${bank.holder}</i>`}</span>
              <span class="count">${number(bank.memories)}</span>
              ${!bank.holder && bank.scope.includes("{") && html`<small>${bank.bank_id}</small>`}
            </button>
          </li>`,
        )}
      </ul>
      ${value?.total === 0 && html`<p class="note">${query ? "No bank matches." : "No banks yet."}</p>`}
      ${value && value.total > value.limit && html`<${Pager} page=${value} onMove=${setOffset} words=${["Back", "More"]} />`}
    </details>
  `;
}

const largest = (banks) => banks.reduce((a, b) => ((b.memories ?? 0) > (a.memories ?? 0) ? b : a)).bank_id;
