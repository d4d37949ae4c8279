import Base
import Storage
import Web

/// The pages of contacts, with their forms.
struct ContactPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, show, change, compare, merge, undo, erase, eraseMany] }

    private enum Bounds {
        static let rows = 25
        static let messages = 50
        static let conversations = 25
    }

    // MARK: The list

    private struct ListQuery: Input {
        static let fields: [Field] = [
            .query("q", optional: .text(0...120), default: ""), .query("after", optional: .cursor),
            .query("said", optional: .text(1...60)),
        ]

        let q: String
        let after: Cursor?
        let said: String?
    }

    private var list: Route {
        Route(
            .get, "/inbox/contacts", "inbox.showContacts", "Shows contacts by name.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [office] (request: Request<ListQuery>) in
            try await refusing {
                let input = request.input
                let page = try await office.contacts.store.page(
                    ContactWords(input.q), after: input.after, limit: Bounds.rows, in: request.tenant)
                return InboxPages.page(
                    "Contacts", "contacts",
                    ContactsPage(
                        frame: try await office.frames.frame(.contacts, for: request.context),
                        contacts: page.items.map(\.contact), words: input.q, next: page.next?.description,
                        isFirst: input.after == nil, at: office.clock.now()), said: input.said)
            }
        }
    }

    // MARK: One

    private struct ShowQuery: Input {
        static let fields: [Field] = [
            .path("id", .id, "The contact."), .query("before", optional: .timestamp),
            .query("said", optional: .text(1...60)),
        ]

        let id: ID<Contact>
        let before: Timestamp?
        let said: String?
    }

    private var show: Route {
        Route(
            .get, "/inbox/contacts/{id}", "inbox.showContact",
            "Shows a contact with one thread over all channels, and who may be the same.", policy: .signedIn,
            limit: Rates.reading, budget: 5, failures: [Failures.missing]
        ) { [office] (request: Request<ShowQuery>) in
            try await refusing {
                let (input, tenant) = (request.input, request.tenant)
                let agent = try await office.agents.agent(of: request.context)
                let contact = try await office.contacts.contact(input.id, in: tenant)
                let store = office.contacts.store
                let now = office.clock.now()
                let messages = try await store.thread(
                    of: contact.id, before: input.before ?? (now + .seconds(86_400)), for: agent,
                    limit: Bounds.messages, in: tenant)
                let heads = try await office.conversations.store.conversations(
                    with: contact.id, for: agent, limit: Bounds.conversations, in: tenant)
                let people = messages.compactMap(\.personID)
                return InboxPages.page(
                    contact.name, "contact",
                    ContactPage(
                        frame: try await office.frames.frame(.contacts, for: request.context),
                        parts: ContactPage.Parts(
                            contact: contact, conversations: heads, messages: messages.reversed(),
                            alike: try await store.alike(contact, in: tenant),
                            merges: try await store.merges(into: contact.id, in: tenant),
                            channels: try await office.channels.channels(in: tenant),
                            names: try await office.names.names(of: people, in: tenant), person: agent.person,
                            isFull: messages.count == Bounds.messages, now: now)),
                    scripts: ["times.js"], said: input.said)
            }
        }
    }

    private struct ChangeSent: Input {
        static let fields: [Field] = [
            .path("id", .id, "The contact."), .body("name", optional: .text(0...400), default: ""),
            .body("email", optional: .text(0...400), default: ""),
            .body("phone", optional: .text(0...400), default: ""),
            .body("fields", optional: .text(0...16_384), default: "", "A line each, as in `size: 54`."),
        ]

        let id: ID<Contact>
        let name: String
        let email: String
        let phone: String
        let fields: String
    }

    private var change: Route {
        Route(
            .post, "/inbox/contacts/{id}/change", "inbox.sendContact", "Changes a contact by form.", policy: .signedIn,
            limit: Rates.writing, budget: 6, accepts: .form, status: 303
        ) { [office] (request: Request<ChangeSent>) in
            let input = request.input
            return try await Said.after(Addresses.contact(input.id)) {
                try await refusing {
                    _ = try request.context.person(atLeast: .agent)
                    var change = ContactDesk.Change(name: input.name, email: input.email, phone: input.phone)
                    change.fields = ContactPage.fields(from: input.fields)
                    _ = try await office.contacts.change(input.id, change, in: request.tenant)
                    return "changed"
                }
            }
        }
    }

    // MARK: Merging

    private struct CompareQuery: Input {
        static let fields: [Field] = [.path("id", .id, "The contact that stays."), .query("with", .id)]

        let id: ID<Contact>
        let with: ID<Contact>
    }

    private var compare: Route {
        Route(
            .get, "/inbox/contacts/{id}/merge", "inbox.showMerge",
            "Shows two contacts field by field, to choose what a merge keeps.", policy: .signedIn,
            limit: Rates.reading, budget: 2, failures: [Failures.missing]
        ) { [office] (request: Request<CompareQuery>) in
            try await refusing {
                let (input, tenant) = (request.input, request.tenant)
                let into = try await office.contacts.contact(input.id, in: tenant)
                let from = try await office.contacts.contact(input.with, in: tenant)
                return InboxPages.page(
                    "Merge contacts", "merge",
                    MergePage(frame: try await office.frames.frame(.contacts, for: request.context), into, from))
            }
        }
    }

    private struct MergeSent: Input {
        static let fields: [Field] = [
            .path("id", .id, "The contact that stays."), .body("from", .id, "The one that is taken into it."),
            .body("choose", optional: .list(.text(1...80), 0...60), "Fields of which the one's value is taken."),
        ]

        let id: ID<Contact>
        let from: ID<Contact>
        let choose: [String]?
    }

    private var merge: Route {
        Route(
            .post, "/inbox/contacts/{id}/merge", "inbox.sendMerge", "Takes a contact into another by form.",
            policy: .signedIn, limit: Rates.writing, budget: 10, accepts: .form, status: 303
        ) { [office] (request: Request<MergeSent>) in
            let input = request.input
            return try await Said.after(Addresses.contact(input.id)) {
                try await refusing {
                    _ = try await office.contacts.merge(
                        input.from, into: input.id, choosing: Set(input.choose ?? []),
                        by: try request.context.person(atLeast: .agent), in: request.tenant)
                    return "merged"
                }
            }
        }
    }

    private struct UndoSent: Input {
        static let fields: [Field] = [.path("id", .id, "The contact."), .body("merge", .id)]

        let id: ID<Contact>
        let merge: ID<Merge>
    }

    private var undo: Route {
        Route(
            .post, "/inbox/contacts/{id}/undo", "inbox.sendMergeUndo", "Undoes a merge by form.", policy: .signedIn,
            limit: Rates.writing, budget: 12, accepts: .form, status: 303
        ) { [office] (request: Request<UndoSent>) in
            let input = request.input
            return try await Said.after(Addresses.contact(input.id)) {
                try await refusing {
                    _ = try request.context.person(atLeast: .agent)
                    _ = try await office.contacts.undo(input.merge, in: request.tenant)
                    return "undone"
                }
            }
        }
    }

    // MARK: Deleting

    private struct EraseSent: Input {
        static let fields: [Field] = [.path("id", .id, "The contact.")]

        let id: ID<Contact>
    }

    private var erase: Route {
        Route(
            .post, "/inbox/contacts/{id}/erase", "inbox.sendErasure", "Has a contact be deleted, by form.",
            policy: .signedIn, limit: Rates.writing, budget: 5, accepts: .form, status: 303
        ) { [office] (request: Request<EraseSent>) in
            try await Said.after(Addresses.contacts) {
                try await refusing {
                    let person = try request.context.person(atLeast: .admin)
                    _ = try await office.erasures.erase([request.input.id], by: person, in: request.tenant)
                    return "contactErased"
                }
            }
        }
    }

    private struct EraseManySent: Input {
        static let fields: [Field] = [
            .body("contact", optional: .list(.id, 0...Erasure.Bounds.named)),
            .body("q", optional: .text(0...120), default: ""),
            .body("all", optional: .boolean, default: .boolean(false)),
        ]

        let contact: [ID<Contact>]?
        let q: String
        let all: Bool
    }

    private var eraseMany: Route {
        Route(
            .post, "/inbox/contacts/erase", "inbox.sendErasures",
            "Has contacts be deleted by form: those that are chosen, or all that words find.", policy: .signedIn,
            limit: Rates.writing, budget: 5, accepts: .form, status: 303
        ) { [office] (request: Request<EraseManySent>) in
            let input = request.input
            return try await Said.after(Addresses.contacts) {
                try await refusing {
                    let person = try request.context.person(atLeast: .admin)
                    if input.all {
                        _ = try await office.erasures.erase(found: input.q, by: person, in: request.tenant)
                        return "contactErased"
                    }
                    guard let chosen = input.contact, !chosen.isEmpty else { return "chooseContacts" }
                    _ = try await office.erasures.erase(chosen, by: person, in: request.tenant)
                    return "contactErased"
                }
            }
        }
    }
}
