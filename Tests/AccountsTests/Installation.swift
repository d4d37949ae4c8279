import Base
import BaseTestKit
import Caching
import Jobs
import Limits
import Storage
import StorageTestKit
import Telemetry
import Testing
import Web

@testable import Accounts

/// All of Accounts on a database of its own, with two tenants.
struct Installation: Sendable {
    let clock: SimClock
    let storage: Storage
    let directory: TenantDirectory
    let epochs: SessionEpochs
    let doorkeeper: Doorkeeper
    let invitations: Invitations
    let keys: KeyRing
    let trail: AuditTrail
    let limits: LimitRegistry
    let caches: CacheRegistry
    let events: EventLog
    let open: Tenant
    let invited: Tenant

    static let password = Secret("correct horse battery")
    static let address = IPAddress("192.0.2.7") ?? .none

    init(_ backend: Backend, settings: DoorkeeperSettings? = nil) async throws {
        clock = SimClock()
        let randomness = SeededRandomness(seed: 21)
        storage = try await backend.lease(modules: [AccountsSchema.module, JobsSchema.module], clock: clock)
        events = .silent(clock: clock)
        limits = LimitRegistry(clock: clock)
        caches = CacheRegistry(clock: clock, randomness: randomness)
        storage.addObserver(caches)
        directory = TenantDirectory(storage: storage, clock: clock, randomness: randomness, domain: "example.com")
        epochs = SessionEpochs(storage: storage, clock: clock)
        invitations = Invitations(storage: storage, limits: limits, clock: clock, randomness: randomness)
        keys = KeyRing(storage: storage, caches: caches, clock: clock, randomness: randomness, events: events)
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
        doorkeeper = Doorkeeper(
            storage: storage, directory: directory, epochs: epochs, limits: limits, clock: clock,
            randomness: randomness, events: events, settings: settings ?? Self.cheap)
        open = try await directory.create(slug: "open", name: "Open", joining: .open).tenant
        invited = try await directory.create(
            slug: "invited", name: "Invited", host: "team.example.org", joining: .invited
        ).tenant
    }

    /// Hashes that take a millisecond.
    static var cheap: DoorkeeperSettings {
        var settings = DoorkeeperSettings()
        settings.passwordCost = PasswordCost(roundsLog2: 10, blockSize: 1, parallelism: 1)
        return settings
    }

    func signUp(_ email: String, name: String = "Ada") async throws -> Welcome {
        let outcome = try await doorkeeper.signUp(
            email: email, password: Self.password, name: name, into: open, from: Self.address)
        guard case .welcome(let welcome) = outcome else {
            Issue.record("\(email) was not let in: \(outcome)")
            throw CancellationError()
        }
        return welcome
    }

    func signIn(
        _ email: String, _ password: Secret<String> = password, into tenant: Tenant? = nil,
        from address: IPAddress = address
    ) async throws -> SignInOutcome {
        try await doorkeeper.signIn(email: email, password: password, into: tenant ?? open, from: address)
    }
}
