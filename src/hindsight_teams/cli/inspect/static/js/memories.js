// The memories of one bank, and one of them with its lineage.

import { html, useEffect, useState } from "./preact-htm.min.js";
import { Banks, Chip, Empty, Failure, Icon, Loading, MemoryRow, Pager, Search, Signals, counted, noted, number, useAsk, useSlow } from "./parts.js";

export function Memories({ team, at, go }) {
  const [query, setQuery] = useState(at.q || "");
  const [author, setAuthor] = useState("");
  const [tag, setTag] = useState("");
  const [offset, setOffset] = useState(0);
  const slow = { q: useSlow(query), tag: useSlow(tag) };
  const named = useAsk("banks", { q: `:${at.name}` }, { when: Boolean(at.name && !at.bank) });
  useEffect(() => {
    const first = named.value?.banks.filter((bank) => bank.name === at.name).sort((a, b) => (b.memories ?? 0) - (a.memories ?? 0))[0];
    if (at.name && !at.bank && named.value) go("memories", first ? { bank: first.bank_id } : {}, true);
  }, [named.value]);
  useEffect(() => setOffset(0), [at.bank, slow.q, author, slow.tag]);
  const { value, error, loading } = useAsk("memories", { bank: at.bank, q: slow.q, author, tag: slow.tag, offset }, { when: Boolean(at.bank) });
  const open = (memory) => go("memories", { bank: at.bank, id: memory.id });
  return html`
    <section class="view split">
      ${!(at.name && !at.bank) && html`<${Banks} chosen=${at.bank} onChoose=${(bank, replace) => go("memories", { bank }, replace)} />`}
      <div class="main">
        <header class="tools">
          <${Search} value=${query} placeholder="Search this bank" onInput=${setQuery} />
          <label>Author
            <select value=${author} onChange=${(event) => setAuthor(event.target.value)}>
              <option value="">anybody</option>
              ${team.members.map((member) => html`<option value=${member.id}>${member.id}</option>`)}
            </select>
          </label>
          <label>Tag <input value=${tag} placeholder="any" onInput=${(event) => setTag(event.target.value)} /></label>
        </header>
        ${error && html`<${Failure} error=${error} />`}
        ${!value && !error && html`<${Loading} />`}
        ${value && html`
          <div class=${`list ${loading ? "stale" : ""}`}>
            ${value.memories.map((memory) => html`
              <${MemoryRow} key=${memory.id} memory=${memory} onOpen=${open} open=${memory.id === at.id}>
                ${memory.signals.map((signal) => html`<${Chip} kind="signal" title=${signal.reason}>${signal.strategy} ${signal.score.toFixed(2)}</${Chip}>`)}
              </${MemoryRow}>`)}
            ${value.total === 0 && html`<${Empty} title=${value.searched || author || slow.tag ? "Nothing matches" : "This bank is empty"}>
              ${value.searched || author || slow.tag ? "Try other words, or leave out a filter." : "What is retained in it shows up here."}</${Empty}>`}
          </div>
          ${value.notes.map((note) => html`<p class="note">${note}</p>`)}
          ${value.total > 0 && html`<${Pager} page=${value} onMove=${setOffset} words=${value.searched ? ["Better", "Further"] : undefined} />`}
        `}
      </div>
      ${at.bank && at.id && html`<${Detail} bank=${at.bank} id=${at.id} go=${go} />`}
    </section>
  `;
}

export function Detail({ bank, id, go, onClose = () => go("memories", { bank }) }) {
  const { value, error } = useAsk("memory", { bank, id });
  const shown = value?.memory.id === id ? value : null;
  const follow = (memory) => go("memories", { bank: memory.bank_id, id: memory.id });
  return html`
    <aside class="detail" aria-label="One memory">
      <header><h2>Memory <code>${id}</code></h2><button class="icon-button" data-close aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button></header>
      ${error && html`<${Failure} error=${error} />`}
      ${!shown && !error && html`<${Loading} />`}
      ${shown && html`
        <p class="text">${shown.memory.text}</p>
        <${Facts} memory=${shown.memory} />
        <${Lineage} title="Superseded by" memories=${shown.superseded_by} onOpen=${follow} />
        <${Lineage} title="Rests on" memories=${shown.sources} onOpen=${follow} missing=${shown.memory.source_ids.length - shown.sources.length} />
        <${Lineage} title="Approved copy of" memories=${shown.origin} onOpen=${follow} />
        ${shown.document.total > 1 && html`<${Lineage} title=${`Also in its document (${number(shown.document.total - 1)})`} memories=${shown.document.memories} onOpen=${follow} />`}
      `}
    </aside>
  `;
}

const LABELS = [
  ["author", "Author"], ["user", "For user"], ["trust", "Trust"], ["type", "Kind"], ["context", "About"],
  ["document_id", "Document"], ["lineage", "Copied from"],
];

function Facts({ memory }) {
  const own = Object.entries(memory.metadata).filter(([key]) => !["author", "user", "trust", "team", "lineage"].includes(key));
  return html`
    <dl class="facts-table">
      <dt>When</dt><dd>${memory.happened || html`<span class="muted">not said</span>`}</dd>
      <dt>Noted</dt><dd>${memory.noted ? `${noted(memory)} ${memory.noted.slice(11)}` : html`<span class="muted">unknown</span>`}</dd>
      ${LABELS.map(([key, label]) => memory[key] && html`<dt>${label}</dt><dd>${memory[key]}</dd>`)}
      ${memory.tags.length > 0 && html`<dt>Tags</dt><dd>${memory.tags.map((tag) => html`<${Chip} kind="tag">${tag}</${Chip}> `)}</dd>`}
      ${memory.entities.length > 0 && html`<dt>Names</dt><dd>${memory.entities.map((name) => html`<${Chip}>${name}</${Chip}> `)}</dd>`}
      ${own.map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>`)}
      ${memory.signature.length > 0 && html`<dt>Signed</dt><dd class="signature">${memory.signature.map((tag) => html`<code>${tag}</code> `)}</dd>`}
    </dl>
    <${Signals} signals=${memory.signals} />
  `;
}

const Lineage = ({ title, memories, onOpen, missing = 0 }) =>
  memories.length || missing > 0
    ? html`<section class="lineage">
        <h3>${title}</h3>
        ${memories.map((memory) => html`<${MemoryRow} memory=${memory} onOpen=${onOpen} />`)}
        ${missing > 0 && html`<p class="note">${counted(missing, "memory")} no longer there</p>`}
      </section>`
    : null;
