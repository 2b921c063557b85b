// Follows open orders: asks a small address whether there is something new, and only then fetches the live part.
"use strict";

(() => {
  const SLOWEST = 10000, HIDDEN = 4, STALE = 60000;
  const news = document.getElementById("news");
  const line = document.getElementById("line");
  const watch = () => document.getElementById("watch");
  let timer, ending, failures = 0, busy = false, fetchedAt = performance.now(), flag = "";

  function plan() {
    clearTimeout(timer);
    const every = Number(watch().dataset.every);
    if (!every) return;
    const pace = every * (failures ? 2 ** Math.min(failures, 3) : document.hidden ? HIDDEN : 1);
    timer = setTimeout(ask, failures ? Math.min(pace, SLOWEST) : pace);
  }

  async function ask() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    const { pulse, ticket, seen } = watch().dataset;
    try {
      const options = { headers: { "X-Ticket": ticket, "X-Seen": seen }, cache: "no-store", signal: AbortSignal.timeout(8000) };
      const reply = await fetch(pulse, options);
      if (reply.status !== 204 && !reply.ok) throw new Error(reply.status);
      connected(true);
      if (reply.status !== 204) return fetchPart();
    } catch {
      connected(false);
    }
    busy = false;
    plan();
  }

  function fetchPart() {
    busy = true;
    htmx.trigger(watch(), "moved");
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig.elt.id !== "watch") return;
    busy = false;
    if (event.detail.xhr.status === 404) return location.reload();
    if (event.detail.successful) fetchedAt = performance.now();
    connected(event.detail.successful);
    plan();
  });

  // Said once when it is lost; the next success takes the words away.
  function connected(is) {
    failures = is ? 0 : failures + 1;
    const words = failures > 1 ? line.dataset.lost : "";
    if (line.textContent !== words) line.textContent = words;
  }

  function wake() {
    if (!Number(watch().dataset.every) || busy) return;
    if (performance.now() - fetchedAt > STALE) fetchPart();
    else ask();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { flag = ""; retitle(); plan(); } else wake();
  });
  addEventListener("online", wake);
  // Out of the browser's memory: what it shows may be of yesterday, or of somebody who has signed out.
  addEventListener("pageshow", (event) => { if (event.persisted) { busy = false; fetchPart(); } });

  // What is new is said once, however often its part is fetched.
  const parts = () => [...document.querySelectorAll("#watch [data-news]")];
  const told = new Set(parts().map((part) => part.dataset.news));

  function tell() {
    const fresh = parts().filter((part) => !told.has(part.dataset.news));
    fresh.forEach((part) => told.add(part.dataset.news));
    const words = fresh.map((part) => part.dataset.words).filter(Boolean).join(" ");
    if (words) news.textContent = words;
    const arrived = fresh.find((part) => "code" in part.dataset);
    if (arrived) { flag = arrived.dataset.title; ring(); }
    retitle();
  }

  const ownTitle = document.title;
  function retitle() {
    document.title = flag || watch().dataset.title || ownTitle;
  }

  // At its end an order says so, which no change in the shop's books tells.
  function expectEnd() {
    clearTimeout(ending);
    const left = [...document.querySelectorAll("#watch .countdown")].map((clock) => Number(clock.dataset.seconds));
    const next = Math.min(...left.filter((seconds) => seconds > 0));
    if (next < 86400) ending = setTimeout(() => { if (!busy) fetchPart(); }, 1000 * next + 500);
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id === "watch") { tell(); expectEnd(); }
  });

  // Sound and vibration: off until somebody wants them, and only where the page was touched, as browsers demand.
  const sound = document.getElementById("sound");
  const isOn = () => localStorage.getItem("sound") === "on";
  let audio;

  function ring() {
    sound.dataset.rung = Number(sound.dataset.rung || 0) + (isOn() ? 1 : 0);
    if (!isOn() || !navigator.userActivation?.hasBeenActive) return;
    navigator.vibrate?.([120, 80, 120]);
    audio ??= new AudioContext();
    audio.resume();
    [660, 880].forEach((hertz, index) => note(hertz, audio.currentTime + 0.16 * index));
  }

  function note(hertz, at) {
    const tone = audio.createOscillator(), loudness = audio.createGain();
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0.0001, at);
    loudness.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
    tone.connect(loudness).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.32);
  }

  const showSound = () => sound.setAttribute("aria-pressed", String(isOn()));
  sound.addEventListener("click", () => {
    localStorage.setItem("sound", isOn() ? "off" : "on");
    showSound();
    ring();
  });

  showSound();
  expectEnd();
  plan();
})();
