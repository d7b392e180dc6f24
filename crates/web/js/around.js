// What the frame and the page around it say to each other, as docs/EMBEDDING.md has it: the frame's side.

// Greets the page, which must be of this origin, and tells what it says from then on. What is said back goes by what this gives.
export function greet(origin, tell) {
  let port;
  addEventListener("message", ({ source, origin: from, data, ports }) => {
    if (source !== parent || from !== origin || data?.type !== "lamplight:hello" || !ports[0]) return;
    port?.close();
    port = ports[0];
    port.onmessage = ({ data }) => data && tell(`${data.type}`, data);
    tell("hello", data);
  });
  // A page of another origin does not hear it.
  parent.postMessage({ type: "lamplight:ready" }, origin);
  return (type, count) => port?.postMessage({ type, count });
}
