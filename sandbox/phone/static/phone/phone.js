// Keeps the phone fresh without touching what is being typed. Without JavaScript the page works too:
// it then shows what there was when it was opened.
const PAUSE_MS = 2000;
const desk = document.querySelector("[data-refresh]");
const parts = document.querySelectorAll("[data-part]");
const shown = {};

const texts = () => document.querySelector(".texts");
const showNewest = () => { texts().scrollTop = texts().scrollHeight; };
const openLinksApart = () => { for (const link of document.querySelectorAll(".text a")) link.target = "_blank"; };

async function refresh() {
    if (document.hidden) return;
    const answer = await fetch(desk.dataset.refresh).catch(() => null);
    if (!answer?.ok) return;
    const fresh = await answer.json();
    // The first text of all: only now is there a phone to reply from.
    if (!document.querySelector("[data-reply]") && fresh.phones.includes("<li>")) return location.reload();
    for (const part of parts) {
        const name = part.dataset.part;
        if (fresh[name] === shown[name]) continue;
        const scroller = part.querySelector(".texts, .phones");
        const place = scroller?.scrollTop ?? 0;
        const wasAtEnd = scroller && scroller.scrollHeight - place - scroller.clientHeight < 40;
        part.innerHTML = shown[name] = fresh[name];
        if (name !== "screen") continue;
        openLinksApart();
        if (wasAtEnd) showNewest();
        else texts().scrollTop = place;
    }
}

for (const form of document.querySelectorAll("[data-reply]")) {
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const data = new FormData(form, event.submitter);
        if (!data.get("text").trim()) return;
        form.reset();
        await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
        await refresh();
        showNewest();
    });
}

openLinksApart();
showNewest();
setInterval(refresh, PAUSE_MS);
