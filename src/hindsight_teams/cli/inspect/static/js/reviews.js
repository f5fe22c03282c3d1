// What waits for a decision. Only who opened the curator's address gets the two buttons; the server checks it again.

import { html, useState } from "./preact-htm.min.js";
import { ask } from "./api.js";
import { Chip, Empty, Failure, Loading, useAsk } from "./parts.js";

export function Reviews({ team }) {
  const [again, setAgain] = useState(0);
  const [busy, setBusy] = useState(null);
  const [told, setTold] = useState(null);
  const [failed, setFailed] = useState(null);
  const { value, error } = useAsk("reviews", {}, { again });
  const decide = async (item, verb) => {
    setBusy(item.id);
    setFailed(null);
    try {
      const done = await ask(`reviews/${encodeURIComponent(item.id)}/${verb}`, {}, { post: true });
      setTold(`${done.outcome === "approved" ? "Stored in" : "Dropped, and kept out of"} ${item.bank}: ${item.text}`);
    } catch (problem) {
      setFailed(problem);
    }
    setBusy(null);
    setAgain((n) => n + 1);
  };
  return html`
    <section class="view narrow">
      <header class="head"><h1>Reviews</h1>
        <p>${team.role === "curator" ? html`You decide as <b>${team.curator}</b>.` : html`This address is read-only. <code>hindsight-teams inspect <span class="whole">--as CURATOR</span></code> prints one that decides.`}</p>
      </header>
      <p class="told" role="status">${told}</p>
      ${(failed || error) && html`<${Failure} error=${failed || error} />`}
      ${!value && !error && html`<${Loading} />`}
      ${value?.items.length === 0 && html`<${Empty} title="Nothing waits">What a guard holds back, or a member proposes for another bank, waits here.</${Empty}>`}
      ${value?.items.map((item) => html`
        <article class="card decision" key=${item.id}>
          <header>
            <${Chip} kind=${item.kind === "quarantine" ? "quarantined" : "propose"}>${item.kind === "quarantine" ? "held back" : "proposed"}</${Chip}>
            <span>by <b>${item.author || "somebody"}</b> for <b>${item.bank}</b>${item.user ? html`, user <b>${item.user}</b>` : ""}</span>
            <code>${item.id}</code>
          </header>
          <p class="text">${item.text}</p>
          ${item.reason && html`<p class="note">${item.reason}</p>`}
          ${team.role === "curator" && html`
            <footer>
              <button class="primary" disabled=${busy !== null} onClick=${() => decide(item, "approve")}>Approve</button>
              <button class="danger" disabled=${busy !== null} onClick=${() => decide(item, "reject")}>Reject</button>
            </footer>`}
        </article>`)}
    </section>
  `;
}
