// Talks to /api with the key of whoever signed in. The key stays in this tab and goes into one header, nowhere else.

const PLACE = "wharf.key";

/** What the API refused, in its own words. */
export class Problem extends Error {
  constructor(status, id, detail) {
    super(detail);
    Object.assign(this, { status, id });
  }
}

/** `me` is what the key may do; `open` says that the key was right. */
export const session = { key: sessionStorage.getItem(PLACE), me: null, open: false };

/** Tries a key: keeps it if it is right. */
export async function signIn(key) {
  session.key = key;
  try {
    session.me = await get("whoami");
    session.open = true;
    sessionStorage.setItem(PLACE, key);
  } catch (problem) {
    session.key = null;
    throw problem;
  }
}

export function signOut(why = "") {
  Object.assign(session, { key: null, me: null, open: false });
  sessionStorage.removeItem(PLACE);
  dispatchEvent(new CustomEvent("signed-out", { detail: why }));
}

/** Whether the key has a scope. */
export const may = (scope) => Boolean(session.me?.scopes.includes(scope));

/** A path out of parts that may hold anything. */
export const path = (...parts) => parts.map(encodeURIComponent).join("/");

/** A query of what is there. */
export const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

export const get = (path, signal) => asked("GET", path, undefined, signal).then((answer) => answer.json());
export const text = (path, signal) => asked("GET", path, undefined, signal).then((answer) => answer.text());
export const post = (path, body = {}) => asked("POST", path, body).then((answer) => answer.json());
export const remove = (path) => asked("DELETE", path).then((answer) => answer.json());

/** Server-sent events, each given to `take(kind, data)`, until the signal or the other side ends it. */
export async function stream(path, signal, take) {
  const answer = await asked("GET", path, undefined, signal, "text/event-stream");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split(/\r?\n\r?\n/);
    rest = parts.pop();
    for (const part of parts) tell(part, take);
  }
}

function tell(part, take) {
  let [kind, data] = ["message", ""];
  for (const line of part.split(/\r?\n/)) {
    if (line.startsWith("event:")) kind = line.slice(6).trim();
    else if (line.startsWith("data:")) data += line.slice(5).trim();
  }
  if (data) take(kind, JSON.parse(data));
}

async function asked(method, path, body, signal, accept = "application/json") {
  const headers = { Authorization: `Bearer ${session.key}`, Accept: accept };
  if (body) headers["Content-Type"] = "application/json";
  // Without credentials of its own a browser asks for none either, when a key is wrong.
  const options = {
    method,
    headers,
    signal,
    body: body && JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
  };
  let answer;
  try {
    answer = await fetch(`/api/${path}`, options);
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Problem(0, "", "Wharf does not answer: is it running, and is the way to it open?");
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer) {
  const told = await answer.json().catch(() => ({}));
  const detail = told.detail ?? told.error?.message ?? `the answer was ${answer.status} ${answer.statusText}`;
  if (answer.status === 401 && session.open) signOut(detail);
  // Verbs that failed everywhere answer 502 with the accounts, each with its error.
  const errors = Array.isArray(told) ? told.map((one) => one.error?.detail ?? one.error?.message).filter(Boolean) : [];
  return new Problem(answer.status, told.id, errors.length ? errors.join("; ") : detail);
}
