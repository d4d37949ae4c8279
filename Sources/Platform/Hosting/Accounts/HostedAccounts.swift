public import Accounts
public import Base
public import Caching
public import Coordination
public import Jobs
public import Limits
public import Outbound
public import ServiceLifecycle
public import Storage
public import Telemetry
public import Web

/// The accounts of an installation: tenants, people, sessions and keys, with what keeps them up to date.
public struct HostedAccounts: Sendable {
    /// The short name of the tenant that is served where no other is.
    public static let homeSlug = "main"

    /// Which tenants there are.
    public let directory: TenantDirectory
    /// Which sessions are good.
    public let epochs: SessionEpochs
    /// Which API keys there are.
    public let keys: KeyRing
    /// Who did what.
    public let trail: AuditTrail
    /// Lets people in and out.
    public let doorkeeper: Doorkeeper
    private let upkeep: AccountsUpkeep
    private let openPersonalData: @Sendable ([PersonalData]) -> PersonalDataDesk
    private let notifications: Notifications
    private let invitations: Invitations
    private let kinds: [NoticeKind]
    private let push: NotificationRoutes.Push?
    private let sender: PushSender?

    /// Puts the parts together; nothing is read before ``open(named:joining:)``.
    ///
    /// - Parameters:
    ///   - storage: where accounts are.
    ///   - caches: where the cache of keys is entered.
    ///   - limits: where the limits of signing in are entered.
    ///   - clock: the time.
    ///   - randomness: what ids, salts and keys are made of.
    ///   - events: where sign-ins, refusals and failures are told.
    ///   - domain: under which domain tenants are served by their short name; `nil` for none.
    ///   - kinds: the kinds of notices that products send. Defaults to none.
    ///   - push: how devices are told; `nil`, the default, when they are not.
    ///   - coordination: carries revocations and tenants to other nodes. Defaults to none.
    public init(
        storage: Storage, caches: CacheRegistry, limits: LimitRegistry, clock: any WallClock,
        randomness: any Randomness, events: EventLog, domain: String?, kinds: [NoticeKind] = [],
        push: PushSetup? = nil, coordination: CoordinationServices? = nil
    ) {
        directory = TenantDirectory(
            storage: storage, clock: clock, randomness: randomness, domain: domain, bus: coordination?.bus)
        epochs = SessionEpochs(storage: storage, clock: clock, bus: coordination?.bus)
        keys = KeyRing(storage: storage, caches: caches, clock: clock, randomness: randomness, events: events)
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
        doorkeeper = Doorkeeper(
            storage: storage, directory: directory, epochs: epochs, limits: limits, clock: clock,
            randomness: randomness, events: events)
        openPersonalData = { [doorkeeper, epochs] parts in
            PersonalDataDesk(
                parts: parts, storage: storage, doorkeeper: doorkeeper, epochs: epochs, clock: clock,
                randomness: randomness, events: events)
        }
        upkeep = AccountsUpkeep(
            epochs: epochs, directory: directory, keys: keys, clock: clock, events: events,
            pace: coordination?.pace(untold: AccountsUpkeep.interval) ?? WatchPace(untold: AccountsUpkeep.interval))
        notifications = Notifications(storage: storage, clock: clock, randomness: randomness)
        invitations = Invitations(storage: storage, limits: limits, clock: clock, randomness: randomness)
        self.kinds = [.invitationAccepted] + kinds
        self.push = push.map {
            .init(
                subscriptions: PushSubscriptions(storage: storage, clock: clock, randomness: randomness),
                identity: $0.identity, outbound: $0.outbound)
        }
        sender = push.map {
            PushSender(
                storage: storage, identity: $0.identity, outbound: $0.outbound, clock: clock, randomness: randomness,
                events: events)
        }
    }

    /// Learns what there is, and makes the first tenant of a new installation.
    ///
    /// - Parameters:
    ///   - name: what the first tenant is called.
    ///   - joining: who may become its member.
    /// - Returns: the tenant that is served where no other is.
    /// - Throws: errors of storage.
    public func open(named name: String, joining: TenantRecord.Joining) async throws -> Tenant {
        try await upkeep.load()
        let home = try await home(named: name, joining: joining)
        directory.serveElsewhere(home)
        return home
    }

    private func home(named name: String, joining: TenantRecord.Joining) async throws -> Tenant {
        if let home = directory.tenant(slug: Self.homeSlug) { return home }
        do {
            return try await directory.create(slug: Self.homeSlug, name: name, joining: joining).tenant
        } catch let error as AccountsError where error.code == .slugTaken {
            // Another node made it a moment ago.
            try await upkeep.load()
            guard let home = directory.tenant(slug: Self.homeSlug) else { throw error }
            return home
        }
    }

    /// The routes to sign up, in and out, and to look after members, keys and audit entries.
    public var routes: [Route] {
        AccountsRoutes(doorkeeper: doorkeeper, keys: keys, trail: trail, directory: directory).routes
            + InvitationRoutes(invitations: invitations, doorkeeper: doorkeeper, directory: directory).routes
            + NotificationRoutes(notifications: notifications, kinds: kinds, push: push).routes
    }

    /// The desk at which people take their data and leave.
    ///
    /// - Parameter parts: what each product answers.
    /// - Returns: the desk; its jobs must be done for people who have left to be removed.
    public func personalData(_ parts: [PersonalData]) -> PersonalDataDesk {
        openPersonalData(parts + [notifications.personalData])
    }

    /// The routes of a desk.
    public func routes(of desk: PersonalDataDesk) -> [Route] {
        PersonalDataRoutes(desk: desk, doorkeeper: doorkeeper).routes
    }

    /// What is done by jobs and when: devices are told, people who have left are removed.
    public func jobs(of desk: PersonalDataDesk) -> (handlers: [JobHandler], schedules: [JobSchedule]) {
        let erasure = PersonalDataJobs(desk)
        let push = sender.map(PushJobs.init)
        return (erasure.handlers + (push?.handlers ?? []), erasure.schedules + (push?.schedules ?? []))
    }

    /// What runs until the process stops: keeps what this node holds in memory up to date.
    public var services: [any Service] {
        let (upkeep, epochs, directory) = (upkeep, epochs, directory)
        return [
            UntilTold { try await upkeep.run() }, UntilTold { try await epochs.listen() },
            UntilTold { try await directory.listen() },
        ]
    }
}

/// How devices are told.
public struct PushSetup: Sendable {
    let identity: PushIdentity
    let outbound: OutboundClient

    /// Says who we are to push services, and how they are reached.
    public init(identity: PushIdentity, outbound: OutboundClient) {
        self.identity = identity
        self.outbound = outbound
    }
}

private struct UntilTold: Service {
    let work: @Sendable () async throws -> Void

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await work() }
        } catch is CancellationError {
            // How it is told to stop.
        }
    }
}
