"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const shown = (id, on) => { at(id).hidden = !on; };
  let state = null, skew = 0, last = "", closed = false;

  const seconds = (ms) => Math.max(0, Math.round(ms / 1000)) + " s";
  const now = () => Date.now() + skew;

  // row makes a line of a table. What the target said is text alone.
  const row = (cells) => {
    const line = document.createElement("tr");
    for (const cell of cells) line.append(Object.assign(document.createElement("td"), { textContent: cell }));
    return line;
  };

  const until = (wait) => wait.until
    ? new Date(wait.until).toLocaleTimeString() + ", " + seconds(new Date(wait.until) - now()) + " at most"
    : seconds(now() - new Date(wait.began)) + " so far";

  const drawWaits = () => {
    const waits = state.ended ? [] : state.run.waits;
    shown("idle", waits.length === 0);
    shown("waiting", waits.length > 0);
    at("wait").replaceChildren(...waits.map((wait) => row([wait.promise, wait.service, wait.awaits || "its verdict", until(wait)])));
  };

  const headline = () => {
    if (state.ended) return "ended";
    if (state.stopping) return "stopping";
    if (closed) return "gone";
    return state.run.in === 0 && state.run.waits.length === 0 ? "starting" : "running";
  };

  const detail = () => {
    if (state.ended) return state.ended;
    if (closed) return "The page has lost the run: it ended, or its program did.";
    if (state.stopping) return "The faults are being reverted. What is known is judged then.";
    return state.run.in + " of " + state.run.due + " results";
  };

  const draw = () => {
    at("state").textContent = headline();
    if (at("detail").textContent !== detail()) at("detail").textContent = detail();
    at("share").max = Math.max(1, state.run.due);
    at("share").value = state.run.in;
    for (const id of ["failed", "unclear", "held"]) at(id).textContent = state[id];
    const stoppable = !state.stopping && !state.ended && !closed;
    shown("control", stoppable && at("sure").hidden);
    if (!stoppable) shown("sure", false);
    drawWaits();
    const key = state.failures.length + " " + state.left + " " + state.recoveries.length;
    if (key === last) return;
    last = key;
    shown("sound", state.failures.length === 0);
    at("failure").replaceChildren(...state.failures.map((one) =>
      Object.assign(document.createElement("li"), { textContent: "✗ " + one.promise + " " + one.service + ": " + one.text })));
    shown("quiet", state.recoveries.length === 0);
    shown("came", state.recoveries.length > 0);
    shown("left", state.left > 0);
    at("left").textContent = state.left + " earlier recoveries are in the record.";
    at("recovery").replaceChildren(...state.recoveries.toReversed().map((one) => row([one.promise, one.service, one.fault, one.text])));
  };

  const events = new EventSource("events");
  events.onmessage = (message) => {
    state = JSON.parse(message.data);
    skew = new Date(state.now) - Date.now();
    closed = false;
    if (state.ended) events.close();
    draw();
  };
  events.onerror = () => { closed = true; if (state) draw(); };
  setInterval(() => { if (state && !state.ended) drawWaits(); }, 1000);

  at("stop").onclick = () => { shown("sure", true); shown("control", false); at("no").focus(); };
  at("no").onclick = () => { shown("sure", false); shown("control", true); at("stop").focus(); };
  at("yes").onclick = () => { shown("sure", false); fetch("stop", { method: "POST" }); };
})();
