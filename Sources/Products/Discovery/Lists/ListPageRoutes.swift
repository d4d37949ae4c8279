import Base
import Storage
import Web

/// Pages and forms of lists and boards; everything here works without a script.
struct ListPageRoutes {
    let room: WorkroomDesk

    var routes: [Route] {
        [lists, create, board, table, star, change, duplicate, delete, edit, fields]
            + EntryPageRoutes(room: room).routes + ShareLinkPageRoutes(room: room).routes
    }

    // MARK: Lists

    private struct ListsQuery: Input {
        let search: String?
        let starred: Bool
        let archived: Bool
        let after: Cursor?
        let said: String?

        static let fields: [Field] = [
            .query("search", optional: .text(0...120)), .query("starred", optional: .boolean, default: .boolean(false)),
            .query("archived", optional: .boolean, default: .boolean(false)), .query("after", optional: .cursor),
            .query("said", optional: .text(1...40)),
        ]
    }

    private var lists: Route {
        Route(
            .get, "/discovery/lists", "discovery.showLists", "Shows the lists that one sees.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [room] (request: Request<ListsQuery>) in
            try await refusing {
                let (input, asker) = (request.input, try request.asker())
                var filter = ListStore.Filter()
                filter.words = input.search.flatMap { $0.isEmpty ? nil : $0 }
                filter.isStarred = input.starred
                filter.isArchived = input.archived
                let page = try await room.lists.page(filter, for: asker, after: input.after, in: request.tenant)
                return DiscoveryPages.listPage(
                    "Lists", "lists",
                    ListsPage(
                        page.items, next: page.next?.description, filter: filter, isFirst: input.after == nil,
                        canCreate: asker.seat > .viewer, at: room.clock.now()), said: input.said)
            }
        }
    }

    private struct CreateSent: Input {
        let name: String?
        let kind: CreatorList.Kind
        let visibility: CreatorList.Visibility

        static let fields: [Field] = [
            .body("name", optional: .text(0...400)),
            .body("kind", optional: .choice(CreatorList.Kind.self), default: "custom"),
            .body("visibility", optional: .choice(CreatorList.Visibility.self), default: "team"),
        ]
    }

    private var create: Route {
        Route(
            .post, "/discovery/lists", "discovery.sendList", "Makes a list by form.", policy: .signedIn,
            limit: Rates.writing, budget: 5, accepts: .form, status: 303
        ) { [room] (request: Request<CreateSent>) in
            let input = request.input
            var path = Addresses.lists
            let redirect = try await Said.after(path) {
                path = try await refusing {
                    let draft = ListDesk.Draft(
                        name: input.name ?? "", kind: input.kind, visibility: input.visibility)
                    return Addresses.list(
                        try await room.lists.create(
                            draft, by: try request.asker(atLeast: .editor), in: request.tenant
                        ).list.id)
                }
                return "listCreated"
            }
            return path == Addresses.lists ? redirect : Redirect(to: "\(path)?said=listCreated")
        }
    }

    // MARK: Board and table

    private struct BoardQuery: Input {
        let id: ID<CreatorList>
        let bucket: String?
        let after: Cursor?
        let said: String?

        static let fields: [Field] = [
            .path("id", .id), .query("bucket", optional: .text(1...32), "The bucket that is paged."),
            .query("after", optional: .cursor), .query("said", optional: .text(1...40)),
        ]
    }

    private var board: Route {
        Route(
            .get, "/discovery/lists/{id}", "discovery.showBoard", "Shows the board of a list.", policy: .signedIn,
            limit: Rates.reading, budget: 3, failures: [Failures.missing, Failures.cursor]
        ) { [room] (request: Request<BoardQuery>) in
            try await refusing {
                let (input, tenant, asker) = (request.input, request.tenant, try request.asker())
                let board = try await room.lists.board(input.id, for: asker, in: tenant)
                // The page never holds more than sixty cards, however many buckets there are.
                let window = max(
                    1, min(ListEntry.Bounds.firstCards, ListEntry.Bounds.cards / max(1, board.buckets.count)))
                var cards = try await room.entries.store.firstCards(
                    of: input.id, buckets: board.buckets.map(\.bucket), each: window, in: tenant)
                var turned: (bucket: String, next: String?)?
                if let bucket = input.bucket {
                    let page = try await room.entries.store.page(
                        of: input.id, bucket: bucket, for: asker, after: input.after, limit: window, in: tenant)
                    cards[bucket] = page.items
                    turned = (bucket, page.next?.description)
                }
                let names = try await room.names.names(
                    of: cards.values.joined().compactMap(\.contactedBy), in: tenant)
                return DiscoveryPages.listPage(
                    board.shown.list.name, "board",
                    BoardPage(board, cards, turned: turned, names: names, window: window, at: room.clock.now()),
                    scripts: ["board.js"], said: input.said)
            }
        }
    }

    private struct TableQuery: Input {
        let id: ID<CreatorList>
        let after: Cursor?
        let said: String?

        static let fields: [Field] = [
            .path("id", .id), .query("after", optional: .cursor), .query("said", optional: .text(1...40)),
        ]
    }

    private var table: Route {
        Route(
            .get, "/discovery/lists/{id}/table", "discovery.showListTable", "Shows a list as a table.",
            policy: .signedIn,
            limit: Rates.reading, budget: 2, failures: [Failures.missing, Failures.cursor]
        ) { [room] (request: Request<TableQuery>) in
            try await refusing {
                let (input, tenant, asker) = (request.input, request.tenant, try request.asker())
                let board = try await room.lists.board(input.id, for: asker, in: tenant)
                let page = try await room.entries.store.page(
                    of: input.id, for: asker, after: input.after, limit: 50, in: tenant)
                let names = try await room.names.names(of: page.items.compactMap(\.contactedBy), in: tenant)
                return DiscoveryPages.listPage(
                    "\(board.shown.list.name), table", "list-table",
                    TablePage(
                        board, page.items, next: page.next?.description, isFirst: input.after == nil, names: names,
                        at: room.clock.now()), scripts: ["table.js"], said: input.said)
            }
        }
    }

    // MARK: Changing

    private struct StarSent: Input {
        let id: ID<CreatorList>
        let wanted: Bool
        let back: String?

        static let fields: [Field] = [
            .path("id", .id), .body("wanted", .boolean), .body("back", optional: .text(1...200)),
        ]
    }

    private var star: Route {
        Route(
            .post, "/discovery/lists/{id}/star", "discovery.sendStar",
            "Puts my star on a list by form, or takes it off.",
            policy: .signedIn, limit: Rates.writing, budget: 1, accepts: .form, status: 303
        ) { [room] (request: Request<StarSent>) in
            let input = request.input
            return try await Said.after(input.back == "board" ? Addresses.list(input.id) : Addresses.lists) {
                try await refusing {
                    try await room.lists.star(
                        input.id, input.wanted, by: try request.asker(), in: request.tenant)
                }
                return input.wanted ? "listStarred" : "listUnstarred"
            }
        }
    }

    private struct ChangeSent: Input {
        let id: ID<CreatorList>
        let name: String?
        let visibility: CreatorList.Visibility?
        let archived: Bool?
        let bucketField: String?

        static let fields: [Field] = [
            .path("id", .id), .body("name", optional: .text(1...400)),
            .body("visibility", optional: .choice(CreatorList.Visibility.self)),
            .body("archived", optional: .boolean), .body("bucketField", optional: .text(1...32)),
        ]
    }

    private var change: Route {
        Route(
            .post, "/discovery/lists/{id}/change", "discovery.sendListChange", "Changes a list by form.",
            policy: .signedIn, limit: Rates.writing, budget: 7, accepts: .form, status: 303
        ) { [room] (request: Request<ChangeSent>) in
            let input = request.input
            return try await Said.after(Addresses.list(input.id)) {
                try await refusing {
                    var change = ListDesk.Change()
                    change.name = input.name
                    change.visibility = input.visibility
                    change.isArchived = input.archived
                    change.bucketField = input.bucketField
                    _ = try await room.lists.change(
                        input.id, change, by: try request.asker(atLeast: .editor), in: request.tenant)
                }
                return input.bucketField == nil ? "listChanged" : "boardGrouped"
            }
        }
    }

    private struct DuplicateSent: Input {
        let id: ID<CreatorList>

        static let fields: [Field] = [.path("id", .id)]
    }

    private var duplicate: Route {
        Route(
            .post, "/discovery/lists/{id}/duplicate", "discovery.sendDuplicate", "Copies a list by form.",
            policy: .signedIn, limit: Rates.writing, budget: 8, accepts: .form, status: 303
        ) { [room] (request: Request<DuplicateSent>) in
            try await Said.after(Addresses.lists) {
                try await refusing {
                    _ = try await room.lists.duplicate(
                        request.input.id, named: nil, by: try request.asker(atLeast: .editor), in: request.tenant)
                }
                return "listCopied"
            }
        }
    }

    private var delete: Route {
        Route(
            .post, "/discovery/lists/{id}/delete", "discovery.sendListDeletion", "Deletes a list by form.",
            policy: .signedIn, limit: Rates.writing, budget: 120, accepts: .form, status: 303
        ) { [room] (request: Request<DuplicateSent>) in
            try await Said.after(Addresses.lists) {
                try await refusing {
                    try await room.lists.delete(
                        request.input.id, by: try request.asker(atLeast: .editor), in: request.tenant)
                }
                return "listDeleted"
            }
        }
    }

    // MARK: Bulk edit and columns

    private struct EditSent: Input {
        let id: ID<CreatorList>
        let entry: [ID<ListEntry>]?
        let bucket: String?
        let key: String?
        let value: String?
        let verb: String

        static let fields: [Field] = [
            .path("id", .id), .body("entry", optional: .list(.id, 1...ListEntry.Bounds.changed)),
            .body("bucket", optional: .text(1...32)), .body("key", optional: .text(1...32)),
            .body("value", optional: .text(0...ListField.Bounds.valueCharacters)),
            .body("verb", .choice(["move", "write", "remove"])),
        ]
    }

    private var edit: Route {
        Route(
            .post, "/discovery/lists/{id}/edit", "discovery.sendEdit", "Changes the chosen rows of a list by form.",
            policy: .signedIn, limit: Rates.writing, budget: 5, accepts: .form, status: 303
        ) { [room] (request: Request<EditSent>) in
            let input = request.input
            return try await Said.after(Addresses.table(input.id)) {
                try await refusing {
                    let (asker, tenant) = (try request.asker(atLeast: .editor), request.tenant)
                    guard let chosen = input.entry else {
                        throw DiscoveryError(.listInvalid, "Choose some rows first.")
                    }
                    switch input.verb {
                    case "remove":
                        _ = try await room.entries.remove(chosen, from: input.id, by: asker, in: tenant)
                        return "entriesRemoved"
                    case "move":
                        _ = try await room.entries.edit(
                            chosen, of: input.id, fields: [:], bucket: input.bucket, by: asker, in: tenant)
                        return "entriesMoved"
                    default:
                        _ = try await room.entries.edit(
                            chosen, of: input.id, fields: [input.key ?? "": input.value ?? ""], bucket: nil, by: asker,
                            in: tenant)
                        return "entriesWritten"
                    }
                }
            }
        }
    }

    private struct FieldSent: Input {
        let id: ID<CreatorList>
        let label: String
        let kind: ListField.Kind
        let options: String?

        static let fields: [Field] = [
            .path("id", .id), .body("label", .text(1...60)), .body("kind", .choice(ListField.Kind.self)),
            .body("options", optional: .text(0...600), "Options of a select field, with commas between them."),
        ]
    }

    private var fields: Route {
        Route(
            .post, "/discovery/lists/{id}/fields", "discovery.sendField", "Adds a column to a list by form.",
            policy: .signedIn, limit: Rates.writing, budget: 6, accepts: .form, status: 303
        ) { [room] (request: Request<FieldSent>) in
            let input = request.input
            return try await Said.after(Addresses.table(input.id)) {
                try await refusing {
                    let (asker, tenant) = (try request.asker(atLeast: .editor), request.tenant)
                    let list = try await room.lists.board(input.id, for: asker, in: tenant).shown.list
                    var change = ListDesk.Change()
                    change.fields =
                        list.fields + [
                            ListField.typed(input.label, input.kind, options: input.options ?? "", beside: list.fields)
                        ]
                    _ = try await room.lists.change(input.id, change, by: asker, in: tenant)
                }
                return "fieldAdded"
            }
        }
    }
}

extension ListField {
    /// A column as a form tells it: its key is made of its label.
    static func typed(_ label: String, _ kind: Kind, options: String, beside others: [ListField]) -> ListField {
        let words = label.lowercased().unicodeScalars.filter {
            (97...122).contains($0.value) || (48...57).contains($0.value)
        }
        let stem = String(String.UnicodeScalarView(words)).prefix(24)
        var key = stem.isEmpty ? "field" : String(stem)
        var number = 2
        while others.contains(where: { $0.key == key }) {
            key = "\(stem.isEmpty ? "field" : stem)\(number)"
            number += 1
        }
        let choices = kind == .select ? options.split(separator: ",").map { String($0).trimmingWhitespace } : []
        return ListField(key: key, label: label.trimmingWhitespace, kind: kind, options: choices.filter { !$0.isEmpty })
    }
}
