// Starts the program: fetches the glue and the WebAssembly module together, or says in plain words why that failed.
// The two addresses are filled in by `cargo xtask page`.
const glue = "{{glue}}";
const wasm = "{{wasm}}";

const OLD = "This browser is too old for Lamplight: it does not run WebAssembly. Please update it, or use another one.";
const LOST = "Lamplight could not be loaded. Please check your connection, then try again.";
const BROKEN = "Lamplight could not start. Trying again often helps; if it does not, please tell whoever runs this relay.";

const STOPPED = "Lamplight stopped because of a fault of its own. What was sent is kept. Please try again.";

// Text nodes only: the page's policy refuses markup from strings.
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// The whole view is drawn anew: a program that stopped half-way may have cleared what stood there.
function fail(text, error) {
  console.error("lamplight:", text, error);
  const line = element("p", { className: "boot-text", role: "alert" });
  const again = element("button", { type: "button", className: "boot-again" }, "Try again");
  again.addEventListener("click", () => location.reload());
  const title = element("h1", { className: "boot-title" }, "Lamplight");
  const mark = document.querySelector(".boot-mark") ?? "";
  const view = element("main", { className: "boot boot-failed" }, mark, title, line, again);
  document.getElementById("app").replaceChildren(view);
  // An alert is read out when its text arrives, not when it is born with it.
  line.textContent = text;
}

async function start() {
  if (typeof WebAssembly !== "object") return fail(OLD);
  let program;
  let module;
  try {
    const response = fetch(wasm).then((answer) => {
      if (!answer.ok) throw new Error(`${answer.status} for ${wasm}`);
      return answer;
    });
    [program, module] = await Promise.all([import(glue), response]);
  } catch (error) {
    return fail(LOST, error);
  }
  try {
    // Compiled while it arrives.
    await program.default({ module_or_path: module });
  } catch (error) {
    fail(error instanceof TypeError || error instanceof WebAssembly.CompileError ? LOST : BROKEN, error);
  }
}

// A program that trapped hears nothing any more: better a word and a button than a page that looks alive.
function stopped(fault) {
  if (fault instanceof WebAssembly.RuntimeError) fail(STOPPED, fault);
}
addEventListener("error", (event) => stopped(event.error));
addEventListener("unhandledrejection", (event) => stopped(event.reason));

start();
