import Base
import BaseTestKit
import Crypto
import Foundation
import Outbound
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Accounts

@Suite(.databases) struct NotificationRouteTests {
    private let ada = ID<Person>(high: 1, low: 1)

    private struct Scene {
        let installation: Installation
        let notifications: Notifications
        let subscriptions: PushSubscriptions
        let test: TestSite
        let cookie: (name: String, value: String)

        init(_ backend: Backend, of person: ID<Person>, isPushed: Bool = true) async throws {
            installation = try await Installation(backend)
            let (storage, clock) = (installation.storage, installation.clock)
            notifications = Notifications(storage: storage, clock: clock, randomness: SeededRandomness(seed: 51))
            subscriptions = PushSubscriptions(storage: storage, clock: clock, randomness: SeededRandomness(seed: 52))
            let push = NotificationRoutes.Push(
                subscriptions: subscriptions,
                identity: PushIdentity(secret: Secret([UInt8](repeating: 9, count: 32)), contact: "mailto:a@b.example"),
                outbound: OutboundClient(
                    try .trustingPeers(), clock: SystemClock(), events: installation.events))
            let routes = NotificationRoutes(
                notifications: notifications, kinds: [.win, .answer], push: isPushed ? push : nil
            ).routes
            let pages = try Pages(
                [.web, AccountsRoutes.bundle], chrome: SiteChrome(name: "Test", signInPath: "/sign-in"), clock: clock)
            let open = installation.open
            test = try await TestSite(routes + [pages.assets.route], clock: clock, pages: pages) {
                $0.tenants = SingleTenant(open)
            }
            let token = try await test.services.sessions.sign(person, in: open, role: .member, version: 1)
            cookie = ("cookie", "\(Sessions.cookieName)=\(token)")
        }

        func tell(_ person: ID<Person>, _ title: String, text: String = "") async throws {
            let (notifications, tenant) = (notifications, installation.open)
            try await installation.storage.write(for: tenant) { transaction in
                try await notifications.notify(
                    [person], .win, NoticeMessage(title: title, text: text, link: "/slots/7"), for: tenant,
                    in: transaction)
            }
        }

        func submit(_ path: String, _ fields: [(String, String)]) async throws -> PerformedAnswer {
            let body = fields.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
            return try await test.request(
                "POST", path, headers: [("content-type", "application/x-www-form-urlencoded"), cookie],
                body: Array(body.utf8))
        }

        func token(_ page: PerformedAnswer) throws -> String {
            let start = try #require(page.text.range(of: "name=\"formToken\" value=\""))
            return String(page.text[start.upperBound...].prefix { $0 != "\"" })
        }
    }

    @Test(arguments: Backend.all) func `a browser without script reads, opens and switches off notices`(
        backend: Backend
    ) async throws {
        let scene = try await Scene(backend, of: ada)
        let empty = try await scene.test.get("/account/notifications", headers: [scene.cookie])
        #expect(empty.status == 200 && empty.text.contains("Nothing yet"))
        try await scene.tell(ada, "You <win>", text: "slot & seven")
        let page = try await scene.test.get("/account/notifications", headers: [scene.cookie])
        #expect(page.text.contains("You &lt;win&gt;") && page.text.contains("slot &amp; seven"))
        #expect(page.text.contains("1 unread"))
        #expect(page.text.contains("data-worker=\"/assets/accounts/push-worker.js\""))
        let notice = try #require(try await scene.notifications.page(of: ada, in: scene.installation.open).items.first)
        let token = try scene.token(page)
        let forged = try await scene.submit("/account/notifications/\(notice.id)/open", [("formToken", "x")])
        #expect(forged.status == 403)
        let opened = try await scene.submit("/account/notifications/\(notice.id)/open", [("formToken", token)])
        #expect(opened.status == 303 && opened["location"] == "/slots/7")
        #expect(
            try await scene.submit("/account/notifications/\(ID<Notice>(high: 9, low: 9))/open", [("formToken", token)])
                .status == 404)
        let saved = try await scene.submit(
            "/account/notifications/preferences",
            [("inApp", "test.win"), ("pushed", "test.win"), ("pushed", "test.answer"), ("formToken", token)])
        #expect(saved.status == 303)
        #expect(
            Set(try await scene.notifications.preferences(of: ada, in: scene.installation.open)) == [
                .init(kind: "test.win"), .init(kind: "test.answer", isInApp: false),
            ])
        try await scene.tell(ada, "Again")
        #expect(try await scene.submit("/account/notifications/read", [("formToken", token)]).status == 303)
        let after = try await scene.test.get("/account/notifications", headers: [scene.cookie])
        #expect(!after.text.contains("unread\""), "nothing is unread")
        #expect(try await scene.test.get("/account/notifications").status != 200, "not without signing in")
    }

    @Test(arguments: Backend.all) func `a long list is paged`(backend: Backend) async throws {
        let scene = try await Scene(backend, of: ada)
        for number in 1...25 {
            scene.installation.clock.advance(by: .seconds(1))
            try await scene.tell(ada, "notice-\(number)-")
        }
        let first = try await scene.test.get("/account/notifications", headers: [scene.cookie])
        #expect(first.text.contains("notice-25-") && first.text.contains("notice-6-"))
        #expect(!first.text.contains("notice-5-"))
        let start = try #require(first.text.range(of: "rel=\"next\" href=\""))
        let link = String(first.text[start.upperBound...].prefix { $0 != "\"" })
        let second = try await scene.test.get(link, headers: [scene.cookie])
        #expect(second.text.contains("notice-5-") && second.text.contains("notice-1-"))
        #expect(!second.text.contains("notice-6-"))
        let listed = try await scene.test.get("/api/notifications?limit=2", headers: [scene.cookie])
        #expect(listed.status == 200 && listed.text.contains("notice-25-") && listed.text.contains("\"next\""))
    }

    @Test(arguments: Backend.all) func `a device is subscribed when its endpoint may be called`(backend: Backend)
        async throws
    {
        let scene = try await Scene(backend, of: ada)
        try await FakePushService.run { service, peer in
            let device = service.device("one", at: peer)
            func post(_ endpoint: String) async throws -> PerformedAnswer {
                let key = Base64URL.encode(device.key.publicKey.x963Representation)
                let secret = Base64URL.encode(device.secret)
                return try await scene.test.request(
                    "POST", "/api/push-subscriptions", headers: [("content-type", "application/json"), scene.cookie],
                    body: Array(#"{"endpoint":"\#(endpoint)","key":"\#(key)","secret":"\#(secret)"}"#.utf8))
            }
            #expect(try await post(device.endpoint.description).status == 201)
            for wrong in [
                "https://10.0.0.1/x", "https://169.254.169.254/x", "https://[::1]/x", "http://localhost/x",
                "file:///etc/passwd",
            ] {
                let answer = try await post(wrong)
                #expect(answer.status == 400 && answer.text.contains("accounts.endpointInvalid"), "\(wrong)")
            }
            let endpoint = device.endpoint.description.replacing(":", with: "%3A").replacing("/", with: "%2F")
            let path = "/api/push-subscriptions?endpoint=\(endpoint)"
            #expect(try await scene.test.request("DELETE", path, headers: [scene.cookie]).status == 204)
            #expect(try await scene.test.request("DELETE", path, headers: [scene.cookie]).status == 404)
        }
    }

    @Test(arguments: Backend.all) func `without push the page offers none`(backend: Backend) async throws {
        let scene = try await Scene(backend, of: ada, isPushed: false)
        let page = try await scene.test.get("/account/notifications", headers: [scene.cookie])
        #expect(page.status == 200 && !page.text.contains("data-push") && !page.text.contains("notifications.js"))
    }
}
