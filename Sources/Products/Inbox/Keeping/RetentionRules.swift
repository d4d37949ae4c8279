import Base

/// What a company keeps for how long.
struct RetentionRules: Sendable, Hashable, Codable {
    enum Bounds {
        /// The shortest and the longest time that can be said.
        static let days = 30...3_650
        /// Conversations whose messages go in one step.
        static let conversations = 200
        /// Files whose contents go in one step.
        static let files = 200
    }

    /// How long deliveries are kept as they came, whatever the company says.
    static let receiptDays = 30
    /// How long exports can be downloaded, whatever the company says.
    static let exportDays = 7

    /// Days after which a conversation goes that was closed; `nil` for never.
    var conversationDays: Int?
    /// Days after which the contents of files go; `nil` for never.
    var fileDays: Int?

    /// The field that breaks a rule; `nil` when none does.
    var fault: String? {
        if let conversationDays, !Bounds.days.contains(conversationDays) { return "conversationDays" }
        if let fileDays, !Bounds.days.contains(fileDays) { return "fileDays" }
        return nil
    }
}

/// What a company has said about what it keeps, and what has gone by it.
struct RetentionRecord: Sendable, Hashable {
    var rules = RetentionRules()
    var changedAt: Timestamp?
    /// Conversations that have gone since there are rules.
    var conversations: Int64 = 0
    /// Files whose contents have gone.
    var files: Int64 = 0
    /// When something went last.
    var lastAt: Timestamp?
}
