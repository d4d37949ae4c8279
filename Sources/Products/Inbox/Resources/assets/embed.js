// Puts a company's chat onto its site. One line does it:
//
//   <script src="https://HOST/assets/inbox/embed.js" data-channel="CHANNEL" async></script>
//
// A known customer is named by the site's own server, which signs `<expires>.<id>` with the channel's secret
// (HMAC-SHA256, hexadecimal): data-user-id, data-user-expires (seconds since 1970), data-user-signature. Optional beside
// them: data-user-name, data-user-email, data-side="left". Everything else lives in a frame of its own.
(() => {
  const script = document.currentScript;
  const { channel, side, userId, userExpires, userSignature, userName, userEmail } = script?.dataset ?? {};
  if (!channel || window.capstanInbox) return;
  const home = new URL(script.src).origin;
  const frame = document.createElement("iframe");
  frame.src = `${home}/inbox/widget/${encodeURIComponent(channel)}`;
  frame.title = "Chat";
  frame.setAttribute("allow", "");
  const margin = 16;
  const styles = {
    position: "fixed", bottom: "0", [side === "left" ? "left" : "right"]: "0", border: "0", background: "transparent",
    colorScheme: "normal", zIndex: "2147483000", maxWidth: "100vw", maxHeight: "100%", display: "none",
  };
  Object.assign(frame.style, styles);
  let isOpen = false;
  let user = userId
    ? { id: userId, expires: Number(userExpires), signature: userSignature, name: userName, email: userEmail } : null;

  function size() {
    const isPhone = window.innerWidth < 480;
    const [width, height] = isOpen ? [isPhone ? window.innerWidth : 400 + margin * 2, isPhone ? window.innerHeight : 700]
      : [64 + margin * 2, 64 + margin * 2];
    Object.assign(frame.style, { width: `${width}px`, height: `${height}px`, display: "block" });
    tell({ is: "size", isPhone });
  }

  function tell(message) { frame.contentWindow?.postMessage({ inbox: message }, home); }

  addEventListener("message", event => {
    if (event.source !== frame.contentWindow || event.origin !== home || !event.data?.inbox) return;
    const { is, open } = event.data.inbox;
    // The frame learns from the browser on which site it stands; what is said here is only who the customer is.
    if (is === "ready") tell({ is: "hello", user });
    if (is === "shown") { isOpen = open; size(); if (!open) frame.blur(); }
  });
  addEventListener("resize", () => { if (frame.style.display === "block") size(); });

  window.capstanInbox = {
    open() { tell({ is: "open" }); },
    close() { tell({ is: "close" }); },
    identify(known) { user = known; tell({ is: "hello", user }); },
  };
  const put = () => document.body.append(frame);
  if (document.body) put(); else addEventListener("DOMContentLoaded", put);
})();
