import Base
import Storage
import Web

/// Contacts over HTTP.
struct ContactRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, show, change, thread, suggestions, merge, undo] }

    private static let merged = Failure(
        "inbox.alreadyMerged", 409, "One of them is part of another contact already.")

    private struct ContactOutput: Output {
        struct Field: Encodable {
            let key: String
            let value: String
        }

        static let fields: [Web.Field] = [
            .body("id", .id), .body("name", .text), .body("email", optional: .text), .body("phone", optional: .text),
            .body("locale", optional: .text),
            .body("fields", .list(.object([.body("key", .text), .body("value", .text)]))),
            .body("mergedInto", optional: .id), .body("createdAt", .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Contact>
        let name: String
        let email: String?
        let phone: String?
        let locale: String?
        let fields: [Field]
        let mergedInto: ID<Contact>?
        let createdAt: Timestamp

        init(_ contact: Contact) {
            id = contact.id
            name = contact.name
            email = contact.email
            phone = contact.phone
            locale = contact.locale
            fields = contact.fields.sorted { $0.key < $1.key }.map { Field(key: $0.key, value: $0.value) }
            mergedInto = contact.mergedInto
            createdAt = contact.createdAt
        }
    }

    private struct PageInput: Input {
        static let fields: [Field] = [
            .query(
                "name", optional: .text(0...120), default: "",
                "Words of names, an e-mail address or a number, each as it begins."),
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 25),
        ]

        let name: String
        let after: Cursor?
        let limit: Int
    }

    private struct ContactsOutput: Output {
        static let shape = Shape.object([
            .body("contacts", .list(.object(ContactOutput.fields))), .body("next", optional: .cursor),
        ])

        let contacts: [ContactOutput]
        let next: String?
    }

    private var list: Route {
        Route(
            .get, "/contacts", "inbox.listContacts", "Lists contacts by name.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [office] (request: Request<PageInput>) in
            let input = request.input
            let page = try await refusing {
                try await office.contacts.store.page(
                    ContactWords(input.name), after: input.after, limit: input.limit, in: request.tenant)
            }
            return ContactsOutput(
                contacts: page.items.map { ContactOutput($0.contact) }, next: page.next?.description)
        }
    }

    private struct OfContact: Input {
        static let fields: [Field] = [.path("id", .id, "The contact.")]

        let id: ID<Contact>
    }

    private var show: Route {
        Route(
            .get, "/contacts/{id}", "inbox.getContact", "Tells of a contact.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.missing]
        ) { [office] (request: Request<OfContact>) in
            try await refusing {
                ContactOutput(try await office.contacts.contact(request.input.id, in: request.tenant))
            }
        }
    }

    private struct ChangeInput: Input {
        struct Value: Decodable, Sendable {
            let key: String
            let value: String
        }

        static let fields: [Field] = [
            .path("id", .id, "The contact."),
            .body("name", optional: .text(1...Contact.Bounds.nameCharacters)),
            .body("email", optional: .text(0...Contact.Bounds.emailBytes)),
            .body("phone", optional: .text(0...Contact.Bounds.phoneBytes)),
            .body(
                "fields",
                optional: .list(
                    .object([.body("key", .text(1...64)), .body("value", .text(0...1_000))]),
                    0...Contact.Bounds.fields), "All further fields."),
        ]

        let id: ID<Contact>
        let name: String?
        let email: String?
        let phone: String?
        let fields: [Value]?
    }

    private var change: Route {
        Route(
            .patch, "/contacts/{id}", "inbox.changeContact", "Changes a contact.", policy: .signedIn,
            limit: Rates.writing, budget: 6,
            failures: [
                Failures.missing, Failure("inbox.contactInvalid", 422, "A field breaks a rule that is named."),
            ]
        ) { [office] (request: Request<ChangeInput>) in
            let input = request.input
            return try await refusing {
                _ = try request.context.person(atLeast: .agent)
                var change = ContactDesk.Change(name: input.name, email: input.email, phone: input.phone)
                change.fields = input.fields.map { fields in
                    Dictionary(fields.map { ($0.key, $0.value) }) { $1 }
                }
                return ContactOutput(try await office.contacts.change(input.id, change, in: request.tenant))
            }
        }
    }

    private struct ThreadInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The contact."), .query("before", optional: .timestamp, "Messages said before then."),
            .query("limit", optional: .integer(1...100), default: 50),
        ]

        let id: ID<Contact>
        let before: Timestamp?
        let limit: Int
    }

    private struct ThreadOutput: Output {
        static let shape = Shape.object([.body("messages", .list(.object(MessageLine.fields)))])

        let messages: [MessageLine]
    }

    private var thread: Route {
        Route(
            .get, "/contacts/{id}/thread", "inbox.getContactThread",
            "Lists what was said in all conversations with a contact, the newest first.", policy: .signedIn,
            limit: Rates.reading, budget: 1
        ) { [office] (request: Request<ThreadInput>) in
            let input = request.input
            let agent = try await office.agents.agent(of: request.context)
            let messages = try await office.contacts.store.thread(
                of: input.id, before: input.before ?? (office.clock.now() + .seconds(86_400)), for: agent,
                limit: input.limit, in: request.tenant)
            return ThreadOutput(messages: messages.map(MessageLine.init))
        }
    }

    private var suggestions: Route {
        Route(
            .get, "/contacts/{id}/alike", "inbox.listAlike",
            "Lists contacts with the same e-mail address or telephone number, who may be the same.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.missing]
        ) { [office] (request: Request<OfContact>) in
            try await refusing {
                let contact = try await office.contacts.contact(request.input.id, in: request.tenant)
                let alike = try await office.contacts.store.alike(contact, in: request.tenant)
                return ContactsOutput(contacts: alike.map(ContactOutput.init), next: nil)
            }
        }
    }

    // MARK: Merging

    private struct MergeInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The contact that stays."), .body("from", .id, "The one that is taken into it."),
            .body(
                "choose", optional: .list(.text(1...80), 0...60),
                "Fields of which the one's value is taken although the other has one: `name`, `email`, `phone`, `locale`, `fields.KEY`."
            ),
        ]

        let id: ID<Contact>
        let from: ID<Contact>
        let choose: [String]?
    }

    private struct MergeOutput: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("from", .id), .body("into", .id), .body("points", .integer),
            .body("conversations", .integer), .body("filled", .list(.text)), .body("replaced", .list(.text)),
        ])

        let id: ID<Merge>
        let from: ID<Contact>
        let into: ID<Contact>
        let points: Int
        let conversations: Int
        let filled: [String]
        let replaced: [String]

        init(_ merge: Merge) {
            id = merge.id
            from = merge.from
            into = merge.into
            points = merge.moved.points.count
            conversations = merge.moved.conversations.count
            filled = merge.moved.filled
            replaced = merge.moved.replaced.map(\.field)
        }
    }

    private var merge: Route {
        Route(
            .post, "/contacts/{id}/merge", "inbox.mergeContacts", "Takes a contact into another; can be undone.",
            policy: .signedIn, limit: Rates.writing, budget: 10, status: 201, failures: [Failures.missing, Self.merged]
        ) { [office] (request: Request<MergeInput>) in
            try await refusing {
                MergeOutput(
                    try await office.contacts.merge(
                        request.input.from, into: request.input.id, choosing: Set(request.input.choose ?? []),
                        by: try request.context.person(atLeast: .agent), in: request.tenant))
            }
        }
    }

    private struct OfMerge: Input {
        static let fields: [Field] = [.path("id", .id, "The merge.")]

        let id: ID<Merge>
    }

    private var undo: Route {
        Route(
            .post, "/merges/{id}/undo", "inbox.undoMerge", "Puts back exactly what a merge has moved.",
            policy: .signedIn, limit: Rates.writing, budget: 12, failures: [Failures.missing, Self.merged]
        ) { [office] (request: Request<OfMerge>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                return MergeOutput(try await office.contacts.undo(request.input.id, in: request.tenant))
            }
        }
    }
}
