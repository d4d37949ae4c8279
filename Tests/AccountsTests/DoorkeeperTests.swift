import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Telemetry
import Testing
import Web

@testable import Accounts

@Suite(.databases) struct DoorkeeperTests {
    @Test(arguments: Backend.all) func `who signed up can sign in, in whatever case and with spaces`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        let welcome = try await installation.signUp("Ada@Example.com", name: " Ada  Lovelace ")
        #expect(welcome.role == .member)
        #expect(welcome.version == 1)
        #expect(welcome.profile.name == "Ada Lovelace")
        #expect(try await installation.signIn("  ada@EXAMPLE.com ") == .welcome(welcome))
        #expect(try await installation.signIn("ada@example.com", Secret("wrong horse battery")) == .refused)
        #expect(try await installation.signIn("eve@example.com") == .refused)
        #expect(try await installation.signIn("no address") == .refused)
        #expect(
            try await installation.signIn("ada@example.com", Secret(String(repeating: "x", count: 1_000_000)))
                == .refused)
        #expect(try await installation.signIn("ada@example.com", Secret("")) == .refused)
    }

    @Test(arguments: Backend.all) func `an address belongs to one person, also when two take it at once`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let outcomes = try await withThrowingTaskGroup(of: SignUpOutcome.self) { group in
            for name in ["Ada", "Eve", "Ida", "Uma"] {
                group.addTask {
                    try await installation.doorkeeper.signUp(
                        email: "ada@example.com", password: Installation.password, name: name,
                        into: installation.open, from: Installation.address)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == .emailTaken }.count == 3)
        #expect(try await installation.doorkeeper.members(of: installation.open).items.count == 1)
    }

    @Test(arguments: Backend.all) func `what cannot be taken is said and nothing is stored`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        func refusal(_ email: String, _ password: String, _ name: String) async throws -> AccountsError.Code? {
            let outcome = try await installation.doorkeeper.signUp(
                email: email, password: Secret(password), name: name, into: installation.open,
                from: Installation.address)
            if case .invalid(let code, _) = outcome { return code } else { return nil }
        }
        let good = "correct horse battery"
        for email in [
            "", "ada", "ada@", "@example.com", "a@b", "a b@example.com", "a@b@c.com", "a\0@example.com", "a@-b.com",
        ] {
            #expect(try await refusal(email, good, "Ada") == .emailInvalid, "\(email)")
        }
        for password in ["", "short", "aaaaaaaaaaaaaaaa", "ada@example.com", String(repeating: "pass", count: 100)] {
            #expect(try await refusal("ada@example.com", password, "Ada") == .passwordInvalid, "\(password)")
        }
        for name in ["", "  ", "a\0b", "a\nb", "\u{202E}olleh", String(repeating: "x", count: 61)] {
            #expect(try await refusal("ada@example.com", good, name) == .nameInvalid, "\(name)")
        }
        #expect(try await installation.doorkeeper.members(of: installation.open).items.isEmpty)
    }

    @Test(arguments: Backend.all) func `a tenant that is not open lets only members in`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        _ = try await installation.signUp("ada@example.com")
        #expect(try await installation.signIn("ada@example.com", into: installation.invited) == .refused)
        let outcome = try await installation.doorkeeper.signUp(
            email: "eve@example.com", password: Installation.password, name: "Eve", into: installation.invited,
            from: Installation.address)
        #expect(outcome == .closed)
        let owner = try #require(
            try await installation.doorkeeper.appoint(
                email: "own@example.com", password: Installation.password, name: "Own", in: installation.invited,
                as: .administrator, owner: .yes))
        guard case .welcome(let welcome) = try await installation.signIn("own@example.com", into: installation.invited)
        else {
            Issue.record("the owner was refused")
            return
        }
        #expect(welcome.profile.id == owner.id && welcome.role == .administrator)
        guard case .welcome(let guest) = try await installation.signIn("own@example.com") else {
            Issue.record("a member of one tenant could not join an open one")
            return
        }
        #expect(guest.role == .member)
        #expect(try await installation.doorkeeper.members(of: installation.open).items.count == 2)
    }

    @Test(arguments: Backend.all) func `an operator is one in every tenant`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        _ = try await installation.doorkeeper.appoint(
            email: "root@example.com", password: Installation.password, name: "Root", in: installation.open,
            as: .operator)
        for tenant in [installation.open, installation.invited] {
            guard case .welcome(let welcome) = try await installation.signIn("root@example.com", into: tenant) else {
                Issue.record("the operator was refused")
                return
            }
            #expect(welcome.role == .operator)
        }
    }

    @Test(arguments: Backend.all) func `signing in takes one statement`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        _ = try await installation.signUp("ada@example.com")
        let known = try await Cost.measure { try await installation.signIn("ada@example.com") }
        #expect(known.cost[.statements] == 1)
        let unknown = try await Cost.measure { try await installation.signIn("eve@example.com") }
        #expect(unknown.cost[.statements] == 1)
    }

    @Test(arguments: Backend.all) func `a ban ends the sessions, keeps out, and says so only to who knows the password`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let ada = try await installation.signUp("ada@example.com").profile.id
        let doorkeeper = installation.doorkeeper
        #expect(installation.epochs.isCurrent(ada, version: 1, in: installation.open))
        try await doorkeeper.ban(ada, in: installation.open, by: .system, authority: .operator, reason: "spam")
        #expect(!installation.epochs.isCurrent(ada, version: 1, in: installation.open))
        #expect(try await installation.signIn("ada@example.com") == .banned)
        #expect(try await installation.signIn("ada@example.com", Secret("wrong horse battery")) == .refused)
        try await doorkeeper.unban(ada, in: installation.open, by: .system, authority: .operator)
        guard case .welcome(let welcome) = try await installation.signIn("ada@example.com") else {
            Issue.record("still banned")
            return
        }
        #expect(welcome.version == 3)
        #expect(installation.epochs.isCurrent(ada, version: 3, in: installation.open))
    }

    @Test(arguments: Backend.all) func `an owner cannot be banned or lose the role`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let owner = try #require(
            try await installation.doorkeeper.appoint(
                email: "own@example.com", password: Installation.password, name: "Own", in: installation.open,
                as: .administrator, owner: .yes))
        await #expect(throws: AccountsError.self) {
            try await installation.doorkeeper.ban(
                owner.id, in: installation.open, by: .system, authority: .operator, reason: "coup")
        }
        await #expect(throws: AccountsError.self) {
            try await installation.doorkeeper.setRole(.member, of: owner.id, in: installation.open, by: .system)
        }
        #expect(installation.epochs.isCurrent(owner.id, version: 1, in: installation.open))
        #expect(try await installation.trail.page(of: installation.open).items.map(\.action) == ["person.registered"])
    }

    @Test(arguments: Backend.all) func `nobody is banned by an equal`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let (doorkeeper, tenant) = (installation.doorkeeper, installation.open)
        let ada = try await installation.signUp("ada@example.com").profile.id
        func ban(as authority: Role) async -> Bool {
            do {
                try await doorkeeper.ban(ada, in: tenant, by: .system, authority: authority, reason: "feud")
                return true
            } catch {
                #expect((error as? AccountsError)?.code == .notFound)
                return false
            }
        }
        #expect(await !ban(as: .member))
        try await doorkeeper.setRole(.moderator, of: ada, in: tenant, by: .system)
        #expect(await !ban(as: .moderator))
        #expect(await ban(as: .administrator))
        try await doorkeeper.unban(ada, in: tenant, by: .system, authority: .administrator)
        try await doorkeeper.setRole(.administrator, of: ada, in: tenant, by: .system)
        #expect(await !ban(as: .administrator))
        #expect(await ban(as: .operator))
    }

    @Test(arguments: Backend.all) func `a ban from the installation holds in every tenant, but not for operators`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (doorkeeper, tenant) = (installation.doorkeeper, installation.open)
        let ada = try await installation.signUp("ada@example.com").profile.id
        try await doorkeeper.setBanEverywhere(of: ada, to: .banned, toldIn: tenant, by: .system, reason: "fraud")
        #expect(!installation.epochs.isCurrent(ada, version: 1, in: installation.invited))
        for entered in [tenant, installation.invited] {
            #expect(try await installation.signIn("ada@example.com", into: entered) == .banned)
        }
        try await doorkeeper.setBanEverywhere(of: ada, to: .free, toldIn: tenant, by: .system, reason: "mistake")
        #expect(try await installation.signIn("ada@example.com") != .banned)
        let root = try #require(
            try await doorkeeper.appoint(
                email: "root@example.com", password: Installation.password, name: "Root", in: tenant, as: .operator))
        await #expect(throws: AccountsError.self) {
            try await doorkeeper.setBanEverywhere(of: root.id, to: .banned, toldIn: tenant, by: .system, reason: "x")
        }
    }

    @Test(arguments: Backend.all) func `role, verification and password change what sessions are good`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        let ada = try await installation.signUp("ada@example.com").profile.id
        let doorkeeper = installation.doorkeeper
        try await doorkeeper.setRole(.moderator, of: ada, in: installation.open, by: .system)
        #expect(!installation.epochs.isCurrent(ada, version: 1, in: installation.open))
        #expect(try await doorkeeper.verify(ada, in: installation.open, by: .system) == 3)
        await #expect(throws: AccountsError.self) {
            try await doorkeeper.verify(ada, in: installation.open, by: .system)
        }
        let next = Secret("another horse battery")
        #expect(
            try await doorkeeper.changePassword(
                of: ada, from: Secret("wrong"), to: next, in: installation.open, at: Installation.address) == .refused)
        guard
            case .welcome(let welcome) = try await doorkeeper.changePassword(
                of: ada, from: Installation.password, to: next, in: installation.open, at: Installation.address)
        else {
            Issue.record("the password was not changed")
            return
        }
        #expect(welcome.version == 4)
        #expect(welcome.role == .moderator)
        #expect(try await installation.signIn("ada@example.com") == .refused)
        #expect(try await installation.signIn("ada@example.com", next) != .refused)
        #expect(try await doorkeeper.signOutEverywhere(ada, by: .person(ada), in: installation.open) == 5)
        let actions = try await installation.trail.page(of: installation.open).items.map(\.action)
        #expect(
            Set(actions) == [
                "person.registered", "role.changed", "person.verified", "password.changed", "sessions.revoked",
            ])
    }

    @Test(arguments: Backend.all) func `guessing is limited, being right is not`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        _ = try await installation.signUp("ada@example.com")
        for _ in 0..<30 { #expect(try await installation.signIn("ada@example.com") != .refused) }
        for _ in 0..<10 { #expect(try await installation.signIn("ada@example.com", Secret("wrong")) == .refused) }
        guard case .limited(let wait) = try await installation.signIn("ada@example.com") else {
            Issue.record("guessing was not limited")
            return
        }
        #expect(wait > .zero && wait <= .seconds(900))
        // From elsewhere the person gets in all the same, and so do others from there.
        let elsewhere = try #require(IPAddress("198.51.100.9"))
        guard case .welcome = try await installation.signIn("ada@example.com", from: elsewhere) else {
            Issue.record("a stranger's guesses locked the person out")
            return
        }
        #expect(try await installation.signIn("eve@example.com") == .refused)
        installation.clock.advance(by: wait)
        guard case .welcome = try await installation.signIn("ada@example.com") else {
            Issue.record("the limit did not pass")
            return
        }
    }

    @Test(arguments: Backend.all) func `one address cannot try many accounts`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        var outcomes: [SignInOutcome] = []
        for index in 0..<60 {
            let address = try #require(IPAddress("2001:db8::\(index + 1)"))
            outcomes.append(try await installation.signIn("person\(index)@example.com", from: address))
        }
        #expect(outcomes.filter { $0 == .refused }.count == 50)
    }

    @Test(arguments: Backend.all) func `sign-ups from one address are limited`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        for index in 0..<20 { _ = try await installation.signUp("person\(index)@example.com") }
        let outcome = try await installation.doorkeeper.signUp(
            email: "one-more@example.com", password: Installation.password, name: "More", into: installation.open,
            from: Installation.address)
        guard case .limited = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test(arguments: Backend.all) func `a hash of another cost is renewed when its person signs in`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        _ = try await installation.signUp("ada@example.com")
        var settings = Installation.cheap
        settings.passwordCost = PasswordCost(roundsLog2: 11, blockSize: 1, parallelism: 1)
        let doorkeeper = Doorkeeper(
            storage: installation.storage, directory: installation.directory, epochs: installation.epochs,
            limits: installation.limits, clock: installation.clock, randomness: SeededRandomness(seed: 1),
            events: installation.events, settings: settings)
        _ = try await doorkeeper.signIn(
            email: "ada@example.com", password: Installation.password, into: installation.open,
            from: Installation.address)
        let store = PeopleStore(storage: installation.storage)
        let address = try #require(EmailAddress("ada@example.com"))
        let stored = try await store.credentials(of: address, in: installation.open)
        #expect(stored?.password.hasPrefix("scrypt$11$") == true)
        #expect(try await installation.signIn("ada@example.com") != .refused)
    }

    @Test func `more sign-ins than may wait are refused at once`() async throws {
        let workshop = PasswordWorkshop(threads: 1, waitingMax: 2)
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate()
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let outcome: Void? = try? await workshop.run {  // Nothing is thrown here.
                    signal.yield()
                    while !gate.isOpen.load(ordering: .acquiring) {}
                }
                return outcome != nil
            }
            for await _ in started { break }
            for _ in 0..<2 { group.addTask { (try? await workshop.run { 1 }) != nil } }  // Nor here.
            while workshop.load < 3 { await Task.yield() }
            await #expect(throws: AccountsError.self) { try await workshop.run { 1 } }
            gate.isOpen.store(true, ordering: .releasing)
            #expect(await group.reduce(into: 0) { $0 += $1 ? 1 : 0 } == 3)
        }
        while workshop.load > 0 { await Task.yield() }
    }

    @Test func `a hash tells the right password from others and reads back`() throws {
        let cost = PasswordCost(roundsLog2: 10, blockSize: 8, parallelism: 1)
        let hash = try PasswordHash(of: Secret("pässword one"), cost: cost, using: SeededRandomness(seed: 1))
        let read = try #require(PasswordHash(hash.text))
        #expect(read == hash)
        #expect(try read.matches(Secret("pässword one")))
        #expect(try read.matches(Secret("pa\u{308}ssword one")))
        #expect(try !read.matches(Secret("pässword two")))
        #expect(PasswordHash("scrypt$99$8$1$AAAA$AAAA") == nil)
        #expect(PasswordHash("plain") == nil)
        #expect(try !PasswordHash(decoy: cost).matches(Secret("")))
    }
}

private final class Gate: Sendable {
    let isOpen = Atomic(false)
}
