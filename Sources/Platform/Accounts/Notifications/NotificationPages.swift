import Base
import Storage
import Web

/// What the page of notices shows.
struct NoticesModel: Sendable {
    struct Line: Sendable {
        var id: String
        var title: String
        var text: String
        var time: String
        var shownTime: String
        var isUnread: Bool
    }

    struct Preference: Sendable {
        var field: String
        var label: String
        var isInApp: Bool
        var isPushed: Bool
    }

    struct Pager: Sendable {
        var summary: String
        var firstHref: String?
        var nextHref: String?
    }

    var notices: [Line]
    var unread: String?
    var pager: Pager?
    var empty: [String: String]?
    var preferences: [Preference]
    var hasPreferences: Bool
    var pushKey: String?
    var worker: String
}

struct NoticeChoice: Input {
    var notice: ID<Notice>

    static let fields: [Field] = [.path("notice", .id, "Which notice.")]
}

/// The kinds that are on, by their place in the list; what is not sent is off, as in any form.
struct PreferencesForm: Input {
    var inApp: [String]?
    var pushed: [String]?

    static let fields: [Field] = [
        .body("inApp", optional: .list(.text(1...64), 0...100), "The kinds that are put on the page."),
        .body("pushed", optional: .list(.text(1...64), 0...100), "The kinds that are pushed to devices."),
    ]
}

extension NotificationRoutes {
    static let path = "/account/notifications"

    var pages: [Route] {
        [
            Route(
                .get, "/account/notifications", "accounts.showNotifications", "Shows what one was told.",
                policy: .signedIn, limit: AccountsRoutes.readLimit, budget: 3
            ) { [self] (request: Request<PageQuery>) in
                let (person, tenant) = (try request.person(), request.tenant)
                let page = try await notifications.page(
                    of: person, in: tenant, after: request.input.after, limit: 20)
                return noticesPage(
                    page, unread: try await notifications.unread(of: person, in: tenant),
                    preferences: try await notifications.preferences(of: person, in: tenant),
                    isFirst: request.input.after == nil)
            },
            Route(
                .post, "/account/notifications/read", "accounts.submitNoticesRead",
                "Notes by form that one has read everything.", policy: .signedIn, limit: AccountsRoutes.changeLimit,
                budget: 1, accepts: .form, status: 303
            ) { [notifications] (request: Request<NoInput>) in
                try await notifications.markAllRead(by: request.person(), in: request.tenant)
                return Redirect(to: Self.path)
            },
            Route(
                .post, "/account/notifications/{notice}/open", "accounts.openNotice",
                "Notes by form that one has read a notice, and leads to where it leads.", policy: .signedIn,
                limit: AccountsRoutes.changeLimit, budget: 1, accepts: .form, status: 303, failures: [Self.notFound]
            ) { [notifications] (request: Request<NoticeChoice>) in
                guard
                    let link = try await notifications.markRead(
                        request.input.notice, by: request.person(), in: request.tenant)
                else { throw AccountsError(.notFound, "There is no such notice of yours.") }
                return Redirect(to: link)
            },
            Route(
                .post, "/account/notifications/preferences", "accounts.submitNoticePreferences",
                "Says by form how one wants to be told.", policy: .signedIn, limit: AccountsRoutes.changeLimit,
                budget: 1, accepts: .form, status: 303
            ) { [self] (request: Request<PreferencesForm>) in
                let (inApp, pushed) = (Set(request.input.inApp ?? []), Set(request.input.pushed ?? []))
                try await notifications.set(
                    kinds.map {
                        NoticePreference(
                            kind: $0.name, isInApp: inApp.contains($0.name), isPushed: pushed.contains($0.name))
                    }, of: request.person(), in: request.tenant)
                return Redirect(to: Self.path)
            },
        ]
    }

    private func noticesPage(
        _ page: Page<Notice>, unread: Int, preferences: [NoticePreference], isFirst: Bool
    ) -> HTMLPage {
        let said = Dictionary(preferences.map { ($0.kind, $0) }) { first, _ in first }
        let model = NoticesModel(
            notices: page.items.map(Self.line),
            unread: unread == 0 ? nil : unread >= Notifications.Bounds.unread ? "99+" : "\(unread)",
            pager: isFirst && page.next == nil
                ? nil
                : .init(
                    summary: isFirst ? "The newest" : "Older", firstHref: isFirst ? nil : Self.path,
                    nextHref: page.next.map { "\(Self.path)?after=\($0)" }),
            empty: page.items.isEmpty
                ? ["heading": "Nothing yet", "detail": "Wins, answers and news of yours will stand here."] : nil,
            preferences: kinds.map { kind in
                let preference = said[kind.name] ?? NoticePreference(kind: kind.name)
                return .init(
                    field: kind.name, label: kind.label, isInApp: preference.isInApp, isPushed: preference.isPushed)
            }, hasPreferences: !kinds.isEmpty, pushKey: push?.identity.publicKey,
            worker: "/assets/accounts/push-worker.js")
        var html = HTMLPage("Notifications", template: "accounts/notifications", model: model)
        html.mainClass = "narrow"
        html.stylesheets = ["accounts/notifications.css"]
        if push != nil { html.scripts = ["accounts/notifications.js"] }
        return html
    }

    private static func line(_ notice: Notice) -> NoticesModel.Line {
        let time = notice.createdAt.description
        return NoticesModel.Line(
            id: notice.id.description, title: notice.title, text: notice.text, time: "\(time.prefix(19))Z",
            shownTime: time.prefix(16).replacing("T", with: " ") + " UTC", isUnread: notice.readAt == nil)
    }
}
