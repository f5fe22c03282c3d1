// The audit log as a timeline, the newest event first.

import { html, useEffect, useState } from "./preact-htm.min.js";
import { ask } from "./api.js";
import { Chip, Empty, Failure, Loading, counted, day, time, useSlow } from "./parts.js";

const VERBS = ["retain", "recall", "reflect", "inject", "propose", "review", "approve", "reject", "revoke", "forget", "inspect"];
const OUTCOMES = ["allowed", "denied", "quarantined", "error"];

export function Audit({ team }) {
  const [filters, setFilters] = useState({ member: "", verb: "", outcome: "", bank: "", user: "" });
  const [state, setState] = useState({ events: [], next: null });
  const user = useSlow(filters.user);
  const chosen = { ...filters, user };
  const key = JSON.stringify(chosen);
  const load = (before, signal) =>
    ask("audit", { ...chosen, before }, { signal }).then(
      (page) => setState((old) => ({ ...page, events: before ? [...old.events, ...page.events] : page.events, ready: true })),
      (error) => error.name !== "AbortError" && setState({ events: [], next: null, error }),
    );
  useEffect(() => {
    const stop = new AbortController();
    load(undefined, stop.signal);
    return () => stop.abort();
  }, [key]);
  const set = (name) => (event) => setFilters({ ...filters, [name]: event.target.value });
  const choice = (name, label, values) => html`
    <label>${label}
      <select value=${filters[name]} onChange=${set(name)}>
        <option value="">any</option>${values.map((value) => html`<option value=${value}>${value}</option>`)}
      </select>
    </label>`;
  const days = Map.groupBy ? Map.groupBy(state.events, (event) => day(event.at)) : grouped(state.events);
  if (state.ready && state.log === false)
    return html`<section class="view"><${Empty} title="No audit log is kept">Set <code>HINDSIGHT_TEAMS_AUDIT=audit.db</code>, and each operation is recorded from then on.</${Empty}></section>`;
  return html`
    <section class="view narrow">
      <header class="tools">
        ${choice("member", "Member", team.members.map((member) => member.id))}
        ${choice("verb", "Verb", VERBS)}
        ${choice("outcome", "Outcome", OUTCOMES)}
        ${choice("bank", "Bank", team.banks.map((bank) => bank.name))}
        <label>User <input value=${filters.user} placeholder="any" onInput=${set("user")} /></label>
      </header>
      ${state.error && html`<${Failure} error=${state.error} />`}
      ${!state.ready && !state.error && html`<${Loading} />`}
      ${[...days].map(([date, events]) => html`
        <section class="day">
          <h2>${date}</h2>
          <ol class="timeline">${events.map((event) => html`<${Event} key=${event.seq} event=${event} />`)}</ol>
        </section>`)}
      ${state.ready && state.events.length === 0 && state.next === null && html`<${Empty} title="No events">Nothing of this kind was recorded.</${Empty}>`}
      ${state.next !== null && state.ready && html`<p class="centred"><button onClick=${() => load(state.next)}>Earlier events</button></p>`}
    </section>
  `;
}

function grouped(events) {
  const days = new Map();
  for (const event of events) days.set(day(event.at), [...(days.get(day(event.at)) || []), event]);
  return days;
}

const Event = ({ event }) => html`
  <li class=${event.outcome}>
    <time datetime=${event.at}>${time(event.at)}</time>
    <div>
      <p>
        <${Chip} kind=${event.verb}>${event.verb}</${Chip}>
        <b>${event.member || (event.verb === "inspect" ? "the operator" : "the application")}</b>
        ${event.bank || event.bank_id ? html` on <b>${event.bank || event.bank_id}</b>` : ""}
        ${event.user ? html` for <b>${event.user}</b>` : ""}
        ${event.outcome !== "allowed" && html` ${" "}<${Chip} kind=${event.outcome}>${event.outcome}</${Chip}>`}
        ${event.count !== undefined && html`${" "}<span class="muted">${counted(event.count, "memory")}</span>`}
        ${event.duration_ms !== undefined && html`${" · "}<span class="muted">${event.duration_ms.toFixed(0)} ms</span>`}
      </p>
      ${event.reason && html`<p class="note">${event.reason}</p>`}
      ${event.text && html`<p class="note">“${event.text}”</p>`}
      ${(event.memory_ids || event.session || event.run) && html`
        <details><summary>ids</summary>
          <p class="ids">
            ${event.session && html`<span>session ${event.session}</span>`} ${event.run && html`<span>run ${event.run}</span>`}
            ${(event.memory_ids || []).map((id) => html`<code>${id}</code> `)}
          </p>
        </details>`}
    </div>
  </li>
`;
