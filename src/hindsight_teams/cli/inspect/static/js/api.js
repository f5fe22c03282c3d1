// The questions that the page asks its server. The token comes in the address's fragment, which no browser sends
// anywhere, and goes back in a header, which no page of another site can set.

const KEY = "hindsight-teams-token";

export function takeToken() {
  const given = location.hash.match(/^#token=([\w-]+)/);
  if (given) {
    sessionStorage.setItem(KEY, given[1]);
    history.replaceState(null, "", "#/team");
  }
  return sessionStorage.getItem(KEY);
}

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function ask(path, parameters = {}, { body, post = body !== undefined, signal } = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "" && value !== null);
  const query = new URLSearchParams(given).toString();
  let answer;
  try {
    answer = await fetch(`/api/${path}${query ? `?${query}` : ""}`, {
      method: post ? "POST" : "GET",
      headers: {
        authorization: `Bearer ${sessionStorage.getItem(KEY) || ""}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The page's server does not answer. Is `hindsight-teams inspect` still running?");
  }
  const value = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, value?.error?.message || `The server answered ${answer.status}.`);
  return value;
}
