import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Accounts

@Suite(.databases) struct RouteTests {
    private struct Secured: Output {
        var ok = true

        static let shape = Shape.object([.body("ok", .boolean)])
    }

    private func site(_ installation: Installation) async throws -> TestSite {
        let routes = AccountsRoutes(
            doorkeeper: installation.doorkeeper, keys: installation.keys, trail: installation.trail,
            directory: installation.directory
        ).routes
        let program = Route(
            .get, "/api/test/program", "test.program", "Needs a key.", policy: .apiKey("test.read"),
            limit: .per(.person, "test", 100), budget: 1
        ) { (_: Request<NoInput>) in Secured() }
        let pages = try Pages(
            [.web, AccountsRoutes.bundle], chrome: SiteChrome(name: "Test", signInPath: "/sign-in"),
            clock: installation.clock)
        return try await TestSite(routes + [program, pages.assets.route], clock: installation.clock, pages: pages) {
            services in
            services.tenants = SingleTenant(installation.open)
            services.revocation = installation.epochs
            services.apiKeys = installation.keys
        }
    }

    private func token(_ page: PerformedAnswer) throws -> String {
        let start = try #require(page.text.range(of: "name=\"formToken\" value=\""))
        return String(page.text[start.upperBound...].prefix { $0 != "\"" })
    }

    private func submit(
        _ test: TestSite, _ path: String, _ fields: [String: String],
        cookies: (name: String, value: String)
    ) async throws -> PerformedAnswer {
        let body = fields.map { name, value in
            let escaped = value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            return "\(name)=\(escaped)"
        }.joined(separator: "&")
        return try await test.request(
            "POST", path, headers: [("content-type", "application/x-www-form-urlencoded"), cookies],
            body: Array(body.utf8))
    }

    /// Signs up as a program does and returns the cookie of the session.
    private func signUp(_ test: TestSite, _ email: String) async throws -> (name: String, value: String) {
        let answer = try await test.post(
            "/api/people", json: #"{"email":"\#(email)","name":"Ada","password":"correct horse battery"}"#)
        #expect(answer.status == 201, "\(answer.text)")
        return try #require(answer.cookies)
    }

    private func administrator(
        _ test: TestSite, _ installation: Installation
    ) async throws -> (name: String, value: String) {
        _ = try await installation.doorkeeper.appoint(
            email: "boss@example.com", password: Installation.password, name: "Boss", in: installation.open,
            as: .administrator, owner: .yes)
        let answer = try await test.post(
            "/api/session", json: #"{"email":"boss@example.com","password":"correct horse battery"}"#)
        return try #require(answer.cookies)
    }

    @Test(arguments: Backend.all) func `a browser without script signs up, sees the account, signs out and in again`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let page = try await test.get("/sign-up")
        #expect(page.status == 200)
        #expect(page.text.contains("autocomplete=\"new-password\""))
        let device = try #require(page.cookies)
        let made = try await submit(
            test, "/sign-up",
            [
                "email": "ada@example.com", "name": "Ada <Lovelace>", "password": "correct horse battery",
                "next": "/account", "formToken": try token(page),
            ], cookies: device)
        #expect(made.status == 303, "\(made.text)")
        #expect(made["location"] == "/account")
        let session = try #require(made.cookies)
        let account = try await test.get("/account", headers: [session])
        #expect(account.status == 200)
        #expect(account.text.contains("Ada &lt;Lovelace&gt;"))
        #expect(account.text.contains("ada@example.com"))
        let out = try await submit(test, "/sign-out", ["formToken": try token(account)], cookies: session)
        #expect(out.status == 303)
        #expect(out.headers.contains { $0.name == "set-cookie" && $0.value.contains("Max-Age=0") })
        let back = try await test.get("/sign-in", headers: [device])
        let again = try await submit(
            test, "/sign-in",
            ["email": "ADA@example.com", "password": "correct horse battery", "formToken": try token(back)],
            cookies: device)
        #expect(again.status == 303)
        #expect(again["location"] == "/")
        let signedIn = try await test.get("/sign-in", headers: [try #require(again.cookies)])
        #expect(signedIn.status == 303)
    }

    @Test(arguments: Backend.all) func `a form that fails comes back with what was typed, and never with the password`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let page = try await test.get("/sign-in?next=%2Fvote")
        let device = try #require(page.cookies)
        #expect(page.text.contains("href=\"/sign-up?next=/vote\""))
        let failed = try await submit(
            test, "/sign-in",
            ["email": "\"><script>@example.com", "password": "my secret password", "formToken": try token(page)],
            cookies: device)
        #expect(failed.status == 401)
        #expect(failed.text.contains("do not belong together"))
        #expect(failed.text.contains("&quot;&gt;&lt;script&gt;@example.com"))
        #expect(!failed.text.contains("my secret password"))
        #expect(failed["cache-control"] == "no-store")
        let short = try await submit(
            test, "/sign-up",
            ["email": "ada@example.com", "name": "Ada", "password": "short", "formToken": try token(page)],
            cookies: device)
        #expect(short.status == 400)
        #expect(short.text.contains("10 characters or more"))
        #expect(short.text.contains("aria-invalid=\"true\""))
        #expect(short.text.contains("value=\"ada@example.com\""))
    }

    @Test(arguments: Backend.all) func `a form without its token changes nothing`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let device = try #require(try await test.get("/sign-up").cookies)
        let real = try token(try await test.get("/sign-up", headers: [device]))
        for token in ["", "forged", String(real.prefix(1)), String(real.dropLast()), real + "A"] {
            let answer = try await submit(
                test, "/sign-up",
                ["email": "a@example.com", "name": "A", "password": "correct horse battery", "formToken": token],
                cookies: device)
            #expect(answer.status == 403)
        }
        #expect(try await installation.doorkeeper.members(of: installation.open).items.isEmpty)
    }

    @Test(arguments: Backend.all, ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
    func `signing in leads nowhere but to this site`(backend: Backend, next: String) async throws {
        let installation = try await Installation(backend)
        _ = try await installation.signUp("ada@example.com")
        let test = try await site(installation)
        let page = try await test.get("/sign-in")
        let answer = try await submit(
            test, "/sign-in",
            [
                "email": "ada@example.com", "password": "correct horse battery", "next": next,
                "formToken": try token(page),
            ], cookies: try #require(page.cookies))
        #expect(answer.status == 303)
        #expect(answer["location"] == "/")
    }

    @Test(arguments: Backend.all) func `a program signs in, is told who it is, and why not`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let session = try await signUp(test, "ada@example.com")
        let shown = try await test.get("/api/session", headers: [session])
        #expect(shown.text.contains("\"email\":\"ada@example.com\""))
        #expect(shown.text.contains("\"role\":\"member\""))
        #expect(try await test.get("/api/session").status == 401)
        let taken = try await test.post(
            "/api/people", json: #"{"email":"ada@example.com","name":"Eve","password":"another horse battery"}"#)
        #expect(taken.status == 409 && taken.problemCode == "accounts.emailTaken")
        let short = try await test.post(
            "/api/people", json: #"{"email":"eve@example.com","name":"Eve","password":"short"}"#)
        #expect(short.status == 400 && short.problemCode == "accounts.passwordInvalid")
        for _ in 0..<10 {
            let wrong = try await test.post(
                "/api/session", json: #"{"email":"ada@example.com","password":"wrong"}"#)
            #expect(wrong.status == 401 && wrong.problemCode == "accounts.refused")
        }
        let limited = try await test.post(
            "/api/session", json: #"{"email":"ada@example.com","password":"correct horse battery"}"#)
        #expect(limited.status == 429 && limited.problemCode == "accounts.limited")
        #expect(limited["retry-after"].flatMap(Int.init) ?? 0 > 0)
    }

    @Test(arguments: Backend.all) func `signing out everywhere ends the other browser's session at once`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let first = try await signUp(test, "ada@example.com")
        let second = try #require(
            try await test.post(
                "/api/session", json: #"{"email":"ada@example.com","password":"correct horse battery"}"#
            ).cookies)
        #expect(try await test.get("/api/session", headers: [first]).status == 200)
        #expect(try await test.request("DELETE", "/api/sessions", headers: [second]).status == 204)
        #expect(try await test.get("/api/session", headers: [first]).status == 401)
        #expect(try await test.get("/api/session", headers: [second]).status == 401)
    }

    @Test(arguments: Backend.all) func `changing the password by form keeps this browser signed in, no other`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let session = try await signUp(test, "ada@example.com")
        let page = try await test.get("/account", headers: [session])
        let wrong = try await submit(
            test, "/account/password",
            ["old": "wrong", "new": "another horse battery", "formToken": try token(page)], cookies: session)
        #expect(wrong.status == 401)
        #expect(wrong.text.contains("This is not the password."))
        let short = try await submit(
            test, "/account/password",
            ["old": "correct horse battery", "new": "short", "formToken": try token(page)], cookies: session)
        #expect(short.status == 400)
        let changed = try await submit(
            test, "/account/password",
            ["old": "correct horse battery", "new": "another horse battery", "formToken": try token(page)],
            cookies: session)
        #expect(changed.status == 303)
        #expect(try await test.get("/account", headers: [session]).status == 401)
        #expect(try await test.get("/account", headers: [try #require(changed.cookies)]).status == 200)
    }

    @Test(arguments: Backend.all) func `who runs the tenant changes roles and bans, others do not`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let boss = try await administrator(test, installation)
        let member = try await signUp(test, "ada@example.com")
        let ada = try #require(
            try await installation.doorkeeper.members(of: installation.open).items.first { $0.name == "Ada" }
        ).person
        #expect(try await test.get("/api/members", headers: [member]).status == 403)
        let listed = try await test.get("/api/members?limit=1", headers: [boss])
        #expect(listed.status == 200 && listed.text.contains("\"next\""))
        func put(_ path: String, _ json: String, _ session: (name: String, value: String)) async throws -> Int {
            try await test.request(
                "PUT", path, headers: [("content-type", "application/json"), session], body: Array(json.utf8)
            ).status
        }
        #expect(try await put("/api/members/\(ada)/role", #"{"role":"operator"}"#, boss) == 400)
        #expect(try await put("/api/members/\(ada)/role", #"{"role":"moderator"}"#, member) == 403)
        #expect(try await put("/api/members/\(ada)/role", #"{"role":"moderator"}"#, boss) == 204)
        #expect(try await test.get("/api/session", headers: [member]).status == 401)
        #expect(try await put("/api/members/\(ada)/ban", #"{"reason":"spam"}"#, boss) == 204)
        let refused = try await test.post(
            "/api/session", json: #"{"email":"ada@example.com","password":"correct horse battery"}"#)
        #expect(refused.status == 403 && refused.problemCode == "accounts.banned")
        let stranger = test.newID(Person.self)
        #expect(try await put("/api/members/\(stranger)/ban", #"{"reason":"spam"}"#, boss) == 404)
        #expect(try await test.request("DELETE", "/api/members/\(ada)/ban", headers: [boss]).status == 204)
    }

    @Test(arguments: Backend.all) func `a key made here opens what its scope opens until it is withdrawn`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let boss = try await administrator(test, installation)
        func key(_ scope: String) async throws -> (id: String, header: (name: String, value: String)) {
            let answer = try await test.post(
                "/api/keys", json: #"{"name":"CI","scopes":["\#(scope)"],"lifetimeDays":30}"#, headers: [boss])
            #expect(answer.status == 201, "\(answer.text)")
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
            let text = try #require(object["text"] as? String)
            return (try #require(object["id"] as? String), ("authorization", "Bearer \(text)"))
        }
        let good = try await key("test.read")
        let other = try await key("test.write")
        #expect(try await test.get("/api/test/program", headers: [good.header]).status == 200)
        #expect(try await test.get("/api/test/program", headers: [other.header]).status == 403)
        #expect(
            try await test.get("/api/test/program", headers: [("authorization", "Bearer cap_nonsense")]).status == 401)
        let listed = try await test.get("/api/keys", headers: [boss])
        #expect(!listed.text.contains("\"text\"") && listed.text.contains("\"prefix\":\"cap_"))
        #expect(try await test.request("DELETE", "/api/keys/\(good.id)", headers: [boss]).status == 204)
        #expect(try await test.get("/api/test/program", headers: [good.header]).status == 401)
        #expect(try await test.request("DELETE", "/api/keys/\(good.id)", headers: [boss]).status == 404)
    }

    @Test(arguments: Backend.all) func `the audit trail is shown and exported with a manifest at its end`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let test = try await site(installation)
        let boss = try await administrator(test, installation)
        _ = try await signUp(test, "ada@example.com")
        let page = try await test.get("/api/audit?limit=1", headers: [boss])
        #expect(page.status == 200)
        #expect(page.text.contains("person.registered"))
        let export = try await test.get("/api/audit/export", headers: [boss])
        #expect(export.status == 200)
        let lines = export.text.split(separator: "\r\n")
        #expect(lines.count == 4)
        #expect(lines.first == "id,made_at,actor_kind,actor,action,subject_kind,subject,detail")
        #expect(lines.last?.hasPrefix("# rows=2 sha256=") == true)
    }
}
