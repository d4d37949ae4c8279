import Base
import Web

/// Everything of a company as tables: streamed in constant memory, ended by a count and a hash, and begun again behind the
/// last row that has come.
struct ExportRoutes: Sendable {
    let office: Office

    var routes: [Route] { [contacts, conversations, messages] + OrderedExportRoutes(office: office).routes }

    private var store: ExportStore { ExportStore(storage: office.storage) }

    private struct AfterInput<Entity>: Input {
        static var fields: [Field] { [.query("after", optional: .id, "Goes on behind this row.")] }

        let after: ID<Entity>?
    }

    private func route<Entity>(
        _ noun: ExportNoun, _ name: String, _ summary: String,
        _ export: @escaping @Sendable (ID<Entity>?, Tenant) -> CSVExport
    ) -> Route {
        Route(
            .get, PathTemplate("/exports/\(noun.rawValue)"), name, summary, policy: .signedIn,
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
            .contacts, "inbox.exportContacts", "Streams all contacts as CSV, in the order of their ids."
        ) { [store] (after: ID<Contact>?, tenant) in
            CSVExport(ExportNoun.contacts.fileName, columns: ExportNoun.contacts.columns) { output in
                try await store.contacts(after: after, in: tenant) { rows in
                    for row in rows { try await output.row(row) }
                }
            }
        }
    }

    private var conversations: Route {
        route(
            .conversations, "inbox.exportConversations",
            "Streams the heads of all conversations as CSV, in the order of their ids."
        ) { [store] (after: ID<Conversation>?, tenant) in
            CSVExport(ExportNoun.conversations.fileName, columns: ExportNoun.conversations.columns) { output in
                try await store.conversations(after: after, in: tenant) { rows in
                    for row in rows { try await output.row(row) }
                }
            }
        }
    }

    private var messages: Route {
        route(
            .messages, "inbox.exportMessages", "Streams all messages as CSV, in the order of their ids."
        ) { [store] (after: ID<Message>?, tenant) in
            CSVExport(ExportNoun.messages.fileName, columns: ExportNoun.messages.columns) { output in
                try await store.messages(after: after, in: tenant) { rows in
                    for row in rows { try await output.row(row) }
                }
            }
        }
    }
}
