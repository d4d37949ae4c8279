public import Base
public import Limits
public import Storage
public import Web

/// Invites people into tenants by their address, and takes invitations back.
///
/// An invitation is a link with 256 bits of chance that is good once, for seven days, and for one address. It is shown to
/// whoever invites, who hands it over: whoever opens it has to sign in or up by that address, see
/// ``Doorkeeper/signUp(name:password:by:into:from:)``.
public struct Invitations: Sendable {
    /// The bounds of a tenant.
    public enum Bounds {
        /// Invitations that are open at once.
        public static let open = 200
        /// Invitations that are given in an hour.
        public static let perHour = 100
    }

    private let store: InvitationStore
    private let storage: Storage
    private let trail: AuditTrail
    private let limiter: RateLimiter
    private let clock: any WallClock
    private let randomness: any Randomness

    /// Opens the invitations of an installation.
    ///
    /// - Parameters:
    ///   - storage: Where invitations are.
    ///   - limits: Where the limit of an hour is entered.
    ///   - clock: The time.
    ///   - randomness: What links are made of; must be the system's outside of tests.
    public init(storage: Storage, limits: LimitRegistry, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        store = InvitationStore(storage: storage)
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
        limiter = limits.limiter(for: .init("accounts.invitations", limit: Bounds.perHour, per: .seconds(3_600)))
    }

    /// Invites somebody; an earlier invitation of the address that waits is good no longer.
    ///
    /// An open one to a role above `authority` stays: only who could give it can replace it.
    ///
    /// Three statements.
    ///
    /// - Parameters:
    ///   - email: What was typed as the address.
    ///   - role: What the person may do as a member; not above `authority`.
    ///   - person: Who invites.
    ///   - authority: What who invites may do.
    ///   - tenant: Where to.
    /// - Returns: The invitation, and the text of its link, which is stored nowhere.
    /// - Throws: `accounts.emailInvalid`, `accounts.roleTooHigh`, `accounts.alreadyMember`,
    ///   `accounts.tooManyInvitations`, `accounts.limited`, or a `StorageError`.
    public func invite(
        _ email: String, as role: Role, by person: ID<Person>, authority: Role, to tenant: Tenant
    ) async throws -> (id: ID<Invitation>, token: Secret<String>) {
        guard let email = EmailAddress(email) else {
            throw AccountsError(.emailInvalid, "This is no e-mail address.")
        }
        guard role <= authority, role != .operator else {
            throw AccountsError(.roleTooHigh, "Nobody can give a role above their own.")
        }
        let key = LimitKey(tenant)
        if let refusal = limiter.admit(key).refusal {
            throw Problem(
                AccountsError.Code.limited.rawValue,
                "\(Bounds.perHour) invitations were given within an hour. Try again later.",
                retryAfter: refusal.retryAfter ?? .seconds(3_600))
        }
        let (token, hash) = InvitationText.make(using: randomness)
        let now = clock.now()
        do {
            let id = try await storage.write(for: tenant) { transaction in
                if let known = try await store.role(of: email, in: tenant, through: transaction), known >= role {
                    throw AccountsError(.alreadyMember, "Somebody with this address is a member already.")
                }
                let given = try await store.give(
                    ID(at: now, using: randomness), to: email, as: role, hash: hash, by: person,
                    authority: authority, at: now, openMax: Bounds.open, in: tenant, through: transaction)
                guard let given else {
                    let isHigher = try await store.isHigherWaiting(
                        email, than: authority, at: now, in: tenant, through: transaction)
                    if isHigher {
                        throw AccountsError(
                            .roleTooHigh,
                            "A higher role waits for this address; only who could give it can replace it.")
                    }
                    throw AccountsError(
                        .tooManyInvitations, "\(Bounds.open) invitations are open; take one back first.")
                }
                try await trail.append(
                    "invitation.given", by: .person(person), on: ("invitation", given.description),
                    ["role": role.rawValue], for: tenant, in: transaction)
                return given
            }
            return (id, token)
        } catch {
            // What came to nothing uses nothing up.
            limiter.giveBack(key)
            throw error
        }
    }

    /// The invitations that wait to be accepted, the newest first, with those whose time is over last.
    public func waiting(of tenant: Tenant, limit: Int = Bounds.open) async throws(StorageError) -> [Invitation] {
        try await store.waiting(of: tenant, limit: limit)
    }

    /// The invitation of a link; `nil` when there is none, or it was given anew since.
    public func find(_ token: Secret<String>, in tenant: Tenant) async throws(StorageError) -> Invitation? {
        try await store.find(InvitationText.hash(token), in: tenant, through: storage.reader(for: tenant))
    }

    /// Takes an invitation back: two statements.
    ///
    /// - Parameters:
    ///   - id: Which one.
    ///   - tenant: Of which tenant.
    ///   - person: Who takes it back.
    ///   - authority: What that person may do; invitations to higher roles are not theirs to take back.
    /// - Throws: `accounts.notFound` when none of this id waits, `accounts.roleTooHigh`, or a `StorageError`.
    public func withdraw(
        _ id: ID<Invitation>, of tenant: Tenant, by person: ID<Person>, authority: Role
    ) async throws {
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            guard let role = try await store.withdraw(id, at: now, in: tenant, through: transaction) else {
                throw AccountsError(.notFound, "There is no such invitation, or it was accepted or taken back.")
            }
            guard role <= authority else {
                throw AccountsError(.roleTooHigh, "Only who could give this role can take its invitation back.")
            }
            try await trail.append(
                "invitation.withdrawn", by: .person(person), on: ("invitation", id.description), [:], for: tenant,
                in: transaction)
        }
    }

    /// The address of an invitation's page, as it is handed over.
    ///
    /// - Parameters:
    ///   - token: The text of the link.
    ///   - origin: Where this installation is reached, as in `https://inbox.example.com`.
    ///   - next: A path to go to afterwards; empty for none.
    /// - Returns: The address.
    public static func address(of token: Secret<String>, at origin: String, leadingTo next: String = "") -> String {
        let path = token.reveal { "\(origin)/invitations/\($0)" }
        return next.isEmpty ? path : AccountsRoutes.link(path, next)
    }
}
