/// What can be exported, each as a table of its own.
enum ExportNoun: String, Sendable, Hashable, Codable, CaseIterable {
    case contacts, conversations, messages

    static let mediaType = "text/csv; charset=utf-8"

    /// The header line.
    var columns: [String] {
        switch self {
        case .contacts: ["id", "name", "email", "phone", "locale", "fields", "merged_into", "created_at"]
        case .conversations:
            [
                "id", "contact_id", "channel_id", "name", "state", "assignee_id", "messages", "customer_messages",
                "opened_at", "first_reply_at", "closed_at", "last_message_at",
            ]
        case .messages: ["id", "conversation_id", "sequence", "role", "person_id", "body", "delivery", "sent_at"]
        }
    }

    /// The name of a file of it, without extension.
    var fileName: String { "inbox-\(rawValue)" }
}
