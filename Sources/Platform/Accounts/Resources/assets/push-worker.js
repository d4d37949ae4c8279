// Shows what the server pushes; runs in the background, although no page is open.

self.addEventListener("push", (event) => {
    let notice;
    try {
        notice = event.data.json();
    } catch {
        return;
    }
    // The tag is the notice's id: told twice, it is shown once.
    event.waitUntil(self.registration.showNotification(notice.title, { body: notice.text, tag: notice.id, data: notice.link }));
});

self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    const link = event.notification.data;
    // Only places of this site, whatever was pushed.
    const target = typeof link === "string" && link.startsWith("/") && !link.startsWith("//") ? link : "/";
    event.waitUntil(self.clients.openWindow(target));
});
