// What a bank's memories name, and what connects it: memories that name both.

import { html, useState } from "./preact-htm.min.js";
import { Banks, Empty, Failure, Loading, MemoryRow, Search, counted, number, useAsk, useSlow, useWidth } from "./parts.js";

export function Entities({ at, go }) {
  const [query, setQuery] = useState("");
  const slow = useSlow(query);
  const { value, error } = useAsk("entities", { bank: at.bank, q: slow }, { when: Boolean(at.bank) });
  const one = useAsk("entity", { bank: at.bank, name: at.entity }, { when: Boolean(at.bank && at.entity) });
  const choose = (entity) => go("entities", { bank: at.bank, entity });
  const most = value?.entities[0]?.count || 1;
  const chosen = at.entity && one.value?.name === at.entity ? one.value : null;
  return html`
    <section class="view split">
      <${Banks} chosen=${at.bank} onChoose=${(bank, replace) => go("entities", { bank }, replace)} />
      <div class="main">
        <header class="tools"><${Search} value=${query} placeholder="Find a name" onInput=${setQuery} /></header>
        ${error && html`<${Failure} error=${error} />`}
        ${!value && !error && html`<${Loading} />`}
        ${value && value.total === 0 && html`<${Empty} title="No names here">Names of people, places and things show up as memories name them.</${Empty}>`}
        ${value && value.total > 0 && html`
          <div class="entities">
            <ol class="bars">
              ${value.entities.map((entity) => html`<li key=${entity.name}>
                <button aria-current=${entity.name === at.entity ? "true" : undefined} onClick=${() => choose(entity.name)}>
                  <span>${entity.name}</span><b>${number(entity.count)}</b>
                  <meter min="0" max=${most} value=${entity.count}></meter>
                </button></li>`)}
            </ol>
            <div>
              <${Web} centre=${chosen?.name} names=${chosen ? chosen.ties.slice(0, 12) : value.entities.slice(0, 14)} ties=${value.ties} onChoose=${choose} />
              ${chosen && html`
                <h2>${chosen.name}</h2>
                <p class="note">Named in ${counted(chosen.count, "memory")}; with ${chosen.ties.map((tie) => tie.name).slice(0, 3).join(", ") || "nobody else"}.</p>
                <div class="list">${chosen.memories.map((memory) => html`<${MemoryRow} memory=${memory} onOpen=${() => go("memories", { bank: at.bank, id: memory.id })} />`)}</div>`}
              ${!chosen && html`<p class="note">A line joins two names that stand in one memory. ${value.read < value.memories ? `Read: the newest ${number(value.read)} of ${number(value.memories)} memories. ` : ""}Choose a name to see where.</p>`}
            </div>
          </div>`}
      </div>
    </section>
  `;
}

// Names on a circle, the chosen one in the middle; a line is as thick as the memories that name both are many.
function Web({ centre, names, ties, onChoose }) {
  const [box, width] = useWidth();
  const height = Math.min(420, Math.max(300, width * 0.62));
  const narrow = width < 480;
  names = names.slice(0, narrow ? 8 : names.length);
  const rx = Math.max(40, width / 2 - (narrow ? 62 : 92));
  const ry = height / 2 - 34;
  const place = Object.fromEntries(names.map((entity, n) => {
    const angle = (2 * Math.PI * n) / names.length - Math.PI / 2;
    return [entity.name, [width / 2 + rx * Math.cos(angle), height / 2 + ry * Math.sin(angle) + (narrow && n % 2 ? 17 : 0)]];
  }));
  if (centre) place[centre] = [width / 2, height / 2];
  const lines = centre
    ? names.filter((entity) => entity.name !== centre).map((entity) => ({ one: centre, other: entity.name, count: entity.count }))
    : ties.filter((tie) => place[tie.one] && place[tie.other]);
  const most = Math.max(1, ...lines.map((line) => line.count));
  return html`
    <div class="web" ref=${box}>
      ${width > 0 && html`<svg width=${width} height=${height} role="group" aria-label="What is named together">
        ${lines.map((line) => html`<line x1=${place[line.one][0]} y1=${place[line.one][1]} x2=${place[line.other][0]} y2=${place[line.other][1]}
          stroke-width=${1 + (3 * line.count) / most}><title>${line.one} and ${line.other}: ${counted(line.count, "memory")}</title></line>`)}
        ${Object.entries(place).map(([name, [x, y]]) => html`
          <foreignObject x=${x - 88} y=${y - 15} width="176" height="30">
            <button class=${`spot ${name === centre ? "centre" : ""}`} title=${name} onClick=${() => onChoose(name)}><span>${name}</span></button>
          </foreignObject>`)}
      </svg>`}
    </div>
  `;
}
