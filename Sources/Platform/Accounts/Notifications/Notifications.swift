public import Base
import Jobs
public import Storage

/// What people are told: written in the transaction that causes it, read on their page, pushed to their devices.
///
/// ```swift
/// try await storage.write(for: tenant) { transaction in
///     try await winners.insert(winner, in: transaction)
///     try await notifications.notify(
///         [creator], .clipWon, NoticeMessage(title: "Your clip wins slot 12", link: "/slots/12"), for: tenant,
///         in: transaction)
/// }
/// ```
///
/// Either both happen or neither: what is not committed tells nobody, and what is committed is told even when the
/// process is killed a moment later.
public struct Notifications: Sendable {
    /// The bounds of one call.
    public enum Bounds {
        /// People told at once.
        public static let people = 500
        /// Unread notices that are counted; more are shown as `99+`.
        public static let unread = 100
        /// How far the clock of the node that sends may be behind the one that tells.
        static let skew = Duration.seconds(5)
        static let kinds = 100
        static let erased = 500
    }

    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness

    /// Opens the notices of an installation.
    public init(storage: Storage, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
    }

    /// Tells people something, within a transaction: two statements, however many people and devices there are, and the
    /// transaction's combined one where a device is to be told.
    ///
    /// Each person's preference for the kind decides whether it is on the page, pushed, both or neither.
    ///
    /// - Parameters:
    ///   - people: Whom, each once; at most ``Bounds/people``.
    ///   - kind: What kind of thing.
    ///   - message: What.
    ///   - lifetime: After what time a device that was switched off need not be told any more. Defaults to 1 day;
    ///     1 minute to 28 days.
    ///   - tenant: In which tenant.
    ///   - transaction: The transaction that does what is told.
    /// - Throws: `StorageError`; the transaction must not be committed then.
    public func notify(
        _ people: [ID<Person>], _ kind: NoticeKind, _ message: NoticeMessage, lifetime: Duration = .seconds(86_400),
        for tenant: Tenant, in transaction: WriteTransaction
    ) async throws(StorageError) {
        precondition(people.count <= Bounds.people, "\(people.count) people were to be told at once")
        precondition(
            (.seconds(60) ... .seconds(28 * 86_400)).contains(lifetime), "a push that is good for \(lifetime)")
        guard !people.isEmpty else { return }
        let now = clock.now()
        let told = people.map { (person: $0, id: ID<Notice>(at: now, using: randomness)) }
        let rows = SQLRows(told, { $0.id }, { $0.person })
        try await transaction.execute(
            "accounts.insertNotices",
            """
            WITH input(id, person_id) AS (\(rows: rows))
            INSERT INTO notifications (tenant_id, id, person_id, kind, title, text, link, created_at)
            SELECT \(tenant), input.id, input.person_id, \(kind.name), \(message.title), \(message.text),
                \(message.link), \(now)
            FROM input WHERE NOT EXISTS (
                SELECT 1 FROM notification_preferences p WHERE p.tenant_id = \(tenant)
                    AND p.person_id = input.person_id AND p.kind = \(kind.name) AND NOT p.in_app)
            """)
        let pushes = try await transaction.execute(
            "accounts.insertPushes",
            """
            WITH input(id, person_id) AS (\(rows: rows))
            INSERT INTO push_deliveries (tenant_id, notification_id, subscription_id, kind, title, text, link, urgency,
                attempts, due_at, expires_at, created_at)
            SELECT \(tenant), input.id, s.id, \(kind.name), \(message.title), \(message.text), \(message.link),
                \(kind.urgency.rawValue), 0, \(now - Bounds.skew), \(now + lifetime), \(now)
            FROM input JOIN push_subscriptions s ON s.tenant_id = \(tenant) AND s.person_id = input.person_id
            WHERE NOT EXISTS (
                SELECT 1 FROM notification_preferences p WHERE p.tenant_id = \(tenant)
                    AND p.person_id = input.person_id AND p.kind = \(kind.name) AND NOT p.pushed)
            """)
        if pushes > 0 { try transaction.enqueue(PushJobs.send, NoJobInput(), for: tenant) }
    }

    /// A page of a person's notices, the newest first.
    public func page(
        of person: ID<Person>, in tenant: Tenant, after cursor: Cursor? = nil, limit: Int = 20
    ) async throws(StorageError) -> Page<Notice> {
        try await storage.reader(for: tenant).page(
            Notice.self, "accounts.noticePage",
            """
            SELECT \(sql: Notice.columns) FROM notifications
            WHERE tenant_id = \(tenant) AND person_id = \(person)
            """, order: .descending("id"), after: cursor, limit: limit)
    }

    /// How many notices a person has not read, counted up to ``Bounds/unread``.
    public func unread(of person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> Int {
        try await storage.reader(for: tenant).aggregate(
            Count.self, "accounts.unreadNotices",
            """
            SELECT count(*) AS number FROM (
                SELECT 1 FROM notifications
                WHERE tenant_id = \(tenant) AND person_id = \(person) AND read_at IS NULL
                LIMIT \(Bounds.unread)) AS unread
            """
        ).number
    }

    /// Notes that a person has read a notice; returns where it leads, `nil` when there is none of theirs.
    public func markRead(
        _ notice: ID<Notice>, by person: ID<Person>, in tenant: Tenant
    ) async throws(StorageError) -> String? {
        let now = clock.now()
        return try await storage.writer(for: tenant).returning(
            Link.self, "accounts.readNotice",
            """
            UPDATE notifications SET read_at = coalesce(read_at, \(now))
            WHERE tenant_id = \(tenant) AND id = \(notice) AND person_id = \(person) RETURNING link
            """, limit: 1
        ).first?.text
    }

    /// Notes that a person has read all notices told until now; returns how many were unread.
    @discardableResult
    public func markAllRead(by person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> Int {
        let now = clock.now()
        return try await storage.writer(for: tenant).execute(
            "accounts.readNotices",
            """
            UPDATE notifications SET read_at = \(now)
            WHERE tenant_id = \(tenant) AND person_id = \(person) AND read_at IS NULL
            """)
    }

    /// What a person has said about kinds of notices; of kinds that are not there nothing was said.
    public func preferences(
        of person: ID<Person>, in tenant: Tenant
    ) async throws(StorageError) -> [NoticePreference] {
        try await storage.reader(for: tenant).list(
            NoticePreference.self, "accounts.noticePreferences",
            """
            SELECT kind, in_app, pushed FROM notification_preferences
            WHERE tenant_id = \(tenant) AND person_id = \(person)
            """, limit: Bounds.kinds)
    }

    /// Keeps what a person says about kinds of notices.
    public func set(
        _ preferences: [NoticePreference], of person: ID<Person>, in tenant: Tenant
    ) async throws(StorageError) {
        precondition(preferences.count <= Bounds.kinds, "\(preferences.count) kinds of notices")
        guard !preferences.isEmpty else { return }
        let rows = SQLRows(preferences, { $0.kind }, { $0.isInApp }, { $0.isPushed })
        try await storage.writer(for: tenant).execute(
            "accounts.setNoticePreferences",
            """
            WITH input(kind, in_app, pushed) AS (\(rows: rows))
            INSERT INTO notification_preferences (tenant_id, person_id, kind, in_app, pushed)
            SELECT \(tenant), \(person), input.kind, input.in_app, input.pushed FROM input WHERE true
            ON CONFLICT (tenant_id, person_id, kind)
            DO UPDATE SET in_app = excluded.in_app, pushed = excluded.pushed
            """)
    }

    /// Forgets notices, preferences and devices of a person, a bounded part of them; returns whether there may be more.
    public func erase(
        _ person: ID<Person>, of tenant: Tenant, in transaction: any Writing
    ) async throws(StorageError) -> Bool {
        let removed = try await transaction.execute(
            "accounts.eraseNotices",
            """
            DELETE FROM notifications WHERE tenant_id = \(tenant) AND id IN (
                SELECT id FROM notifications WHERE tenant_id = \(tenant) AND person_id = \(person)
                LIMIT \(Bounds.erased))
            """)
        try await transaction.execute(
            "accounts.eraseNoticePreferences",
            "DELETE FROM notification_preferences WHERE tenant_id = \(tenant) AND person_id = \(person)")
        try await transaction.execute(
            "accounts.erasePushSubscriptions",
            "DELETE FROM push_subscriptions WHERE tenant_id = \(tenant) AND person_id = \(person)")
        return removed == Bounds.erased
    }

    /// What is handed over to a person who wants their data, and removed of one who leaves.
    public var personalData: PersonalData {
        PersonalData(product: "notifications") { person, tenant, emit in
            var cursor: Cursor?
            repeat {
                let page = try await page(of: person, in: tenant, after: cursor, limit: Bounds.people)
                for notice in page.items { try await emit("notice", NoticeOutput(notice)) }
                cursor = page.next
            } while cursor != nil
            for preference in try await preferences(of: person, in: tenant) {
                try await emit("noticePreference", preference)
            }
            let devices = try await storage.reader(for: tenant).list(
                Device.self, "accounts.exportDevices",
                """
                SELECT endpoint, created_at FROM push_subscriptions
                WHERE tenant_id = \(tenant) AND person_id = \(person)
                """, limit: Bounds.kinds)
            for device in devices { try await emit("device", device) }
        } erase: { leaver, tenant in
            try await storage.write(for: tenant) { transaction in
                try await erase(leaver.person, of: tenant, in: transaction) ? .more : .done
            }
        }
    }

    private struct Device: RowDecodable, Encodable {
        let endpoint: String
        let createdAt: Timestamp

        init(row: SQLRow) throws(StorageError) {
            endpoint = try row.value("endpoint")
            createdAt = try row.value("created_at")
        }
    }

    private struct Count: RowDecodable {
        let number: Int

        init(row: SQLRow) throws(StorageError) { number = try row.value("number") }
    }

    private struct Link: RowDecodable {
        let text: String

        init(row: SQLRow) throws(StorageError) { text = try row.value(at: 0) }
    }
}
