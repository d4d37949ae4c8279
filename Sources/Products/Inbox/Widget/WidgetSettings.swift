import Base
import InboxVendors
import Storage

/// How a company's widget looks and behaves.
struct WidgetSettings: Sendable, Hashable, Codable {
    enum Bounds {
        static let textCharacters = 300
        static let titleCharacters = 60
        /// Seconds after which a widget opens by itself, where it does.
        static let opensAfter = 3
        static let radius = 0...24
    }

    /// What a visitor is asked before the first message; all of it may be left empty.
    enum Field: String, Sendable, Hashable, Codable, CaseIterable { case name, email, phone }

    /// Which colours it has.
    enum Scheme: String, Sendable, Hashable, Codable, CaseIterable {
        /// As the visitor's device has it.
        case auto
        case light, dark
    }

    /// On which sites it may stand, exactly.
    var origins: [String] = []
    var title = "Chat with us"
    var greeting = "Hello! Ask us anything; we answer here."
    /// What the bot is called.
    var botName = "Assistant"
    /// The colour of buttons and of the visitor's own messages, as `#rrggbb`.
    var accent = "#1f6f4a"
    /// Of corners, in pixels.
    var radius = 14
    var scheme = Scheme.auto
    var fields: [Field] = [.name, .email]
    /// Whether it opens by itself after three seconds, once for a visitor.
    var opensByItself = false
    /// Whether visitors may send files.
    var takesFiles = true

    /// The name of the first rule that is broken; `nil` when all hold.
    var fault: String? {
        if OriginRule(origins) == nil { return "origins" }
        if !(1...Bounds.titleCharacters).contains(title.unicodeScalars.count) { return "title" }
        if !(1...Bounds.titleCharacters).contains(botName.unicodeScalars.count) { return "botName" }
        if greeting.unicodeScalars.count > Bounds.textCharacters { return "greeting" }
        if !Self.isColour(accent) { return "accent" }
        if !Bounds.radius.contains(radius) { return "radius" }
        return Set(fields).count == fields.count ? nil : "fields"
    }

    /// The sites, as browsers name them.
    var rule: OriginRule? { OriginRule(origins) }

    private static func isColour(_ text: String) -> Bool {
        text.utf8.count == 7 && text.hasPrefix("#") && text.dropFirst().allSatisfy(\.isHexDigit)
    }

    /// Whether white can be read on the accent, by the contrast of WCAG 2; black can otherwise.
    var isAccentDark: Bool {
        let digits = Array(accent.utf8.dropFirst())
        guard digits.count == 6 else { return true }
        let parts = stride(from: 0, to: 6, by: 2).map { place -> Double in
            let value = Int(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
            let part = Double(value) / 255
            return part <= 0.040_45 ? part / 12.92 : WidgetSettings.power((part + 0.055) / 1.055)
        }
        let luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05
    }

    /// To the power of 2.4, near enough for a choice of two.
    private static func power(_ value: Double) -> Double { value * value * value.squareRoot() }
}

/// The settings of widgets, and who visits them.
struct WidgetStore: Sendable {
    let storage: Storage

    func settings(of channel: ID<Channel>, in tenant: Tenant) async throws(StorageError) -> WidgetSettings? {
        try await storage.reader(for: tenant).first(
            SettingsRow.self, "widget.settings",
            """
            SELECT w.content FROM inbox_widgets w WHERE w.tenant_id = \(tenant) AND w.channel_id = \(channel)
            """)?.settings
    }

    func set(
        _ settings: WidgetSettings, of channel: ID<Channel>, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "widget.set",
            """
            INSERT INTO inbox_widgets (tenant_id, channel_id, content, changed_at)
            VALUES (\(tenant), \(channel), \(try StoredJSON.text(settings)), \(time))
            ON CONFLICT (tenant_id, channel_id) DO UPDATE SET content = excluded.content, changed_at = excluded.changed_at
            """)
    }

    /// A visitor's newest conversation.
    func conversation(
        of point: ID<ContactPoint>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Conversation? {
        try await reading.first(
            Conversation.self, "widget.conversation",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.contact_point_id = \(point) ORDER BY c.id DESC
            """)
    }

    /// What a visitor may see of a thread, in the order of its numbers.
    func shown(
        of conversation: ID<Conversation>, after sequence: Int64, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        try await storage.reader(for: tenant).list(
            Message.self, "widget.shown",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.conversation_id = \(conversation) AND m.sequence > \(sequence)
                AND m.role IN ('customer', 'agent', 'bot') AND m.delivery NOT IN ('failed', 'withdrawn')
            ORDER BY m.sequence
            """, limit: limit)
    }

    /// How many wait for a person at a channel since before a time, at most a hundred.
    func waiting(
        before time: Timestamp, at channel: ID<Channel>, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await storage.reader(for: tenant).first(
            CountRow.self, "widget.waiting",
            """
            SELECT count(*) FROM (SELECT 1 FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
                AND c.state = 'open' AND c.assignee_id IS NULL AND c.channel_id = \(channel)
                AND c.bot IN ('waiting', 'off') AND c.opened_at < \(time) LIMIT 100) w
            """)?.count ?? 0
    }

    /// Fills in what a visitor has told of themselves; what is known already stays.
    func introduce(
        _ contact: Contact, at point: ID<ContactPoint>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "widget.introduce",
            """
            UPDATE inbox_contacts SET name = CASE WHEN name = \(Contact.nameless) THEN \(contact.name) ELSE name END,
                search_name = CASE WHEN name = \(Contact.nameless) THEN \(contact.name.lowercased()) ELSE search_name END,
                email = coalesce(email, \(contact.email)), phone = coalesce(phone, \(contact.phone)),
                locale = coalesce(\(contact.locale), locale), version = version + 1
            WHERE tenant_id = \(tenant) AND id = (SELECT p.contact_id FROM inbox_contact_points p
                WHERE p.tenant_id = \(tenant) AND p.id = \(point))
            """) == 1
    }
}

private struct SettingsRow: RowDecodable {
    let settings: WidgetSettings

    init(row: SQLRow) throws(StorageError) { settings = try StoredJSON.read(try row.value(at: 0)) }
}

private struct CountRow: RowDecodable {
    let count: Int

    init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
}
