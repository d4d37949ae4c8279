public import Base
import Jobs
public import Storage
public import Telemetry
import Web

/// Gives people what is kept about them, and removes them when they leave, in all products and tenants.
///
/// An erasure begins with the request: in one transaction the address, name and password are gone, with all
/// invitations to the address, all sessions end and the request is written. What people have done is then removed in the background, in bounded steps, each of which
/// may be the last of a process.
public final class PersonalDataDesk: Sendable {
    enum Bounds {
        /// How long an erasure that nobody goes on with is left alone.
        static let lease: Duration = .seconds(60)
        /// Steps of one erasure between two renewals of its lease.
        static let stepsPerLease = 200
        /// Erasures that one look takes up.
        static let perLook = 50
        /// How long after the request the first step is taken: by then every node refuses the person's sessions, so
        /// that nothing new arrives behind the steps.
        static let settles: Duration = .seconds(10)
        /// How long the bare number of a person is kept: a day longer than the longest session.
        static let keepsNumber: Duration = .seconds(15 * 86_400)
        /// Time until a step that failed is tried again.
        static let retryAfter: Duration = .seconds(60)
        /// Requests that a person is shown.
        static let shown = 5
    }

    /// What became of a wish to leave.
    public enum Outcome: Sendable, Hashable {
        /// The account is closed and its removal has begun, or had begun before.
        case begun
        /// The password is not the person's.
        case refused
        /// Too many wrong passwords.
        case limited(retryAfter: Duration)
        /// The person owns a tenant or runs the installation: somebody else has to take that over first.
        case kept
    }

    let store: PersonalDataStore
    let parts: [PersonalData]
    private let storage: Storage
    private let people: PeopleStore
    private let doorkeeper: Doorkeeper
    private let epochs: SessionEpochs
    private let trail: AuditTrail
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog

    /// Opens the desk.
    ///
    /// - Parameters:
    ///   - parts: what each product answers, in the order in which it is asked.
    ///   - storage: where people are.
    ///   - doorkeeper: checks passwords.
    ///   - epochs: ends sessions.
    ///   - clock: the time.
    ///   - randomness: what ids and pseudonyms are made of; must be the system's outside of tests.
    ///   - events: where removals are told.
    public init(
        parts: [PersonalData], storage: Storage, doorkeeper: Doorkeeper, epochs: SessionEpochs,
        clock: any WallClock, randomness: any Randomness, events: EventLog
    ) {
        self.parts = parts
        self.storage = storage
        self.doorkeeper = doorkeeper
        self.epochs = epochs
        self.clock = clock
        self.randomness = randomness
        self.events = events
        store = PersonalDataStore(storage: storage)
        people = PeopleStore(storage: storage)
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
    }

    // MARK: Asking

    /// The last requests of a person, the newest first.
    public func requests(of person: ID<Person>) async throws(StorageError) -> [PersonalRequest] {
        try await store.requests(of: person, limit: Bounds.shown)
    }

    /// Closes a person's account and begins to remove what the person has done.
    ///
    /// The password is asked for again and the person's row read from the database: a session alone does not suffice.
    ///
    /// - Parameters:
    ///   - person: who leaves.
    ///   - password: what was typed as the password.
    ///   - tenant: where the wish is told.
    ///   - address: the client's address; wrong passwords count as failed sign-ins.
    /// - Returns: what became of it.
    /// - Throws: `accounts.busy`, or a `StorageError`.
    public func erase(
        _ person: ID<Person>, password: Secret<String>, in tenant: Tenant, at address: IPAddress
    ) async throws -> Outcome {
        let profile: Profile
        switch try await doorkeeper.confirm(password, of: person, in: tenant, at: address) {
        case .welcome(let welcome): profile = welcome.profile
        case .limited(let wait): return .limited(retryAfter: wait)
        case .refused, .banned: return .refused
        }
        let now = clock.now()
        let request = PersonalRequest(
            id: ID(at: now, using: randomness), person: person, pseudonym: ID(at: now, using: randomness),
            tenant: tenant, kind: .erasure, state: .running, requestedAt: now, finishedAt: nil, note: nil)
        let version = try await storage.write(bypassingTenant: AccountsSchema.peopleCapability) { transaction -> Int? in
            guard try await store.blank(person, at: now, through: transaction) else { return nil }
            try await store.forgetInvitations(to: profile.email, through: transaction)
            _ = try await store.insert(request, dueAt: now + Bounds.settles, through: transaction)
            try transaction.enqueue(PersonalDataJobs.erase, NoJobInput(), after: Bounds.settles, for: tenant)
            try await trail.append(
                "account.closed", by: .person(person), on: ("person", person.description), for: tenant,
                in: transaction)
            return try await people.raiseEpoch(of: person, at: now, transaction)
        }
        guard let version else { return .kept }
        await epochs.announce(person, version: version)
        events.record(.sessionsRevoked, ["person": .text(person.description), "reason": "account.closed"])
        events.record(.erasureBegun, ["request": .text(request.id.description)])
        return .begun
    }

    // MARK: Exporting

    /// Notes that a person has asked for their data; returns the request to give to ``finish(_:records:)``.
    public func beginExport(for person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> PersonalRequest {
        let now = clock.now()
        let request = PersonalRequest(
            id: ID(at: now, using: randomness), person: person, pseudonym: ID(at: now, using: randomness),
            tenant: tenant, kind: .export, state: .running, requestedAt: now, finishedAt: nil, note: nil)
        try await store.insert(request)
        return request
    }

    /// Notes that everything was handed over.
    public func finish(_ request: PersonalRequest, records: Int) async throws(StorageError) {
        try await store.advance(
            request.id, to: .done, dueAt: nil, finishedAt: clock.now(), note: "\(records) records")
    }

    /// Hands over everything that is kept about a person, product by product and tenant by tenant.
    ///
    /// - Parameters:
    ///   - welcome: who, as read from the database.
    ///   - product: of which product alone; `nil` for all of them and the account.
    ///   - emit: takes each record with the part and the tenant it comes from.
    /// - Throws: what `emit` and the products throw, or a `StorageError`.
    public func export(
        _ welcome: Welcome, of product: String? = nil, _ emit: (ExportedRecord) async throws -> Void
    ) async throws {
        let profile = welcome.profile
        let places = try await store.memberships(of: profile.id)
        if product == nil {
            try await emit(ExportedRecord("accounts", "profile", nil, ExportedProfile(profile)))
            for place in places {
                try await emit(ExportedRecord("accounts", "membership", place.tenant, ExportedPlace(place)))
                try await store.entries(of: profile.id, in: place.tenant) { entries in
                    for entry in entries {
                        try await emit(ExportedRecord("accounts", "action", place.tenant, ExportedAction(entry)))
                    }
                }
            }
        }
        for part in parts where product == nil || part.product == product {
            for place in places {
                try await part.export(profile.id, place.tenant) { kind, value in
                    try await emit(ExportedRecord(part.product, kind, place.tenant, value))
                }
            }
        }
    }

    // MARK: Erasing

    /// Whether the removal of anybody is due.
    func isAnyDue() async throws -> Bool { try await store.isAnyDue(at: clock.now()) }

    /// Takes up the erasures that are due.
    public func look() async throws {
        for _ in 0..<Bounds.perLook {
            let now = clock.now()
            guard let request = try await store.claim(at: now, until: now + Bounds.lease) else { return }
            do {
                try await goOn(with: request)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                let code = (error as? StorageError)?.code.rawValue ?? "unknown"
                events.record(.erasureFailed, ["request": .text(request.id.description), "code": .text(code)])
                try await store.postpone(
                    request.id, to: clock.now() + Bounds.retryAfter, note: "A step failed and is tried again.")
            }
        }
    }

    private func goOn(with request: PersonalRequest) async throws {
        if request.state == .settling {
            try await store.forget(request)
            return
        }
        let leaver = Leaver(person: request.person, pseudonym: request.pseudonym)
        var wait: (Duration, String)?
        var steps = 0
        let places = try await store.memberships(of: leaver.person)
        for place in places {
            var isDone = true
            for part in parts {
                switch try await finish(part, leaver, place.tenant, request, &steps) {
                case .done, .more: break
                case .later(let time, let reason):
                    isDone = false
                    if wait.map({ time < $0.0 }) ?? true { wait = (time, reason) }
                }
            }
            guard isDone else { continue }
            while try await store.pseudonymise(leaver, in: place.tenant) > 0 {
                try await renew(request, &steps)
            }
            try await store.leave(leaver, place.tenant)
        }
        let now = clock.now()
        if let (time, reason) = wait {
            return try await store.postpone(request.id, to: now + time, note: reason)
        }
        if places.count == PersonalDataStore.Bounds.tenants {
            return try await store.postpone(request.id, to: now, note: nil)
        }
        try await store.advance(
            request.id, to: .settling, dueAt: request.requestedAt + Bounds.keepsNumber, finishedAt: now, note: nil)
        events.record(
            .erasureFinished,
            ["request": .text(request.id.description), "took": .time(now - request.requestedAt)])
    }

    /// Has a product take its steps until nothing is left, or what is left must wait.
    private func finish(
        _ part: PersonalData, _ leaver: Leaver, _ tenant: Tenant, _ request: PersonalRequest, _ steps: inout Int
    ) async throws -> ErasureProgress {
        while true {
            let progress = try await part.erase(leaver, tenant)
            guard progress == .more else { return progress }
            try Task.checkCancellation()
            try await renew(request, &steps)
        }
    }

    private func renew(_ request: PersonalRequest, _ steps: inout Int) async throws {
        steps += 1
        guard steps.isMultiple(of: Bounds.stepsPerLease) else { return }
        try await store.postpone(request.id, to: clock.now() + Bounds.lease, note: request.note)
    }
}
