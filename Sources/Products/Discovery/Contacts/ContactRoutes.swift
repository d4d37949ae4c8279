import Base
import Storage
import Web

/// Messages to creators, notes and the log of what was done, over HTTP.
struct ContactRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [contact, contacts, note, notes, activities] }

    // MARK: Contacts

    private struct ContactInput: Input {
        let id: ID<Creator>
        let channel: Contact.Channel
        let text: String?
        let entryId: ID<ListEntry>?
        let bucket: String?
        let force: Bool

        static let fields: [Field] = [
            .path("id", .id, "The creator."), .body("channel", .choice(Contact.Channel.self)),
            .body("text", optional: .text(0...Contact.Bounds.textCharacters)),
            .body("entryId", optional: .id, "The card that moves with it."),
            .body("bucket", optional: .text(1...32), "Where the card goes; `contacted` when it is not given."),
            .body("force", optional: .boolean, default: .boolean(false), "Although a colleague wrote within 30 days."),
        ]
    }

    struct ContactOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("creatorId", .id), .body("listId", optional: .id), .body("person", .id),
            .body("name", .text), .body("channel", .choice(Contact.Channel.self)), .body("text", optional: .text),
            .body("at", .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Contact>
        let creatorId: ID<Creator>
        let listId: ID<CreatorList>?
        let person: ID<Person>
        let name: String
        let channel: Contact.Channel
        let text: String?
        let at: Timestamp

        init(_ contact: Contact, names: [ID<Person>: String]) {
            id = contact.id
            creatorId = contact.creatorID
            listId = contact.listID
            person = contact.personID
            name = names[contact.personID] ?? "Somebody"
            channel = contact.channel
            text = contact.text
            at = contact.at
        }
    }

    private var contact: Route {
        Route(
            .post, "/creators/{id}/contacts", "discovery.contactCreator",
            "Writes down that I wrote to a creator, and moves its card.", policy: .signedIn, limit: Rates.writing,
            budget: 5, status: 201,
            failures: ListRoutes.changing + [
                Failure(
                    "discovery.alreadyContacted", 409, "A colleague wrote within 30 days; `person` and `at` tell who.")
            ]
        ) { [room] (request: Request<ContactInput>) in
            let input = request.input
            return try await refusing {
                let asker = try request.asker(atLeast: .editor)
                let message = EntryDesk.Message(
                    creator: input.id, channel: input.channel, text: input.text,
                    entry: input.entryId.map { ($0, input.bucket ?? "contacted") }, isForced: input.force)
                let contact = try await room.entries.contact(message, by: asker, in: request.tenant)
                return ContactOutput(
                    contact, names: try await room.names.names(of: [asker.person], in: request.tenant))
            }
        }
    }

    private struct CreatorInput: Input {
        let id: ID<Creator>

        static let fields: [Field] = [.path("id", .id, "The creator.")]
    }

    private var contacts: Route {
        Route(
            .get, "/creators/{id}/contacts", "discovery.listContacts",
            "Lists who wrote to a creator, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [room] (request: Request<CreatorInput>) in
            let contacts = try await room.entries.contacts.contacts(
                of: request.input.id, limit: 100, in: request.tenant)
            let names = try await room.names.names(of: contacts.map(\.personID), in: request.tenant)
            return contacts.map { ContactOutput($0, names: names) }
        }
    }

    // MARK: Notes

    private struct NoteInput: Input {
        let listId: ID<CreatorList>?
        let creatorId: ID<Creator>?
        let text: String

        static let fields: [Field] = [
            .body("listId", optional: .id), .body("creatorId", optional: .id),
            .body("text", .text(1...Contact.Bounds.textCharacters)),
        ]
    }

    private struct NoteOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("listId", optional: .id), .body("creatorId", optional: .id), .body("person", .id),
            .body("name", .text), .body("text", .text), .body("at", .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Note>
        let listId: ID<CreatorList>?
        let creatorId: ID<Creator>?
        let person: ID<Person>
        let name: String
        let text: String
        let at: Timestamp

        init(_ note: Note, names: [ID<Person>: String]) {
            id = note.id
            listId = note.listID
            creatorId = note.creatorID
            person = note.personID
            name = names[note.personID] ?? "Somebody"
            text = note.text
            at = note.at
        }
    }

    private var note: Route {
        Route(
            .post, "/notes", "discovery.writeNote", "Writes a note about a list or a creator.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 201,
            failures: [Failures.missing, Failures.notAllowed, ListRoutes.invalid]
        ) { [room] (request: Request<NoteInput>) in
            let input = request.input
            return try await refusing {
                let note = try await room.note(
                    input.text, list: input.listId, creator: input.creatorId,
                    by: try request.asker(atLeast: .editor), in: request.tenant)
                return NoteOutput(
                    note, names: try await room.names.names(of: [note.personID], in: request.tenant))
            }
        }
    }

    private struct TargetInput: Input {
        let listId: ID<CreatorList>?
        let creatorId: ID<Creator>?
        let after: Cursor?
        let limit: Int

        static let fields: [Field] = [
            .query("listId", optional: .id), .query("creatorId", optional: .id), .query("after", optional: .cursor),
            .query("limit", optional: .integer(1...100), default: 30),
        ]
    }

    private struct NotesAnswer: Output {
        static let shape = Shape.object([
            .body("notes", .list(.object(NoteOutput.fields))), .body("next", optional: .cursor),
        ])

        let notes: [NoteOutput]
        let next: String?
    }

    /// What notes and activities are wanted of; who asks must see the list.
    private func target(_ request: Request<TargetInput>) async throws -> ContactStore.Target {
        let input = request.input
        switch (input.listId, input.creatorId) {
        case (let list?, nil):
            _ = try await room.lists.board(list, for: try request.asker(), in: request.tenant)
            return .list(list)
        case (nil, let creator?): return .creator(creator)
        default: throw DiscoveryError(.listInvalid, "Give listId or creatorId.")
        }
    }

    private var notes: Route {
        Route(
            .get, "/notes", "discovery.listNotes", "Lists the notes about a list or a creator, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 2,
            failures: [Failures.missing, Failures.cursor, ListRoutes.invalid]
        ) { [self] (request: Request<TargetInput>) in
            try await refusing {
                let page = try await room.entries.contacts.notes(
                    of: try await target(request), after: request.input.after, limit: request.input.limit,
                    in: request.tenant)
                let names = try await room.names.names(of: page.items.map(\.personID), in: request.tenant)
                return NotesAnswer(
                    notes: page.items.map { NoteOutput($0, names: names) }, next: page.next?.description)
            }
        }
    }

    // MARK: Activities

    private struct ActivityOutput: Encodable {
        static let fields: [Field] = [
            .body("id", .id), .body("person", .id), .body("name", .text), .body("event", .choice(Activity.Event.self)),
            .body("detail", .text), .body("creatorId", optional: .id), .body("listId", optional: .id),
            .body("at", .timestamp),
        ]

        let id: ID<Activity>
        let person: ID<Person>
        let name: String
        let event: Activity.Event
        let detail: String
        let creatorId: ID<Creator>?
        let listId: ID<CreatorList>?
        let at: Timestamp
    }

    private struct ActivitiesAnswer: Output {
        static let shape = Shape.object([
            .body("activities", .list(.object(ActivityOutput.fields))), .body("next", optional: .cursor),
        ])

        let activities: [ActivityOutput]
        let next: String?
    }

    private var activities: Route {
        Route(
            .get, "/activities", "discovery.listActivities", "Lists what was done with a list or a creator.",
            policy: .signedIn, limit: Rates.reading, budget: 2,
            failures: [Failures.missing, Failures.cursor, ListRoutes.invalid]
        ) { [self] (request: Request<TargetInput>) in
            try await refusing {
                let page = try await room.entries.contacts.activities(
                    of: try await target(request), after: request.input.after, limit: request.input.limit,
                    in: request.tenant)
                let names = try await room.names.names(of: page.items.map(\.personID), in: request.tenant)
                return ActivitiesAnswer(
                    activities: page.items.map {
                        ActivityOutput(
                            id: $0.id, person: $0.personID, name: names[$0.personID] ?? "Somebody", event: $0.event,
                            detail: $0.detail, creatorId: $0.creatorID, listId: $0.listID, at: $0.at)
                    }, next: page.next?.description)
            }
        }
    }
}
