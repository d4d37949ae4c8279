import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing
import Web
import WebTestKit

@testable import Accounts

/// What products keep about people, as a list that a test fills: the other side of the contract.
private final class Shelf: Sendable {
    struct State {
        var items: [ID<Person>: Int] = [:]
        var steps = 0
        /// Steps that fail before one goes well.
        var failures = 0
        var waits = false
        var pseudonyms: Set<ID<Person>> = []
    }

    let state = Mutex(State())

    struct Item: Encodable, Sendable {
        let number: Int
    }

    struct Broken: Error {}

    var data: PersonalData {
        PersonalData(
            product: "shelf",
            export: { person, _, emit in
                for number in 0..<(self.state.withLock { $0.items[person] ?? 0 }) {
                    try await emit("item", Item(number: number))
                }
            },
            erase: { leaver, _ in
                try self.state.withLock { state in
                    state.steps += 1
                    state.pseudonyms.insert(leaver.pseudonym)
                    if state.failures > 0 {
                        state.failures -= 1
                        throw Broken()
                    }
                    guard let left = state.items[leaver.person], left > 0 else { return .done }
                    if left == 1, state.waits { return .later(.seconds(30), because: "The last one is in use.") }
                    state.items[leaver.person] = left - 1
                    return .more
                }
            })
    }
}

@Suite(.databases) struct PersonalDataTests {
    private func desk(_ installation: Installation, _ shelf: Shelf, seed: UInt64 = 5) -> PersonalDataDesk {
        PersonalDataDesk(
            parts: [shelf.data], storage: installation.storage, doorkeeper: installation.doorkeeper,
            epochs: installation.epochs, clock: installation.clock, randomness: SeededRandomness(seed: seed),
            events: installation.events)
    }

    private func erase(
        _ person: ID<Person>, at desk: PersonalDataDesk, _ installation: Installation,
        _ password: Secret<String> = Installation.password
    ) async throws -> PersonalDataDesk.Outcome {
        try await desk.erase(person, password: password, in: installation.open, at: Installation.address)
    }

    private func count(_ query: SQL, _ installation: Installation) async throws -> Int {
        struct Found: RowDecodable { init(row: SQLRow) throws(StorageError) {} }
        return try await installation.storage.reader(bypassingTenant: AccountsSchema.peopleCapability).list(
            Found.self, "test.count", query, limit: 1_000
        ).count
    }

    @Test(arguments: Backend.all)
    func `who leaves is signed out and unknown at once, and removed step by step`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let shelf = Shelf()
        let desk = desk(installation, shelf)
        let ada = try await installation.signUp("ada@example.net")
        let bob = try await installation.signUp("bob@example.net", name: "Bob")
        let id = ada.profile.id
        shelf.state.withLock { $0.items = [id: 3, bob.profile.id: 2] }
        _ = try await installation.keys.create(name: "k", scopes: ["a.b"], for: installation.open, by: id)
        #expect(try await erase(id, at: desk, installation, Secret("not the password")) == .refused)
        #expect(installation.epochs.isCurrent(id, version: ada.version, in: installation.open))
        #expect(try await erase(id, at: desk, installation) == .begun)
        #expect(!installation.epochs.isCurrent(id, version: ada.version, in: installation.open))
        guard case .refused = try await installation.signIn("ada@example.net") else {
            Issue.record("a closed account was let in")
            return
        }
        #expect(
            try await count("SELECT id FROM people WHERE email = 'ada@example.net' OR name = 'Ada'", installation) == 0)
        // Nothing is removed before all nodes refuse the sessions.
        try await desk.look()
        #expect(shelf.state.withLock { $0.steps } == 0)
        installation.clock.advance(by: .seconds(10))
        try await desk.look()
        #expect(shelf.state.withLock { $0.items } == [id: 0, bob.profile.id: 2])
        let request = try #require(try await desk.requests(of: id).first)
        #expect(request.state == .settling && shelf.state.withLock { $0.pseudonyms } == [request.pseudonym])
        #expect(try await count("SELECT person_id FROM memberships WHERE person_id = \(id)", installation) == 0)
        #expect(try await count("SELECT id FROM api_keys WHERE made_by = \(id)", installation) == 0)
        #expect(
            try await count(
                "SELECT id FROM audit_entries WHERE actor_id = \(id) OR subject_id = \(id.description)", installation)
                == 0)
        #expect(
            try await count("SELECT id FROM audit_entries WHERE actor_id = \(request.pseudonym)", installation) >= 3)
        // The bare number goes when the longest session has ended.
        installation.clock.advance(by: .seconds(15 * 86_400))
        try await desk.look()
        #expect(try await count("SELECT id FROM people WHERE id = \(id)", installation) == 0)
        #expect(try await desk.requests(of: id).isEmpty)
        #expect(try await desk.requests(of: request.pseudonym).first?.state == .done)
        // The address is free again.
        _ = try await installation.signUp("ada@example.net")
    }

    @Test(arguments: Backend.all)
    func `a removal that fails, waits or loses its process goes on where it was`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let shelf = Shelf()
        let desk = desk(installation, shelf)
        let id = try await installation.signUp("ada@example.net").profile.id
        shelf.state.withLock { state in
            state.items = [id: 4]
            state.failures = 1
            state.waits = true
        }
        #expect(try await erase(id, at: desk, installation) == .begun)
        installation.clock.advance(by: .seconds(10))
        try await desk.look()
        #expect(shelf.state.withLock { $0.items[id] } == 4)
        #expect(try await desk.requests(of: id).first?.note == "A step failed and is tried again.")
        // Another process takes it up when the time has come, and finds that the last one has to wait.
        let other = self.desk(installation, shelf, seed: 6)
        try await other.look()
        #expect(shelf.state.withLock { $0.items[id] } == 4)
        installation.clock.advance(by: .seconds(60))
        try await other.look()
        #expect(shelf.state.withLock { $0.items[id] } == 1)
        #expect(try await desk.requests(of: id).first?.note == "The last one is in use.")
        #expect(try await count("SELECT person_id FROM memberships WHERE person_id = \(id)", installation) == 1)
        shelf.state.withLock { $0.waits = false }
        // A process that has claimed the request and died: its lease ends after a minute.
        installation.clock.advance(by: .seconds(30))
        let now = installation.clock.now()
        #expect(try await desk.store.claim(at: now, until: now + .seconds(60)) != nil)
        try await other.look()
        #expect(shelf.state.withLock { $0.items[id] } == 1)
        installation.clock.advance(by: .seconds(60))
        try await other.look()
        #expect(shelf.state.withLock { $0.items[id] } == 0)
        #expect(try await desk.requests(of: id).first?.state == .settling)
    }

    @Test(arguments: Backend.all)
    func `no invitation keeps the address of who has left, and who is kept keeps theirs`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let desk = desk(installation, Shelf())
        let boss = try #require(
            try await installation.doorkeeper.appoint(
                email: "boss@example.net", password: Installation.password, name: "Boss", in: installation.open,
                as: .administrator, owner: .yes)
        ).id
        let ada = try await installation.signUp("ada@example.net").profile.id
        // One waits where she has never been, one was taken back.
        for email in ["ada@example.net", "boss@example.net", "eve@example.net"] {
            let given = try await installation.invitations.invite(
                email, as: .member, by: boss, authority: .administrator, to: installation.invited)
            guard email != "eve@example.net" else { continue }
            try await installation.invitations.withdraw(
                given.id, of: installation.invited, by: boss, authority: .administrator)
            _ = try await installation.invitations.invite(
                email, as: .member, by: boss, authority: .administrator, to: installation.invited)
        }
        func invitations(to email: String) async throws -> Int {
            try await count("SELECT id FROM invitations WHERE email = \(email)", installation)
        }
        #expect(try await invitations(to: "ada@example.net") == 2)
        #expect(try await erase(boss, at: desk, installation) == .kept)
        #expect(try await invitations(to: "boss@example.net") == 2)
        #expect(try await erase(ada, at: desk, installation) == .begun)
        #expect(try await invitations(to: "ada@example.net") == 0)
        #expect(try await invitations(to: "boss@example.net") + invitations(to: "eve@example.net") == 3)
    }

    @Test(arguments: Backend.all)
    func `who owns a tenant or runs the installation is kept until somebody else does`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let desk = desk(installation, Shelf())
        for (email, role, owner) in [
            ("owner@example.net", Role.administrator, Doorkeeper.Ownership.yes), ("root@example.net", .operator, .no),
        ] {
            let person = try #require(
                try await installation.doorkeeper.appoint(
                    email: email, password: Installation.password, name: "Boss", in: installation.open, as: role,
                    owner: owner))
            #expect(try await erase(person.id, at: desk, installation) == .kept)
            guard case .welcome = try await installation.signIn(email) else {
                Issue.record("\(email) cannot sign in any more")
                return
            }
        }
    }

    private func site(_ installation: Installation, _ desk: PersonalDataDesk) async throws -> TestSite {
        let routes =
            AccountsRoutes(
                doorkeeper: installation.doorkeeper, keys: installation.keys, trail: installation.trail,
                directory: installation.directory
            ).routes + PersonalDataRoutes(desk: desk, doorkeeper: installation.doorkeeper).routes
        let pages = try Pages(
            [.web, AccountsRoutes.bundle], chrome: SiteChrome(name: "Test", signInPath: "/sign-in"),
            clock: installation.clock)
        return try await TestSite(routes + [pages.assets.route], clock: installation.clock, pages: pages) {
            $0.tenants = SingleTenant(installation.open)
            $0.revocation = installation.epochs
        }
    }

    private func session(_ welcome: Welcome, _ test: TestSite, _ installation: Installation) async throws -> (
        name: String, value: String
    ) {
        let token = try await test.services.sessions.sign(
            welcome.profile.id, in: installation.open, role: .member, version: welcome.version)
        return ("cookie", "\(Sessions.cookieName)=\(token)")
    }

    @Test(arguments: Backend.all)
    func `an export is whole when its last line says so, and a product's part is its own`(backend: Backend) async throws
    {
        let installation = try await Installation(backend)
        let shelf = Shelf()
        let desk = desk(installation, shelf)
        let test = try await site(installation, desk)
        let ada = try await installation.signUp("ada@example.net")
        shelf.state.withLock { $0.items = [ada.profile.id: 1_200] }
        let me = try await session(ada, test, installation)
        let answer = try await test.get("/api/account/export", headers: [me])
        #expect(answer.status == 200 && answer["content-type"] == "application/x-ndjson")
        let lines = answer.text.split(separator: "\n").map(String.init)
        #expect(lines[0].contains("\"parts\":[\"accounts\",\"shelf\"]"))
        #expect(lines[1].contains("ada@example.net") && lines[1].contains("\"kind\":\"profile\""))
        #expect(lines.filter { $0.contains("\"part\":\"shelf\"") }.count == 1_200)
        #expect(lines.contains { $0.contains("\"action\":\"person.registered\"") })
        #expect(lines.last?.hasPrefix("{\"manifest\":{\"rows\":\(lines.count - 1),\"sha256\":\"") == true)
        #expect(!answer.text.contains("scrypt") && !answer.text.contains("$"))
        let part = try await test.get("/api/shelf/account/export", headers: [me])
        #expect(part.text.split(separator: "\n").count == 1_202 && !part.text.contains("ada@example.net"))
        let page = try await test.get("/account/data", headers: [me])
        #expect(page.text.contains("Copy of your data") && page.text.contains("\(lines.count - 2) records"))
        #expect(try await test.get("/api/account/export").status == 401)
    }

    @Test(arguments: Backend.all)
    func `one leaves by form with the password and a tick, or as a program with the password`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        let desk = desk(installation, Shelf())
        let test = try await site(installation, desk)
        let ada = try await installation.signUp("ada@example.net")
        let me = try await session(ada, test, installation)
        let page = try await test.get("/account/data", headers: [me])
        #expect(page.text.contains("What stays:") && page.text.contains("erased creator"))
        let token = try #require(page.text.firstMatch(of: /name="formToken" value="([^"]+)"/)).1
        func send(_ fields: String) async throws -> PerformedAnswer {
            try await test.request(
                "POST", "/account/erase", headers: [("content-type", "application/x-www-form-urlencoded"), me],
                body: Array("\(fields)&formToken=\(token)".utf8))
        }
        let untold = try await send("password=correct+horse+battery")
        #expect(untold.status == 400 && untold.text.contains("Tick that you are sure"))
        let wrong = try await send("password=wrong&isSure=true")
        #expect(wrong.status == 401 && wrong.text.contains("This is not the password."))
        let gone = try await send("password=correct+horse+battery&isSure=true")
        #expect(gone.status == 303 && gone["location"] == "/account/erased")
        #expect(gone.headers.contains { $0.name == "set-cookie" && $0.value.contains("Max-Age=0") })
        #expect(try await test.get("/account", headers: [me]).status != 200)
        #expect(try await test.get("/account/erased").text.contains("Your account is closed"))

        let bob = try await installation.signUp("bob@example.net")
        let him = try await session(bob, test, installation)
        func delete(_ path: String, _ password: String) async throws -> PerformedAnswer {
            try await test.request(
                "DELETE", path, headers: [("content-type", "application/json"), him],
                body: Array("{\"password\":\"\(password)\"}".utf8))
        }
        #expect(try await delete("/api/account", "wrong").problemCode == "accounts.refused")
        #expect(try await delete("/api/shelf/account", "correct horse battery").status == 202)
        #expect(try await test.get("/api/session", headers: [him]).status == 401)
    }
}
