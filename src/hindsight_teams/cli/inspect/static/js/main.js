// The frame of the page: which view is shown, the keyboard, and the colours.

import { html, render, useEffect, useRef, useState } from "./preact-htm.min.js";
import { takeToken } from "./api.js";
import { Empty, Failure, Icon, Loading, useAsk } from "./parts.js";
import { Team } from "./team.js";
import { Memories } from "./memories.js";
import { Entities } from "./entities.js";
import { Audit } from "./audit.js";
import { Reviews } from "./reviews.js";
import { WhatIf } from "./what-if.js";

const VIEWS = [
  ["team", "Team", "team", Team],
  ["memories", "Memories", "memories", Memories],
  ["entities", "Entities", "entities", Entities],
  ["audit", "Audit", "audit", Audit],
  ["reviews", "Reviews", "reviews", Reviews],
  ["what-if", "What if", "whatif", WhatIf],
];

const KEYS = [
  ["1 … 6", "one view after another"], ["/", "search"], ["j  k", "next, previous in a list"], ["Enter", "open"],
  ["Esc", "close"], ["t", "dark or light"], ["?", "this list"],
];

function where() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { view: VIEWS.some(([name]) => name === path) ? path : "team", at: Object.fromEntries(new URLSearchParams(query)) };
}

function go(view, at = {}, replace = false) {
  const query = new URLSearchParams(Object.entries(at).filter(([, value]) => value)).toString();
  const target = `#/${view}${query ? `?${query}` : ""}`;
  if (replace) {
    history.replaceState(null, "", target);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = target;
}

// The colours of the system, followed as it changes, until somebody chooses here.
function useTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const [chosen, setChosen] = useState(() => localStorage.getItem("theme"));
  const [system, setSystem] = useState(dark.matches);
  useEffect(() => {
    const changed = (event) => setSystem(event.matches);
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  const theme = chosen || (system ? "dark" : "light");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const turn = () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", next);
    setChosen(next);
  };
  return [theme, turn];
}

function move(step) {
  const rows = [...document.querySelectorAll(".list .row, .bars button")];
  const here = rows.indexOf(document.activeElement);
  const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function useKeys({ turn, help, setHelp }) {
  useEffect(() => {
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target.matches("input, select, textarea");
      if (event.key === "Escape") {
        if (help) setHelp(false);
        else if (typing) {
          event.preventDefault(); // else a search field would be emptied
          event.target.blur();
        } else document.querySelector("[data-close]")?.click();
        return;
      }
      if (typing) return;
      const view = VIEWS[Number(event.key) - 1];
      if (view) go(view[0]);
      else if (event.key === "/") (document.querySelector(".main input[type=search], .trial input[type=search]") || document.querySelector("input[type=search]"))?.focus();
      else if (event.key === "j") move(1);
      else if (event.key === "k") move(-1);
      else if (event.key === "t") turn();
      else if (event.key === "?") setHelp(true);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [help]);
}

function Help({ onClose }) {
  const box = useRef(null);
  useEffect(() => box.current.showModal(), []);
  return html`<dialog ref=${box} class="help" onClose=${onClose} onClick=${(event) => event.target === box.current && onClose()}>
    <h2>Keyboard</h2>
    <dl>${KEYS.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>
    <button onClick=${onClose}>Close</button>
  </dialog>`;
}

function Page() {
  const [{ view, at }, setWhere] = useState(where);
  const [theme, turn] = useTheme();
  const [help, setHelp] = useState(false);
  useKeys({ turn, help, setHelp });
  useEffect(() => {
    const changed = () => {
      takeToken();
      setWhere(where());
    };
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const { value: team, error } = useAsk("team", {}, { again: view === "team" ? 1 : 0 });
  useEffect(() => {
    document.title = team ? `${team.team} · hindsight-teams` : "hindsight-teams";
  }, [team]);
  const [, , , View] = VIEWS.find(([name]) => name === view);
  return html`
    <div class="frame">
      <nav class="views" aria-label="Views">
        <p class="brand"><${Icon} name="team" /><span>${team?.team || "hindsight-teams"}</span></p>
        ${VIEWS.map(([name, title, icon], n) => html`
          <a href=${`#/${name}`} aria-current=${name === view ? "page" : undefined} title=${`${title} (${n + 1})`}><${Icon} name=${icon} /><span>${title}</span></a>`)}
        <div class="foot">
          ${team && html`<p class=${`role ${team.role}`}>${team.role === "curator" ? `curator ${team.curator}` : "read-only"}</p>`}
          <button class="icon-button" aria-label=${theme === "dark" ? "Light colours" : "Dark colours"} title="Colours (t)" onClick=${turn}><${Icon} name=${theme === "dark" ? "sun" : "moon"} /></button>
          <button class="icon-button keys" aria-label="Keyboard" title="Keyboard (?)" onClick=${() => setHelp(true)}><${Icon} name="keys" /></button>
        </div>
      </nav>
      <main>
        ${error && (error.status === 401
          ? html`<${Empty} title="This address has no token, or an old one">Open the one that <code>hindsight-teams inspect</code> printed; it counts until the command ends.</${Empty}>`
          : html`<${Failure} error=${error} />`)}
        ${!team && !error && html`<${Loading} />`}
        ${team && !error && html`<${View} key=${view} team=${team} at=${at} go=${go} />`}
      </main>
      ${help && html`<${Help} onClose=${() => setHelp(false)} />`}
    </div>
  `;
}

takeToken();
render(html`<${Page} />`, document.getElementById("page"));
