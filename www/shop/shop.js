// The sample shop shows whom its address names: /embed/shop?of=alice@localhost
const of = new URLSearchParams(location.search).get("of")?.trim() ?? "";
const all = (selector, does) => document.querySelectorAll(selector).forEach(does);

all(".relay", (place) => place.append(location.origin));
all(".address", (place) => place.append(of || "alice@" + location.hostname));
document.getElementById("of").value = of;

if (of) {
  all("presence-status", (badge) => badge.setAttribute("for", of));
  all("presence-chat", (chat) => chat.setAttribute("to", of));
  const said = document.querySelector(".hint");
  const words = { not_shared: "Nobody of this address shows their presence here: there is none, or its badge is not switched on." };
  const tell = ({ detail }) => (said.textContent = words[detail.word] ?? "This is what visitors see.");
  document.addEventListener("presence-ready", tell);
  document.addEventListener("presence-change", tell);
  for (const look of ["style=flat", "style=plain", "style=for-the-badge"]) {
    const picture = new Image();
    picture.src = `/v1/presence/${encodeURIComponent(of)}.svg?${look}`;
    picture.alt = `Presence of ${of}`;
    document.querySelector(".pictures").append(picture, " ");
  }
  const own = document.querySelector(".own");
  own.querySelector("button").addEventListener("click", ({ currentTarget }) => {
    currentTarget.disabled = true;
    draw(own).catch(({ message }) => {
      own.querySelector(".says").textContent = message;
      currentTarget.disabled = false;
    });
  });
} else {
  document.querySelector(".own button").disabled = true;
  document.querySelector(".pictures").append("Say above whose.");
}

// Somebody's presence and a conversation with them, drawn by this page.
async function draw(own) {
  const [says, list, form] = [".says", "ol", "form"].map((part) => own.querySelector(part));
  says.textContent = "Connecting";
  const { connect } = await import("/embed/v1/runtime.js");
  const lamp = await connect({ relay: location.origin, site: { to: of } });
  const state = () => {
    const { word, note } = lamp.presence(of) ?? { word: "unknown" };
    const line = lamp.state === "connected" ? "" : `, ${lamp.state}`;
    says.textContent = `${of}: ${word.replace("_", " ")}${note ? ` (${note})` : ""}${line}`;
  };
  lamp.watch(of, state);
  lamp.on("statechange", state);
  lamp.on("error", ({ message }) => (says.textContent = message));
  const talk = lamp.open(of);
  const show = () => {
    const line = ({ mine, text, state: fate }) => {
      const item = document.createElement("li");
      item.textContent = mine ? `You: ${text} (${fate})` : `${talk.name}: ${text}`;
      return item;
    };
    list.replaceChildren(...talk.messages.map(line));
    if (talk.unread && document.visibilityState === "visible") talk.markRead();
  };
  talk.on("change", show);
  state();
  show();
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const field = form.querySelector("input");
    // What cannot be sent is said; what becomes of the others stands in the list.
    talk.send(field.value).catch(({ message }) => (says.textContent = message));
    field.value = "";
  });
  form.querySelector("input").focus();
}
