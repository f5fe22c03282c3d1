// The team as a graph: members, banks and users in three columns, with the grants on the edges.

import { html, useState } from "./preact-htm.min.js";
import { Chip, Empty, Icon, counted, number, useWidth } from "./parts.js";

const CARD = { member: 176, bank: 208, user: 148 };
const PORT = 30;
const SHOWN_USERS = 12;

const kind = (access) => ({ "full": "full", "writer-only": "retain", "read-only": "recall", "reflect-only": "reflect" })[access] || "mixed";
const scopeOf = (bank) => (bank.scope === "user" ? "one for each user" : bank.scope === "member" ? "one for each member" : bank.scope === "team" ? "one for the team" : bank.scope);

const place = ({ backend, location }) => (backend === "sqlite" ? location.split(/[\\/]/).pop() : location);

function layout(team, width) {
  const users = team.users.slice(0, SHOWN_USERS);
  const names = new Set(team.banks.map((bank) => bank.name));
  const ties = users.flatMap((user) =>
    Object.entries(user.banks).filter(([bank]) => names.has(bank)).map(([bank, count]) => ({ user: user.id, bank, count })),
  );
  const wide = width > 900;
  const showUsers = users.length > 0;
  const x = { member: 0, bank: showUsers ? (width - CARD.bank) / 2 + (wide ? 14 : 0) : width - CARD.bank, user: width - CARD.user };
  let y = 4;
  const banks = {};
  for (const bank of team.banks) {
    const left = team.grants.filter((grant) => grant.bank === bank.name);
    const right = ties.filter((tie) => tie.bank === bank.name);
    const height = Math.max(74, 18 + PORT * Math.max(left.length, right.length));
    const port = (side, n) => y + (height - PORT * side.length) / 2 + PORT * (n + 0.5);
    banks[bank.name] = {
      bank, y, height,
      left: left.map((grant, n) => ({ ...grant, y: port(left, n) })),
      right: right.map((tie, n) => ({ ...tie, y: port(right, n) })),
    };
    y += height + 20;
  }
  const spread = (items, size) => {
    const gap = Math.max(size + 12, (y - 16) / Math.max(items.length, 1));
    return Object.fromEntries(items.map((item, n) => [item, gap * n + gap / 2]));
  };
  const members = spread(team.members.map((member) => member.id), 50);
  const userAt = spread(users.map((user) => user.id), 40);
  const height = Math.max(y - 12, ...Object.values(members).map((at) => at + 34), ...Object.values(userAt).map((at) => at + 28));
  return { x, banks, members, users: userAt, height, showUsers };
}

const curve = (x1, y1, x2, y2) => `M${x1} ${y1}C${x1 + (x2 - x1) * 0.45} ${y1} ${x2 - (x2 - x1) * 0.55} ${y2} ${x2} ${y2}`;

function Node({ x, y, width, height, title, note, marks = [], count, chosen, dim, label, onChoose, onLight, type }) {
  const light = { onMouseEnter: () => onLight(true), onMouseLeave: () => onLight(false), onFocus: () => onLight(true), onBlur: () => onLight(false) };
  return html`
    <foreignObject x=${x} y=${y} width=${width} height=${height}>
      <button class=${`node ${type} ${chosen ? "lit" : ""} ${dim ? "dim" : ""}`} aria-label=${label} onClick=${onChoose} ...${light}>
        <span class="title">${title}${marks.map((mark) => html`<${Chip} kind="small">${mark}</${Chip}>`)}</span>
        ${note && html`<span class="note">${note}</span>`}
        ${count !== undefined && html`<span class="count">${count}</span>`}
      </button>
    </foreignObject>
  `;
}

function Graph({ team, go }) {
  const [box, width] = useWidth();
  const [lit, setLit] = useState(null);
  const at = width > 0 ? layout(team, width) : null;
  const touches = (...ends) => !lit || ends.includes(lit);
  const edges = at ? Object.values(at.banks).flatMap(({ bank, left, right }) => [
    ...left.map((grant) => ({
      kind: kind(grant.access),
      dim: !touches(`member ${grant.member}`, `bank ${bank.name}`),
      path: curve(at.x.member + CARD.member, at.members[grant.member], at.x.bank, grant.y),
      x: at.x.bank,
      y: grant.y,
      label: grant.access + (grant.scope_tags.length ? `, only ${grant.scope_tags.join(", ")}` : ""),
      title: `${grant.member}: ${grant.verbs.join(", ")} on ${bank.name}${grant.scope_tags.length ? `, only what is tagged ${grant.scope_tags.join(", ")}` : ""}`,
    })),
    ...right.map((tie) => ({
      kind: "user",
      dim: !touches(`user ${tie.user}`, `bank ${bank.name}`),
      path: curve(at.x.user, at.users[tie.user], at.x.bank + CARD.bank, tie.y),
      x: at.x.bank + CARD.bank,
      y: tie.y,
      label: number(tie.count),
      title: `${counted(tie.count, "memory")} for ${tie.user} in ${bank.name}`,
    })),
  ]) : [];
  const node = (key, rest) => ({ ...rest, chosen: lit === key, onLight: (on) => setLit(on ? key : null) });
  const near = (key) => {
    if (!lit || lit === key) return true;
    const pairs = [
      ...team.grants.map((grant) => [`member ${grant.member}`, `bank ${grant.bank}`]),
      ...team.users.flatMap((user) => Object.keys(user.banks).map((bank) => [`user ${user.id}`, `bank ${bank}`])),
    ];
    return pairs.some((pair) => pair.includes(lit) && pair.includes(key));
  };
  return html`
    <div class="graph" ref=${box}>
      ${at && html`
        <div class="columns" aria-hidden="true">
          <span>Members</span><span>Banks</span>${at.showUsers && html`<span>Users</span>`}
        </div>
        <svg width=${width} height=${at.height} role="group" aria-label="Members, banks and users, and the grants between them">
          ${edges.map((edge) => html`<g class=${`edge ${edge.kind} ${edge.dim ? "dim" : ""}`}><path d=${edge.path} /><circle cx=${edge.x} cy=${edge.y} r="3.5" /></g>`)}
          ${edges.map((edge) => html`<g class=${`edge ${edge.kind} ${edge.dim ? "dim" : ""}`}>
            <text x=${edge.x + (edge.kind === "user" ? 10 : -10)} y=${edge.y - 6} text-anchor=${edge.kind === "user" ? "start" : "end"}>${edge.label}<title>${edge.title}</title></text>
          </g>`)}
          ${team.members.map((member) => html`<${Node} type="member" ...${node(`member ${member.id}`)} dim=${!near(`member ${member.id}`)}
            x=${at.x.member} y=${at.members[member.id] - 25} width=${CARD.member} height=${50} title=${member.id}
            marks=${[member.curator && "curator", member.proposer && "proposer"].filter(Boolean)}
            label=${`Member ${member.id}: try what it would recall`} onChoose=${() => go("what-if", { member: member.id })} />`)}
          ${Object.values(at.banks).map(({ bank, y, height }) => html`<${Node} type="bank" ...${node(`bank ${bank.name}`)} dim=${!near(`bank ${bank.name}`)}
            x=${at.x.bank} y=${y} width=${CARD.bank} height=${height} title=${bank.name} note=${scopeOf(bank)}
            count=${counted(bank.memories, "memory") + (bank.instances > 1 ? ` in ${number(bank.instances)} banks` : "")}
            label=${`Bank ${bank.name}: look at its memories`} onChoose=${() => go("memories", { name: bank.name })} />`)}
          ${team.users.slice(0, SHOWN_USERS).map((user) => html`<${Node} type="user" ...${node(`user ${user.id}`)} dim=${!near(`user ${user.id}`)}
            x=${at.x.user} y=${at.users[user.id] - 20} width=${CARD.user} height=${40} title=${user.id}
            label=${`User ${user.id}: try what would be recalled`} onChoose=${() => go("what-if", { user: user.id })} />`)}
        </svg>
        ${team.users_total > SHOWN_USERS && html`<p class="more">and ${counted(team.users_total - SHOWN_USERS, "more user")}</p>`}
      `}
    </div>
  `;
}

// The same on a phone, and for whoever reads the page without seeing it: one bank after another.
const Cards = ({ team, go }) => html`
  <div class="cards">
    ${team.banks.map((bank) => {
      const users = team.users.filter((user) => bank.name in user.banks);
      return html`
        <section class="card">
          <header>
            <button class="link" onClick=${() => go("memories", { name: bank.name })}>${bank.name}</button>
            <span>${counted(bank.memories, "memory")}</span>
          </header>
          <p class="note">${scopeOf(bank)}${bank.description && ` · ${bank.description}`}</p>
          <ul>
            ${team.grants.filter((grant) => grant.bank === bank.name).map((grant) => html`<li>
              <button class="link plain" onClick=${() => go("what-if", { member: grant.member })}>${grant.member}</button>
              <${Chip} kind=${kind(grant.access)}>${grant.access}</${Chip}>
              ${grant.scope_tags.map((tag) => html`<${Chip} kind="tag" title="Only what carries this tag">${tag}</${Chip}>`)}
            </li>`)}
          </ul>
          ${users.length > 0 && html`<p class="users">${users.slice(0, SHOWN_USERS).map((user) => html`<span>${user.id} <b>${number(user.banks[bank.name])}</b></span>`)}</p>`}
        </section>`;
    })}
  </div>
`;

export function Team({ team, go }) {
  const held = team.banks.reduce((sum, bank) => sum + bank.memories, 0);
  return html`
    <section class="view">
      <header class="head">
        <h1>${team.team}</h1>
        <p>
          <b>${number(held)}</b> ${held === 1 ? "memory" : "memories"} · <b>${number(team.members.length)}</b> ${team.members.length === 1 ? "member" : "members"} ·
          ${" "}<b>${number(team.users_total)}</b> ${team.users_total === 1 ? "user" : "users"}
          ${" "}<span class=${team.health.ok ? "ok" : "bad"}>${team.health.backend}${team.health.ok ? "" : `: ${team.health.message}`}</span>
          ${" "}<span class="place" title=${team.health.location}>${place(team.health)}</span>
        </p>
      </header>
      ${held === 0 && html`<${Empty} title="Nothing is remembered yet"><code>hindsight-teams chat</code> talks to the team; what its members retain shows up here.</${Empty}>`}
      <div class="legend" aria-hidden="true">
        ${["full", "writer-only", "read-only", "reflect-only"].map((access) => html`<span class=${`key ${kind(access)}`}>${access}</span>`)}
        <span class="key user">memories for a user</span>
      </div>
      <${Graph} team=${team} go=${go} />
      <${Cards} team=${team} go=${go} />
    </section>
  `;
}
