// A trial: as a member, for a user, a question. What is recalled, why, and what is left out.

import { html, useState } from "./preact-htm.min.js";
import { ask } from "./api.js";
import { Chip, Empty, Failure, MemoryRow, Signals, counted, number } from "./parts.js";

const WHY = {
  right: ["No right to recall", "Its bank gives this member no recall."],
  scope: ["Outside the scope", "The grant reads only what carries its tags."],
  limit: ["Over the limit", "It matched, and ranked behind what filled the tokens or the answer."],
};

export function WhatIf({ team, at, go }) {
  const [form, setForm] = useState({ member: at.member || reader(team), user: at.user || "", session: "", query: "", max_tokens: "" });
  const [state, setState] = useState({});
  const set = (name) => (event) => setForm({ ...form, [name]: event.target.value });
  const submit = async (event) => {
    event.preventDefault();
    setState({ ...state, busy: true });
    try {
      const limit = form.max_tokens === "" ? null : Number(form.max_tokens);
      setState({ value: await ask("what-if", {}, { body: { ...form, max_tokens: limit } }), asked: form });
    } catch (error) {
      setState({ error });
    }
  };
  return html`
    <section class="view">
      <form class="trial" onSubmit=${submit}>
        <label>As member
          <select value=${form.member} onChange=${set("member")}>${team.members.map((member) => html`<option value=${member.id}>${member.id}</option>`)}</select>
        </label>
        <label>For user <input value=${form.user} list="known-users" placeholder="nobody" onInput=${set("user")} /></label>
        <datalist id="known-users">${team.users.map((user) => html`<option value=${user.id} />`)}</datalist>
        <label>Session <input value=${form.session} placeholder="none" onInput=${set("session")} /></label>
        <label>Tokens <input value=${form.max_tokens} type="number" min="1" placeholder="default" onInput=${set("max_tokens")} /></label>
        <label class="wide">Question <input type="search" value=${form.query} placeholder="What would be recalled for …" required onInput=${set("query")} /></label>
        <button class="primary" disabled=${state.busy}>Try it</button>
      </form>
      ${state.error && html`<${Failure} error=${state.error} />`}
      ${!state.value && !state.error && html`<${Empty} title="A trial changes nothing">It shows what a member would recall for a user, why each memory was found, and what its rights, its scope or the limit leave out.</${Empty}>`}
      ${state.value && html`<${Answer} value=${state.value} asked=${state.asked} go=${go} />`}
    </section>
  `;
}

const reader = (team) => (team.grants.find((grant) => grant.verbs.includes("recall")) || team.members[0] || { member: "" }).member || team.members[0]?.id;

function Answer({ value, asked, go }) {
  const open = (memory) => go("memories", { bank: memory.bank_id, id: memory.id });
  return html`
    <div class="answer">
      <section>
        <h2>Recalled <span>${counted(value.memories.length, "memory")}</span></h2>
        ${value.denied
          ? html`<div class="failure"><b>${value.denied.type}</b> ${value.denied.message}</div>`
          : html`<p class="tokens"><meter min="0" max=${value.limit} value=${value.tokens}></meter>
              <span><b>${number(value.tokens)}</b> of ${number(value.limit)} tokens of text; about <b>${number(value.shown_to_the_model)}</b> with their labels</span></p>`}
        ${value.gaps.map((gap) => html`<p class="note bad">${gap.bank} did not answer: ${gap.reason}</p>`)}
        ${value.notes.map((note) => html`<p class="note">${note}</p>`)}
        ${!value.denied && value.memories.length === 0 && html`<${Empty} title="Nothing is recalled">${asked.member} would be told that no relevant memories were found.</${Empty}>`}
        <ol class="list ranked">
          ${value.memories.map((memory) => html`<li>
            <${MemoryRow} memory=${memory} onOpen=${open}><${Chip} kind="bank">${memory.bank || memory.bank_id}</${Chip}><span>${number(memory.tokens)} tokens</span></${MemoryRow}>
            <${Signals} signals=${memory.signals} />
          </li>`)}
        </ol>
      </section>
      <section>
        <h2>Left out <span>${counted(value.left_out.length, "memory")}</span></h2>
        ${value.left_out.length === 0 && html`<p class="note">Nothing that matches in a bank of this caller is left out.</p>`}
        ${Object.entries(WHY).map(([why, [title, note]]) => {
          const some = value.left_out.filter((memory) => memory.why === why);
          return some.length > 0 && html`
            <h3>${title} <span>${number(some.length)}</span></h3><p class="note">${note}</p>
            <div class="list">${some.map((memory) => html`<${MemoryRow} memory=${memory} onOpen=${open}><${Chip} kind="bank">${memory.bank}</${Chip}></${MemoryRow}>`)}</div>`;
        })}
      </section>
    </div>
  `;
}
