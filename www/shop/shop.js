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
} else {
  document.querySelector(".pictures").append("Say above whose.");
}
