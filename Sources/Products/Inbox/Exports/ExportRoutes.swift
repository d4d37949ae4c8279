import Base
import Web

/// Everything of a company as tables: streamed in constant memory, ended by a count and a hash, and begun again behind the
/// last row that has come.
struct ExportRoutes: Sendable {
    let office: Office

    var routes: [Route] { [contacts, conversations, messages] }

    private var store: ExportStore { ExportStore(storage: office.storage) }

    private struct AfterInput<Entity>: Input {
        static var fields: [Field] { [.query("after", optional: .id, "Goes on behind this row.")] }

        let after: ID<Entity>?
    }

    private func route<Entity>(
        _ what: String, _ name: String, _ summary: String,
        _ export: @escaping @Sendable (ID<Entity>?, Tenant) -> CSVExport
    ) -> Route {
        Route(
            .get, PathTemplate("/exports/\(what)"), name, summary, policy: .signedIn,
            limit: .per(.person, "inbox.export", 10), budget: 1, failures: [Failures.notAllowed]
        ) { (request: Request<AfterInput<Entity>>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                return export(request.input.after, request.tenant)
            }
        }
    }

    private var contacts: Route {
        route(
            "contacts", "inbox.exportContacts", "Streams all contacts as CSV, in the order of their ids."
        ) { [store] (after: ID<Contact>?, tenant) in
            CSVExport(
                "inbox-contacts",
                columns: ["id", "name", "email", "phone", "locale", "fields", "merged_into", "created_at"]
            ) { output in
                try await store.contacts(after: after, in: tenant) { contacts in
                    for contact in contacts {
                        output.id(contact.id)
                        output.text(contact.name)
                        output.text(contact.email ?? "")
                        output.text(contact.phone ?? "")
                        output.text(contact.locale ?? "")
                        output.text(
                            contact.fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(
                                separator: "; "))
                        if let other = contact.mergedInto { output.id(other) } else { output.empty() }
                        output.time(contact.createdAt)
                        try await output.endRow()
                    }
                }
            }
        }
    }

    private var conversations: Route {
        route(
            "conversations", "inbox.exportConversations",
            "Streams the heads of all conversations as CSV, in the order of their ids."
        ) { [store] (after: ID<Conversation>?, tenant) in
            CSVExport(
                "inbox-conversations",
                columns: [
                    "id", "contact_id", "channel_id", "name", "state", "assignee_id", "messages", "customer_messages",
                    "opened_at", "first_reply_at", "closed_at", "last_message_at",
                ]
            ) { output in
                try await store.conversations(after: after, in: tenant) { heads in
                    for head in heads {
                        output.id(head.id)
                        output.id(head.contactID)
                        output.id(head.channelID)
                        output.text(head.contactName)
                        output.text(head.state.rawValue)
                        if let person = head.assigneeID { output.id(person) } else { output.empty() }
                        output.integer(head.lastSequence)
                        output.integer(head.customerTotal)
                        output.time(head.openedAt)
                        if let time = head.firstReplyAt { output.time(time) } else { output.empty() }
                        if let time = head.closedAt { output.time(time) } else { output.empty() }
                        output.time(head.lastMessageAt)
                        try await output.endRow()
                    }
                }
            }
        }
    }

    private var messages: Route {
        route(
            "messages", "inbox.exportMessages", "Streams all messages as CSV, in the order of their ids."
        ) { [store] (after: ID<Message>?, tenant) in
            CSVExport(
                "inbox-messages",
                columns: ["id", "conversation_id", "sequence", "role", "person_id", "body", "delivery", "sent_at"]
            ) { output in
                try await store.messages(after: after, in: tenant) { messages in
                    for message in messages {
                        output.id(message.id)
                        output.id(message.conversationID)
                        output.integer(message.sequence)
                        output.text(message.role.rawValue)
                        if let person = message.personID { output.id(person) } else { output.empty() }
                        output.text(message.body)
                        output.text(message.delivery.rawValue)
                        output.time(message.sentAt)
                        try await output.endRow()
                    }
                }
            }
        }
    }
}
