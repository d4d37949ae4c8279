import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Accounts

@Suite(.databases) struct InvitationRouteTests {
    private func site(_ installation: Installation) async throws -> TestSite {
        let routes =
            AccountsRoutes(
                doorkeeper: installation.doorkeeper, keys: installation.keys, trail: installation.trail,
                directory: installation.directory
            ).routes
            + InvitationRoutes(
                invitations: installation.invitations, doorkeeper: installation.doorkeeper,
                directory: installation.directory
            ).routes
        let pages = try Pages(
            [.web, AccountsRoutes.bundle], chrome: SiteChrome(name: "Test", signInPath: "/sign-in"),
            clock: installation.clock)
        return try await TestSite(routes + [pages.assets.route], clock: installation.clock, pages: pages) { services in
            services.tenants = SingleTenant(installation.invited)
            services.revocation = installation.epochs
        }
    }

    private func boss(
        _ test: TestSite, _ installation: Installation
    ) async throws -> (name: String, value: String) {
        _ = try await installation.doorkeeper.appoint(
            email: "boss@example.com", password: Installation.password, name: "Boss <b>", in: installation.invited,
            as: .administrator, owner: .yes)
        return try await session(test, "boss@example.com")
    }

    private func session(_ test: TestSite, _ email: String) async throws -> (name: String, value: String) {
        let answer = try await test.post(
            "/api/session", json: #"{"email":"\#(email)","password":"correct horse battery"}"#)
        return try #require(answer.cookies)
    }

    private func give(
        _ test: TestSite, _ email: String, _ role: String, as session: (name: String, value: String)
    ) async throws -> PerformedAnswer {
        try await test.request(
            "POST", "/api/invitations", headers: [("content-type", "application/json"), session],
            body: Array(#"{"email":"\#(email)","role":"\#(role)"}"#.utf8))
    }

    /// The path of the link in an answer.
    private func path(_ answer: PerformedAnswer) throws -> String {
        let link = try #require(answer.text.firstMatch(of: #/\/invitations\/[A-Za-z0-9_-]{43}/#))
        return String(link.0)
    }

    private func submit(
        _ test: TestSite, _ path: String, _ fields: [String: String], from page: PerformedAnswer,
        cookies: (name: String, value: String)
    ) async throws -> PerformedAnswer {
        let token = try #require(page.text.firstMatch(of: #/name="formToken" value="([^"]+)"/#)).1
        let body = fields.merging(["formToken": String(token)]) { first, _ in first }.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
        return try await test.request(
            "POST", path, headers: [("content-type", "application/x-www-form-urlencoded"), cookies],
            body: Array(body.utf8))
    }

    private func cost(_ test: TestSite) -> Int { test.records.last?.cost[.statements] ?? -1 }

    @Test(arguments: Backend.all) func `a browser without script follows the link, makes an account and is in`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let boss = try await boss(test, installation)
        let given = try await give(test, "ada@example.com", "moderator", as: boss)
        #expect(given.status == 201, "\(given.text)")
        #expect(cost(test) == 3)
        #expect(given["cache-control"] == "private, no-store")
        let path = try path(given)
        let page = try await test.get(path + "?next=%2Fwork")
        #expect(cost(test) == 1)
        #expect(page.status == 200 && page.text.contains("Join Invited"), "\(page.text)")
        #expect(page.text.contains("Boss &lt;b&gt; invites you, by the address ada@example.com"))
        let device = try #require(page.cookies)
        let short = try await submit(
            test, path + "/sign-up", ["name": "Ada", "password": "short"], from: page, cookies: device)
        #expect(short.status == 400 && short.text.contains("aria-invalid=\"true\""))
        #expect(short.text.contains("value=\"Ada\"") && !short.text.contains("value=\"short\""))
        let made = try await submit(
            test, path + "/sign-up", ["name": "Ada", "password": "correct horse battery", "next": "/work"],
            from: page, cookies: device)
        #expect(made.status == 303 && made["location"] == "/work", "\(made.text)")
        #expect(cost(test) == 8)
        let session = try #require(made.cookies)
        let shown = try await test.get("/api/session", headers: [session])
        #expect(shown.text.contains("\"role\":\"moderator\""))
        let again = try await test.get(path)
        #expect(again.status == 410 && again.text.contains("accepted already"), "\(again.text)")
    }

    @Test(arguments: Backend.all) func `who has an account signs in by the page, and may be told why not`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        _ = try await installation.signUp("ada@example.com")
        let test = try await site(installation)
        let boss = try await boss(test, installation)
        let path = try path(try await give(test, "ada@example.com", "member", as: boss))
        let page = try await test.get(path)
        let device = try #require(page.cookies)
        #expect(page.text.contains("\(path)?way=signIn"))
        let taken = try await submit(
            test, path + "/sign-up", ["name": "Eve", "password": "another horse battery"], from: page, cookies: device)
        #expect(taken.status == 409 && taken.text.contains("sign in by it instead"))
        let entrance = try await test.get(path + "?way=signIn", headers: [device])
        #expect(entrance.text.contains("autocomplete=\"current-password\""))
        let wrong = try await submit(
            test, path + "/sign-in", ["password": "wrong"], from: entrance, cookies: device)
        #expect(wrong.status == 401 && wrong.text.contains("not the password"))
        let entered = try await submit(
            test, path + "/sign-in", ["password": "correct horse battery", "next": "//evil.example"], from: entrance,
            cookies: device)
        #expect(entered.status == 303 && entered["location"] == "/", "\(entered.text)")
        #expect(cost(test) == 7)
    }

    @Test(arguments: Backend.all) func `a link for somebody else says so to who is signed in, and to nobody's harm`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let boss = try await boss(test, installation)
        let path = try path(try await give(test, "ada@example.com", "administrator", as: boss))
        let page = try await test.get(path, headers: [boss])
        #expect(page.status == 403)
        #expect(page.text.contains("It is for the address ada@example.com. You are signed in as boss@example.com."))
        let forced = try await submit(test, path + "/acceptance", [:], from: page, cookies: boss)
        #expect(forced.status == 403)
        #expect(try await installation.invitations.waiting(of: installation.invited).count == 1)
        // Somebody who is a member accepts by one button, and is more from then on.
        _ = try await installation.doorkeeper.appoint(
            email: "ada@example.com", password: Installation.password, name: "Ada", in: installation.invited,
            as: .member)
        let ada = try await session(test, "ada@example.com")
        let own = try await test.get(path, headers: [ada])
        #expect(own.status == 200 && own.text.contains(">Join</button>"))
        let risen = try await submit(test, path + "/acceptance", [:], from: own, cookies: ada)
        #expect(risen.status == 303, "\(risen.text)")
        #expect(try await test.get("/api/invitations", headers: [ada]).status == 401)
        #expect(try await test.get("/api/invitations", headers: [try #require(risen.cookies)]).status == 200)
    }

    @Test(arguments: Backend.all) func `programs invite, look, take back and join; members may not`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let boss = try await boss(test, installation)
        let given = try await give(test, "ada@example.com", "member", as: boss)
        let token = String(try path(given).dropFirst("/invitations/".count))
        let joined = try await test.post(
            "/api/invitations/acceptances",
            json: #"{"token":"\#(token)","password":"correct horse battery","name":"Ada"}"#)
        #expect(joined.status == 201 && joined.text.contains("\"role\":\"member\""), "\(joined.text)")
        let ada = try #require(joined.cookies)
        #expect(try await test.get("/api/invitations", headers: [ada]).status == 403)
        #expect(try await give(test, "eve@example.com", "member", as: ada).status == 403)
        let used = try await test.post(
            "/api/invitations/acceptances", json: #"{"token":"\#(token)","password":"correct horse battery"}"#)
        #expect(used.status == 410 && used.problemCode == "accounts.invitationUsed")
        let unknown = try await test.post(
            "/api/invitations/acceptances", json: #"{"token":"nothing","password":"correct horse battery"}"#)
        #expect(unknown.status == 404 && unknown.problemCode == "accounts.invitationUnknown")
        #expect(try await give(test, "boss@example.com", "member", as: boss).problemCode == "accounts.alreadyMember")
        #expect(try await give(test, "no address", "member", as: boss).problemCode == "accounts.emailInvalid")
        _ = try await give(test, "leo@example.com", "moderator", as: boss)
        let listed = try await test.get("/api/invitations", headers: [boss])
        #expect(cost(test) == 1)
        #expect(listed.text.contains("\"email\":\"leo@example.com\"") && listed.text.contains("\"state\":\"open\""))
        #expect(!listed.text.contains("ada@example.com"))
        let id = try #require(try await installation.invitations.waiting(of: installation.invited).first).id
        #expect(try await test.request("DELETE", "/api/invitations/\(id)", headers: [boss]).status == 204)
        #expect(cost(test) == 2)
        #expect(try await test.request("DELETE", "/api/invitations/\(id)", headers: [boss]).status == 404)
    }
}
