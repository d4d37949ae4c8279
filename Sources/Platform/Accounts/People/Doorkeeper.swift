public import Base
public import Limits
public import Storage
public import Telemetry
public import Web

/// Somebody who was let in: what a session is made of.
public struct Welcome: Sendable, Hashable {
    /// The person.
    public let profile: Profile
    /// What the person may do in this tenant.
    public let role: Role
    /// The version that the session carries.
    public let version: Int
}

/// What became of a sign-in.
public enum SignInOutcome: Sendable, Hashable {
    /// Come in.
    case welcome(Welcome)
    /// Address and password do not belong together, or the tenant lets nobody in who was not invited.
    ///
    /// The same answer, after the same time, whether there is such an address or not.
    case refused
    /// The person is banned; told only to who knows the password.
    case banned
    /// Too many failures.
    case limited(retryAfter: Duration)
}

/// What became of a sign-up.
public enum SignUpOutcome: Sendable, Hashable {
    /// Come in.
    case welcome(Welcome)
    /// Somebody has this address already.
    case emailTaken
    /// Why the address, the name or the password cannot be taken.
    case invalid(AccountsError.Code, String)
    /// The tenant lets nobody in who was not invited.
    case closed
    /// Too many sign-ups from this address.
    case limited(retryAfter: Duration)
}

/// Lets people into tenants and out again: sign-up, sign-in, roles, bans, and the end of all sessions.
///
/// Whatever changes what a session says (role, ban, verification, password) raises the person's session version in the
/// same transaction and writes an audit entry.
public final class Doorkeeper: Sendable {
    let storage: Storage
    let people: PeopleStore
    private let directory: TenantDirectory
    let epochs: SessionEpochs
    let trail: AuditTrail
    private let workshop: PasswordWorkshop
    private let decoy: PasswordHash
    let gate: FailureGate
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog
    private let cost: PasswordCost

    /// Takes up the post.
    ///
    /// - Parameters:
    ///   - storage: Where people are.
    ///   - directory: Which tenants there are.
    ///   - epochs: Which sessions are good.
    ///   - limits: Where limits are entered.
    ///   - clock: The time.
    ///   - randomness: What salts and ids are made of; must be the system's outside of tests.
    ///   - events: Where sign-ins and refusals are told.
    ///   - settings: How people sign up and in.
    public init(
        storage: Storage, directory: TenantDirectory, epochs: SessionEpochs, limits: LimitRegistry,
        clock: any WallClock, randomness: any Randomness, events: EventLog,
        settings: DoorkeeperSettings = DoorkeeperSettings()
    ) {
        self.storage = storage
        self.directory = directory
        self.epochs = epochs
        self.clock = clock
        self.randomness = randomness
        self.events = events
        people = PeopleStore(storage: storage)
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
        workshop = PasswordWorkshop(threads: settings.passwordThreads, waitingMax: settings.passwordsWaitingMax)
        gate = FailureGate(settings, limits)
        cost = settings.passwordCost
        decoy = PasswordHash(decoy: settings.passwordCost)
    }

    // MARK: Signing in

    /// Signs a person in by address and password.
    ///
    /// One statement; a second when the person joins the tenant by it, or the hash is renewed under another cost.
    ///
    /// - Parameters:
    ///   - email: What was typed as the address.
    ///   - password: What was typed as the password.
    ///   - tenant: Which tenant the person wants to enter.
    ///   - address: The client's address.
    /// - Returns: The outcome.
    /// - Throws: `accounts.busy`, or a `StorageError`.
    public func signIn(
        email: String, password: Secret<String>, into tenant: Tenant, from address: IPAddress
    ) async throws -> SignInOutcome {
        // An address that is none is treated as one that nobody has.
        let email = EmailAddress(email)
        if let wait = gate.admit(email, address) {
            events.record(.signInRefused, label: "limited", ["reason": "limited"])
            return .limited(retryAfter: wait)
        }
        let outcome = try await check(email, password, tenant)
        switch outcome {
        case .welcome(let welcome):
            gate.forgive(email, address)
            events.record(.signInSucceeded, ["person": .text(welcome.profile.id.description)])
        case .banned:
            gate.forgive(email, address)
            events.record(.signInRefused, label: "banned", ["reason": "banned"])
        case .refused, .limited:
            events.record(.signInRefused, label: "credentials", ["reason": "credentials"])
        }
        return outcome
    }

    private func check(
        _ email: EmailAddress?, _ password: Secret<String>, _ tenant: Tenant
    ) async throws -> SignInOutcome {
        let found: Credentials
        switch try await prove(email, password, tenant) {
        case .refused: return .refused
        case .banned: return .banned
        case .known(let credentials): found = credentials
        }
        if let role = found.roleInForce {
            return .welcome(Welcome(profile: found.profile, role: role, version: found.version))
        }
        guard directory.record(of: tenant)?.joining == .open else { return .refused }
        let now = clock.now()
        try await storage.write(bypassingTenant: AccountsSchema.peopleCapability) { transaction in
            _ = try await people.join(found.profile.id, tenant, as: .member, isOwner: false, at: now, in: transaction)
        }
        return .welcome(Welcome(profile: found.profile, role: .member, version: found.version))
    }

    /// What an address and a password prove.
    enum Proof {
        case known(Credentials), refused, banned
    }

    func prove(_ email: EmailAddress?, _ password: Secret<String>, _ tenant: Tenant) async throws -> Proof {
        var found: Credentials?
        if let email { found = try await people.credentials(of: email, in: tenant) }
        let stored = found.flatMap { PasswordHash($0.password) }
        let hash = stored ?? decoy
        let isLong = password.reveal { $0.utf8.count > PasswordRule.bytesMax }
        let isRight: Bool
        do throws(AccountsError) {
            isRight = try await workshop.run { () throws(AccountsError) in
                try hash.matches(isLong ? Secret("") : password)
            }
        } catch {
            if error.code == .busy { events.record(.signInRefused, label: "busy", ["reason": "busy"]) }
            throw error
        }
        guard isRight, !isLong, stored != nil, let found else { return .refused }
        if found.profile.bannedAt != nil || found.isBannedHere { return .banned }
        if hash.cost != cost { try await renew(found, password) }
        return .known(found)
    }

    private func renew(_ found: Credentials, _ password: Secret<String>) async throws {
        let hash = try await hash(password)
        try await people.rehash(found.profile.id, from: found.password, to: hash)
    }

    func hash(_ password: Secret<String>) async throws(AccountsError) -> PasswordHash {
        try await workshop.run { [cost, randomness] () throws(AccountsError) in
            try PasswordHash(of: password, cost: cost, using: randomness)
        }
    }

    // MARK: Signing up

    /// Makes an account and lets its person into the tenant.
    ///
    /// - Parameters:
    ///   - email: What was typed as the address.
    ///   - password: What was typed as the password.
    ///   - name: The name that others see.
    ///   - tenant: Which tenant the person wants to enter; must be open.
    ///   - address: The client's address.
    /// - Returns: The outcome.
    /// - Throws: `accounts.busy`, or a `StorageError`.
    public func signUp(
        email: String, password: Secret<String>, name: String, into tenant: Tenant, from address: IPAddress
    ) async throws -> SignUpOutcome {
        guard directory.record(of: tenant)?.joining == .open else { return .closed }
        guard let email = EmailAddress(email) else {
            return .invalid(.emailInvalid, "This is no e-mail address.")
        }
        guard let name = PersonName(name) else {
            return .invalid(.nameInvalid, "A name has 1 to \(PersonName.charactersMax) characters.")
        }
        if let refusal = PasswordRule.refusal(of: password, email: email) { return .invalid(.passwordInvalid, refusal) }
        if let wait = gate.admitSignUp(address) { return .limited(retryAfter: wait) }
        guard
            let profile = try await enter(
                email, password, name, into: tenant, as: .member, isOwner: false, isOperator: false)
        else { return .emailTaken }
        return .welcome(Welcome(profile: profile, role: .member, version: 1))
    }

    /// Makes an account without the limits of ``signUp(email:password:name:into:from:)``: for the first administrator
    /// of a tenant, for operators, and for demos.
    ///
    /// - Parameters:
    ///   - email: The address.
    ///   - password: The password.
    ///   - name: The name that others see.
    ///   - tenant: The tenant that the person enters.
    ///   - role: What the person may do there; ``Web/Role/operator`` for who runs the installation.
    ///   - owns: Whether the tenant is the person's.
    /// - Returns: The person; `nil` when somebody has the address already.
    /// - Throws: An `AccountsError` that says what cannot be taken, or a `StorageError`.
    public func appoint(
        email: String, password: Secret<String>, name: String, in tenant: Tenant, as role: Role,
        owner owns: Ownership = .no
    ) async throws -> Profile? {
        guard let email = EmailAddress(email) else { throw AccountsError(.emailInvalid, "This is no e-mail address.") }
        guard let name = PersonName(name) else {
            throw AccountsError(.nameInvalid, "A name has 1 to \(PersonName.charactersMax) characters.")
        }
        if let refusal = PasswordRule.refusal(of: password, email: email) {
            throw AccountsError(.passwordInvalid, refusal)
        }
        return try await enter(
            email, password, name, into: tenant, as: role == .operator ? .administrator : role, isOwner: owns == .yes,
            isOperator: role == .operator)
    }

    /// Whether a tenant is a person's.
    public enum Ownership: String, Sendable, CaseIterable {
        /// It is.
        case yes
        /// It is not.
        case no
    }

    private func enter(
        _ email: EmailAddress, _ password: Secret<String>, _ name: PersonName, into tenant: Tenant, as role: Role,
        isOwner: Bool, isOperator: Bool
    ) async throws -> Profile? {
        let hash = try await hash(password)
        let now = clock.now()
        let id = ID<Person>(at: now, using: randomness)
        let isNew = try await storage.write(bypassingTenant: AccountsSchema.peopleCapability) { transaction in
            guard
                try await people.insert(
                    id, email: email, name: name, password: hash, isOperator: isOperator, at: now, in: transaction)
            else { return false }
            _ = try await people.join(id, tenant, as: role, isOwner: isOwner, at: now, in: transaction)
            try await trail.append(
                "person.registered", by: .person(id), on: ("person", id.description), ["role": role.rawValue],
                for: tenant, in: transaction)
            return true
        }
        guard isNew else { return nil }
        events.record(.personRegistered, ["person": .text(id.description)])
        return Profile(
            id: id, email: email, name: name.text, isOperator: isOperator, verifiedAt: nil, bannedAt: nil,
            createdAt: now)
    }
}

// MARK: Looking up and changing

extension Doorkeeper {
    /// What is known about a person who has a place in the tenant, or runs the installation; `nil` for others.
    public func profile(of person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> Welcome? {
        guard let found = try await people.credentials(of: person, in: tenant), let role = found.roleInForce else {
            return nil
        }
        return Welcome(profile: found.profile, role: role, version: found.version)
    }

    /// A page of a tenant's members.
    public func members(
        of tenant: Tenant, after cursor: Cursor? = nil, limit: Int = 50
    ) async throws(StorageError) -> Page<Membership> {
        try await people.members(of: tenant, after: cursor, limit: limit)
    }

    /// Ends all sessions of a person, in all tenants and browsers: on this node at once, on others within 2 seconds.
    ///
    /// - Returns: The version for a session that goes on, where there is to be one.
    @discardableResult
    public func signOutEverywhere(
        _ person: ID<Person>, by actor: AuditEntry.Actor, in tenant: Tenant
    ) async throws -> Int {
        try await change(person, "sessions.revoked", by: actor, in: tenant, [:]) { _ in true }
    }

    /// Gives a member another role.
    ///
    /// - Throws: `accounts.notFound` when there is no such member, or it owns the tenant; or a `StorageError`.
    public func setRole(
        _ role: Role, of person: ID<Person>, in tenant: Tenant, by actor: AuditEntry.Actor
    ) async throws {
        precondition(role != .operator, "operators are appointed for the installation, not in a tenant")
        try await change(person, "role.changed", by: actor, in: tenant, ["role": role.rawValue]) { transaction in
            try await self.people.setRole(role, of: person, in: tenant, transaction)
        }
    }

    /// Bans a member from the tenant.
    ///
    /// - Parameters:
    ///   - person: Who is banned.
    ///   - tenant: From where.
    ///   - actor: Who does it.
    ///   - authority: The role of who does it; only members of a lower role can be banned.
    ///   - reason: Why; kept in the audit entry.
    /// - Throws: `accounts.notFound` when there is no such member, it owns the tenant, or its role is as high; or a
    ///   `StorageError`.
    public func ban(
        _ person: ID<Person>, in tenant: Tenant, by actor: AuditEntry.Actor, authority: Role, reason: String
    ) async throws {
        let now = clock.now()
        try await change(person, "person.banned", by: actor, in: tenant, ["reason": reason]) { transaction in
            try await self.people.setBan(now, of: person, in: tenant, authority: authority, transaction)
        }
    }

    /// Lifts a ban.
    ///
    /// - Throws: `accounts.notFound` when there is no such member, or its role is as high; or a `StorageError`.
    public func unban(
        _ person: ID<Person>, in tenant: Tenant, by actor: AuditEntry.Actor, authority: Role
    ) async throws {
        try await change(person, "person.unbanned", by: actor, in: tenant, [:]) { transaction in
            try await self.people.setBan(nil, of: person, in: tenant, authority: authority, transaction)
        }
    }

    /// Bans a person from the whole installation, or lifts such a ban; for operators, who cannot be banned themselves.
    ///
    /// - Parameters:
    ///   - person: Who.
    ///   - state: Banned or not.
    ///   - tenant: In whose audit trail it is told.
    ///   - actor: Who does it.
    ///   - reason: Why; kept in the audit entry.
    /// - Throws: `accounts.notFound` when there is no such person, or it is an operator; or a `StorageError`.
    public func setBanEverywhere(
        of person: ID<Person>, to state: BanState, toldIn tenant: Tenant, by actor: AuditEntry.Actor, reason: String
    ) async throws {
        let time = state == .banned ? clock.now() : nil
        let action: StaticString = state == .banned ? "person.bannedEverywhere" : "person.unbannedEverywhere"
        try await change(person, action, by: actor, in: tenant, ["reason": reason]) { transaction in
            try await self.people.setBanEverywhere(time, of: person, transaction)
        }
    }

    /// Whether a person is kept out.
    public enum BanState: String, Sendable, CaseIterable {
        /// Kept out.
        case banned
        /// Let in.
        case free
    }

    /// Takes note that the person's address is the person's; returns the version for the session that goes on.
    ///
    /// - Throws: `accounts.notFound` when there is no such person, or it was verified before; or a `StorageError`.
    @discardableResult
    public func verify(_ person: ID<Person>, in tenant: Tenant, by actor: AuditEntry.Actor) async throws -> Int {
        let now = clock.now()
        return try await change(person, "person.verified", by: actor, in: tenant, [:]) { transaction in
            try await self.people.verify(person, at: now, transaction)
        }
    }

    /// Gives a person another password, after the old one, and ends all sessions.
    ///
    /// - Parameters:
    ///   - person: Who.
    ///   - old: What was typed as the old password.
    ///   - new: What was typed as the new one.
    ///   - tenant: Where the change is recorded.
    ///   - address: The client's address; wrong old passwords count as failed sign-ins.
    /// - Returns: What became of it; the session that goes on has the new version.
    /// - Throws: `accounts.passwordInvalid` when the new one cannot be taken, `accounts.busy`, or a `StorageError`.
    public func changePassword(
        of person: ID<Person>, from old: Secret<String>, to new: Secret<String>, in tenant: Tenant,
        at address: IPAddress
    ) async throws -> SignInOutcome {
        guard let found = try await people.credentials(of: person, in: tenant), let role = found.roleInForce,
            let stored = PasswordHash(found.password)
        else { return .refused }
        let email = found.profile.email
        if let refusal = PasswordRule.refusal(of: new, email: email) { throw AccountsError(.passwordInvalid, refusal) }
        let confirmed = try await confirm(old, stored, email, address)
        guard confirmed == nil else { return confirmed ?? .refused }
        let hash = try await hash(new)
        let version = try await change(person, "password.changed", by: .person(person), in: tenant, [:]) {
            transaction in
            try await self.people.setPassword(hash, of: person, transaction)
        }
        return .welcome(Welcome(profile: found.profile, role: role, version: version))
    }

    /// Checks the password of somebody who has a session, before something that cannot be taken back.
    ///
    /// - Parameters:
    ///   - password: What was typed as the password.
    ///   - person: Who.
    ///   - tenant: Where the session is good.
    ///   - address: The client's address; wrong passwords count as failed sign-ins.
    /// - Returns: Who it is as the database has it now, or why not.
    /// - Throws: `accounts.busy`, or a `StorageError`.
    public func confirm(
        _ password: Secret<String>, of person: ID<Person>, in tenant: Tenant, at address: IPAddress
    ) async throws -> SignInOutcome {
        guard let found = try await people.credentials(of: person, in: tenant), let role = found.roleInForce,
            let stored = PasswordHash(found.password)
        else { return .refused }
        return try await confirm(password, stored, found.profile.email, address)
            ?? .welcome(Welcome(profile: found.profile, role: role, version: found.version))
    }

    /// Why a password is not taken; `nil` when it is.
    private func confirm(
        _ password: Secret<String>, _ stored: PasswordHash, _ email: EmailAddress, _ address: IPAddress
    ) async throws -> SignInOutcome? {
        if let wait = gate.admit(email, address) { return .limited(retryAfter: wait) }
        let isLong = password.reveal { $0.utf8.count > PasswordRule.bytesMax }
        guard !isLong, try await workshop.run({ () throws(AccountsError) in try stored.matches(password) }) else {
            return .refused
        }
        gate.forgive(email, address)
        return nil
    }

    /// A change after which the person's sessions are no longer true: the change, the epoch and the audit entry are one.
    @discardableResult
    private func change(
        _ person: ID<Person>, _ action: StaticString, by actor: AuditEntry.Actor, in tenant: Tenant,
        _ detail: [String: String], _ body: @Sendable (WriteTransaction) async throws -> Bool
    ) async throws -> Int {
        let now = clock.now()
        let version = try await storage.write(bypassingTenant: AccountsSchema.peopleCapability) { transaction in
            guard try await body(transaction) else {
                throw AccountsError(.notFound, "There is no such member, or the change is not possible for this one.")
            }
            let version = try await people.raiseEpoch(of: person, at: now, transaction)
            try await trail.append(
                action, by: actor, on: ("person", person.description), detail, for: tenant, in: transaction)
            return version
        }
        await epochs.announce(person, version: version)
        events.record(
            .sessionsRevoked, ["person": .text(person.description), "reason": .text(action.description)])
        return version
    }
}
